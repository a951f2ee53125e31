"""The symbols of a table that is sorted by them, counted in parts: no column of the whole table is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa

from .candles import Candles
from .handing import handed
from .numbers_of_rows import Numbers
from .placing import back_rows
from .summaries import summary

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

PART: Final = 2**23  # rows whose names are in memory at a time
Coded: TypeAlias = tuple[pa.Array, Numbers, Numbers]
CODES: Final = 2**20  # numbers of names that are looked at together
READERS: Final = 4  # threads, each of which has so many numbers in memory


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


def encoded_runs(groups: Iterable[RowGroup], column: str) -> Iterator[pl.DataFrame]:
    """The runs of a column of texts in Parquet files, as `counted_names` takes them; no text is made for any row.

    Writers of Parquet keep few different texts as a list of them and a number for each row. To read and compare these
    numbers takes a third of what texts take. Raises what Arrow does where it cannot read a file so.
    """
    with ThreadPoolExecutor(min(READERS, pl.thread_pool_size()), "barsweep-counting") as pool:
        for part in in_parts(groups):
            found = list(pool.map(lambda group: group.runs(column), part))
            yield decoded(list(chain.from_iterable(found)))


@dataclass(frozen=True, slots=True)
class RowGroup:
    """One of the groups of rows that a Parquet file consists of; `metadata` are the file's, read once for all."""

    file: Path
    metadata: FileMetaData
    number: int

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self.metadata.row_group(self.number).num_rows)

    def runs(self, column: str) -> list[Coded]:
        """The runs of a column, by the numbers of its texts."""
        from pyarrow.parquet import ParquetFile  # noqa: PLC0415 - as in groups_of

        with ParquetFile(self.file, metadata=self.metadata, read_dictionary=[column]) as opened:
            read = opened.iter_batches(CODES, row_groups=[self.number], columns=[column], use_threads=False)
            return [runs_of_codes(batch.column(column)) for batch in read]


def groups_of(files: Iterable[Path]) -> Iterator[RowGroup]:
    """The groups of all files, in the order of their rows."""
    from pyarrow.parquet import read_metadata  # noqa: PLC0415 - costs a start that other tables need not pay

    for file in files:
        metadata = read_metadata(file)
        yield from (RowGroup(file, metadata, number) for number in range(metadata.num_row_groups))


def in_parts(groups: Iterable[RowGroup]) -> Iterator[list[RowGroup]]:
    """The groups in lists of about `PART` rows."""
    part, rows = list[RowGroup](), 0
    for group in groups:
        part.append(group)
        rows += group.rows
        if rows >= PART:
            yield part
            part, rows = [], 0
    yield part


def runs_of_codes(names: pa.Array) -> Coded:
    """The names' list, the number of each run's name in it, and how many rows each run has."""
    if not isinstance(names, pa.DictionaryArray):
        raise pa.ArrowTypeError(f"{names.type} is not read as numbers that stand for texts")
    if names.null_count:
        return pa.nulls(1, pa.string()), np.array([0]), np.array([len(names)])
    codes = handed("code", names.indices).to_numpy()  # pyarrow's own to_numpy imports pandas
    heads = np.append(0, np.flatnonzero(codes[1:] != codes[:-1]) + 1)
    return names.dictionary, codes[heads], np.diff(heads, append=len(codes))


def decoded(runs: Sequence[Coded]) -> pl.DataFrame:
    """The runs with their names; those that follow each other with the same list are looked up together."""
    names, lengths = [pl.Series(dtype=pl.String)], [np.zeros(0, np.int64)]
    begin = 0
    for end in range(1, len(runs) + 1):
        texts = runs[begin][0]
        if end == len(runs) or not texts.equals(runs[end][0]):
            codes = np.concatenate([each[1] for each in runs[begin:end]])
            names.append(handed("value", texts).cast(pl.String)[codes])
            lengths += [each[2] for each in runs[begin:end]]
            begin = end
    return pl.DataFrame({"value": pl.concat(names), "len": np.concatenate(lengths)})


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
