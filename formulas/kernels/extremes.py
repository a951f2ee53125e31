"""The highest and lowest of a window, and how long ago they were, by doubling: exact, in log2(n) passes.

A window is covered by two blocks of the largest power of two that fits; that they overlap does an extreme no harm.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .declaring import Memory, composed, elementwise, recursive
from .lanes import NA, Lanes, is_defined, where

if TYPE_CHECKING:
    from .graphs import Call, Series


@composed
def highest(call: Call, x: Series, *, n: float) -> Series:
    """The largest of the last `n` values."""
    return _doubled(call, "larger", x, int(n))


@composed
def lowest(call: Call, x: Series, *, n: float) -> Series:
    """The smallest of the last `n` values."""
    return _doubled(call, "smaller", x, int(n))


@composed
def highest_bar(call: Call, x: Series, *, n: float) -> Series:
    """How many bars ago the largest of the last `n` values was; the nearest on ties."""
    return _dated(call, "nearest", x, int(n))


@composed
def oldest_highest_bar(call: Call, x: Series, *, n: float) -> Series:
    """How many bars ago the largest of the last `n` values was; the oldest on ties."""
    return _dated(call, "furthest", x, int(n))


@composed
def oldest_lowest_bar(call: Call, x: Series, *, n: float) -> Series:
    """How many bars ago the smallest of the last `n` values was; the oldest on ties."""
    return call("oldest_highest_bar", call("negate", x), n=n)


@composed
def lowest_bar(call: Call, x: Series, *, n: float) -> Series:
    """How many bars ago the smallest of the last `n` values was; the nearest on ties."""
    return call("highest_bar", call("negate", x), n=n)


def _doubled(call: Call, combine: str, x: Series, length: int) -> Series:
    block, width = x, 1
    while 2 * width <= length:
        block = call(combine, block.ago(width), block)
        width *= 2
    return call(combine, block.ago(length - width), block) if length > width else block


def _dated(call: Call, choose: str, x: Series, length: int) -> Series:
    block, age, width = x, call("zero", x), 1
    while 2 * width <= length:
        older, then = block.ago(width), age.ago(width)
        age = call(choose, older, block, then, age, width=float(width))
        block = call("larger", older, block)
        width *= 2
    rest = length - width
    return call(choose, block.ago(rest), block, age.ago(rest), age, width=float(rest)) if rest else age


@elementwise
def nearest(older: Lanes, newer: Lanes, age_older: Lanes, age_newer: Lanes, *, width: Lanes) -> Lanes:
    """How long ago the higher one was; the newer one's on ties, undefined if one is."""
    return where(newer >= older, age_newer, where(newer < older, age_older + width, NA))


@elementwise
def furthest(older: Lanes, newer: Lanes, age_older: Lanes, age_newer: Lanes, *, width: Lanes) -> Lanes:
    """How long ago the higher one was; the older one's on ties, undefined if one is."""
    return where(newer > older, age_newer, where(newer <= older, age_older + width, NA))


@recursive("rest")
def standing(memory: Memory, newest: Lanes, oldest: Lanes, *, n: Lanes) -> Lanes:
    """The age of what stands: of the oldest, once what stood has left the `n` bars; 0 where the newest is of this bar.

    Where a window is undefined nothing stands, and the oldest follows. Memory: for how many bars it may still stand.
    """
    rest, known = memory.rest - 1.0, is_defined(newest)
    age = where(rest <= 0.0, oldest, where(newest == 0.0, 0.0, n - rest))
    memory.rest = where(known & is_defined(age), n - age, 0.0)
    return where(known, age, NA)
