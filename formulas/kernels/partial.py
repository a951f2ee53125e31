"""Windows over what is there: the defined values among the last `n` bars, be they fewer, as pandas' min_periods=1.

They are built up from halves like those of moments.py; but how many values a block has differs from bar to bar, so
each carries its count. A block ahead of the symbol's first bar has none: its count is undefined, and not above 0.
`width` is what lies between two blocks' newest bars, for means that are ages: an older block's are so much lower.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .declaring import composed, elementwise
from .lanes import Lanes, finite, indicator, is_defined, where
from .moments import Block, fold

if TYPE_CHECKING:
    from .graphs import Call, Series


@composed
def partial_sum(call: Call, x: Series, *, n: float) -> Series:
    """The sum of those of the last `n` values that are defined."""

    def combine(older: Block, _: int, newer: Block, __: int) -> Block:
        return call("present_total", *older, *newer), call("present_count", older[1], newer[1])

    return call("finite", fold((x, call("present", x)), int(n), combine)[0])


@composed
def partial_mean(call: Call, x: Series, *, n: float) -> Series:
    """The mean of those of the last `n` values that are defined."""

    def combine(older: Block, _: int, newer: Block, __: int) -> Block:
        return call("present_middle", *older, *newer, width=0.0), call("present_count", older[1], newer[1])

    return call("finite", fold((x, call("present", x)), int(n), combine)[0])


@composed
def partial_variance(call: Call, x: Series, *, n: float, sample: float) -> Series:
    """Variance of those of the last `n` values that are defined."""
    count, _, _, spread = _together(call, x, x, n)
    return call("present_share", spread, count, sample=sample)


@composed
def partial_covariance(call: Call, x: Series, y: Series, *, n: float, sample: float) -> Series:
    """Covariance over those of the last `n` bars at which both are defined."""
    count, _, _, together = _together(call, *_where_both(call, x, y), n)
    return call("present_share", together, count, sample=sample)


@composed
def partial_correlation(call: Call, x: Series, y: Series, *, n: float) -> Series:
    """Pearson's correlation over those of the last `n` bars at which both are defined; undefined where one is flat."""
    x, y = _where_both(call, x, y)
    return call("correlated", _spread(call, x, n), _spread(call, y, n), _together(call, x, y, n)[3])


@composed
def partial_slope(call: Call, x: Series, *, n: float) -> Series:
    """The slope, per bar, of the least-squares line through those of the last `n` values that are defined."""
    return call("divide", _against_age(call, x, n)[3], _ages(call, x, n))


@composed
def partial_linreg(call: Call, x: Series, *, n: float) -> Series:
    """What that line says at this bar, whose age is 0."""
    _, age, mean, _ = _against_age(call, x, n)
    return call("present_line", mean, call("partial_slope", x, n=n), age)


@composed
def partial_rsquare(call: Call, x: Series, *, n: float) -> Series:
    """The share of the variance that the line explains; undefined where the values are flat."""
    correlated = call("correlated", _ages(call, x, n), _spread(call, x, n), _against_age(call, x, n)[3])
    return call("multiply", correlated, correlated)


def _spread(call: Call, x: Series, n: float) -> Series:
    return _together(call, x, x, n)[3]


def _against_age(call: Call, x: Series, n: float) -> Block:
    return _together(call, call("zero", x), x, n, ages=True)


def _ages(call: Call, x: Series, n: float) -> Series:
    """The spread of the bars' numbers, which have one distance from each other."""
    ages = call("zero", x)
    return _together(call, ages, ages, n, ages=True, both=True)[3]


def _where_both(call: Call, x: Series, y: Series) -> tuple[Series, Series]:
    return call("where_defined", x, y), call("where_defined", y, x)


def _together(call: Call, x: Series, y: Series, n: float, *, ages: bool = False, both: bool = False) -> Block:
    """Count, mean of `x`, mean of `y`, co-movement. With `ages`, `x` is minus the bar's age, with `both` `y` too."""

    def combine(older: Block, _: int, newer: Block, newer_width: int) -> Block:
        (count_old, x_old, y_old), (count_new, x_new, y_new) = older[:3], newer[:3]
        across = float(newer_width) if ages else 0.0
        down = across if both else 0.0
        return (
            call("present_count", count_old, count_new),
            call("present_middle", x_old, count_old, x_new, count_new, width=across),
            call("present_middle", y_old, count_old, y_new, count_new, width=down),
            call("present_comovement", *older, *newer, across=across, down=down),
        )

    return fold((call("present", y), x, y, call("zero", y)), int(n), combine)


@elementwise
def present(x: Lanes) -> Lanes:
    """1 where there is a value, else 0."""
    return indicator(is_defined(x))


@elementwise
def present_count(older: Lanes, newer: Lanes) -> Lanes:
    """How many values two blocks have."""
    return where(older > 0.0, older, 0.0) + newer


@elementwise
def present_total(old: Lanes, count_old: Lanes, new: Lanes, count_new: Lanes) -> Lanes:
    """The sum of two blocks' sums, of those that have values."""
    return where(count_old > 0.0, where(count_new > 0.0, old + new, old), new)


@elementwise
def present_middle(old: Lanes, count_old: Lanes, new: Lanes, count_new: Lanes, *, width: Lanes) -> Lanes:
    """The mean of two blocks' means, by how many values they have; exact where both are the same number."""
    old = old - width
    middle = new + (old - new) * (count_old / (count_old + count_new))
    return where(count_old > 0.0, where(count_new > 0.0, middle, old), new)


@elementwise
def present_comovement(
    count_old: Lanes,
    x_old: Lanes,
    y_old: Lanes,
    old: Lanes,
    count_new: Lanes,
    x_new: Lanes,
    y_new: Lanes,
    new: Lanes,
    *,
    across: Lanes,
    down: Lanes,
) -> Lanes:
    """The co-movement of two blocks together; `across` and `down` are what lies between them for ages."""
    weight = count_old * count_new / (count_old + count_new)
    both = old + new + ((x_old - across) - x_new) * ((y_old - down) - y_new) * weight
    return where(count_old > 0.0, where(count_new > 0.0, both, old), new)


@elementwise
def present_share(sum: Lanes, count: Lanes, *, sample: Lanes) -> Lanes:
    """A sum over the number of its terms, less 1 for a sample."""
    return finite(sum / (count - sample))


@elementwise
def present_line(mean: Lanes, slope: Lanes, age: Lanes) -> Lanes:
    """The line through the means, at age 0."""
    return finite(mean - slope * age)
