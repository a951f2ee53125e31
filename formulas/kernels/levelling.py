"""Kernels across symbols that set a section's numbers against their mean, their sums, and lines through them."""

from __future__ import annotations

from .crossing import Numbers, Section, across
from .emitting import Value
from .lanes import NA, Lanes, Mask, function, larger, smaller, where
from .moments import correlated


@across
def demean(section: Section) -> None:
    """The number less the mean."""
    section.answer(_gaps(section, section.x))


@across
def zscore(section: Section) -> None:
    """Over the spread; undefined where there is none."""
    gap = _gaps(section, section.x)
    spread = where(_is_flat(section, section.x), NA, _spread(section, gap))
    section.answer(lambda index: gap(index) / spread)


@across
def winsorize(section: Section) -> None:
    """Within so many deviations of the mean."""
    mean = section.mean(section.x)
    width = _spread(section, lambda index: section.x(index) - mean) * section.setting(0)
    low, high = mean - width, mean + width
    section.answer(lambda index: smaller(larger(section.x(index), low), high))


@across
def scale(section: Section) -> None:
    """Over the sum of all sizes; undefined where all are 0."""
    size = section.total(lambda index: abs(section.x(index)))
    section.answer(lambda index: section.x(index) / size * section.setting(0))


@across
def across_mean(section: Section) -> None:
    """The mean."""
    section.answer_all(section.mean(section.x))


@across
def across_sum(section: Section) -> None:
    """The sum."""
    section.answer_all(section.total(section.x))


@across
def across_count(section: Section) -> None:
    """The sum of ones and zeros."""
    section.answer_all(section.total(section.x))


@across
def across_stdev(section: Section) -> None:
    """The population deviation."""
    section.answer_all(_spread(section, _gaps(section, section.x)))


@across
def across_min(section: Section) -> None:
    """The smallest."""
    section.answer_all(section.extremes(section.x)[0])


@across
def across_max(section: Section) -> None:
    """The largest."""
    section.answer_all(section.extremes(section.x)[1])


@across
def neutralize(section: Section) -> None:
    """What the line through (y, x) leaves; where y is flat, what the mean leaves."""
    gap_x, gap_y = _gaps(section, section.x), _gaps(section, section.y)
    slope = where(_is_flat(section, section.y), 0.0, _slope(section, gap_x, gap_y))
    section.answer(lambda index: gap_x(index) - slope * gap_y(index))


@across
def across_slope(section: Section) -> None:
    """The slope of the line through (y, x); undefined where y is flat."""
    slope = _slope(section, _gaps(section, section.x), _gaps(section, section.y))
    section.answer_all(where(_is_flat(section, section.y), NA, slope))


@across
def across_correlation(section: Section) -> None:
    """Undefined where either is flat; exactly 1 of a series with itself."""
    gap_x, gap_y = _gaps(section, section.x), _gaps(section, section.y)
    products, squares_x, squares_y = section.totals(
        lambda i: gap_x(i) * gap_y(i), lambda i: gap_x(i) * gap_x(i), lambda i: gap_y(i) * gap_y(i)
    )
    flat = _is_flat(section, section.x) | _is_flat(section, section.y)
    section.answer_all(where(flat, NA, correlated(squares_x, squares_y, products)))


def _gaps(section: Section, numbers: Numbers) -> Numbers:
    """The numbers less their mean."""
    mean = section.mean(numbers)
    return lambda index: numbers(index) - mean


def _spread(section: Section, gap: Numbers) -> Lanes:
    """The root of the mean square."""

    def square(index: Value) -> Lanes:
        return gap(index) * gap(index)

    return function("sqrt", section.total(square) / section.n)


def _slope(section: Section, gap_x: Numbers, gap_y: Numbers) -> Lanes:
    """The slope of the least-squares line of x over y."""
    products, squares = section.totals(lambda i: gap_x(i) * gap_y(i), lambda i: gap_y(i) * gap_y(i))
    return products / squares


def _is_flat(section: Section, numbers: Numbers) -> Mask:
    """Whether all are equal."""
    low, high = section.extremes(numbers)
    return low == high
