"""Sums and moments of windows, built up pairwise from halves, never by adding and subtracting.

The order of combination and the arithmetic are those of the Polars rules (`Scope.fold`), to the bit: blocks of 1, 2, 4
... rows, then those that make up the length, newest first. Blocks are numbered by their first row. Passes go over flat
arrays and write one, so that they become SIMD.
"""

from __future__ import annotations

from .compiler import compiler_for
from .tiles import LANES, Floats

compiled = compiler_for("sum, sma, variance, covariance, correlation, slope and mean_deviation")

SPREAD, TREND, COMOVEMENT = range(3)


@compiled
def _add(older: Floats, newer: Floats, out: Floats) -> None:
    for i in range(out.size):
        out[i] = older[i] + newer[i]


@compiled
def _middle(older: Floats, newer: Floats, out: Floats) -> None:
    """The mean of two means of equal weight; exact where both are the same number."""
    for i in range(out.size):
        out[i] = older[i] * 0.5 + newer[i] * 0.5


@compiled
def _weigh(older: Floats, newer: Floats, share: float, out: Floats) -> None:
    """The mean of two means, `share` being the older one's; exact where both are the same number."""
    for i in range(out.size):
        out[i] = newer[i] + (older[i] - newer[i]) * share


@compiled
def _mean(older: Floats, older_width: int, newer: Floats, newer_width: int, out: Floats) -> None:
    if older_width == newer_width:
        _middle(older, newer, out)
    else:
        _weigh(older, newer, older_width / (older_width + newer_width), out)


@compiled
def _spread(
    mean_old: Floats, mean_new: Floats, spread_old: Floats, spread_new: Floats, weight: float, out: Floats
) -> None:
    for i in range(out.size):
        gap = mean_new[i] - mean_old[i]
        out[i] = spread_old[i] + spread_new[i] + gap * gap * weight


@compiled
def _trend(
    mean_old: Floats, mean_new: Floats, trend_old: Floats, trend_new: Floats, weight: float, out: Floats
) -> None:
    for i in range(out.size):
        out[i] = trend_old[i] + trend_new[i] + (mean_new[i] - mean_old[i]) * weight


@compiled
def _comovement(
    x_old: Floats, x_new: Floats, y_old: Floats, y_new: Floats, old: Floats, new: Floats, weight: float, out: Floats
) -> None:
    for i in range(out.size):
        out[i] = old[i] + new[i] + (x_new[i] - x_old[i]) * (y_new[i] - y_old[i]) * weight


@compiled
def fold_values(x: Floats, length: int, means: bool, room: Floats, rows: int) -> Floats:
    """Windows' sums or means, [rows * LANES] somewhere in `room`; `x` has length - 1 rows of history."""
    size, span = x.size, rows * LANES
    block, spare, free = x, room[:size], room[size : 2 * size]
    whole, other = room[2 * size :][:span], room[3 * size :][:span]
    width, taken = 1, 0
    while True:
        if length & width:
            part = block[(length - taken - width) * LANES :][:span]
            if taken == 0:
                whole[:] = part
            else:
                if means:
                    _mean(part, width, whole, taken, other)
                else:
                    _add(part, whole, other)
                whole, other = other, whole
            taken += width
        if 2 * width > length:
            return whole
        kept = block.size - width * LANES
        if means:
            _middle(block[:kept], block[width * LANES :], spare[:kept])
        else:
            _add(block[:kept], block[width * LANES :], spare[:kept])
        block, spare, free = spare[:kept], free, spare
        width *= 2


@compiled
def _product(
    kind: int,
    x_old: Floats,
    x_new: Floats,
    y_old: Floats,
    y_new: Floats,
    old: Floats,
    new: Floats,
    older_width: int,
    newer_width: int,
    out: Floats,
) -> None:
    """The moment of two neighbouring blocks from their means and own moments (Chan, Golub, LeVeque 1979)."""
    weight = older_width * newer_width / (older_width + newer_width)
    if kind == SPREAD:
        _spread(x_old, x_new, old, new, weight, out)
    elif kind == TREND:
        # co-movement with the bar's number: two blocks' middles lie half their joint width apart
        _trend(x_old, x_new, old, new, older_width * newer_width / 2, out)
    else:
        _comovement(x_old, x_new, y_old, y_new, old, new, weight, out)


@compiled
def fold_moment(kind: int, x: Floats, y: Floats, length: int, room: Floats, rows: int) -> Floats:
    """Windows' sums of products about the means, [rows * LANES] in `room`; `x` and `y` have length - 1 rows of history.

    SPREAD and TREND are of `x` alone and use 8 registers of room, COMOVEMENT uses 12. The result is in the first two.
    """
    size, span = x.size, rows * LANES
    whole, other = room[:size][:span], room[size:][:span]
    block, spare = room[2 * size :][:size], room[3 * size :][:size]
    x_block, x_spare, x_free = x, room[4 * size :][:size], room[5 * size :][:size]
    x_whole, x_other = room[6 * size :][:span], room[7 * size :][:span]
    y_block, y_spare, y_free = y, room[8 * size :][:size], room[9 * size :][:size]
    y_whole, y_other = room[10 * size :][:span], room[11 * size :][:span]
    for i in range(size):
        block[i] = (x[i] - x[i]) + (y[i] - y[i])
    width, taken = 1, 0
    while True:
        if length & width:
            begin = (length - taken - width) * LANES
            part, x_part, y_part = block[begin:][:span], x_block[begin:][:span], y_block[begin:][:span]
            if taken == 0:
                whole[:], x_whole[:] = part, x_part
                if kind == COMOVEMENT:
                    y_whole[:] = y_part
            else:
                _product(kind, x_part, x_whole, y_part, y_whole, part, whole, width, taken, other)
                _mean(x_part, width, x_whole, taken, x_other)
                if kind == COMOVEMENT:
                    _mean(y_part, width, y_whole, taken, y_other)
                whole, other, x_whole, x_other = other, whole, x_other, x_whole
                y_whole, y_other = y_other, y_whole
            taken += width
        if 2 * width > length:
            return whole
        kept, shift = block.size - width * LANES, width * LANES
        x_old, x_new, y_old, y_new = x_block[:kept], x_block[shift:], y_block[:kept], y_block[shift:]
        _product(kind, x_old, x_new, y_old, y_new, block[:kept], block[shift:], width, width, spare[:kept])
        block, spare = spare[:kept], block
        _middle(x_old, x_new, x_spare[:kept])
        x_block, x_spare, x_free = x_spare[:kept], x_free, x_spare
        if kind == COMOVEMENT:
            _middle(y_old, y_new, y_spare[:kept])
            y_block, y_spare, y_free = y_spare[:kept], y_free, y_spare
        width *= 2
