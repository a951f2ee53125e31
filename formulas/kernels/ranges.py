"""Windows that are looked at bar by bar: mean deviation, ranks, the median; n steps per bar, for 16 symbols at once.

Trees and skip lists take log2(n) steps, each some twenty times as long and for one symbol: they would win only for
windows of several thousand bars.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .declaring import composed, ranged
from .lanes import NA, Lanes, is_defined, is_finite, smaller, where

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


@composed
def rank_over(call: Call, x: Series, *, n: float) -> Series:
    """The rank of the current value among the last `n`, 1 for the smallest; equal values share the average rank."""
    return call("average_rank", x.ago(int(n) - 1), x, n=n)


@ranged()
def average_rank(window: Window, now: Lanes, *, n: Lanes) -> Lanes:
    """Half of one more than how many are at most, and how many are below, the current value."""
    known, below, at_most = window.count(is_defined, lambda value: value < now, lambda value: value <= now)
    return where(known == n, (below + at_most + 1.0) * 0.5, NA)


@composed
def percent_rank(call: Call, x: Series, *, n: float) -> Series:
    """How many of the previous `n` values are at or below the current one, in percent. Divides as Polars does."""
    return call("percentile", x.ago(int(n)), x, n=n + 1.0, factor=1.0 / n)


@ranged()
def percentile(window: Window, now: Lanes, *, n: Lanes, factor: Lanes) -> Lanes:
    """The current value is one of the `n`, and does not count."""
    known, at_most = window.count(is_defined, lambda value: value <= now)
    return where(known == n, (at_most - 1.0) * factor * 100.0, NA)


@composed
def median(call: Call, x: Series, *, n: float) -> Series:
    """The middle of the last `n` values; for an even `n` the mean of the two middles."""
    return call("middle_of", x.ago(int(n)), x, n=n)


def _sorted_rows(*, n: float) -> int:
    return int(n) + 2  # whether they are filled, the sorted values, and infinity behind them


@ranged(states=_sorted_rows)
def middle_of(window: Window, enters: Lanes, *, n: Lanes) -> Lanes:
    """Each lane's values are kept sorted, undefined ones at the end: the oldest is taken out, `enters` is put in."""
    window.fill_once(math.inf)
    leaves = window.oldest
    old = where(is_defined(leaves), leaves, math.inf)
    # -0 becomes 0: the two are equal, and their order would tell what the window held before
    new = where(is_defined(enters), enters + 0.0, math.inf)

    def shift(kept: Lanes, here: Lanes, after: Lanes) -> tuple[Lanes, Lanes]:
        place = where(here < old, here, after)
        below = where(new > kept, new, kept)
        return place, smaller(place, below)

    window.rewrite(shift, first=-math.inf)
    low, high, top = window.sorted_middles()
    # halved first, the sum of two large values stays finite
    return where(top < math.inf, where(low == high, low, low * 0.5 + high * 0.5), NA)
