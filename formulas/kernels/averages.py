"""Recursive averages and running sums: ema and rma, begun with the mean of the first n defined values; cumulative."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .declaring import Memory, composed, recursive
from .lanes import NA, Lanes, Mask, indicator, is_defined, is_finite, where

if TYPE_CHECKING:
    from .graphs import Call, Series


@composed
def ema(call: Call, x: Series, *, n: float) -> Series:
    """Exponential moving average with weight 2 / (n + 1)."""
    return call("smoothed", x, n=n, weight=2.0 / (n + 1.0))


@composed
def rma(call: Call, x: Series, *, n: float) -> Series:
    """Wilder's moving average, exponential with weight 1 / n."""
    return call("smoothed", x, n=n, weight=1.0 / n)


def _begun(memory: Memory, *, n: Lanes, weight: Lanes) -> Mask:
    return memory.seen >= n


@recursive("mean", "seen", settled=_begun, abreast=True)
def smoothed(memory: Memory, x: Lanes, *, n: Lanes, weight: Lanes, settled: bool) -> Lanes:
    """Mean of the first n defined values, then m + (x - m) * weight.

    The seed is a running mean, m += (x - m) / k, so flat input gives exactly its value. An undefined input is undefined
    in the output and leaves the memory as it was; a step that overflows leaves the mean, and is counted. Once every
    lane has begun, nothing is divided or counted any more.
    """
    gap = x - memory.mean
    # a weight of at most 1 takes a finite gap to a finite mean: so what is known does not wait for the mean
    known = is_finite(gap)
    if settled:
        step = gap * weight
    else:
        seen = memory.seen + indicator(is_defined(x))
        step = where(seen <= n, gap / seen, gap * weight)
        memory.seen = seen
    new = memory.mean + step
    memory.mean = where(known, new, memory.mean)
    return where(known if settled else known & (memory.seen >= n), new, NA)


@recursive("sum")
def cumulative(memory: Memory, x: Lanes) -> Lanes:
    """The sum of all values so far; undefined ones, and a step that overflows, are passed over."""
    new = memory.sum + x
    known = is_finite(new)
    memory.sum = where(known, new, memory.sum)
    return where(known, new, NA)
