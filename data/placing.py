"""Rows put in their places: symbols as text, ts in one kind, sorted by both, and what was out of order counted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from ..errors import RepositoryError
from .layout import CANDLE_FIELDS, is_text

Counts = dict[str, dict[str, int]]  # kind of defect -> symbol -> rows

METADATA_KEY: Final = b"barsweep.defects"


@dataclass(frozen=True, slots=True)
class Placed:
    """Candles sorted by (symbol, ts); rows of each symbol that stood in a wrong place (`unsorted`) or none (`null`)."""

    frame: pl.DataFrame
    counts: Counts = field(default_factory=dict)


def starts_of(symbols: pl.Series) -> np.ndarray:
    """The row at which each run of equal symbols starts, and the number of rows at the end."""
    if symbols.is_empty():
        return np.zeros(1, dtype=np.int64)
    changed = (symbols != symbols.shift(1)).fill_null(value=True).arg_true().to_numpy().astype(np.int64)
    return np.append(changed, symbols.len())


def place(frame: pl.DataFrame) -> Placed:
    """Sort by (symbol, ts) unless the rows are found to be sorted. Rows without symbol or ts have no place and go."""
    counts: Counts = {}
    symbol, ts = pl.col("symbol"), pl.col("ts")
    missing = frame["ts"].null_count()
    if missing or frame["symbol"].null_count():
        lost = frame.filter(ts.is_null() & symbol.is_not_null()).group_by("symbol").len()
        counts["null"] = dict(lost.iter_rows())
        frame = frame.filter(ts.is_not_null() & symbol.is_not_null())
    same = symbol == symbol.shift(1)
    back = frame.select(within=(same & (ts < ts.shift(1))).any(), between=(symbol < symbol.shift(1)).any()).row(0)
    if not any(back):
        return Placed(frame, {kind: found for kind, found in counts.items() if found})
    grouped = frame.sort("symbol", maintain_order=True)  # keeps each symbol's rows as they were stored
    wrong = grouped.filter(same & (ts < ts.shift(1)))
    counts["unsorted"] = dict(wrong.group_by("symbol").len().iter_rows())
    ordered = grouped.sort("symbol", "ts", maintain_order=True) if counts["unsorted"] else grouped
    return Placed(ordered, {kind: found for kind, found in counts.items() if found})


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
    return frame if keep.all() else frame.filter(pl.Series(keep))


def numbers(frame: pl.DataFrame, name: str, where: str) -> pl.Expr:
    """The column as a formula sees it: numbers as float64, text as text."""
    dtype = frame.schema[name]
    if dtype == pl.Boolean and name not in CANDLE_FIELDS:
        return pl.col(name)
    if is_text(dtype) and name not in CANDLE_FIELDS:
        return pl.col(name).cast(pl.String)
    if is_text(dtype):
        unread = frame.filter(
            pl.col(name).is_not_null() & pl.col(name).str.strip_chars().cast(pl.Float64, strict=False).is_null()
        )
        if unread.height:
            row = unread.row(0, named=True)
            raise RepositoryError(f"{where}: {name} of {row['symbol']} at {row['ts']} is no number: {row[name]!r}")
        return pl.col(name).str.strip_chars().cast(pl.Float64)
    return pl.col(name).cast(pl.Float64)


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
