"""Windows whose length differs from bar to bar, up to a bound.

A window is put together as `moments.fold` does it for a constant length, from blocks of 1, 2, 4 ... bars: those whose
width is a bit of the length at that bar, each looked up behind the narrower ones. So it costs log2(max) look-ups, and
a length that does not change gives the same value to the bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from .declaring import composed, elementwise, ranged
from .lanes import NA, Lanes, finite, function, is_defined, larger, where

if TYPE_CHECKING:
    from .graphs import Call, Series
    from .windows import Window

Block: TypeAlias = "tuple[Series, ...]"
Double: TypeAlias = "Callable[[Block, int], Block]"
Join: TypeAlias = "Callable[[Block, Block, int], Block]"


@composed
def shift_by(call: Call, x: Series, n: Series, *, max: float) -> Series:
    """The value `n` bars ago."""
    return call("look_up", x.ago(int(max)), call("whole_within", n, least=0.0, most=max), n=max + 1.0)


@composed
def sum_varying(call: Call, x: Series, n: Series, *, max: float) -> Series:
    """The sum of the last `n` values."""
    return _of_blocks(call, x, n, int(max), "total", "join_totals")


@composed
def count_varying(call: Call, condition: Series, n: Series, *, max: float) -> Series:
    """At how many of the last `n` bars the condition was true: a sum of 1 and 0."""
    return call("sum_varying", condition, n, max=max)


@composed
def sma_varying(call: Call, x: Series, n: Series, *, max: float) -> Series:
    """The mean of the last `n` values."""
    return _of_blocks(call, x, n, int(max), "middle", "join_means")


@composed
def highest_varying(call: Call, x: Series, n: Series, *, max: float) -> Series:
    """The largest of the last `n` values."""
    return _of_blocks(call, x, n, int(max), "larger", "join_largest")


@composed
def lowest_varying(call: Call, x: Series, n: Series, *, max: float) -> Series:
    """The smallest of the last `n` values."""
    return call("negate", call("highest_varying", call("negate", x), n, max=max))


@composed
def highest_bar_varying(call: Call, x: Series, n: Series, *, max: float) -> Series:
    """How many bars ago the largest of the last `n` values was; the nearest on ties."""
    length = call("whole_within", n, least=1.0, most=max)

    def double(block: Block, width: int) -> Block:
        value, age = block
        then = value.ago(width)
        return call("larger", then, value), call("nearest", then, value, age.ago(width), age, width=float(width))

    def join(older: Block, newer: Block, width: int) -> Block:
        value = call("join_largest", older[0], newer[0], length, width=float(width))
        return value, call("join_ages", *older, *newer, length, width=float(width))

    return call("of_length", _folded(call, (x, call("zero", x)), length, int(max), double, join)[1], length)


@composed
def lowest_bar_varying(call: Call, x: Series, n: Series, *, max: float) -> Series:
    """How many bars ago the smallest of the last `n` values was; the nearest on ties."""
    return call("highest_bar_varying", call("negate", x), n, max=max)


def _of_blocks(call: Call, x: Series, n: Series, longest: int, pair: str, joined: str) -> Series:
    """A window whose blocks hold one value each: `pair` makes one of two neighbours, `joined` is its form by length."""
    length = call("whole_within", n, least=1.0, most=float(longest))

    def double(block: Block, width: int) -> Block:
        return (call(pair, block[0].ago(width), block[0]),)

    def join(older: Block, newer: Block, width: int) -> Block:
        return (call(joined, older[0], newer[0], length, width=float(width)),)

    return call("of_length", _folded(call, (x,), length, longest, double, join)[0], length)


def _folded(call: Call, leaf: Block, length: Series, longest: int, double: Double, join: Join) -> Block:
    block, whole, width = leaf, leaf, 1
    while True:
        behind = call("narrower", length, width=float(width))
        older = tuple(call("look_up", part.ago(width - 1), behind, n=float(width)) for part in block)
        whole = join(older, whole, width)
        if 2 * width > longest:
            return whole
        block = double(block, width)
        width *= 2


@elementwise
def whole_within(n: Lanes, *, least: Lanes, most: Lanes) -> Lanes:
    """A length, undefined unless it is whole and within bounds."""
    return where((function("floor", n) == n) & (n >= least) & (n <= most), n, NA)


@ranged()
def look_up(window: Window, bars: Lanes, *, n: Lanes) -> Lanes:
    """The value so many bars ago, fewer than `n`."""
    return where(is_defined(bars), window.ago(bars), NA)


@elementwise
def narrower(length: Lanes, *, width: Lanes) -> Lanes:
    """How many bars the blocks take that are narrower than `width`."""
    return length - function("floor", length / width) * width


def _joined(length: Lanes, width: Lanes, older: Lanes, newer: Lanes, both: Lanes) -> Lanes:
    """`both` where the length has this block and narrower ones, `older` where it has this block alone."""
    taken = narrower(length, width=width)
    blocks = function("floor", length / width)
    has_block = blocks - function("floor", blocks * 0.5) * 2.0 == 1.0
    return where(has_block, where(taken == 0.0, older, both), newer)


@elementwise
def join_totals(older: Lanes, newer: Lanes, length: Lanes, *, width: Lanes) -> Lanes:
    """Sums of two neighbouring blocks."""
    return _joined(length, width, older, newer, older + newer)


@elementwise
def join_means(older: Lanes, newer: Lanes, length: Lanes, *, width: Lanes) -> Lanes:
    """Means of two neighbouring blocks; the older one's share is that of its bars."""
    share = width / (width + narrower(length, width=width))
    return _joined(length, width, older, newer, newer + (older - newer) * share)


@elementwise
def join_largest(older: Lanes, newer: Lanes, length: Lanes, *, width: Lanes) -> Lanes:
    """The largest of two neighbouring blocks, undefined if one is."""
    both = where(is_defined(older), larger(older, newer), NA)
    return _joined(length, width, older, newer, both)


@elementwise
def join_ages(older: Lanes, older_age: Lanes, newer: Lanes, newer_age: Lanes, length: Lanes, *, width: Lanes) -> Lanes:
    """How long ago the larger one was; the newer one's on ties."""
    behind = narrower(length, width=width)
    both = where(newer >= older, newer_age, where(newer < older, older_age + behind, NA))
    return _joined(length, width, older_age, newer_age, both)


@elementwise
def of_length(whole: Lanes, length: Lanes) -> Lanes:
    """The window's value where its length is one."""
    return where(is_defined(length), finite(whole), NA)


@composed
def sum_bars(call: Call, x: Series, a: Series, *, max: float) -> Series:
    """Over how many bars `x` has to be summed, from now back, to reach `a`."""
    return call("bars_to_reach", x.ago(int(max) - 1), a, n=max)


@ranged()
def bars_to_reach(window: Window, a: Lanes, *, n: Lanes) -> Lanes:
    """The first sum, from the newest bar on, that is at least `a`; a hole before it leaves none."""

    def step(value: Lanes, bars: Lanes, total: Lanes, found: Lanes) -> list[Lanes]:
        bars, total = bars + 1.0, total + value
        return [bars, total, where(is_defined(found), found, where(total >= a, bars, NA))]

    return window.each(step, 0.0, 0.0, NA, newest_first=True)[2]
