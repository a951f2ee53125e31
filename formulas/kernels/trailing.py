"""Stops that trail the price and flip side when it crosses them: the parabolic SAR and the supertrend's bands."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import LANES, Floats

# Names of the rows of each kernel's state.
SEEN, SIDE, STOP, EXTREME, RATE, HIGH, LOW = range(7)
LOWER, UPPER, LINE, CLOSE = range(1, 5)

compiled = compiler_for("sar and supertrend")


@compiled
def _next_stop(
    up: float,
    down: float,
    last_up: float,
    last_down: float,
    stop: float,
    peak: float,
    rate: float,
    first_rate: float,
    step: float,
    maximum: float,
) -> tuple[bool, float, float, float, float]:
    """One bar of a long position: does it flip, the stop of this bar, of the next one, the extreme and the rate."""
    flips = down <= stop
    ceiling = max(last_up, up)
    floor = min(last_down, down)
    stop = max(peak, ceiling) if flips else stop
    rate = first_rate if flips else (min(rate + step, maximum) if up > peak else rate)
    peak = down if flips else max(peak, up)
    coming = stop + rate * (peak - stop)
    coming = max(coming, ceiling) if flips else min(coming, floor)
    return flips, stop, coming, peak, rate


@compiled
def _first_side(top: float, bottom: float, last_top: float, last_bottom: float) -> float:
    """The side of the first two bars' directional move: -1 where the low fell further than the high rose."""
    drop = last_bottom - bottom
    return -1.0 if (drop > 0.0) & ((top - last_top) < drop) else 1.0


@compiled
def _hold_stop(memory: Floats, lane: int, moves: bool, side: float, stop: float, extreme: float, rate: float) -> None:
    """Remember side, coming stop, extreme and rate, where the bar moved anything."""
    memory[SIDE, lane] = side if moves else memory[SIDE, lane]
    memory[STOP, lane] = stop if moves else memory[STOP, lane]
    memory[EXTREME, lane] = extreme if moves else memory[EXTREME, lane]
    memory[RATE, lane] = rate if moves else memory[RATE, lane]


@compiled
def _hold_bar(memory: Floats, lane: int, top: float, bottom: float) -> None:
    """Remember the bar's high and low."""
    memory[HIGH, lane] = top
    memory[LOW, lane] = bottom


@compiled
def parabolic(
    high: Floats,
    low: Floats,
    head: int,
    rows: int,
    start: float,
    step: float,
    maximum: float,
    state: Floats,
    scratch: Floats,
    out: Floats,
) -> None:
    """Parabolic stop and reverse (Wilder 1978) with TA-Lib's start: the side of the first two bars' directional move.

    The short side is the long side mirrored, high and low exchanged and negated, so that one set of rules serves both.
    A bar whose high or low is undefined is undefined and leaves the state as it was. States: defined bars so far, side
    (+1 long, -1 short), stop for the coming bar, extreme since the flip, acceleration, previous high and low.
    """
    memory = np.empty((7, LANES))  # a local array of known shape: only so does the inner loop become SIMD
    memory[:] = state
    first_rate = min(start, maximum)
    for t in range(head, head + rows):
        highs = high[t * LANES : (t + 1) * LANES]
        lows = low[t * LANES : (t + 1) * LANES]
        answer = out[t * LANES : (t + 1) * LANES]
        for lane in range(LANES):
            top, bottom = highs[lane], lows[lane]
            known = ((top - top) == 0.0) & ((bottom - bottom) == 0.0)
            begins, moves = memory[SEEN, lane] == 1.0, known & (memory[SEEN, lane] >= 1.0)
            last_top, last_bottom = memory[HIGH, lane], memory[LOW, lane]
            side = _first_side(top, bottom, last_top, last_bottom) if begins else memory[SIDE, lane]
            up, down = (top, bottom) if side > 0.0 else (-bottom, -top)
            last_up, last_down = (last_top, last_bottom) if side > 0.0 else (-last_bottom, -last_top)
            # At the start TA-Lib lets the second bar stand in for the one before it, save in the stop.
            stop = last_down if begins else side * memory[STOP, lane]
            last_up, last_down = (up, down) if begins else (last_up, last_down)
            peak = up if begins else side * memory[EXTREME, lane]
            rate = first_rate if begins else memory[RATE, lane]
            flips, stop, coming, peak, rate = _next_stop(
                up, down, last_up, last_down, stop, peak, rate, first_rate, step, maximum
            )
            answer[lane] = side * stop if moves else np.nan
            _hold_stop(memory, lane, moves, -side if flips else side, side * coming, side * peak, rate)
            memory[SEEN, lane] += 1.0 if known else 0.0
            _hold_bar(memory, lane, top if known else last_top, bottom if known else last_bottom)
    state[:] = memory


@compiled
def trailing_band(
    middle: Floats,
    width: Floats,
    close: Floats,
    head: int,
    rows: int,
    state: Floats,
    scratch: Floats,
    line: Floats,
    direction: Floats,
) -> None:
    """TradingView's supertrend on the bands middle - width and middle + width; direction is +1 up, -1 down.

    A band only tightens, until the previous close lies beyond it. The first defined bar is down. A bar with an
    undefined input is undefined and leaves the state as it was. States: defined bars so far, lower, upper, line, close.
    """
    memory = np.empty((5, LANES))
    memory[:] = state
    for t in range(head, head + rows):
        middles = middle[t * LANES : (t + 1) * LANES]
        widths = width[t * LANES : (t + 1) * LANES]
        closes = close[t * LANES : (t + 1) * LANES]
        lines = line[t * LANES : (t + 1) * LANES]
        directions = direction[t * LANES : (t + 1) * LANES]
        for lane in range(LANES):
            price, last = closes[lane], memory[CLOSE, lane]
            lower, upper = middles[lane] - widths[lane], middles[lane] + widths[lane]
            last_lower, last_upper = memory[LOWER, lane], memory[UPPER, lane]
            known = ((lower - lower) == 0.0) & ((upper - upper) == 0.0) & ((price - price) == 0.0)
            begins = memory[SEEN, lane] == 0.0
            lower = lower if begins | (lower > last_lower) | (last < last_lower) else last_lower
            upper = upper if begins | (upper < last_upper) | (last > last_upper) else last_upper
            was_down = memory[LINE, lane] == last_upper
            rises = (was_down & (price > upper)) | ((not was_down) & (price >= lower))
            rises = rises & (not begins)
            stop = lower if rises else upper
            lines[lane] = stop if known else np.nan
            directions[lane] = (1.0 if rises else -1.0) if known else np.nan
            memory[SEEN, lane] += 1.0 if known else 0.0
            memory[LOWER, lane] = lower if known else last_lower
            memory[UPPER, lane] = upper if known else last_upper
            memory[LINE, lane] = stop if known else memory[LINE, lane]
            memory[CLOSE, lane] = price if known else last
    state[:] = memory
