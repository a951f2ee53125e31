"""Recursive averages and running sums. At an undefined value they are undefined and go on afterwards."""

from __future__ import annotations

import math

import polars as pl

from ..declaring import recursive
from ..kinds import CLOSE, Length, Numbers
from ..scope import Scope


def settled_after(weight: float) -> int:
    """After how many bars the weight of what came before is under 1e-9."""
    return 0 if weight >= 1 else math.ceil(math.log(1e-9) / math.log1p(-weight))


@recursive(warmup=lambda n: n - 1, settles=lambda n: settled_after(2 / (n + 1)))
def ema(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """Exponential moving average with weight 2 / (n + 1), begun with the mean of the first `n` values.

    As in TA-Lib and TradingView. (Tongdaxin begins with the first value, pandas' default weighs all values so far.)
    """
    return _smoothed(scope, x, n, 2 / (n + 1))


@recursive(warmup=lambda n: n - 1, settles=lambda n: settled_after(1 / n))
def rma(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """Wilder's moving average: exponential with weight 1 / n, begun with the mean of the first `n` values."""
    return _smoothed(scope, x, n, 1 / n)


def _smoothed(scope: Scope, x: pl.Expr, n: int, weight: float) -> pl.Expr:
    known = scope.grouped(x.is_not_null().cum_sum())
    total, least, most = (scope.grouped(each) for each in (x.cum_sum(), x.cum_min(), x.cum_max()))
    # the rounded sum over n may leave the range of its terms by a digit; a flat start must give exactly its value
    begin = (total / n).clip(least, most)
    begun = pl.when(known > n).then(x).when((known == n) & x.is_not_null()).then(begin)
    return scope.grouped(scope.column(begun).ewm_mean(alpha=weight, adjust=False, ignore_nulls=True))


@recursive()
def cumulative(scope: Scope, x: Numbers) -> Numbers:
    """The sum of all values so far; undefined values are skipped."""
    return scope.grouped(x.cum_sum())
