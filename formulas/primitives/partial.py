"""Windows over what is there: the defined values among the last `n` bars, be they fewer than `n`.

That is the hole rule of pandas' min_periods=1, which Qlib follows: a window has a value from a symbol's first bar on,
and passes over what is undefined. All other windows of the language are undefined while they are not full.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, TypeAlias

from ..declaring import PRIMITIVES, Count, Rule, describe
from ..kinds import CLOSE, HIGH, LOW, Length, Numbers, Pairs, Real, Shape, Switch
from ..scope import Scope

Part: TypeAlias = Annotated[float, Real(0.0, 1.0)]


def partial_window(*, warmup: Count = lambda *_: 0, bounded: bool = False) -> Callable[[Rule], Rule]:
    """Declare a primitive over those of the last `n` bars, its first setting, that are there and defined.

    The rule must keep symbols apart itself: the first rows of a symbol are no warm-up to be masked.
    """

    def declare(rule: Rule) -> Rule:
        facts = {"warmup": warmup, "reach": lambda n, *_: n - 1, "bounded": bounded}
        PRIMITIVES.add(describe(rule, Shape.WINDOW, **facts))
        return rule

    return declare


@partial_window()
def partial_sum(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """The sum of those of the last `n` values that are defined; undefined where none is."""
    return scope.kernel("partial_sum", [x], [n])[0]


@partial_window()
def partial_mean(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """The mean of those of the last `n` values that are defined."""
    return scope.kernel("partial_mean", [x], [n])[0]


@partial_window(warmup=lambda _, sample: int(sample))
def partial_variance(scope: Scope, x: Numbers = CLOSE, n: Length = 14, sample: Switch = False) -> Numbers:
    """Variance of those of the last `n` values that are defined.

    That of the population is 0 of one value, that of a sample, divided by one less, undefined.
    """
    return scope.kernel("partial_variance", [x], [n, sample])[0]


@partial_window(warmup=lambda _, sample: int(sample))
def partial_covariance(scope: Scope, x: Numbers, y: Numbers, n: Length = 14, sample: Switch = False) -> Numbers:
    """Covariance, of the population or of a sample, over those of the last `n` bars at which both are defined."""
    return scope.kernel("partial_covariance", [x, y], [n, sample])[0]


@partial_window(warmup=lambda *_: 1)
def partial_correlation(scope: Scope, x: Numbers, y: Numbers, n: Pairs = 14) -> Numbers:
    """Pearson's correlation over those of the last `n` bars at which both are defined; undefined where one is flat."""
    return scope.kernel("partial_correlation", [x, y], [n])[0]


@partial_window(warmup=lambda *_: 1)
def partial_slope(scope: Scope, x: Numbers = CLOSE, n: Pairs = 14) -> Numbers:
    """The slope, per bar, of the least-squares line through those of the last `n` values that are defined."""
    return scope.kernel("partial_slope", [x], [n])[0]


@partial_window(warmup=lambda *_: 1)
def partial_linreg(scope: Scope, x: Numbers = CLOSE, n: Pairs = 14) -> Numbers:
    """What the line through the defined ones of the last `n` values says at this bar."""
    return scope.kernel("partial_linreg", [x], [n])[0]


@partial_window(warmup=lambda *_: 1)
def partial_rsquare(scope: Scope, x: Numbers = CLOSE, n: Pairs = 14) -> Numbers:
    """The share, 0 to 1, of the variance that the fitted line explains; undefined where the values are flat."""
    return scope.kernel("partial_rsquare", [x], [n])[0]


@partial_window(warmup=lambda _, sample: 2 if sample else 1)
def partial_skewness(scope: Scope, x: Numbers = CLOSE, n: Pairs = 14, sample: Switch = False) -> Numbers:
    """Skewness of those of the last `n` values that are defined; undefined where they are flat.

    That of the population, or the estimate from a sample of at least three that pandas' skew gives.
    """
    return scope.kernel("partial_skewness", [x], [n, sample])[0]


@partial_window(warmup=lambda _, sample: 3 if sample else 1)
def partial_kurtosis(scope: Scope, x: Numbers = CLOSE, n: Pairs = 14, sample: Switch = False) -> Numbers:
    """Excess kurtosis of those of the last `n` values that are defined: 0 for a normal distribution.

    That of the population, or the estimate from a sample of at least four that pandas' kurt gives.
    """
    return scope.kernel("partial_kurtosis", [x], [n, sample])[0]


@partial_window()
def partial_deviation(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """The mean distance of those of the last `n` values that are defined from their mean."""
    return scope.kernel("partial_deviation", [x], [n])[0]


@partial_window(bounded=True)
def partial_highest(scope: Scope, x: Numbers = HIGH, n: Length = 14) -> Numbers:
    """The largest of those of the last `n` values that are defined."""
    return scope.grouped(x.rolling_max(n, min_samples=1))


@partial_window(bounded=True)
def partial_lowest(scope: Scope, x: Numbers = LOW, n: Length = 14) -> Numbers:
    """The smallest of those of the last `n` values that are defined."""
    return scope.grouped(x.rolling_min(n, min_samples=1))


@partial_window(bounded=True)
def partial_highest_bar(scope: Scope, x: Numbers = HIGH, n: Length = 14) -> Numbers:
    """How many bars ago the largest of the defined ones of the last `n` values was; the oldest on ties."""
    return scope.kernel("partial_highest_bar", [x], [n])[0]


@partial_window(bounded=True)
def partial_lowest_bar(scope: Scope, x: Numbers = LOW, n: Length = 14) -> Numbers:
    """How many bars ago the smallest of the defined ones of the last `n` values was; the oldest on ties."""
    return scope.kernel("partial_lowest_bar", [x], [n])[0]


@partial_window(bounded=True)
def partial_rank(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """The rank of the current value among the defined ones of the last `n`, over their number: above 0 to 1.

    Equal values share the average rank. Undefined where the current value is.
    """
    return scope.kernel("partial_rank", [x], [n])[0]


@partial_window()
def partial_quantile(scope: Scope, x: Numbers = CLOSE, n: Length = 14, share: Part = 0.5) -> Numbers:
    """The quantile `share` of those of the last `n` values that are defined, on the line between the two nearest."""
    return scope.grouped(x.rolling_quantile(share, "linear", n, min_samples=1))
