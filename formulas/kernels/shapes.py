"""The shape of a window's values: third and fourth moments, entropy, the spread about a line; n steps per bar."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .declaring import composed, elementwise, ranged
from .lanes import NA, Lanes, finite, function, is_finite, where

if TYPE_CHECKING:
    from .graphs import Call, Series
    from .windows import Window


@composed
def skew(call: Call, x: Series, *, n: float, sample: float) -> Series:
    """The mean cube of the values' distances from their mean, in standard deviations; undefined where all are equal."""
    moment = _moment(call, "third_moment", x, n)
    return call("scaled", moment, factor=math.sqrt(n * (n - 1.0)) / (n - 2.0)) if sample else moment


@composed
def kurtosis(call: Call, x: Series, *, n: float, sample: float) -> Series:
    """The mean fourth power of these distances, less the 3 of a normal distribution."""
    moment = _moment(call, "fourth_moment", x, n)
    if not sample:
        return moment
    return call("adjusted", moment, more=n + 1.0, factor=(n - 1.0) / ((n - 2.0) * (n - 3.0)))


def _moment(call: Call, name: str, x: Series, n: float) -> Series:
    mean, variance = call("sma", x, n=n), call("variance", x, n=n)
    return call(name, x.ago(int(n) - 1), mean, variance, n=n, factor=1.0 / n)


@ranged()
def third_moment(window: Window, mean: Lanes, variance: Lanes, *, n: Lanes, factor: Lanes) -> Lanes:
    """Distances are divided first: their powers would leave the range of numbers."""
    scale = 1.0 / function("sqrt", variance)

    def cube(value: Lanes) -> Lanes:
        distance = (value - mean) * scale
        return distance * distance * distance

    return finite(window.sum(cube) * factor)


@ranged()
def fourth_moment(window: Window, mean: Lanes, variance: Lanes, *, n: Lanes, factor: Lanes) -> Lanes:
    """As the third one."""
    scale = 1.0 / function("sqrt", variance)

    def fourth(value: Lanes) -> Lanes:
        distance = (value - mean) * scale
        square = distance * distance
        return square * square

    return finite(window.sum(fourth) * factor - 3.0)


@elementwise
def adjusted(kurtosis: Lanes, *, more: Lanes, factor: Lanes) -> Lanes:
    """A population's kurtosis as that of a sample; `more` is one more than the sample's size."""
    return finite((kurtosis * more + 6.0) * factor)


@composed
def residual_stdev(call: Call, x: Series, *, n: float) -> Series:
    """The standard deviation of the last `n` values about their least-squares line."""
    mean, slope = call("sma", x, n=n), call("slope", x, n=n)
    return call("spread_about", x.ago(int(n) - 1), mean, slope, n=n, middle=(n - 1.0) / 2.0, factor=1.0 / n)


@ranged()
def spread_about(window: Window, mean: Lanes, slope: Lanes, *, n: Lanes, middle: Lanes, factor: Lanes) -> Lanes:
    """Each distance is taken from the line itself: what is left of two large sums would be rounding."""

    def step(value: Lanes, bar: Lanes, total: Lanes) -> list[Lanes]:
        distance = (value - mean) - slope * bar
        return [bar + 1.0, total + distance * distance]

    _, total = window.each(step, -middle, 0.0)
    return finite(function("sqrt", total * factor))


@composed
def entropy(call: Call, x: Series, *, n: float, bins: float) -> Series:
    """Shannon's entropy of a histogram of the last `n` values, in nats. The table holds p log p for each count."""
    least, most = call("lowest", x, n=n), call("highest", x, n=n)
    terms = [0.0, *(count / n * math.log(count / n) for count in range(1, int(n) + 1))]
    return call("disorder", x.ago(int(n) - 1), least, most, n=n, bins=bins, table=terms)


@ranged()
def disorder(window: Window, least: Lanes, most: Lanes, *, n: Lanes, bins: Lanes) -> Lanes:
    """`bins` of equal width from the least to the most; a value on an edge belongs to the higher one."""
    width = most - least
    scale = where(width > 0.0, bins / width, 0.0)

    def step(number: Lanes, total: Lanes, before: Lanes) -> list[Lanes]:
        (below,) = window.count(lambda value: (value - least) * scale < number + 1.0)
        through = where(number < bins - 1.0, below, n)
        return [total + window.of_table(through - before), through]

    total, _ = window.each_part(bins, step, 0.0, 0.0)
    return where(is_finite(width) & is_finite(scale), 0.0 - total, NA)
