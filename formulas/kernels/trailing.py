"""Stops that trail the price and flip side when it crosses them: the parabolic SAR and the supertrend's bands."""

from __future__ import annotations

from typing import NamedTuple

from .declaring import Memory, recursive
from .lanes import NA, Lanes, Mask, indicator, is_finite, larger, select, smaller, where


class _Position(NamedTuple):
    """A bar as a long position sees it: its high and low, those of the bar before, stop, extreme, acceleration."""

    up: Lanes
    down: Lanes
    last_up: Lanes
    last_down: Lanes
    stop: Lanes
    peak: Lanes
    rate: Lanes


class _Next(NamedTuple):
    """Whether the position flips, the stop of this bar, that of the coming one, the extreme and the acceleration."""

    flips: Mask
    stop: Lanes
    coming: Lanes
    peak: Lanes
    rate: Lanes


@recursive("seen", "side", "stop", "extreme", "rate", "high", "low")
def parabolic(memory: Memory, high: Lanes, low: Lanes, *, start: Lanes, step: Lanes, max: Lanes) -> Lanes:
    """Parabolic stop and reverse (Wilder 1978) with TA-Lib's start: the side of the first two bars' directional move.

    The short side is the long side mirrored, high and low exchanged and negated, so that one set of rules serves both.
    A bar whose high or low is undefined is undefined and leaves the memory as it was. Memory: defined bars so far, side
    (+1 long, -1 short), stop for the coming bar, extreme since the flip, acceleration, previous high and low.
    """
    known = is_finite(high) & is_finite(low)
    begins, moves = memory.seen == 1.0, known & (memory.seen >= 1.0)
    first_rate = smaller(start, max)
    side = where(begins, _first_side(memory, high, low), memory.side)
    position = _position(memory, high, low, side, begins, first_rate)
    then = _next_stop(position, first_rate, step, max)
    _hold(memory, moves, then, side)
    memory.seen = memory.seen + indicator(known)
    memory.high, memory.low = where(known, high, memory.high), where(known, low, memory.low)
    return where(moves, side * then.stop, NA)


def _first_side(memory: Memory, high: Lanes, low: Lanes) -> Lanes:
    """-1 where the low fell further than the high rose."""
    drop = memory.low - low
    return where((drop > 0.0) & ((high - memory.high) < drop), -1.0, 1.0)


def _position(memory: Memory, high: Lanes, low: Lanes, side: Lanes, begins: Mask, first_rate: Lanes) -> _Position:
    long = side > 0.0
    up, down = where(long, high, -low), where(long, low, -high)
    last_up, last_down = where(long, memory.high, -memory.low), where(long, memory.low, -memory.high)
    # At the start TA-Lib lets the second bar stand in for the one before it, save in the stop.
    return _Position(
        up,
        down,
        where(begins, up, last_up),
        where(begins, down, last_down),
        stop=where(begins, last_down, side * memory.stop),
        peak=where(begins, up, side * memory.extreme),
        rate=where(begins, first_rate, memory.rate),
    )


def _next_stop(at: _Position, first_rate: Lanes, step: Lanes, most: Lanes) -> _Next:
    flips = at.down <= at.stop
    ceiling, floor = larger(at.last_up, at.up), smaller(at.last_down, at.down)
    stop = where(flips, larger(at.peak, ceiling), at.stop)
    faster = where(at.up > at.peak, smaller(at.rate + step, most), at.rate)
    rate = where(flips, first_rate, faster)
    peak = where(flips, at.down, larger(at.peak, at.up))
    coming = stop + rate * (peak - stop)
    return _Next(flips, stop, where(flips, larger(coming, ceiling), smaller(coming, floor)), peak, rate)


def _hold(memory: Memory, moves: Mask, then: _Next, side: Lanes) -> None:
    """Remember what is to come, where the bar moved anything."""
    memory.side = where(moves, where(then.flips, -side, side), memory.side)
    memory.stop = where(moves, side * then.coming, memory.stop)
    memory.extreme = where(moves, side * then.peak, memory.extreme)
    memory.rate = where(moves, then.rate, memory.rate)


@recursive("seen", "lower", "upper", "line", "close", outputs=2)
def trailing_band(memory: Memory, middle: Lanes, width: Lanes, x: Lanes) -> tuple[Lanes, Lanes]:
    """TradingView's supertrend on the bands middle - width and middle + width; direction is +1 up, -1 down.

    A band only tightens, until the previous close lies beyond it. The first defined bar is down. A bar with an
    undefined input is undefined and leaves the memory as it was.
    """
    lower, upper = middle - width, middle + width
    known = is_finite(lower) & is_finite(upper) & is_finite(x)
    begins = memory.seen == 0.0
    lower = where(begins | (lower > memory.lower) | (memory.close < memory.lower), lower, memory.lower)
    upper = where(begins | (upper < memory.upper) | (memory.close > memory.upper), upper, memory.upper)
    was_down = memory.line == memory.upper
    rises = select(was_down, x > upper, x >= lower) & ~begins
    stop = where(rises, lower, upper)
    memory.seen = memory.seen + indicator(known)
    memory.lower, memory.upper = where(known, lower, memory.lower), where(known, upper, memory.upper)
    memory.line, memory.close = where(known, stop, memory.line), where(known, x, memory.close)
    return where(known, stop, NA), where(known, where(rises, 1.0, -1.0), NA)
