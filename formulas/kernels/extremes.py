"""The highest and lowest of a window, and how long ago they were, by doubling: exact, in log2(n) passes.

A window is covered by two blocks of the largest power of two that fits; that they overlap does an extreme no harm.
Blocks are numbered by their first row. Passes go over flat arrays and write one, so that they become SIMD.
"""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import BLOCK, LANES, Floats

compiled = compiler_for("highest, lowest, highest_bar and lowest_bar")


@compiled
def _higher(older: Floats, newer: Floats, out: Floats) -> None:
    for i in range(out.size):
        out[i] = older[i] if (older[i] > newer[i]) | (older[i] != older[i]) else newer[i]


@compiled
def _lower(older: Floats, newer: Floats, out: Floats) -> None:
    for i in range(out.size):
        out[i] = older[i] if (older[i] < newer[i]) | (older[i] != older[i]) else newer[i]


@compiled
def _ages(older: Floats, newer: Floats, age_older: Floats, age_newer: Floats, newer_width: float, out: Floats) -> None:
    """How long ago the higher one was; the newer one's on ties, undefined if one is."""
    for i in range(out.size):
        then = age_older[i] + newer_width
        out[i] = age_newer[i] if newer[i] >= older[i] else (then if newer[i] < older[i] else np.nan)


@compiled
def _extremes(x: Floats, length: int, highest: bool, room: Floats, out: Floats) -> None:
    """`x` has the length - 1 rows before those of `out` as well."""
    block, spare, free = x, room[: x.size], room[x.size : 2 * x.size]
    width = 1
    while 2 * width <= length:
        size = block.size - width * LANES
        if highest:
            _higher(block[:size], block[width * LANES :], spare[:size])
        else:
            _lower(block[:size], block[width * LANES :], spare[:size])
        block, spare, free = spare[:size], free, spare
        width *= 2
    newer = block[(length - width) * LANES :]
    if highest:
        _higher(block[: out.size], newer[: out.size], out)
    else:
        _lower(block[: out.size], newer[: out.size], out)


@compiled
def highest(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """The largest of the last `n` values."""
    length = int(n)
    step = max(BLOCK, length)
    for first in range(head, head + rows, step):
        last = min(first + step, head + rows)
        bars = x[(first - length + 1) * LANES : last * LANES]
        _extremes(bars, length, True, scratch, out[first * LANES : last * LANES])


@compiled
def lowest(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """The smallest of the last `n` values."""
    length = int(n)
    step = max(BLOCK, length)
    for first in range(head, head + rows, step):
        last = min(first + step, head + rows)
        bars = x[(first - length + 1) * LANES : last * LANES]
        _extremes(bars, length, False, scratch, out[first * LANES : last * LANES])


@compiled
def _extreme_bars(x: Floats, length: int, sign: float, room: Floats, out: Floats) -> None:
    """How long ago the largest `sign` * x was."""
    size = x.size
    value, spare, free = room[:size], room[size : 2 * size], room[2 * size : 3 * size]
    age, age_spare, age_free = room[3 * size : 4 * size], room[4 * size : 5 * size], room[5 * size : 6 * size]
    for i in range(size):
        value[i] = sign * x[i]
    for i in range(size):
        age[i] = x[i] - x[i]
    width = 1
    while 2 * width <= length:
        size = value.size - width * LANES
        older, newer = value[:size], value[width * LANES :]
        _higher(older, newer, spare[:size])
        _ages(older, newer, age[:size], age[width * LANES :], float(width), age_spare[:size])
        value, spare, free = spare[:size], free, spare
        age, age_spare, age_free = age_spare[:size], age_free, age_spare
        width *= 2
    rest = length - width
    newest, youngest = value[rest * LANES :][: out.size], age[rest * LANES :][: out.size]
    _ages(value[: out.size], newest, age[: out.size], youngest, float(rest), out)


@compiled
def highest_bar(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """How many bars ago the largest of the last `n` values was; the nearest on ties."""
    length = int(n)
    step = max(BLOCK, length)
    for first in range(head, head + rows, step):
        last = min(first + step, head + rows)
        bars = x[(first - length + 1) * LANES : last * LANES]
        _extreme_bars(bars, length, 1.0, scratch, out[first * LANES : last * LANES])


@compiled
def lowest_bar(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """How many bars ago the smallest of the last `n` values was; the nearest on ties."""
    length = int(n)
    step = max(BLOCK, length)
    for first in range(head, head + rows, step):
        last = min(first + step, head + rows)
        bars = x[(first - length + 1) * LANES : last * LANES]
        _extreme_bars(bars, length, -1.0, scratch, out[first * LANES : last * LANES])
