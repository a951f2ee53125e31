"""Rows put in their places: symbols as text, ts in one kind, sorted by both, and what was out of order counted."""

from __future__ import annotations

import json
import logging
import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from ..errors import RepositoryError
from .candles import Candles, starts_of
from .handing import column_of
from .layout import CANDLE_FIELDS, is_text
from .numbers_of_rows import Rows, are_among, rows_where

Counts = dict[str, dict[str, int]]  # kind of defect -> symbol -> rows

LOG: Final = logging.getLogger("barsweep")
NAMELESS: Final = "%d rows without a symbol"
METADATA_KEY: Final = b"barsweep.defects"


@dataclass(frozen=True, slots=True)
class Placed:
    """Candles sorted by (symbol, ts); rows of each symbol that stood in a wrong place (`unsorted`) or none (`null`).

    `repeated` are the rows that are followed by one of the same symbol and ts, where they are known.
    """

    candles: Candles
    counts: Counts = field(default_factory=dict)
    repeated: Rows | None = None

    @property
    def frame(self) -> pl.DataFrame:
        """The candles as one frame."""
        return self.candles.frame


def as_names(symbols: pl.Series, where: str) -> pl.Series:
    """The column of symbols as text: numbers are written out. RepositoryError where it holds lists or the like."""
    if is_text(symbols.dtype):
        return symbols
    try:
        return symbols.cast(pl.String)
    except pl.exceptions.PolarsError as error:
        raise RepositoryError(f"{where}: the column of symbols holds {symbols.dtype}; texts are needed") from error


def tell_nameless(rows: int, where: str) -> None:
    """Log that so many rows are of no symbol."""
    if rows:
        fields = {"event": "rows left out", "source": where, "rows": rows}
        LOG.warning("%s: " + NAMELESS + " are left out", where, rows, extra=fields)


def place(frame: pl.DataFrame) -> Placed:
    """Sort by (symbol, ts) unless the rows are found to be sorted. Rows without symbol or ts have no place and go."""
    counts: Counts = {}
    symbol, ts = pl.col("symbol"), pl.col("ts")
    if frame["ts"].null_count() or frame["symbol"].null_count():
        lost = frame.filter(ts.is_null() & symbol.is_not_null()).group_by("symbol").len()
        counts["null"] = dict(lost.with_columns(symbol.cast(pl.String)).sort("symbol").iter_rows())
        frame = frame.filter(ts.is_not_null() & symbol.is_not_null())
    candles = Candles.found(frame)
    if candles is None:
        candles = grouped(frame)
    late = late_rows(candles.ts, candles.starts)
    wrong = earlier_of(late, candles.ts)
    if len(wrong):
        counts["unsorted"] = candles.by_symbol(wrong)
        candles = in_time(candles)
        late = late_rows(candles.ts, candles.starts)
    return Placed(candles, {kind: found for kind, found in counts.items() if found}, late - np.uint32(1))


def grouped(frame: pl.DataFrame) -> Candles:
    """Each symbol's rows together, in the order in which they were stored; names are sorted once each."""
    keys = frame["symbol"].cast(pl.String)
    names = keys.unique().sort()
    numbers = keys.cast(pl.Enum(names)).to_physical().to_numpy()
    starts = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=len(names)))])
    return Candles(tuple(names), starts, frame.drop("symbol")[np.argsort(numbers, kind="stable")])


def in_time(candles: Candles) -> Candles:
    """Each symbol's rows by their ts; rows of the same ts stay in their order."""
    numbers = np.repeat(np.arange(len(candles.symbols), dtype=np.uint32), candles.lengths)
    numbered = candles.table.with_columns(pl.Series("~symbol", numbers))
    table = numbered.sort("~symbol", "ts", maintain_order=True).drop("~symbol")
    return Candles(candles.symbols, candles.starts, table, candles.keys)


def late_rows(ts: pl.Series, starts: NDArray[np.int64]) -> Rows:
    """The rows that are not later than the row before them, of the same symbol."""
    late = rows_where(ts.to_physical(), operator.le)
    return late[~are_among(late, starts)].astype(np.uint32)


def earlier_of(late: Rows, ts: pl.Series) -> Rows:
    """Of rows that are not later than the row before them those that are earlier."""
    if not len(late):
        return late
    moments = ts.to_physical()
    own, before = (moments.gather(column_of("row", rows)) for rows in (late, late - np.uint32(1)))
    earlier: Rows = late[(own < before).to_numpy()]
    return earlier


def repeated_rows(ts: pl.Series, starts: NDArray[np.int64]) -> Rows:
    """The rows that are followed by one of the same symbol and ts; `ts` ascends in each symbol."""
    return late_rows(ts, starts) - np.uint32(1)


def ahead_counts(frame: pl.DataFrame, first: object) -> tuple[np.ndarray, np.ndarray]:
    """The starts of the symbols' runs, and how many bars of each lie before `first`."""
    starts = starts_of(frame["symbol"])
    earlier = (frame["ts"] < first).to_numpy()
    running = np.concatenate([[0], np.cumsum(earlier)])
    return starts, running[starts[1:]] - running[starts[:-1]]


def keep_before(frame: pl.DataFrame, first: object, before: int) -> pl.DataFrame:
    """Of the bars ahead of `first` keep each symbol's last `before`."""
    starts, ahead = ahead_counts(frame, first)
    begin = starts[:-1] + np.maximum(ahead - before, 0)
    keep = np.arange(frame.height) >= np.repeat(begin, np.diff(starts))
    return frame if keep.all() else frame.filter(column_of("kept", keep))


def numbers(frame: pl.DataFrame, name: str, where: str) -> pl.Expr:
    """The column as a formula sees it: numbers as float64, text as text."""
    dtype = frame.schema[name]
    if dtype == pl.Boolean and name not in CANDLE_FIELDS:
        return pl.col(name)
    if is_text(dtype) and name not in CANDLE_FIELDS:
        return pl.col(name).cast(pl.String)
    if is_text(dtype):
        text = pl.col(name).cast(pl.String).str.strip_chars()
        unread = frame.filter(text.is_not_null() & text.cast(pl.Float64, strict=False).is_null())
        if unread.height:
            raise no_number(unread, name, where)
        return text.cast(pl.Float64)
    assert_number(name, dtype, where)
    return pl.col(name).cast(pl.Float64)


def no_number(unread: pl.DataFrame, name: str, where: str) -> RepositoryError:
    """The error of rows whose text is no number: it shows the first of them, and has the first of each symbol."""
    first = unread.unique("symbol", keep="first", maintain_order=True)
    faulty = {
        row["symbol"]: f"{where}: {name} of {row['symbol']} at {row['ts']} is no number: {row[name]!r}; "
        "mend it, or leave the field empty"
        for row in first.iter_rows(named=True)
    }
    return RepositoryError(next(iter(faulty.values())), faulty=faulty)


def assert_number(name: str, dtype: pl.DataType, where: str) -> None:
    """Raise RepositoryError for a field of the candle that is a date, a list or true and false."""
    if name in CANDLE_FIELDS and not (dtype.is_numeric() or dtype == pl.Null or is_text(dtype)):
        hint = f'say which column it is: columns={{"{name}": "..."}}'
        raise RepositoryError(f"{where}: the column for {name!r} holds {dtype}, which is no number; {hint}")


def to_table(frame: pl.DataFrame, columns: Sequence[str], counts: Mapping[str, Mapping[str, int]]) -> pa.Table:
    """The candle table, with what was found while placing the rows in its metadata."""
    chosen = frame.select("symbol", "ts", *columns)
    table = chosen.to_arrow(compat_level=pl.CompatLevel.oldest())
    return table.replace_schema_metadata({METADATA_KEY: json.dumps(counts)}) if counts else table


def read_counts(table: pa.Table) -> Counts:
    """What the repository found while placing the rows of a candle table."""
    metadata = table.schema.metadata or {}
    found: Counts = json.loads(metadata.get(METADATA_KEY, b"{}"))
    return found
