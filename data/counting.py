"""The symbols of a table that is sorted by them, counted in parts: no column of the whole table is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final

import polars as pl

from .candles import Candles
from .placing import back_rows
from .summaries import summary

PART: Final = 2**23  # rows whose names are in memory at a time


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
    """The runs of a column of names, as `counted_names` takes them."""
    for part in parts_of(names, lambda lazy: lazy.select(pl.all().rle())):
        yield part.to_series().struct.unnest()


def in_one(runs: pl.DataFrame) -> pl.DataFrame:
    """Runs of one symbol that follow each other made one: symbol, rows."""
    named = runs.select(symbol=pl.col("value").cast(pl.String), rows=pl.col("len").cast(pl.Int64))
    numbered = named.with_columns(number=pl.col("symbol").rle_id())
    return numbered.group_by("number", maintain_order=True).agg(pl.first("symbol"), pl.sum("rows")).drop("number")


def counted_keys(keys: pl.LazyFrame, read: Callable[[pl.DataFrame], pl.Series]) -> pl.DataFrame | None:
    """One row per symbol: symbol, first and last label, rows; None where a row is nameless, or any has no place.

    `keys` has the columns symbol and ts as stored, which `read` makes times.
    """
    parts: list[pl.DataFrame] = []
    for part in parts_of(keys, lambda lazy: lazy):
        summed = summary_of_sorted(part.with_columns(read(part).alias("ts")))
        if summed is None:
            return None
        parts.append(summed)
    return joined_parts(parts)


def parts_of(table: pl.LazyFrame, chosen: Callable[[pl.LazyFrame], pl.LazyFrame]) -> Iterator[pl.DataFrame]:
    """What is chosen of each part of the table; of an empty one, of its single empty part."""
    begin = 0
    while True:
        part = chosen(table.slice(begin, PART)).collect()
        if begin and part.is_empty():
            return
        yield part
        begin += PART


def summary_of_sorted(part: pl.DataFrame) -> pl.DataFrame | None:
    """One row per symbol of a part: symbol, first, last, rows; None where a row is nameless or has no place."""
    if part["symbol"].null_count() or part["ts"].null_count():
        return None
    candles = Candles.found(part)
    return None if candles is None or len(back_rows(candles.ts, candles.starts)) else summary(candles)


def joined_parts(parts: Sequence[pl.DataFrame]) -> pl.DataFrame | None:
    """The parts' symbols, of which one may go on in the next part; None where they do not ascend."""
    joined = pl.concat(parts).with_columns(pl.col("rows").cast(pl.Int64))
    goes_on = pl.col("symbol") == pl.col("symbol").shift(1)
    back = joined.select((goes_on & (pl.col("first") < pl.col("last").shift(1))).any()).item()
    if back or not joined["symbol"].is_sorted():
        return None
    return joined.group_by("symbol", maintain_order=True).agg(
        pl.col("first").first(), pl.col("last").last(), pl.col("rows").sum().cast(pl.UInt32)
    )
