"""Averages whose weight differs from bar to bar, and those that weigh all values so far; running products."""

from __future__ import annotations

from ..declaring import recursive
from ..kinds import CLOSE, Numbers, Switch, Weight
from ..scope import Scope
from .smoothing import settled_after


@recursive()
def adaptive(scope: Scope, x: Numbers, alpha: Numbers, before: Numbers) -> Numbers:
    """The value one bar ago plus `alpha` times the distance from it to `x`, where `alpha` may differ from bar to bar.

    `before` stands for the value one bar ago at the first bar where all three are defined; later on it is not read.
    A bar where `x` or `alpha` is undefined is passed over.
    """
    return scope.kernel("adaptive", [x, alpha, before], [])[0]


@recursive(settles=lambda alpha, _: settled_after(alpha))
def ewm_mean(scope: Scope, x: Numbers = CLOSE, alpha: Weight = 0.1, ignore_na: Switch = False) -> Numbers:
    """The mean of all values so far, of which the one k bars ago weighs (1 - alpha) ^ k: pandas' ewm(alpha).mean().

    The weights are made to add up to 1 (`adjust=True`), so there is no seed. k counts the bars with holes, or without
    them if `ignore_na`.
    """
    return scope.grouped(x.ewm_mean(alpha=alpha, adjust=True, ignore_nulls=ignore_na))


@recursive(warmup=lambda *_: 1, settles=lambda alpha, _: settled_after(alpha))
def ewm_variance(scope: Scope, x: Numbers = CLOSE, alpha: Weight = 0.1, ignore_na: Switch = False) -> Numbers:
    """The variance of all values so far with the weights of `ewm_mean`: pandas' ewm(alpha).var().

    That of a sample, as pandas has it by default.
    """
    return scope.grouped(x.ewm_var(alpha=alpha, adjust=True, bias=False, ignore_nulls=ignore_na, min_samples=2))


@recursive()
def cumulative_product(scope: Scope, x: Numbers) -> Numbers:
    """The product of all values so far; undefined values are skipped."""
    return scope.kernel("cumulative_product", [x], [])[0]
