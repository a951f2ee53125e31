"""Candles in Parquet: a file, a folder of files, or hive partitions."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Unpack

import polars as pl
import pyarrow as pa

from ..errors import RepositoryError
from .coded_names import CodedNames
from .counting import counted_names, grouped_keys, grouped_moments, labels_of, nameless_of, runs_of
from .instants import Bounds, read_ts
from .layout import is_text
from .numbered import ROW, NumberedRepository, Runs
from .numbers_of_rows import Numbers
from .options import TableOptions, as_path
from .parquet_files import ParquetFiles, is_hidden, schema_of
from .placing import tell_nameless
from .remembering import fingerprint_of, remembered
from .stored_bounds import inside
from .timeframes import looked_at

FEW_FILES: Final = 32
FRESH: Final = 2.0  # seconds
LARGE: Final = 2**20  # rows from which on reading numbers for names earns the import of what reads them
NAME: Final = "~name"  # the name under which symbols are read to be compared


class ParquetRepository(NumberedRepository):
    """Candles of a Parquet file or folder; hive partitions (`symbol=AAPL/…`) are understood.

    Options as in `open_repository`. Only the columns asked for are read, and only the row groups that can hold the
    symbols and dates asked for. A folder of one file per symbol, without a symbol column, takes the symbols from the
    files' names.

    >>> import datetime as dt, tempfile
    >>> path = Path(tempfile.mkdtemp()) / "candles.parquet"
    >>> pl.DataFrame({"symbol": ["A", "B"], "ts": [dt.date(2024, 1, 2)] * 2, "close": [1.0, 2.0]}).write_parquet(path)
    >>> ParquetRepository(path).load(["B"], "1d", None, None, ["close"])["close"].to_pylist()
    [2.0]
    """

    def __init__(self, path: str | Path, **options: Unpack[TableOptions]) -> None:
        super().__init__(**options)
        self.path = as_path(path)
        self.counted_at: object = None
        self.schemas: dict[Path, tuple[object, Mapping[str, pl.DataType]]] = {}

    @property
    def where(self) -> str:
        """The path's name in messages."""
        return str(self.path)

    @remembered
    def table(self) -> ParquetFiles:
        """The files as one table."""
        return ParquetFiles.of(self.path, self.files(), named="symbol" in self.mapping, schema_of=self.schema_of)

    def schema_of(self, file: Path) -> Mapping[str, pl.DataType]:
        """A file's columns. They are known as long as it does not change: in a folder that grows most do not."""
        seen = fingerprint_of(file)
        known = self.schemas.get(file)
        if known is None or known[0] != seen:
            known = self.schemas[file] = seen, schema_of(file)
        return known[1]

    @property
    def lazy(self) -> pl.LazyFrame:
        """The rows as stored; where files are named after symbols, with the symbol of the file's name."""
        return self.table.lazy

    def files(self) -> list[Path]:
        """The Parquet files; RepositoryError if there are none."""
        if not self.path.exists():
            raise RepositoryError(f"no such file or folder: {self.path}", retryable=True)
        found = sorted(self.path.rglob("*.parquet")) if self.path.is_dir() else [self.path]
        visible = [file for file in found if not is_hidden(file.relative_to(self.path))]
        if not visible:
            raise RepositoryError(f"{self.path} holds no .parquet file")
        return visible

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of results should know: also which files lack a column."""
        return (*super().notes, *self.table.notes)

    def fingerprint(self) -> object:
        """The files with their sizes and times of change."""
        return [fingerprint_of(file) for file in self.files()]

    @contextmanager
    def readable(self) -> Iterator[None]:
        """Word what goes wrong in reading.

        Polars panics when a file changes under it, and finds no table in one that is being written: both may pass.
        What was written just now is taken for being written.
        """
        try:
            yield
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
            broken = isinstance(error, (pl.exceptions.PanicException, OSError))
            passing = broken or self.fingerprint() != self.seen or self.is_fresh()
            if passing:
                self.forget()
            raise RepositoryError(f"{self.path} cannot be read as Parquet: {error}", retryable=passing) from error

    def is_fresh(self) -> bool:
        """Whether one of the files was written a moment ago."""
        return max(file.stat().st_mtime for file in self.files()) > time.time() - FRESH

    def types(self) -> Mapping[str, pl.DataType]:
        """The files' columns."""
        with self.readable():
            return self.lazy.collect_schema()

    def read(self, names: Sequence[str], symbols: Sequence[str] | None, around: Bounds) -> pl.DataFrame:
        """Read the rows that may be inside, by the row groups' statistics."""
        layout = self.layout
        every = self.lazy if symbols is None else self.of_symbols(self.table.that_hold(frozenset(symbols)), symbols)
        rows = self.inside(every, around)
        symbol = pl.lit(self.single_symbol) if layout.symbol is None else pl.col(layout.symbol)
        chosen = rows.select(symbol.alias("symbol"), pl.col(layout.ts).alias("ts"), *dict.fromkeys(names))
        with self.readable():
            found = chosen.collect()
        wrong_symbol = layout.symbol is None and symbols is not None and self.single_symbol not in symbols
        return found.clear() if wrong_symbol else found

    def pieces(self, names: Sequence[str], around: Bounds, size: int) -> Iterator[pl.DataFrame]:
        """The rows in the order of the files; of a file without any inside the bounds only the statistics are read."""
        types = self.layout.types
        columns = [pl.col(name).cast(pl.String) if is_text(types[name]) else pl.col(name) for name in names]
        keys = [pl.col(self.layout.symbol or "").cast(pl.String).alias("symbol"), pl.col(self.layout.ts).alias("ts")]
        with self.readable():
            for rows in self.table.stretches(size):
                yield self.inside(rows, around).select(*keys, *columns).collect()

    def of_symbols(self, rows: pl.LazyFrame, symbols: Sequence[str]) -> pl.LazyFrame:
        """The rows of these symbols, where rows name their symbol."""
        name = self.layout.symbol
        return rows if name is None else rows.filter(among(pl.col(name), self.layout.types[name], symbols))

    def inside(self, rows: pl.LazyFrame, around: Bounds) -> pl.LazyFrame:
        """The rows that may be inside the bounds."""
        ts = self.layout.ts
        limits = inside(around, lambda: self.slack, pl.col(ts), self.layout.types[ts])
        return rows.filter(limits) if limits else rows

    @remembered
    def labels(self) -> pl.DataFrame:
        """One row per symbol: symbol, the labels of its first and last bar, rows."""
        if (grouped := self.grouped()) is None:
            return super().labels
        self.nameless = nameless_of(grouped)
        tell_nameless(self.nameless, self.where)
        return labels_of(grouped)

    @remembered
    def runs(self) -> Runs | None:
        """Where each symbol's rows lie, if the files hold one symbol after the other. No time is read for that.

        Whether the times of a symbol ascend is seen when they are loaded.
        """
        if not self.countable:
            return None
        self.counted_at = self.fingerprint()
        with self.readable():
            return self.runs_by_codes() if self.has_codes else self.runs_by_names()

    @property
    def has_codes(self) -> bool:
        """Whether to count symbols by the numbers that stand for them: the files have them as texts, and are worth it.

        Of many files it takes longer to open each.
        """
        name, table = self.layout.symbol, self.table
        if name is None or table.by_symbol or name in (table.hive or {}) or not is_text(self.layout.types[name]):
            return False
        return not self.by_names and bool(self.lazy.select(pl.len()).collect().item() >= LARGE)

    def runs_by_codes(self) -> Runs | None:
        """The symbols counted by the numbers that stand for them in the files, with what groups of rows they have."""
        names = CodedNames(self.table.files, self.layout.symbol or "")
        try:
            counted = counted_names(names.runs())
        except (pa.ArrowException, OSError, KeyError):  # Polars may know the kind of file, or names what is wrong
            return self.runs_by_names()
        runs = None if counted is None else Runs.of(counted)
        return None if runs is None else runs.with_groups(names.ends)

    def runs_by_names(self) -> Runs | None:
        """The symbols counted by their names at each row."""
        counted = counted_names(runs_of(self.lazy.select(pl.col(self.layout.symbol or ""))))
        return None if counted is None else Runs.of(counted)

    def borders(self, timeframe: str) -> frozenset[str]:
        """Symbols that begin with a group of rows of the files, or nearly so; none before symbols have been counted."""
        return self.runs.borders if self.knows("runs") and self.runs is not None else frozenset()

    @property
    def countable(self) -> bool:
        """Whether rows name their symbol and have a time that is a time."""
        ts = self.layout.types[self.layout.ts]
        return self.layout.symbol is not None and (ts == pl.Date or isinstance(ts, pl.Datetime))

    @property
    def dates(self) -> bool:
        """Whether bars carry dates, not times."""
        return self.layout.types[self.layout.ts] == pl.Date if self.countable else super().dates

    def symbols(self, timeframe: str) -> list[str]:
        """All symbols, sorted."""
        self.fitting(timeframe)
        return super().symbols(timeframe) if self.runs is None else list(self.runs.symbols)

    def rows(self, timeframe: str) -> Mapping[str, int] | None:
        """The stored bars per symbol."""
        self.fitting(timeframe)
        return super().rows(timeframe) if self.runs is None else dict(self.runs.bars)

    def symbols_looked_at(self) -> list[str]:
        """Of the symbols with most bars as many as are needed to tell the timeframe."""
        return super().symbols_looked_at() if self.runs is None else looked_at(self.runs.frame)

    def grouped(self) -> pl.DataFrame | None:
        """One row per symbol, see `grouped_keys`; None where rows have to be read to be counted."""
        symbol, ts = self.layout.symbol, self.layout.ts
        if symbol is None or not self.countable:
            return None
        kind = self.layout.types[symbol]
        if not (is_text(kind) or kind.is_integer()):
            return None
        of_one_zone = self.zone_name == "UTC" or getattr(self.layout.types[ts], "time_zone", None)
        count = grouped_moments if of_one_zone else grouped_keys
        keys = self.lazy.select(pl.col(symbol).cast(pl.String).alias("symbol"), pl.col(ts).alias("ts"))
        with self.readable():
            return count(keys, lambda part: read_ts(part, self.zone_name, self.where))

    def as_counted(self) -> bool:
        """Whether the files are those that were counted. Of many files the names that are read tell it instead."""
        return self.by_names or self.fingerprint() == self.counted_at

    @remembered
    def by_names(self) -> bool:
        """Whether to look at the names that are read costs less than to look at the files."""
        return len(self.files()) > FEW_FILES

    def read_numbered(self, names: Sequence[str], runs: Runs, numbers: Numbers, around: Bounds) -> pl.DataFrame:
        """Read rows by their numbers: all between where most of them are wanted, else piece by piece.

        Where no time bounds them, their numbers are known.
        """
        pieces = runs.pieces(numbers)
        every = (around.first, around.last) == (None, None)
        keys = [pl.col(self.layout.symbol or "").alias(NAME)] if self.by_names else []
        times = pl.col(self.layout.ts).alias("ts")
        chosen = [*keys, times, *names, *([] if every else [pl.col(ROW).cast(pl.Int64)])]
        with self.readable():
            rows = [self.table.rows(begin, end, None if every else ROW) for begin, end in pieces]
            found = pl.concat(pl.collect_all([self.inside(part, around).select(chosen) for part in rows]))
        if not every and not found[ROW].is_sorted():
            found = found.sort(ROW)
        missing = every and found.height < sum(end - begin for begin, end in pieces)
        if missing or not self.are_of(found, runs, numbers):
            self.forget()
            raise RepositoryError(f"{self.path} was changed while it was read: try again", retryable=True)
        # column by column: the pieces of one are gone before the next is copied, which then takes their memory
        return pl.DataFrame([found.drop_in_place(name).rechunk() for name in found.columns if name != NAME])

    def are_of(self, found: pl.DataFrame, runs: Runs, numbers: Numbers) -> bool:
        """Whether rows that were read are those that were counted."""
        return runs.has(runs.rows(found, numbers), found[NAME]) if self.by_names else self.as_counted()


def among(column: pl.Expr, dtype: pl.DataType, symbols: Sequence[str]) -> pl.Expr:
    """The rows of these symbols. The range of their names comes first: row groups keep the least and the greatest."""
    if dtype != pl.String:
        return column.cast(pl.String).is_in(list(symbols))
    if not symbols:
        return pl.lit(value=False)
    return (column >= min(symbols)) & (column <= max(symbols)) & column.is_in(list(symbols))
