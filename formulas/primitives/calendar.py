"""The calendar at a bar, in exchange time, and values by calendar distance."""

from __future__ import annotations

import polars as pl

from ..declaring import elementwise, recursive, window
from ..kinds import Alike, Booleans, Calendar, Dates, Numbers, Times
from ..scope import LOCAL, Scope


@elementwise(bounded=True)
def year(scope: Scope) -> Numbers:
    """The year of the bar's beginning."""
    return scope.local.dt.year().cast(pl.Float64)


@elementwise(bounded=True)
def quarter(scope: Scope) -> Numbers:
    """The quarter of the year, 1 to 4."""
    return scope.local.dt.quarter().cast(pl.Float64)


@elementwise(bounded=True)
def month(scope: Scope) -> Numbers:
    """The month, 1 to 12."""
    return scope.local.dt.month().cast(pl.Float64)


@elementwise(bounded=True)
def day(scope: Scope) -> Numbers:
    """The day of the month, 1 to 31."""
    return scope.local.dt.day().cast(pl.Float64)


@elementwise(bounded=True)
def weekday(scope: Scope) -> Numbers:
    """The day of the week, 1 = Monday to 7 = Sunday."""
    return scope.local.dt.weekday().cast(pl.Float64)


@elementwise(bounded=True)
def hour(scope: Scope) -> Numbers:
    """The hour, 0 to 23; 0 for daily bars."""
    return scope.local.dt.hour().cast(pl.Float64)


@elementwise(bounded=True)
def minute(scope: Scope) -> Numbers:
    """The minute, 0 to 59; 0 for daily bars."""
    return scope.local.dt.minute().cast(pl.Float64)


@elementwise(bounded=True)
def date(scope: Scope) -> Dates:
    """The exchange date; compare it with text: date >= "2016-02-03"."""
    return scope.local.dt.date().to_physical().cast(pl.Float64)


@elementwise(bounded=True)
def time(scope: Scope) -> Times:
    """The exchange time of the bar's beginning; compare it with text: time < "09:30"."""
    return scope.local.dt.hour().cast(pl.Float64) * 60 + scope.local.dt.minute() + scope.local.dt.second() / 60


@recursive(bounded=True)
def bar_index(scope: Scope) -> Numbers:
    """The number of bars of the symbol before this one, 0 at its first."""
    return scope.bar.cast(pl.Float64)


@recursive(bounded=True)
def session_bar(scope: Scope) -> Numbers:
    """The number of the bar within its exchange date, from 1."""
    begins = scope.local.dt.date() != scope.back(scope.local.dt.date(), 1)
    session = scope.column((begins.fill_null(value=True) | (scope.bar == 0)).cum_sum()).meta.output_name()
    return scope.column(pl.int_range(1, pl.len() + 1), (session,)).cast(pl.Float64)


@window(warmup=lambda _: 1, bounded=True)
def new_period(scope: Scope, span: Calendar) -> Booleans:
    """Whether the bar is the first of a new period such as "1w", "1mo" or "1q": the bar before lies in an earlier one.

    Undefined at a symbol's first bar. Weeks begin on Monday. sum_since(new_period("1mo"), volume) is the month's volume
    so far.
    """
    begin = scope.local.dt.truncate(span)
    return begin != scope.back(begin, 1)


@recursive(bounded=True)
def ago(scope: Scope, x: Alike, span: Calendar) -> Alike:
    """The value at the symbol's last bar at or before this one's time less `span`, such as "1y"."""
    local = pl.col(LOCAL)
    place = scope.grouped(local.search_sorted(local.dt.offset_by(f"-{span}"), side="right"))
    return scope.grouped(x.gather(pl.when(place > 0).then(place.cast(pl.Int64) - 1)))
