"""Comparisons and three-valued logic at one bar: 1 is true, 0 is false, NaN is undefined."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from .declaring import composed, elementwise
from .lanes import NA, Lanes, indicator, is_defined, truth, where

if TYPE_CHECKING:
    from .graphs import Call, Series


@elementwise
def less(x: Lanes, y: Lanes) -> Lanes:
    """Whether `x` is smaller than `y`."""
    return truth(x < y, x >= y)


@elementwise
def at_most(x: Lanes, y: Lanes) -> Lanes:
    """Whether `x` is `y` or smaller."""
    return truth(x <= y, x > y)


@elementwise
def greater(x: Lanes, y: Lanes) -> Lanes:
    """Whether `x` is larger than `y`."""
    return truth(x > y, x <= y)


@elementwise
def no_less(x: Lanes, y: Lanes) -> Lanes:
    """Whether `x` is `y` or larger."""
    return truth(x >= y, x < y)


@elementwise
def equal(x: Lanes, y: Lanes) -> Lanes:
    """Whether both are the same."""
    return where(is_defined(x) & is_defined(y), indicator(x == y), NA)


@elementwise
def differs(x: Lanes, y: Lanes) -> Lanes:
    """Whether the two are not the same."""
    return where(is_defined(x) & is_defined(y), indicator(x != y), NA)


@elementwise
def both(x: Lanes, y: Lanes) -> Lanes:
    """True where both are; false where one is false, even if the other is undefined."""
    return where((x == 0.0) | (y == 0.0), 0.0, x * y)


@elementwise
def either(x: Lanes, y: Lanes) -> Lanes:
    """True where one is, even if the other is undefined; false where both are false."""
    return where((x == 1.0) | (y == 1.0), 1.0, x + y)


@elementwise
def not_(condition: Lanes) -> Lanes:
    """The opposite; undefined stays undefined."""
    return 1.0 - condition


@elementwise
def if_(condition: Lanes, x: Lanes, y: Lanes) -> Lanes:
    """`x` where the condition is true, `y` where it is false."""
    return where(condition == 1.0, x, where(condition == 0.0, y, NA))


@elementwise
def defined(x: Lanes) -> Lanes:
    """Whether there is a value at this bar."""
    return indicator(is_defined(x))


@elementwise
def nz(x: Lanes, y: Lanes) -> Lanes:
    """`x`, or `y` where `x` is undefined."""
    return where(is_defined(x), x, y)


@composed
def at_least(call: Call, *conditions: Series, n: float) -> Series:
    """True where `n` or more of the conditions are; false where so many could not be."""
    true, possible = (
        functools.reduce(lambda x, y: call("add", x, y), [call(name, each) for each in conditions])
        for name in ("is_true", "may_be_true")
    )
    return call("reached", true, possible, n=n)


@elementwise
def is_true(condition: Lanes) -> Lanes:
    """1 where the condition is true, else 0."""
    return indicator(condition == 1.0)


@elementwise
def may_be_true(condition: Lanes) -> Lanes:
    """0 where the condition is false, else 1."""
    return where(condition == 0.0, 0.0, 1.0)


@elementwise
def reached(true: Lanes, possible: Lanes, *, n: Lanes) -> Lanes:
    """Whether so many are true; false where so many could not be."""
    return truth(true >= n, possible < n)
