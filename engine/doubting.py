"""What a repository of the user's own hands out, held against what was asked of it.

That rows are sorted is not believed either: the check of candles looks (data/checking.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl
import pyarrow as pa

from ..data.instants import Bounds, read_ts
from ..data.repository import CandleRepository
from ..errors import RepositoryError
from .jobs import Bound
from .sources import zone_of

NAMED: Final = 3


def as_table(given: object) -> pa.Table:
    """An Arrow table of what was handed out; RepositoryError where that is none."""
    if isinstance(given, pa.Table):
        return given
    try:
        return pa.table(given)
    except (TypeError, ValueError, pa.ArrowException) as error:
        raise RepositoryError(
            f"the repository handed out {type(given).__name__}, which is no table: {error}"
        ) from error


def as_asked(
    table: pa.Table, symbols: Sequence[str] | None, end: Bound | None, repository: CandleRepository
) -> pa.Table:
    """The table with its ts as dates or instants in UTC, without bars after the end.

    Bars ahead of the start do no harm: they are not reported. Nor do symbols that are missing: they have no bars.
    Raises RepositoryError where there are other symbols than those asked for, or times that are neither dates nor
    timestamps.
    """
    given = pl.DataFrame(table)
    foreign = set() if symbols is None else set(given["symbol"].drop_nulls().unique()).difference(symbols)
    if foreign:
        named = ", ".join(map(repr, sorted(foreign)[:NAMED])) + (", ..." if len(foreign) > NAMED else "")
        raise RepositoryError(f"the repository handed out symbols that were not asked for: {named}")
    dtype = given.schema["ts"]
    if dtype != pl.Date and not isinstance(dtype, pl.Datetime):
        raise RepositoryError(f"the repository handed out ts as {dtype}: dates, or timestamps in UTC, are wanted")
    frame = given.with_columns(read_ts(given.select("ts"), "UTC", "the repository"))
    if end is not None:
        frame = frame.filter(Bounds.read(None, end, dates=dtype == pl.Date, tz=zone_of(repository)).filter())
    if frame.height == given.height and frame.schema == given.schema:
        return table
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest()).replace_schema_metadata(table.schema.metadata)
