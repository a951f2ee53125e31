"""The symbols of a table, counted in parts: no column of the whole table is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import polars as pl

ReadTimes = Callable[[pl.DataFrame], pl.Series]
"""Makes times of a column ts as stored."""

PART: Final = 2**23  # rows whose keys are looked at together
FIRST: Final = 2**18  # rows of the first part, which shows whether symbols take turns: these are many runs of names


def counted_names(runs: Iterable[pl.DataFrame]) -> pl.DataFrame | None:
    """One row per symbol: symbol, rows, the numbers of its ends, as `Runs.of` takes them.

    `runs` are parts of the table: how many rows (`len`) have the same name (`value`), one after the other. None where a
    row has none, or where symbols do not ascend; where they alternate, this is seen in the first part.
    """
    parts: list[pl.DataFrame] = []
    for part in runs:
        joined = in_one(part)
        if joined["symbol"].null_count() or not joined["symbol"].is_sorted():
            return None
        parts.append(joined)
    counted = in_one(pl.concat(parts).rename({"symbol": "value", "rows": "len"}))
    if not counted["symbol"].is_sorted():
        return None
    tail = pl.col("rows").cum_sum()
    return counted.with_columns(timed=pl.col("rows"), head=tail - pl.col("rows"), tail=tail - 1)


def runs_of(names: pl.LazyFrame) -> Iterator[pl.DataFrame]:
    """The runs of a column of names, part by part, as `counted_names` takes them; an empty one has an empty part."""
    begin, size = 0, FIRST
    while True:
        part = names.slice(begin, size).select(pl.all().rle()).collect()
        if begin and part.is_empty():
            return
        yield part.to_series().struct.unnest()
        begin, size = begin + size, PART


def in_one(runs: pl.DataFrame) -> pl.DataFrame:
    """Runs of one symbol that follow each other made one: symbol, rows."""
    named = runs.select(symbol=pl.col("value").cast(pl.String), rows=pl.col("len").cast(pl.Int64))
    numbered = named.with_columns(number=pl.col("symbol").rle_id())
    return numbered.group_by("number", maintain_order=True).agg(pl.first("symbol"), pl.sum("rows")).drop("number")


def grouped_keys(keys: pl.LazyFrame, read: ReadTimes) -> pl.DataFrame:
    """One row per symbol of rows in any order: symbol, first and last label, rows, rows with a time (`timed`)."""
    kind = read(keys.select("ts").head(0).collect()).dtype
    ts = pl.col("ts").map_batches(lambda stored: read(stored.to_frame("ts")), kind, is_elementwise=True)
    return _grouped(keys.with_columns(ts))


def grouped_moments(keys: pl.LazyFrame, read: ReadTimes) -> pl.DataFrame:
    """As `grouped_keys`, of times that are all of the same zone: only the first and the last are read.

    Where one of these turns out to be no time, all are read.
    """
    stored = _grouped(keys)
    ends = {name: read(stored.select(ts=name)).alias(name) for name in ("first", "last")}
    if any(end.null_count() > stored[name].null_count() for name, end in ends.items()):
        return grouped_keys(keys, read)
    return stored.with_columns(ends.values())


def _grouped(keys: pl.LazyFrame) -> pl.DataFrame:
    """As `grouped_keys`, of times as they are. Part by part: of many files at once many are read ahead."""
    ts, parts = pl.col("ts"), list[pl.DataFrame]()
    while not parts or parts[-1].height:
        part = keys.slice(len(parts) * PART, PART).group_by("symbol")
        counted = part.agg(first=ts.min(), last=ts.max(), rows=pl.len(), timed=ts.count())
        parts.append(counted.collect(engine="streaming"))
    sums = pl.col("rows", "timed").cast(pl.Int64).sum()
    return pl.concat(parts).group_by("symbol").agg(pl.col("first").min(), pl.col("last").max(), sums).sort("symbol")


def labels_of(counted: pl.DataFrame) -> pl.DataFrame:
    """One row per symbol that has rows with a time: symbol, first and last label, rows; as `grouped_keys` counts them.

    >>> counted = {"symbol": ["A", "B", None], "first": [1, None, 1], "last": [3, None, 1], "timed": [2, 0, 1]}
    >>> labels_of(pl.DataFrame(counted)).rows()
    [('A', 1, 3, 2)]
    """
    placed = counted.filter(pl.col("symbol").is_not_null() & (pl.col("timed") > 0))
    return placed.select("symbol", "first", "last", pl.col("timed").cast(pl.UInt32).alias("rows"))


def nameless_of(counted: pl.DataFrame) -> int:
    """How many rows are of no symbol, as `grouped_keys` counts them."""
    return int(counted.filter(pl.col("symbol").is_null())["rows"].sum())
