"""Across symbols: over all symbols of the universe that have a defined value at the same ts."""

from __future__ import annotations

import polars as pl

from ..declaring import across
from ..kinds import Booleans, Categories, Length, Numbers, Switch
from ..scope import TS, Scope


@across()
def rank(scope: Scope, x: Numbers, percent: Switch = False) -> Numbers:
    """The rank of the symbol's value among all symbols, 1 for the smallest; equal values share the average rank.

    With `percent=true` from 0 for the smallest to 1 for the largest (0.5 where there is only one).
    """
    place = scope.column(x.rank("average"), (TS,))
    if not percent:
        return place
    others = scope.column(x.count(), (TS,)).cast(pl.Float64) - 1
    return pl.when(others > 0).then((place - 1) / others).when(place.is_not_null()).then(0.5)


@across()
def zscore(scope: Scope, x: Numbers) -> Numbers:
    """Population standard deviations above the mean of all symbols; undefined where all are equal."""
    mean, spread = scope.column(x.mean(), (TS,)), scope.column(x.std(ddof=0), (TS,))
    flat = scope.column(x.min(), (TS,)) == scope.column(x.max(), (TS,))
    return pl.when(~flat).then((x - mean) / spread)


@across()
def demean(scope: Scope, x: Numbers, by: Categories | None = None) -> Numbers:
    """The value less the mean of all symbols, or of those that share the category `by`."""
    if by is None:
        return x - scope.column(x.mean(), (TS,))
    group = by.meta.output_name()
    return pl.when(by.is_not_null()).then(x - scope.column(x.mean(), (TS, group)))


@across()
def top(scope: Scope, x: Numbers, n: Length = 10) -> Booleans:
    """Whether the value is one of the `n` largest of all symbols; ties go to the symbol that sorts first."""
    # rows are sorted by symbol, and an ordinal rank gives equal values their places in the order of the rows
    return scope.column(x.rank("ordinal", descending=True), (TS,)) <= n
