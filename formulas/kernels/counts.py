"""Counting bars: history, the bar's number, and conditions over a window by exact running counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .declaring import Memory, composed, recursive
from .lanes import NA, Lanes, indicator, is_defined, where

if TYPE_CHECKING:
    from .graphs import Call, Series


@composed
def ago_bars(call: Call, x: Series, *, n: float) -> Series:
    """The value `n` bars ago: no work at all, its readers look back."""
    return x.ago(int(n))


@recursive("bars")
def bar_index(memory: Memory) -> Lanes:
    """The number of bars before this one."""
    bars = memory.bars
    memory.bars = bars + 1.0
    return bars


@composed
def count(call: Call, condition: Series, *, n: float) -> Series:
    """At how many of the last `n` bars the condition was true."""
    return call("counted", condition, condition.ago(int(n)), n=n)


@recursive("true", "known")
def counted(memory: Memory, enters: Lanes, leaves: Lanes, *, n: Lanes) -> Lanes:
    """Of the last `n` bars how many are true, if all are defined. Whole numbers: nothing is rounded."""
    memory.true = memory.true + indicator(enters == 1.0) - indicator(leaves == 1.0)
    memory.known = memory.known + indicator(is_defined(enters)) - indicator(is_defined(leaves))
    return where(memory.known == n, memory.true, NA)


@composed
def exist(call: Call, condition: Series, *, n: float) -> Series:
    """Whether the condition was true at any of the last `n` bars."""
    return call("held", condition, n=n, decisive=1.0)


@composed
def every(call: Call, condition: Series, *, n: float) -> Series:
    """Whether the condition was true at all of the last `n` bars."""
    return call("held", condition, n=n, decisive=0.0)


@recursive("seen", "since", "run")
def held(memory: Memory, condition: Lanes, *, n: Lanes, decisive: Lanes) -> Lanes:
    """Kleene: `decisive` if one of the last `n` values is that, its opposite if all are the opposite.

    Memory: bars so far, bars since the latest decisive value, the number of opposite values in a row.
    """
    opposite = 1.0 - decisive
    before = where(memory.seen > 0.0, memory.since, n)  # more than n before there is any
    memory.seen = memory.seen + 1.0
    memory.since = where(condition == decisive, 0.0, before + 1.0)
    memory.run = where(condition == opposite, memory.run + 1.0, 0.0)
    known = where(memory.run >= n, opposite, NA)
    return where(memory.seen >= n, where(memory.since < n, decisive, known), NA)
