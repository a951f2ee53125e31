"""Since an event: the latest bar at which a condition was true. An undefined condition is no event.

Memory that counts from an event holds one more than the count, so that 0 says that there was none yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .declaring import Memory, composed, elementwise, recursive
from .lanes import NA, Lanes, indicator, is_defined, is_finite, where

if TYPE_CHECKING:
    from .graphs import Call, Series


@composed
def bars_since(call: Call, condition: Series, *, nth: float) -> Series:
    """How many bars ago the `nth` latest event was: to the latest one, and from each to the one before it."""
    latest = call("bars_since_latest", condition)
    bars = latest
    for _ in range(1, int(nth)):
        bars = call("add", latest, call("value_when_latest", condition, call("later", bars.ago(1))))
    return bars


@composed
def value_when(call: Call, condition: Series, x: Series, *, nth: float) -> Series:
    """The value of `x` at the `nth` latest bar where the condition was true and `x` defined."""
    event = call("event_with_value", condition, x)
    value = call("value_when_latest", event, x)
    for _ in range(1, int(nth)):
        value = call("value_when_latest", event, value.ago(1))
    return value


@elementwise
def later(bars: Lanes) -> Lanes:
    """One bar on."""
    return bars + 1.0


@elementwise
def event_with_value(condition: Lanes, x: Lanes) -> Lanes:
    """1 where the condition is true and `x` defined, else 0."""
    return indicator((condition == 1.0) & is_defined(x))


@recursive("bars")
def bars_since_latest(memory: Memory, condition: Lanes) -> Lanes:
    """How many bars ago the condition was last true."""
    later = where(memory.bars > 0.0, memory.bars + 1.0, 0.0)
    memory.bars = where(condition == 1.0, 1.0, later)
    return where(memory.bars > 0.0, memory.bars - 1.0, NA)


@recursive("value", "begun")
def value_when_latest(memory: Memory, condition: Lanes, x: Lanes) -> Lanes:
    """The value of `x` at the latest bar where the condition was true."""
    event = condition == 1.0
    memory.begun = where(event, 1.0, memory.begun)
    memory.value = where(event, x, memory.value)
    return where(memory.begun == 1.0, memory.value, NA)


@recursive("begun", "best")
def highest_since(memory: Memory, condition: Lanes, x: Lanes) -> Lanes:
    """The largest `x` from the latest event through now; undefined values are skipped."""
    event = condition == 1.0
    before = where(event, NA, memory.best)
    memory.begun = where(event, 1.0, memory.begun)
    memory.best = where((x > before) | ~is_defined(before), x, before)
    return where(memory.begun == 1.0, memory.best, NA)


@composed
def lowest_since(call: Call, condition: Series, x: Series) -> Series:
    """The smallest `x` from the latest event through now."""
    return call("negate", call("highest_since", condition, call("negate", x)))


@recursive("phase", "total")
def sum_since(memory: Memory, condition: Lanes, x: Lanes) -> Lanes:
    """The sum of `x` from the latest event through now; undefined values, and a step that overflows, are skipped.

    `phase` is 1 from the event on and 2 from the first value on.
    """
    event = condition == 1.0
    phase, before = where(event, 1.0, memory.phase), where(event, 0.0, memory.total)
    total = before + x
    known = is_finite(total) & (phase > 0.0)
    memory.phase = where(known, 2.0, phase)
    memory.total = where(known, total, before)
    return where(memory.phase == 2.0, memory.total, NA)


@recursive("count")
def count_since(memory: Memory, condition: Lanes, counted: Lanes) -> Lanes:
    """At how many bars from the latest event through now `counted` was true."""
    before = where(condition == 1.0, 1.0, memory.count)
    memory.count = where(before > 0.0, before + indicator(counted == 1.0), before)
    return where(memory.count > 0.0, memory.count - 1.0, NA)


@recursive("on")
def exrem(memory: Memory, signal: Lanes, reset: Lanes) -> Lanes:
    """The first `signal` only, until `reset` was true. Memory: 1 while a signal is on."""
    answer = where(memory.on == 1.0, 0.0, signal)
    on = where(signal == 1.0, 1.0, memory.on)
    memory.on = where(reset == 1.0, 0.0, on)
    return answer


@recursive("on")
def flip(memory: Memory, set: Lanes, reset: Lanes) -> Lanes:
    """True from `set` until `reset`, which wins where both are true. Memory: 1 while it is on."""
    on = where(set == 1.0, 1.0, memory.on)
    memory.on = where(reset == 1.0, 0.0, on)
    return memory.on


@recursive("left")
def cooldown(memory: Memory, condition: Lanes, *, n: Lanes) -> Lanes:
    """The condition, false for `n` bars after a bar where it was true. Memory: how many of them are left."""
    cooling = memory.left > 0.0
    fires = condition == 1.0
    memory.left = where(cooling, memory.left - 1.0, where(fires, n, 0.0))
    return where(cooling, 0.0, condition)
