"""Extremes, ranks, quantiles and higher moments of what is there: the defined values among the last `n` bars."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from .declaring import composed, elementwise, ranged
from .lanes import NA, Lanes, finite, function, is_defined, is_finite, where
from .quantiles import exchange

if TYPE_CHECKING:
    from .graphs import Call, Series
    from .windows import Window


@composed
def partial_highest(call: Call, x: Series, *, n: float) -> Series:
    """The largest of those of the last `n` values that are defined."""
    block, width = x, 1
    while 2 * width <= n:
        block = call("present_larger", block.ago(width), block)
        width *= 2
    return call("present_larger", block.ago(int(n) - width), block) if n > width else block


@composed
def partial_lowest(call: Call, x: Series, *, n: float) -> Series:
    """The smallest of those of the last `n` values that are defined."""
    return call("negate", call("partial_highest", call("negate", x), n=n))


@composed
def partial_highest_bar(call: Call, x: Series, *, n: float) -> Series:
    """How many bars ago the largest of them was; the oldest on ties."""
    block, age, width = x, call("zero", x), 1
    while 2 * width <= n:
        older, then = block.ago(width), age.ago(width)
        age = call("present_oldest", older, block, then, age, width=float(width))
        block = call("present_larger", older, block)
        width *= 2
    rest = int(n) - width
    return call("present_oldest", block.ago(rest), block, age.ago(rest), age, width=float(rest)) if rest else age


@composed
def partial_lowest_bar(call: Call, x: Series, *, n: float) -> Series:
    """How many bars ago the smallest of them was; the oldest on ties."""
    return call("partial_highest_bar", call("negate", x), n=n)


@elementwise
def present_larger(older: Lanes, newer: Lanes) -> Lanes:
    """The larger of two, of those that are defined."""
    return where((older > newer) | ~is_defined(newer), older, newer)


@elementwise
def present_oldest(older: Lanes, newer: Lanes, age_older: Lanes, age_newer: Lanes, *, width: Lanes) -> Lanes:
    """How long ago the higher one was, of those that are defined; the older one's on ties."""
    first = (older >= newer) | (is_defined(older) & ~is_defined(newer))
    return where(first, age_older + width, age_newer)


@composed
def partial_rank(call: Call, x: Series, *, n: float) -> Series:
    """The rank of the current value among those of the last `n` that are defined, over their number."""
    return call("present_rank", x.ago(int(n) - 1), x, n=n)


@ranged()
def present_rank(window: Window, now: Lanes, *, n: Lanes) -> Lanes:
    """Equal values share the average rank; undefined where the current value is."""
    known, below, at_most = window.count(is_defined, lambda value: value < now, lambda value: value <= now)
    return where(is_defined(now), (below + at_most + 1.0) * 0.5 / known, NA)


@composed
def partial_deviation(call: Call, x: Series, *, n: float) -> Series:
    """The mean distance of the defined values from their mean."""
    return call("present_deviation", *_window(call, x, n), n=n)


@composed
def partial_skewness(call: Call, x: Series, *, n: float, sample: float) -> Series:
    """The third moment over the deviation cubed."""
    return call("present_skewness", *_window(call, x, n), _variance(call, x, n), n=n, sample=sample)


@composed
def partial_kurtosis(call: Call, x: Series, *, n: float, sample: float) -> Series:
    """The fourth moment over the variance squared, less 3."""
    return call("present_kurtosis", *_window(call, x, n), _variance(call, x, n), n=n, sample=sample)


def _variance(call: Call, x: Series, n: float) -> Series:
    return call("partial_variance", x, n=n, sample=0.0)


def _window(call: Call, x: Series, n: float) -> tuple[Series, Series, Series]:
    """The window, the mean and the number of its defined values."""
    return x.ago(int(n) - 1), call("partial_mean", x, n=n), call("partial_sum", call("present", x), n=n)


@ranged()
def present_deviation(window: Window, mean: Lanes, count: Lanes, *, n: Lanes) -> Lanes:
    """The mean of the distances from `mean`."""
    return _mean_of(window, mean, count, abs)


@ranged()
def present_skewness(window: Window, mean: Lanes, count: Lanes, variance: Lanes, *, n: Lanes, sample: Lanes) -> Lanes:
    """Distances are measured in deviations first, so that no power of them overflows."""
    unit = function("sqrt", variance)
    value = _mean_of(window, mean, count, lambda gap: (gap / unit) * (gap / unit) * (gap / unit))
    estimate = value * function("sqrt", count * (count - 1.0)) / (count - 2.0)
    return finite(where(sample > 0.0, where(count > 2.0, estimate, NA), value))


@ranged()
def present_kurtosis(window: Window, mean: Lanes, count: Lanes, variance: Lanes, *, n: Lanes, sample: Lanes) -> Lanes:
    """As the skewness, one power higher."""
    unit = function("sqrt", variance)

    def fourth(gap: Lanes) -> Lanes:
        square = (gap / unit) * (gap / unit)
        return square * square

    value = _mean_of(window, mean, count, fourth) - 3.0
    estimate = ((count + 1.0) * value + 6.0) * (count - 1.0) / ((count - 2.0) * (count - 3.0))
    return finite(where(sample > 0.0, where(count > 3.0, estimate, NA), value))


def _mean_of(window: Window, mean: Lanes, count: Lanes, of: Callable[[Lanes], Lanes]) -> Lanes:
    return finite(window.sum(lambda value: where(is_defined(value), of(value - mean), 0.0)) / count)


@composed
def partial_quantile(call: Call, x: Series, *, n: float, share: float) -> Series:
    """The quantile `share` of those of the last `n` values that are defined, between the two nearest ones."""
    count = call("partial_sum", call("present", x), n=n)
    return call("present_quantile", x.ago(int(n)), x, count, n=n, share=share)


@ranged(states=lambda *, n, share: int(n) + 1, fresh=math.inf)
def present_quantile(window: Window, enters: Lanes, count: Lanes, *, n: Lanes, share: Lanes) -> Lanes:
    """The values are kept sorted as for the median; the place differs from lane to lane, so all are passed over."""
    exchange(window, enters)
    place = (count - 1.0) * share
    under = function("floor", place)

    def pick(value: Lanes, index: Lanes, low: Lanes, high: Lanes) -> tuple[Lanes, Lanes, Lanes]:
        return index + 1.0, where(index == under, value, low), where(index == under + 1.0, value, high)

    _, low, high = window.each_sorted(pick, 0.0, NA, NA)
    part = place - under
    between = where(part > 0.0, low + (high - low) * part, low)
    return where((count > 0.0) & is_finite(between), between, NA)
