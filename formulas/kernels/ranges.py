"""Windows that are looked at bar by bar: deviations and ranks; n steps per bar, for 16 symbols at once.

Trees and skip lists take log2(n) steps, each some twenty times as long and for one symbol: they would win only for
windows of several thousand bars.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .declaring import Memory, composed, ranged, recursive
from .lanes import NA, Lanes, is_defined, is_finite, where

if TYPE_CHECKING:
    from .graphs import Call, Series
    from .windows import Window


@composed
def mean_deviation(call: Call, x: Series, *, n: float) -> Series:
    """Mean of |x_i - window mean| over the last `n` values. The mean is that of sma, so a flat window is exactly 0."""
    return call("deviation", x.ago(int(n) - 1), call("sma", x, n=n), n=n, factor=1.0 / n)


@ranged()
def deviation(window: Window, mean: Lanes, *, n: Lanes, factor: Lanes) -> Lanes:
    """The mean distance of the window's values from `mean`, summed up oldest first."""
    total = window.sum(lambda value: abs(value - mean))
    value = total * factor
    return where(is_finite(value), value, NA)


@recursive("bars")
def unbroken(memory: Memory, x: Lanes) -> Lanes:
    """How many bars, up to this one, `x` has been defined without a hole."""
    memory.bars = where(is_defined(x), memory.bars + 1.0, 0.0)
    return memory.bars


@composed
def rank_over(call: Call, x: Series, *, n: float) -> Series:
    """The rank of the current value among the last `n`, 1 for the smallest; equal values share the average rank."""
    return call("average_rank", x.ago(int(n) - 1), x, call("unbroken", x), n=n)


@ranged()
def average_rank(window: Window, now: Lanes, known: Lanes, *, n: Lanes) -> Lanes:
    """Half of one more than how many are at most, and how many are below, the current value."""
    below, at_most = window.count(lambda value: value < now, lambda value: value <= now)
    return where(known >= n, (below + at_most + 1.0) * 0.5, NA)


@composed
def percent_rank(call: Call, x: Series, *, n: float) -> Series:
    """How many of the previous `n` values are at or below the current one, in percent. Divides as Polars does."""
    return call("percentile", x.ago(int(n)), x, call("unbroken", x), n=n + 1.0, factor=1.0 / n)


@ranged()
def percentile(window: Window, now: Lanes, known: Lanes, *, n: Lanes, factor: Lanes) -> Lanes:
    """The current value is one of the `n`, and does not count."""
    (at_most,) = window.count(lambda value: value <= now)
    return where(known >= n, (at_most - 1.0) * factor * 100.0, NA)
