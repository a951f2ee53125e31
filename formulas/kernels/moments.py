"""Sums and moments of windows, folded up from halves (folding.py), BLOCK rows at a time so that all stays in the cache.

A window with a hole is undefined while the hole is inside, by arithmetic alone: NaN runs through the fold.
"""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .folding import COMOVEMENT, SPREAD, TREND, fold_moment, fold_values
from .tiles import BLOCK, LANES, Floats

compiled = compiler_for("sum, sma, variance, covariance, correlation and slope")


@compiled
def _finish(values: Floats, factor: float, out: Floats) -> None:
    for i in range(out.size):
        value = values[i] * factor
        out[i] = value if (value - value) == 0.0 else np.nan


@compiled
def _fold_values(x: Floats, head: int, rows: int, n: float, means: bool, scratch: Floats, out: Floats) -> None:
    length = int(n)
    step = max(BLOCK, length)
    for first in range(head, head + rows, step):
        last = min(first + step, head + rows)
        bars = x[(first - length + 1) * LANES : last * LANES]
        _finish(fold_values(bars, length, means, scratch, last - first), 1.0, out[first * LANES : last * LANES])


@compiled
def _fold_moment(
    kind: int, x: Floats, y: Floats, head: int, rows: int, n: float, factor: float, scratch: Floats, out: Floats
) -> None:
    length = int(n)
    step = max(BLOCK, length)
    for first in range(head, head + rows, step):
        last = min(first + step, head + rows)
        begin = (first - length + 1) * LANES
        values = fold_moment(kind, x[begin : last * LANES], y[begin : last * LANES], length, scratch, last - first)
        _finish(values, factor, out[first * LANES : last * LANES])


@compiled
def sum_(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """The sum of the last `n` values."""
    _fold_values(x, head, rows, n, False, scratch, out)


@compiled
def sma(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """The mean of the last `n` values."""
    _fold_values(x, head, rows, n, True, scratch, out)


@compiled
def variance(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """Population variance. Polars divides by a constant by multiplying with its inverse; so do we."""
    _fold_moment(SPREAD, x, x, head, rows, n, 1.0 / n, scratch, out)


@compiled
def slope(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """The slope, per bar, of the least-squares line through the last `n` values."""
    _fold_moment(TREND, x, x, head, rows, n, 1.0 / (n * (n * n - 1.0) / 12.0), scratch, out)


@compiled
def covariance(
    x: Floats, y: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats
) -> None:
    """Population covariance of two series."""
    _fold_moment(COMOVEMENT, x, y, head, rows, n, 1.0 / n, scratch, out)


@compiled
def _correlate(spread_x: Floats, spread_y: Floats, together: Floats, out: Floats) -> None:
    for i in range(out.size):
        value = together[i] / (np.sqrt(spread_x[i]) * np.sqrt(spread_y[i]))
        value = 1.0 if value > 1.0 else (max(value, -1.0))
        out[i] = value


@compiled
def correlation(
    x: Floats, y: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats
) -> None:
    """Pearson's correlation of two series; undefined where one of them is flat."""
    length = int(n)
    step = max(BLOCK, length)
    for first in range(head, head + rows, step):
        last = min(first + step, head + rows)
        span, begin = (last - first) * LANES, (first - length + 1) * LANES
        xs, ys, room = x[begin : last * LANES], y[begin : last * LANES], scratch[2 * span :]
        spread_x, spread_y = scratch[:span], scratch[span : 2 * span]
        spread_x[:] = fold_moment(SPREAD, xs, xs, length, room, last - first)
        spread_y[:] = fold_moment(SPREAD, ys, ys, length, room, last - first)
        together = fold_moment(COMOVEMENT, xs, ys, length, room, last - first)
        _correlate(spread_x, spread_y, together, out[first * LANES : last * LANES])
