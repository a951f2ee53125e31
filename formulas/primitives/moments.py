"""Sums and moments of windows, built up pairwise from halves (`Scope.fold`), never by adding and subtracting.

Means, spreads and co-movements of two neighbouring blocks combine into those of the whole after Chan, Golub and
LeVeque (1979), always about the blocks' own means. So a flat window has exactly its value as mean and 0 as variance,
large and small magnitudes may mix, and what has left the window leaves no trace.
"""

from __future__ import annotations

import polars as pl

from ..declaring import window
from ..kernels.moments import BRINGS_NEARER, FAR, ITS_ROOT
from ..kinds import CLOSE, Countable, Length, Numbers, Pairs
from ..scope import Scope, State


@window(warmup=lambda n: n - 1, varying=True)
def sum_(scope: Scope, x: Countable = CLOSE, n: Length = 14) -> Numbers:
    """The sum of the last `n` values."""

    def combine(older: State, _: int, newer: State, __: int) -> State:
        return (older[0] + newer[0],)

    return scope.fold((x,), n, combine)[0]


@window(warmup=lambda n: n - 1, varying=True)
def sma(scope: Scope, x: Countable = CLOSE, n: Length = 14) -> Numbers:
    """Simple moving average: the mean of the last `n` values."""
    return scope.fold((x,), n, _mean)[0]


@window(warmup=lambda n: n - 1)
def product(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """The product of the last `n` values, multiplied pairwise.

    Undefined where a part of it leaves the range of numbers. What 1 grew to by returns r, in percent, is
    product(1 + r / 100, n).
    """

    def combine(older: State, _: int, newer: State, __: int) -> State:
        return (older[0] * newer[0],)

    return scope.fold((x,), n, combine)[0]


@window(warmup=lambda n: n - 1)
def variance(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """Population variance: the mean squared distance of the last `n` values from their mean.

    For the sample variance multiply by n / (n - 1).
    """
    return scope.fold((x, _zero(x)), n, _spread)[1] / n


@window(warmup=lambda n: n - 1)
def covariance(scope: Scope, x: Numbers, y: Numbers, n: Length = 14) -> Numbers:
    """Population covariance of two series over the last `n` bars."""
    x, y = _where_both(x, y)
    return scope.fold((x, y, _zero(x)), n, _comovement)[2] / n


@window(warmup=lambda n: n - 1)
def correlation(scope: Scope, x: Numbers, y: Numbers, n: Length = 14) -> Numbers:
    """Pearson's correlation of two series over the last `n` bars, -1 to 1; undefined where one of them is flat."""
    x, y = _where_both(x, y)
    spread_x = scope.fold((x, _zero(x)), n, _spread)[1]
    spread_y = scope.fold((y, _zero(y)), n, _spread)[1]
    together = scope.fold((x, y, _zero(x)), n, _comovement)[2]
    return correlated(spread_x, spread_y, together)


@window(warmup=lambda n: n - 1)
def slope(scope: Scope, x: Numbers = CLOSE, n: Pairs = 14) -> Numbers:
    """The slope, per bar, of the least-squares line through the last `n` values."""
    return scope.fold((x, _zero(x)), n, _trend)[1] / (n * (n * n - 1) / 12)


@window(warmup=lambda n: n - 1)
def mean_deviation(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """Mean absolute deviation: the mean distance of the last `n` values from their mean."""
    return scope.kernel("mean_deviation", [x], [n])[0]


def correlated(spread_x: pl.Expr, spread_y: pl.Expr, together: pl.Expr) -> pl.Expr:
    """Correlation from two spreads and the co-movement: see the kernel of that name."""
    (near_x, root_x), (near_y, root_y) = map(_nearer, (spread_x, spread_y))
    return (together / ((near_x * near_y).sqrt() * (root_x * root_y))).clip(-1.0, 1.0)


def _nearer(spread: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    """The spread, brought nearer by a power of two where it is far from 1, and the root of what takes it back."""
    far, small = spread > FAR, spread < 1.0 / FAR
    near = pl.when(far).then(spread * (1.0 / BRINGS_NEARER)).when(small).then(spread * BRINGS_NEARER).otherwise(spread)
    return near, pl.when(far).then(ITS_ROOT).when(small).then(1.0 / ITS_ROOT).otherwise(1.0)


def _zero(x: pl.Expr) -> pl.Expr:
    """0 where `x` is defined: the spread of a single value."""
    return x * 0.0


def _where_both(x: pl.Expr, y: pl.Expr) -> tuple[pl.Expr, pl.Expr]:
    return pl.when(y.is_not_null()).then(x), pl.when(x.is_not_null()).then(y)


def _mean(older: State, older_width: int, newer: State, newer_width: int) -> State:
    return (_middle(older[0], older_width, newer[0], newer_width),)


def _middle(older: pl.Expr, older_width: int, newer: pl.Expr, newer_width: int) -> pl.Expr:
    """The mean of two blocks' means; exact where both are the same number."""
    if older_width == newer_width:
        return older * 0.5 + newer * 0.5
    return newer + (older - newer) * (older_width / (older_width + newer_width))


def _spread(older: State, older_width: int, newer: State, newer_width: int) -> State:
    (mean_old, spread_old), (mean_new, spread_new) = older, newer
    weight = older_width * newer_width / (older_width + newer_width)
    gap = mean_new - mean_old
    mean = _middle(mean_old, older_width, mean_new, newer_width)
    return mean, spread_old + spread_new + gap * gap * weight


def _comovement(older: State, older_width: int, newer: State, newer_width: int) -> State:
    (x_old, y_old, both_old), (x_new, y_new, both_new) = older, newer
    weight = older_width * newer_width / (older_width + newer_width)
    x = _middle(x_old, older_width, x_new, newer_width)
    y = _middle(y_old, older_width, y_new, newer_width)
    return x, y, both_old + both_new + (x_new - x_old) * (y_new - y_old) * weight


def _trend(older: State, older_width: int, newer: State, newer_width: int) -> State:
    """Co-movement with the bar's number: two blocks' middles lie half their joint width apart."""
    (mean_old, trend_old), (mean_new, trend_new) = older, newer
    mean = _middle(mean_old, older_width, mean_new, newer_width)
    return mean, trend_old + trend_new + (mean_new - mean_old) * (older_width * newer_width / 2)
