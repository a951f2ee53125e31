"""Stops that trail the price and flip side when it crosses them: the parabolic SAR and the supertrend's bands."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .declaring import Memory, composed, recursive
from .lanes import NA, Lanes, Mask, indicator, is_finite, larger, select, smaller, where

if TYPE_CHECKING:
    from .graphs import Call, Series


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


class _Pace(NamedTuple):
    """The acceleration of one side: where it begins, by how much it grows, and up to what."""

    first: Lanes
    step: Lanes
    most: Lanes


@composed
def parabolic(call: Call, high: Series, low: Series, *, start: float, step: float, max: float) -> Series:
    """Parabolic stop and reverse with the same acceleration on both sides."""
    return call(
        "parabolic_stop", high, low, start_value=0.0, offset=0.0, start_long=start, step_long=step, max_long=max,
        start_short=start, step_short=step, max_short=max,
    )  # fmt: skip


@composed
def parabolic_extended(
    call: Call, high: Series, low: Series, *, start_value: float, offset: float, start_long: float, step_long: float,
    max_long: float, start_short: float, step_short: float, max_short: float,
) -> Series:  # fmt: skip
    """Parabolic stop and reverse, negative while short, with all that TA-Lib lets one set."""
    stop = call(
        "parabolic_stop", high, low, start_value=start_value, offset=offset, start_long=start_long,
        step_long=step_long, max_long=max_long, start_short=start_short, step_short=step_short, max_short=max_short,
    )  # fmt: skip
    return call("multiply", stop, stop.beside(1))


@recursive("seen", "side", "stop", "extreme", "rate", "high", "low", outputs=2)
def parabolic_stop(
    memory: Memory, high: Lanes, low: Lanes, *, start_value: Lanes, offset: Lanes, start_long: Lanes, step_long: Lanes,
    max_long: Lanes, start_short: Lanes, step_short: Lanes, max_short: Lanes,
) -> tuple[Lanes, Lanes]:  # fmt: skip
    """Parabolic stop and reverse (Wilder 1978) with TA-Lib's start, and its side, 1 or -1.

    The first side is that of `start_value`, or of the first two bars' directional move. The short side is the long
    side mirrored, high and low exchanged and negated, so that one set of rules serves both.
    A bar whose high or low is undefined is undefined and leaves the memory as it was. Memory: defined bars so far, side
    (+1 long, -1 short), stop for the coming bar, extreme since the flip, acceleration, previous high and low.
    """
    known = is_finite(high) & is_finite(low)
    begins, moves = memory.seen == 1.0, known & (memory.seen >= 1.0)
    side = where(begins, _first_side(memory, high, low, start_value), memory.side)
    paces = (
        _Pace(smaller(start_long, max_long), step_long, max_long),
        _Pace(smaller(start_short, max_short), step_short, max_short),
    )
    long = side > 0.0
    now, other = (_Pace(*(where(long, x, y) for x, y in zip(*pair, strict=True))) for pair in (paces, paces[::-1]))
    position = _position(memory, high, low, side, begins, now.first)
    first_stop = where(start_value == 0.0, position.stop, side * abs(start_value))
    position = position._replace(stop=where(begins, first_stop, position.stop))
    then = _next_stop(position, now, other.first, side * offset)
    _hold(memory, moves, then, side)
    memory.seen = memory.seen + indicator(known)
    memory.high, memory.low = where(known, high, memory.high), where(known, low, memory.low)
    return where(moves, side * then.stop, NA), where(moves, memory.side, NA)


def _first_side(memory: Memory, high: Lanes, low: Lanes, start_value: Lanes) -> Lanes:
    """That of the start value; where it is 0, -1 if the low fell further than the high rose."""
    drop = memory.low - low
    moved = where((drop > 0.0) & ((high - memory.high) < drop), -1.0, 1.0)
    return where(start_value == 0.0, moved, where(start_value > 0.0, 1.0, -1.0))


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


def _next_stop(at: _Position, pace: _Pace, first_rate: Lanes, offset: Lanes) -> _Next:
    """`first_rate` is the other side's, `offset` the share of the stop by which a flip moves it away."""
    flips = at.down <= at.stop
    ceiling, floor = larger(at.last_up, at.up), smaller(at.last_down, at.down)
    turned = larger(at.peak, ceiling)
    stop = where(flips, turned + turned * offset, at.stop)
    faster = where(at.up > at.peak, smaller(at.rate + pace.step, pace.most), at.rate)
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


@recursive("seen", "lower", "upper", "x", "direction", outputs=2)
def trailing_stop(memory: Memory, lower: Lanes, upper: Lanes, x: Lanes) -> tuple[Lanes, Lanes]:
    """The lower of two stops while `x` trends up, the upper one down; it flips beyond the other stop of the bar before.

    A stop only tightens while `x` was on its right side. A bar with an undefined input is undefined and leaves the
    memory as it was.
    """
    known = is_finite(lower) & is_finite(upper) & is_finite(x)
    begins = memory.seen == 0.0
    last_lower, last_upper = where(begins, lower, memory.lower), where(begins, upper, memory.upper)
    held_lower = where(memory.x > last_lower, larger(lower, last_lower), lower)
    held_upper = where(memory.x < last_upper, smaller(upper, last_upper), upper)
    before = where(begins, 1.0, memory.direction)
    direction = where(x > last_upper, 1.0, where(x < last_lower, -1.0, before))
    memory.seen = where(known, 1.0, memory.seen)
    values = {"lower": held_lower, "upper": held_upper, "x": x, "direction": direction}
    for name, value in values.items():
        setattr(memory, name, where(known, value, getattr(memory, name)))
    return where(known, where(direction > 0.0, held_lower, held_upper), NA), where(known, direction, NA)
