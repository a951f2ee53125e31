"""Since an event: the latest bar at which a condition was true. An undefined condition is no event.

Memory that counts from an event holds one more than the count, so that 0 says that there was none yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .declaring import Memory, composed, recursive
from .lanes import NA, Lanes, indicator, is_defined, is_finite, where

if TYPE_CHECKING:
    from .graphs import Call, Series


@recursive("bars")
def bars_since(memory: Memory, condition: Lanes) -> Lanes:
    """How many bars ago the condition was last true."""
    later = where(memory.bars > 0.0, memory.bars + 1.0, 0.0)
    memory.bars = where(condition == 1.0, 1.0, later)
    return where(memory.bars > 0.0, memory.bars - 1.0, NA)


@recursive("begun", "value")
def value_when(memory: Memory, condition: Lanes, x: Lanes) -> Lanes:
    """The value of `x` at the latest bar where the condition was true and `x` defined."""
    event = (condition == 1.0) & is_defined(x)
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
