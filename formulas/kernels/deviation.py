"""The mean absolute deviation of a window about its own mean, as cci needs it."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .folding import fold_values
from .tiles import BLOCK, LANES, Floats

compiled = compiler_for("mean_deviation and what is built on it (cci)")


@compiled
def _add_distances(mean: Floats, a: Floats, b: Floats, c: Floats, d: Floats, total: Floats) -> None:
    """Four rows of the window at once: the total is loaded and stored once for all."""
    for i in range(total.size):
        near = total[i] + abs(a[i] - mean[i]) + abs(b[i] - mean[i])
        total[i] = near + abs(c[i] - mean[i]) + abs(d[i] - mean[i])


@compiled
def _add_distance(mean: Floats, a: Floats, total: Floats) -> None:
    for i in range(total.size):
        total[i] += abs(a[i] - mean[i])


@compiled
def _finish(total: Floats, factor: float, out: Floats) -> None:
    for i in range(out.size):
        value = total[i] * factor
        out[i] = value if (value - value) == 0.0 else np.nan


@compiled
def mean_deviation(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """Mean of |x_i - window mean| over the last `n` values, oldest first; n steps per bar.

    The mean is that of sma, so a flat window is exactly 0, and nothing stays of what has left the window.
    """
    length = int(n)
    step = max(BLOCK, length)
    for first in range(head, head + rows, step):
        last = min(first + step, head + rows)
        span = (last - first) * LANES
        bars = x[(first - length + 1) * LANES : last * LANES]
        mean = fold_values(bars, length, True, scratch[span:], last - first)
        total = scratch[:span]
        total[:] = 0.0
        for k in range(0, length - 3, 4):
            _add_distances(
                mean,
                bars[k * LANES :][:span],
                bars[(k + 1) * LANES :][:span],
                bars[(k + 2) * LANES :][:span],
                bars[(k + 3) * LANES :][:span],
                total,
            )
        for k in range(length - length % 4, length):
            _add_distance(mean, bars[k * LANES :][:span], total)
        _finish(total, 1.0 / n, out[first * LANES : last * LANES])
