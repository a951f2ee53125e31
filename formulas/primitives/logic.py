"""Comparison and three-valued logic at one bar. Polars' nulls follow Kleene: most rules are its operators.

A constant is put on the right of a comparison: on the left of a column that Polars stores as one repeated value, 2.1
gives a single truth instead of one for each row.
"""

from __future__ import annotations

import operator

import polars as pl

from ..declaring import elementwise
from ..kinds import Alike, Anything, Booleans, Count, Ordered


@elementwise("<", operator.lt, bounded=True)
def less(x: Ordered, y: Ordered) -> Booleans:
    """Whether `x` is smaller than `y`."""
    return y > x if x.meta.is_literal() else x < y


@elementwise("<=", operator.le, bounded=True)
def at_most(x: Ordered, y: Ordered) -> Booleans:
    """Whether `x` is `y` or smaller."""
    return y >= x if x.meta.is_literal() else x <= y


@elementwise(">", operator.gt, bounded=True)
def greater(x: Ordered, y: Ordered) -> Booleans:
    """Whether `x` is larger than `y`."""
    return y < x if x.meta.is_literal() else x > y


@elementwise(">=", operator.ge, bounded=True)
def no_less(x: Ordered, y: Ordered) -> Booleans:
    """Whether `x` is `y` or larger."""
    return y <= x if x.meta.is_literal() else x >= y


@elementwise("==", operator.eq, bounded=True)
def equal(x: Alike, y: Alike) -> Booleans:
    """Whether both are the same."""
    return y == x if x.meta.is_literal() else x == y


@elementwise("!=", operator.ne, bounded=True)
def differs(x: Alike, y: Alike) -> Booleans:
    """Whether the two are not the same."""
    return y != x if x.meta.is_literal() else x != y


@elementwise("and", bounded=True)
def both(x: Booleans, y: Booleans) -> Booleans:
    """True where both are; false where one is false, even if the other is undefined."""
    return x & y


@elementwise("or", bounded=True)
def either(x: Booleans, y: Booleans) -> Booleans:
    """True where one is, even if the other is undefined; false where both are false."""
    return x | y


@elementwise("not", bounded=True)
def not_(x: Booleans) -> Booleans:
    """The opposite; undefined stays undefined."""
    return ~x


@elementwise(bounded=True)
def if_(condition: Booleans, x: Alike, y: Alike) -> Alike:
    """`x` where the condition is true, `y` where it is false. Also written `condition ? x : y`."""
    return pl.when(condition).then(x).when(~condition).then(y)


@elementwise(bounded=True, fills=True)
def defined(x: Anything) -> Booleans:
    """Whether there is a value at this bar. Never undefined itself."""
    return x.is_not_null()


@elementwise(bounded=True, fills=True)
def nz(x: Alike, y: Alike = 0) -> Alike:  # type: ignore[assignment]  # the language's default is the number 0
    """`x`, or `y` where `x` is undefined."""
    return pl.coalesce(x, y)


@elementwise(bounded=True)
def at_least(n: Count, condition: Booleans, *conditions: Booleans) -> Booleans:
    """True where `n` or more of the conditions are; false where so many could not be; else undefined."""
    several = (condition, *conditions)
    true, possible = (
        pl.sum_horizontal(*(c.fill_null(value=unknown).cast(pl.Int32) for c in several)) for unknown in (False, True)
    )
    return pl.when(true >= n).then(statement=True).when(possible < n).then(statement=False)
