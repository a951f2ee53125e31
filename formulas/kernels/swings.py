"""Swings of the price: pivots that are told once they are certain, never before."""

from __future__ import annotations

from .declaring import Memory, recursive
from .lanes import NA, Lanes, Mask, is_finite, where


@recursive("begun", "direction", "pivot", "bars", "top", "top_bars", "bottom", "bottom_bars", outputs=4)
def swings(memory: Memory, up: Lanes, down: Lanes, *, percent: Lanes) -> tuple[Lanes, Lanes, Lanes, Lanes]:
    """The latest pivot, the direction since, the bars since, and the furthest price in that direction.

    A top is one once `down` is `percent` below it, a bottom once `up` is so much above it; not at the bar that made it.
    A bar with an undefined input is undefined and changes nothing, but counts as a bar. Memory: whether there were
    bars; direction (0 before the first pivot), the pivot and its age, the top and bottom to come and their ages.
    """
    known = is_finite(up) & is_finite(down)
    share = percent * 0.01
    rising, falling = memory.direction >= 0.0, memory.direction <= 0.0
    begins = memory.begun == 0.0
    top, top_bars = _furthest(memory.top, memory.top_bars, up, known & rising & (begins | (up > memory.top)))
    bottom, bottom_bars = _furthest(
        memory.bottom, memory.bottom_bars, down, known & falling & (begins | (down < memory.bottom))
    )
    falls = known & rising & (top_bars > 0.0) & (down <= top - share * abs(top))
    rises = known & falling & (bottom_bars > 0.0) & (up >= bottom + share * abs(bottom)) & ~falls
    memory.pivot = where(falls, top, where(rises, bottom, memory.pivot))
    memory.bars = where(falls, top_bars, where(rises, bottom_bars, memory.bars + 1.0))
    memory.direction = where(falls, -1.0, where(rises, 1.0, memory.direction))
    memory.top, memory.top_bars = _furthest(top, top_bars - 1.0, up, rises)
    memory.bottom, memory.bottom_bars = _furthest(bottom, bottom_bars - 1.0, down, falls)
    memory.begun = where(known, 1.0, memory.begun)
    shown = known & (memory.direction != 0.0)
    furthest = where(memory.direction > 0.0, memory.top, memory.bottom)
    results = memory.pivot, memory.direction, memory.bars, furthest
    return tuple(where(shown, each, NA) for each in results)  # type: ignore[return-value]


def _furthest(price: Lanes, bars: Lanes, new: Lanes, here: Mask) -> tuple[Lanes, Lanes]:
    """A price and its age at this bar: that of before, a bar older, or the new one."""
    return where(here, new, price), where(here, 0.0, bars + 1.0)
