"""Between which times rows are read, in the kind in which a source stores them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import polars as pl

from .instants import Bounds, Instant, in_zone, shifted


def stored_bounds(
    around: Bounds, slack: Callable[[], dt.timedelta], dtype: pl.DataType
) -> tuple[Instant | None, Instant | None]:
    """The bounds, so much wider, as they are compared with a stored ts; None where one is open or cannot be compared.

    Without bounds nobody asks for the slack, which may have to be found out by reading.

    >>> around = Bounds(dt.date(2024, 1, 3), None)
    >>> stored_bounds(around, lambda: dt.timedelta(days=2), pl.Date())
    (datetime.date(2024, 1, 1), None)
    """
    first = around.first and shifted(around.first, -slack())
    last = around.last and shifted(around.last, slack())
    return stored_bound(first, dtype), stored_bound(last, dtype)


def inside(around: Bounds, slack: Callable[[], dt.timedelta], stored: pl.Expr, dtype: pl.DataType) -> list[pl.Expr]:
    """What rows that may be inside the bounds have in common, by their stored ts of that kind."""
    first, last = stored_bounds(around, slack, dtype)
    limits = [] if first is None else [stored >= pl.lit(first, dtype)]
    return limits if last is None else [*limits, stored <= pl.lit(last, dtype)]


def stored_bound(bound: Instant | None, dtype: pl.DataType) -> Instant | None:
    """A bound in the kind of the stored ts; None where it is open, or rows are not told apart before they are read."""
    if bound is None:
        return None
    if dtype == pl.Date:
        return bound.date() if isinstance(bound, dt.datetime) else bound
    if not isinstance(dtype, pl.Datetime):
        return None
    if not isinstance(bound, dt.datetime):
        bound = dt.datetime(bound.year, bound.month, bound.day, tzinfo=dt.UTC)
    return bound.replace(tzinfo=None) if dtype.time_zone is None else in_zone(bound, ZoneInfo(dtype.time_zone))
