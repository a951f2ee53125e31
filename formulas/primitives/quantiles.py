"""Windows whose values are put in order: quantiles, the highest but one, the most frequent, the median deviation."""

from __future__ import annotations

import math

import polars as pl

from ..declaring import window
from ..kinds import CLOSE, HIGH, LOW, Length, Numbers, Share
from ..scope import Scope


def _too_many(n: int, k: int) -> str:
    return f"k is {k}, but the window has {n} bars" if k > n else ""


@window(warmup=lambda n: n - 1, bounded=True)
def median(x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """The middle of the last `n` values; for an even `n` the mean of the two middles."""
    return _quantile(x, n, 0.5)


@window(warmup=lambda n, _: n - 1, bounded=True)
def quantile(x: Numbers = CLOSE, n: Length = 14, q: Share = 0.5) -> Numbers:
    """The value below which a share `q` of the last `n` values lies; between two of them linearly interpolated.

    As numpy, pandas and Excel's PERCENTILE.INC. TA-Lib and TradingView's percentile_nearest_rank take the nearest rank
    instead: nth_lowest(x, n, ceil(q * n)).
    """
    return _quantile(x, n, q)


@window(warmup=lambda n, _: n - 1, bounded=True, objects=_too_many)
def nth_highest(x: Numbers = HIGH, n: Length = 14, k: Length = 2) -> Numbers:
    """The `k`-th largest of the last `n` values, 1 for the largest; equal values take a place each."""
    return _ranked(x, n, n - k + 1)


@window(warmup=lambda n, _: n - 1, bounded=True, objects=_too_many)
def nth_lowest(x: Numbers = LOW, n: Length = 14, k: Length = 2) -> Numbers:
    """The `k`-th smallest of the last `n` values, 1 for the smallest; equal values take a place each."""
    return _ranked(x, n, k)


@window(warmup=lambda n, _: n - 1, bounded=True, objects=_too_many)
def nth_highest_bar(scope: Scope, x: Numbers = HIGH, n: Length = 14, k: Length = 2) -> Numbers:
    """How many bars ago the `k`-th largest of the last `n` values was; of equal values the nearer one comes first."""
    return scope.kernel("nth_highest_bar", [x], [n, k])[0]


@window(warmup=lambda n, _: n - 1, bounded=True, objects=_too_many)
def nth_lowest_bar(scope: Scope, x: Numbers = LOW, n: Length = 14, k: Length = 2) -> Numbers:
    """How many bars ago the `k`-th smallest of the last `n` values was; of equal values the nearer one comes first."""
    return scope.kernel("nth_lowest_bar", [x], [n, k])[0]


@window(warmup=lambda n: n - 1, bounded=True)
def mode(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """The most frequent of the last `n` values, the smallest of those on ties, as TradingView's ta.mode.

    Prices seldom repeat to the last digit: round them first, mode(round(close, 1), 50).
    """
    return scope.kernel("mode", [x], [n])[0]


@window(warmup=lambda n: n - 1)
def median_deviation(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """Median absolute deviation: the median distance of the last `n` values from their median.

    Times 1.4826 it estimates the standard deviation of a normal distribution, whatever a few outliers do.
    """
    return scope.kernel("median_deviation", [x], [n])[0]


def _quantile(x: pl.Expr, n: int, q: float) -> pl.Expr:
    rank = math.floor(q * (n - 1))
    share = q * (n - 1) - rank
    if share == 0:
        return _ranked(x, n, rank + 1)
    low, high = _ranked(x, n, rank + 1), _ranked(x, n, rank + 2)
    # weighed first, the sum of two large values stays finite
    return pl.when(low == high).then(low).otherwise(low * (1 - share) + high * share)


def _ranked(x: pl.Expr, n: int, rank: int) -> pl.Expr:
    """The value of a rank, 1 for the smallest; just that, since the quantile asked for falls on it."""
    return x.rolling_quantile((rank - 1) / max(n - 1, 1), interpolation="nearest", window_size=n)
