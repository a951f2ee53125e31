"""Windows over a fixed number of last bars whose value is picked or counted, not summed: exact in any order.

Polars gives an undefined value while any value of the window is undefined, which is what the language asks for.
"""

from __future__ import annotations

import polars as pl

from ..declaring import window
from ..kinds import CLOSE, HIGH, LOW, Alike, Booleans, Length, Numbers, Offset
from ..scope import Scope, State


@window(symbol="[]", warmup=lambda n: n, bounded=True)
def ago_bars(scope: Scope, x: Alike, n: Offset) -> Alike:
    """The value `n` bars ago, counted in the symbol's rows. Written x[n]."""
    return scope.back(x, n)


@window(warmup=lambda n: n - 1, bounded=True, varying=True)
def highest(x: Numbers = HIGH, n: Length = 14) -> Numbers:
    """The largest of the last `n` values, this bar's included."""
    return x.rolling_max(n)


@window(warmup=lambda n: n - 1, bounded=True, varying=True)
def lowest(x: Numbers = LOW, n: Length = 14) -> Numbers:
    """The smallest of the last `n` values, this bar's included."""
    return x.rolling_min(n)


@window(warmup=lambda n: n - 1, bounded=True, varying=True)
def highest_bar(scope: Scope, x: Numbers = HIGH, n: Length = 14) -> Numbers:
    """How many bars ago the largest of the last `n` values was; 0 is now, the nearest on ties."""
    return _nearest(scope, x, n)


@window(warmup=lambda n: n - 1, bounded=True, varying=True)
def lowest_bar(scope: Scope, x: Numbers = LOW, n: Length = 14) -> Numbers:
    """How many bars ago the smallest of the last `n` values was; 0 is now, the nearest on ties."""
    return _nearest(scope, scope.column(-x), n)


@window(warmup=lambda n: n - 1, bounded=True)
def oldest_highest_bar(scope: Scope, x: Numbers = HIGH, n: Length = 14) -> Numbers:
    """How many bars ago the largest of the last `n` values was; 0 is now, the oldest on ties."""
    return _nearest(scope, x, n, oldest=True)


@window(warmup=lambda n: n - 1, bounded=True)
def oldest_lowest_bar(scope: Scope, x: Numbers = LOW, n: Length = 14) -> Numbers:
    """How many bars ago the smallest of the last `n` values was; 0 is now, the oldest on ties."""
    return _nearest(scope, scope.column(-x), n, oldest=True)


def _nearest(scope: Scope, x: pl.Expr, n: int, *, oldest: bool = False) -> pl.Expr:
    def combine(older: State, _: int, newer: State, newer_width: int) -> State:
        (then, back), (now, ago) = older, newer
        is_newer = now > then if oldest else now >= then
        value = pl.when(now >= then).then(now).when(now < then).then(then)
        return value, pl.when(is_newer).then(ago).when(now <= then).then(back + newer_width)

    here = pl.when(x.is_not_null()).then(pl.lit(0.0))
    return scope.fold((x, here), n, combine)[1]


@window(warmup=lambda n: n - 1, bounded=True)
def rank_over(x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """The rank of the current value among the last `n`, 1 for the smallest; equal values share the average rank."""
    return x.rolling_rank(n)


@window(warmup=lambda n: n, bounded=True)
def percent_rank(x: Numbers = CLOSE, n: Length = 100) -> Numbers:
    """How many of the previous `n` values are at or below the current one, in percent: 0 to 100.

    The current value is not one of those counted, as in TradingView's ta.percentrank. TA-Lib's PERCENTRANK counts those
    below only: talib.percentrank(x, n).
    """
    return (x.rolling_rank(n + 1, method="max").cast(pl.Float64) - 1) / n * 100


@window(warmup=lambda n: n - 1, bounded=True, varying=True)
def count(condition: Booleans, n: Length) -> Numbers:
    """At how many of the last `n` bars the condition was true; undefined while it is undefined at one of them."""
    return condition.cast(pl.Int32).rolling_sum(n).cast(pl.Float64)


@window(warmup=lambda n: n - 1, bounded=True, fills=True)
def exist(condition: Booleans, n: Length) -> Booleans:
    """Whether the condition was true at any of the last `n` bars; undefined if none was true and one is undefined."""
    best = _levels(condition).rolling_max(n)
    return pl.when(best == 2).then(statement=True).when(best == 0).then(statement=False)


@window(warmup=lambda n: n - 1, bounded=True, fills=True)
def every(condition: Booleans, n: Length) -> Booleans:
    """Whether the condition was true at all of the last `n` bars; undefined if none was false and one is undefined."""
    worst = _levels(condition).rolling_min(n)
    return pl.when(worst == 2).then(statement=True).when(worst == 0).then(statement=False)


def _levels(condition: pl.Expr) -> pl.Expr:
    """False, undefined, true as 0, 1, 2: Kleene's `or` is the maximum, his `and` the minimum."""
    return (condition.cast(pl.Int32) * 2).fill_null(1)
