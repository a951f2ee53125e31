"""Windows whose values are kept sorted: quantiles, the highest but one, the most frequent, the median deviation.

From bar to bar one value is taken out and one put in, in one pass over the sorted rows, for 16 symbols at once.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .declaring import composed, ranged
from .lanes import NA, Lanes, finite, is_defined, larger, smaller, where

if TYPE_CHECKING:
    from .graphs import Call, Series
    from .windows import Window


@composed
def median(call: Call, x: Series, *, n: float) -> Series:
    """The middle of the last `n` values; for an even `n` the mean of the two middles."""
    return call("quantile", x, n=n, q=0.5)


@composed
def quantile(call: Call, x: Series, *, n: float, q: float) -> Series:
    """The value below which a share `q` of the last `n` values lies, between two of them as linear interpolation."""
    rank = math.floor(q * (n - 1.0))
    return call("order_statistic", x.ago(int(n)), x, n=n, rank=rank + 1.0, share=q * (n - 1.0) - rank)


@composed
def nth_highest(call: Call, x: Series, *, n: float, k: float) -> Series:
    """The `k`-th largest of the last `n` values."""
    return call("order_statistic", x.ago(int(n)), x, n=n, rank=n - k + 1.0, share=0.0)


@composed
def nth_lowest(call: Call, x: Series, *, n: float, k: float) -> Series:
    """The `k`-th smallest of the last `n` values."""
    return call("order_statistic", x.ago(int(n)), x, n=n, rank=k, share=0.0)


@composed
def nth_highest_bar(call: Call, x: Series, *, n: float, k: float) -> Series:
    """How many bars ago the `k`-th largest was; of equal values the nearer one ranks first."""
    return call("age_of", x.ago(int(n) - 1), call("nth_highest", x, n=n, k=k), n=n, k=k)


@composed
def nth_lowest_bar(call: Call, x: Series, *, n: float, k: float) -> Series:
    """How many bars ago the `k`-th smallest was; of equal values the nearer one ranks first."""
    return call("nth_highest_bar", call("negate", x), n=n, k=k)


@composed
def mode(call: Call, x: Series, *, n: float) -> Series:
    """The most frequent of the last `n` values, the smallest of those."""
    return call("most_frequent", x.ago(int(n)), x, n=n)


@composed
def median_deviation(call: Call, x: Series, *, n: float) -> Series:
    """The median distance of the last `n` values from their median."""
    low, high = (n + 1.0) // 2, n // 2 + 1.0
    return call("middle_distance", x.ago(int(n)), x, n=n, low=low, high=high)


def _sorted_rows(*, n: float, **_: float) -> int:
    return int(n) + 1  # the sorted values, and infinity behind them


@ranged(states=_sorted_rows, fresh=math.inf)
def order_statistic(window: Window, enters: Lanes, *, n: Lanes, rank: Lanes, share: Lanes) -> Lanes:
    """The value of a rank, or `share` of the way from it to the next one."""
    exchange(window, enters)
    low, high = window.ranked(rank), window.ranked(rank + where(share > 0.0, 1.0, 0.0))
    # weighed first, the sum of two large values stays finite
    between = where(low == high, low, low * (1.0 - share) + high * share)
    return where(window.ranked(n) < math.inf, between, NA)


@ranged(states=_sorted_rows, fresh=math.inf)
def most_frequent(window: Window, enters: Lanes, *, n: Lanes) -> Lanes:
    """The value that stands longest in a row among the sorted ones; the first of them."""
    exchange(window, enters)

    def step(value: Lanes, last: Lanes, run: Lanes, best: Lanes, most: Lanes) -> list[Lanes]:
        run = where(value == last, run + 1.0, 1.0)
        return [value, run, where(run > most, value, best), larger(run, most)]

    _, _, best, _ = window.each_sorted(step, NA, 0.0, NA, 0.0)
    return where(window.ranked(n) < math.inf, best, NA)


@ranged(states=_sorted_rows, fresh=math.inf)
def middle_distance(window: Window, enters: Lanes, *, n: Lanes, low: Lanes, high: Lanes) -> Lanes:
    """The mean of the `low`-th and `high`-th smallest distances from the median; these are the middle ranks, too.

    The k values nearest to the median are neighbours among the sorted ones, the furthest of them at one of their ends.
    """
    exchange(window, enters)
    median = _mean(window.ranked(low), window.ranked(high))

    def nearest(k: Lanes) -> Lanes:
        def step(first: Lanes, last: Lanes, best: Lanes) -> list[Lanes]:
            return [smaller(larger(median - first, last - median), best)]

        return window.each_stretch(k, step, math.inf)[0]

    return where(window.ranked(n) < math.inf, finite(_mean(nearest(low), nearest(high))), NA)


@ranged()
def age_of(window: Window, value: Lanes, *, n: Lanes, k: Lanes) -> Lanes:
    """How many bars ago the window had `value`, the `k`-th largest: as many larger ones come first."""
    (above,) = window.count(lambda each: each > value)

    def step(each: Lanes, bar: Lanes, wanted: Lanes, found: Lanes) -> list[Lanes]:
        left = where(each == value, wanted - 1.0, wanted)
        return [bar + 1.0, left, where((left == 0.0) & (wanted == 1.0), bar, found)]

    return window.each(step, 0.0, k - above, NA, newest_first=True)[2]


def _mean(x: Lanes, y: Lanes) -> Lanes:
    return where(x == y, x, x * 0.5 + y * 0.5)


def exchange(window: Window, enters: Lanes) -> None:
    """Each lane's values are kept sorted, undefined ones at the end: the oldest is taken out, `enters` is put in."""
    leaves = window.oldest
    old = where(is_defined(leaves), leaves, math.inf)
    # -0 becomes 0: the two are equal, and their order would tell what the window held before
    new = where(is_defined(enters), enters + 0.0, math.inf)

    def shift(kept: Lanes, here: Lanes, after: Lanes) -> tuple[Lanes, Lanes]:
        place = where(here < old, here, after)
        below = where(new > kept, new, kept)
        return place, smaller(place, below)

    window.rewrite(shift, first=-math.inf)
