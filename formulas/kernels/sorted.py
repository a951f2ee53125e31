"""Windows whose values are put in order: the median, and the current value's rank among them; n steps per bar."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import BLOCK, LANES, Floats, lanes_of

STEP = 8

compiled = compiler_for("median, rank_over and percent_rank")


@compiled
def _shift(rows: Floats, leaves: Floats, enters: Floats, kept: Floats) -> None:
    """STEP rows of each lane's sorted column (and the one after): close the gap of `leaves`, make room for `enters`.

    `kept` is the row before, as it was after the gap closed.
    """
    for lane in range(LANES):
        old, new, before, here = leaves[lane], enters[lane], kept[lane], rows[lane]
        for k in range(STEP):
            after = rows[(k + 1) * LANES + lane]
            place = here if here < old else after
            rows[k * LANES + lane] = min(place, max(before, new))
            before, here = place, after
        kept[lane] = before


@compiled
def _replace(window: Floats, old: Floats, new: Floats, room: Floats) -> None:
    """Take `old` out of each lane's sorted column and put `new` in; an undefined value stands at the end, as infinity.

    The window ends with infinity, so that every place has a next one.
    """
    leaves, enters, kept = room[:LANES], room[LANES : 2 * LANES], room[2 * LANES : 3 * LANES]
    for lane in range(LANES):
        leaves[lane] = old[lane] if old[lane] == old[lane] else np.inf
        # -0 becomes 0: the two are equal, and their order would tell what the window held before
        enters[lane] = new[lane] + 0.0 if new[lane] == new[lane] else np.inf
        kept[lane] = -np.inf
    for k in range(0, window.size - LANES, STEP * LANES):
        _shift(window[k : k + (STEP + 1) * LANES], leaves, enters, kept)


@compiled
def median(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """The middle of the last `n` values; for an even `n` the mean of the two middles.

    The sorted window is built from the rows of history, so that it needs no state.
    """
    length = int(n)
    window = np.full(((length - 1) // STEP + 1) * STEP * LANES + LANES, np.inf)
    nothing, room = np.full(LANES, np.nan), np.empty(3 * LANES)
    low = window[(length - 1) // 2 * LANES : ((length - 1) // 2 + 1) * LANES]
    high = window[length // 2 * LANES : (length // 2 + 1) * LANES]
    top = window[(length - 1) * LANES : length * LANES]
    begin = head - length + 1
    for t in range(begin, head + rows):
        old = x[(t - length) * LANES : (t - length + 1) * LANES] if t >= begin + length else nothing
        _replace(window, old, x[t * LANES : (t + 1) * LANES], room)
        if t >= head:
            answer = out[t * LANES : (t + 1) * LANES]
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
    now, nothing = bars[(width - 1) * LANES :], np.empty(span)
    for i in range(span):
        nothing[i], total[i] = np.nan, 0.0
    for k in range(0, width, 4):
        begin = k * LANES
        a = bars[begin : begin + span]
        b = bars[begin + LANES : begin + LANES + span] if k + 1 < width else nothing
        c = bars[begin + 2 * LANES : begin + 2 * LANES + span] if k + 2 < width else nothing
        d = bars[begin + 3 * LANES : begin + 3 * LANES + span] if k + 3 < width else nothing
        _count(now, a, b, c, d, below, total)


@compiled
def _finish(bars: Floats, width: float, total: Floats, less: float, factor: float, lanes: int, out: Floats) -> None:
    """(total - less) * factor where the last `width` values are all defined: their number is counted along."""
    run = np.zeros(LANES)
    history = bars.size - out.size
    for k in range(0, history, LANES):
        row = bars[k : k + LANES]
        for lane in range(lanes):
            run[lane] = run[lane] + 1.0 if row[lane] == row[lane] else 0.0
    for k in range(0, out.size, LANES):
        row, counted = bars[history + k : history + k + LANES], total[k : k + LANES]
        answer = out[k : k + LANES]
        for lane in range(lanes):
            defined = run[lane] + 1.0 if row[lane] == row[lane] else 0.0
            value = (counted[lane] - less) * factor
            run[lane] = defined
            answer[lane] = value if defined >= width else np.nan


@compiled
def rank_over(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """The rank of the current value among the last `n`, 1 for the smallest; equal values share the average rank."""
    length = int(n)
    step = max(BLOCK, length)
    for first in range(head, head + rows, step):
        last = min(first + step, head + rows)
        bars, total = x[(first - length + 1) * LANES : last * LANES], scratch[: (last - first) * LANES]
        _count_window(bars, length, last - first, 1.0, total)
        _finish(bars, n, total, -1.0, 0.5, lanes_of(state), out[first * LANES : last * LANES])


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
        _finish(bars, n + 1.0, total, 0.0, 100.0, lanes_of(state), out[first * LANES : last * LANES])


@compiled
def _percent(total: Floats, factor: float) -> None:
    """The value itself is among those counted."""
    for i in range(total.size):
        total[i] = (total[i] - 1.0) * factor
