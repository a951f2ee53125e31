"""Windows whose values are put in order: the median, and the current value's rank among them; n steps per bar."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import BLOCK, LANES, Floats

compiled = compiler_for("median, rank_over and percent_rank")


@compiled
def _replace(window: Floats, old: Floats, new: Floats) -> None:
    """Take `old` out of each lane's sorted column and put `new` in; an undefined value stands at the end, as infinity.

    Row 0 is minus infinity, the last two rows are infinity at all times, so that every place has neighbours.
    """
    kept = np.empty(LANES)
    kept[:] = -np.inf
    for k in range(1, window.size // LANES - 1):
        here = window[k * LANES : (k + 1) * LANES]
        after = window[(k + 1) * LANES : (k + 2) * LANES]
        for lane in range(LANES):
            leaves = old[lane] if old[lane] == old[lane] else np.inf
            enters = new[lane] if new[lane] == new[lane] else np.inf
            place = here[lane] if here[lane] < leaves else after[lane]
            below = max(enters, kept[lane])
            here[lane] = min(below, place)
            kept[lane] = place


@compiled
def median(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """The middle of the last `n` values; for an even `n` the mean of the two middles.

    The sorted window is built from the rows of history, so that it needs no state.
    """
    length = int(n)
    window = np.full((length + 2) * LANES, np.inf)
    window[:LANES] = -np.inf
    nothing = np.full(LANES, np.nan)
    low = window[((length + 1) // 2) * LANES :][:LANES]
    high = window[(length // 2 + 1) * LANES :][:LANES]
    top = window[length * LANES :][:LANES]
    begin = head - length + 1
    for t in range(begin, head + rows):
        old = x[(t - length) * LANES :][:LANES] if t >= begin + length else nothing
        _replace(window, old, x[t * LANES :][:LANES])
        if t >= head:
            answer = out[t * LANES :][:LANES]
            for lane in range(LANES):
                # halved first, the sum of two large values stays finite
                between = low[lane] * 0.5 + high[lane] * 0.5
                middle = low[lane] if low[lane] == high[lane] else between
                answer[lane] = middle if top[lane] < np.inf else np.nan


@compiled
def _count(now: Floats, a: Floats, b: Floats, c: Floats, d: Floats, below: float, total: Floats) -> None:
    """Four rows of the window at once: add 1 for each value at most `now`, and `below` for each one smaller."""
    for i in range(total.size):
        value = now[i]
        near = (1.0 if a[i] <= value else 0.0) + (1.0 if b[i] <= value else 0.0)
        far = (1.0 if c[i] <= value else 0.0) + (1.0 if d[i] <= value else 0.0)
        near_below = (below if a[i] < value else 0.0) + (below if b[i] < value else 0.0)
        far_below = (below if c[i] < value else 0.0) + (below if d[i] < value else 0.0)
        total[i] += near + far + near_below + far_below


@compiled
def _count_window(bars: Floats, width: int, rows: int, below: float, total: Floats) -> None:
    """Compare the last of `width` rows with each of them; `bars` has width - 1 rows of history."""
    span = rows * LANES
    now = bars[(width - 1) * LANES :][:span]
    nothing = np.full(span, np.nan)
    total[:] = 0.0
    for k in range(0, width, 4):
        a = bars[k * LANES :][:span]
        b = bars[(k + 1) * LANES :][:span] if k + 1 < width else nothing
        c = bars[(k + 2) * LANES :][:span] if k + 2 < width else nothing
        d = bars[(k + 3) * LANES :][:span] if k + 3 < width else nothing
        _count(now, a, b, c, d, below, total)


@compiled
def _finish(bars: Floats, width: int, total: Floats, less: float, factor: float, out: Floats) -> None:
    """(total - less) * factor where the last `width` values are all defined: their number is counted along."""
    run = np.zeros(LANES)
    history = bars.size - out.size
    for k in range(0, history, LANES):
        row = bars[k : k + LANES]
        for lane in range(LANES):
            run[lane] = run[lane] + 1.0 if row[lane] == row[lane] else 0.0
    for k in range(0, out.size, LANES):
        row, counted, answer = bars[history + k :][:LANES], total[k : k + LANES], out[k : k + LANES]
        for lane in range(LANES):
            run[lane] = run[lane] + 1.0 if row[lane] == row[lane] else 0.0
            answer[lane] = (counted[lane] - less) * factor if run[lane] >= width else np.nan


@compiled
def rank_over(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """The rank of the current value among the last `n`, 1 for the smallest; equal values share the average rank."""
    length = int(n)
    step = max(BLOCK, length)
    for first in range(head, head + rows, step):
        last = min(first + step, head + rows)
        bars, total = x[(first - length + 1) * LANES : last * LANES], scratch[: (last - first) * LANES]
        _count_window(bars, length, last - first, 1.0, total)
        _finish(bars, length, total, -1.0, 0.5, out[first * LANES : last * LANES])


@compiled
def percent_rank(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """How many of the previous `n` values are at or below the current one, in percent. Divides as Polars does."""
    width = int(n) + 1
    step = max(BLOCK, width)
    for first in range(head, head + rows, step):
        last = min(first + step, head + rows)
        bars, total = x[(first - width + 1) * LANES : last * LANES], scratch[: (last - first) * LANES]
        _count_window(bars, width, last - first, 0.0, total)
        _percent(total, 1.0 / n)
        _finish(bars, width, total, 0.0, 100.0, out[first * LANES : last * LANES])


@compiled
def _percent(total: Floats, factor: float) -> None:
    """The value itself is among those counted."""
    for i in range(total.size):
        total[i] = (total[i] - 1.0) * factor
