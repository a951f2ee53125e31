"""Tables beside the candles, such as fundamentals: each row has a symbol and the time from which it is known."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl

from ..data.instants import at_local, zone
from ..data.layout import Kind
from ..data.opening import open_repository
from ..data.repository import CandleRepository
from ..data.tables import TableRepository
from ..errors import ProcessingEngineError, RepositoryError
from ..formulas.freezing import frozen
from .controlling import LOG
from .sources import as_repository, columns_of, timeframe_of

SHOWN: Final = 3  # symbols of a table that has none of those asked for
INSTANT: Final = pl.Datetime("us", "UTC")
PUBLISHED: Final = ("published", "published_at", "publication_date", "announced", "announced_at", "filed", "filed_at")
"""Columns that tell when a row was known, if there is one: a fiscal period's own date comes long before."""


@frozen(slots=False)
class OtherTable:
    """A table by its name in formulas."""

    name: str
    source: object

    @cached_property
    def repository(self) -> CandleRepository:
        """What reads it. Raises RepositoryError where nothing tells when a row was known."""
        try:
            found = self._published()
            columns_of(found, timeframe_of(found))
        except RepositoryError as error:
            hint = f"the time from which a row is known is called {PUBLISHED[0]}, ts or date"
            raise RepositoryError(f"the table {self.name!r}: {error} ({hint})", retryable=error.retryable) from error
        return found

    def _published(self) -> CandleRepository:
        """The source, read by the column that says when a row was published, if it has one."""
        from ..data.delimited import ENDINGS as DELIMITED  # noqa: PLC0415 - most jobs have no other tables
        from ..data.delimited import read_heading  # noqa: PLC0415 - as above

        path = Path(self.source).expanduser() if isinstance(self.source, str | Path) else None
        if path is not None and path.suffix.lower() in DELIMITED and path.is_file():
            named = [name for name in read_heading(path).names if name.strip().lower() in PUBLISHED]
        else:
            found = as_repository(self.source)
            if not isinstance(found, TableRepository) or found is self.source:
                return found
            named = [name for name in found.types() if name.strip().lower() in PUBLISHED]
            if not named:
                return found
            close(found)
        return open_repository(self.source, **({"columns": {"ts": named[0]}} if named else {}))

    def close(self) -> None:
        """Close what was opened to read it."""
        opened = self.__dict__.get("repository")
        if opened is not None and opened is not self.source:
            close(opened)

    @property
    def columns(self) -> Mapping[str, Kind]:
        """The columns that formulas can name inside table("...", x)."""
        return columns_of(self.repository, timeframe_of(self.repository))

    def assert_told_apart(self, candles: object) -> None:
        """Raise ProcessingEngineError if the candles have symbols and the rows of this table do not say of which."""
        if names_symbols(candles) and not names_symbols(self.repository):
            hint = "give its rows a column symbol: each symbol sees its own"
            raise ProcessingEngineError(f"the table {self.name!r} has no symbols, the candles have: {hint}")

    def rows(self, columns: Iterable[str], exchange: str) -> pl.DataFrame:
        """Symbol, ts (the instant from which a row is known) and these columns, sorted by symbol and ts.

        A date without a time is known when its day is over in the time zone `exchange`. Of rows that are known from
        the same moment on, the last in the table is the last here.
        """
        repository, wanted = self.repository, sorted(columns)
        table = repository.load(None, timeframe_of(repository), None, None, wanted, None)
        frame = pl.DataFrame(table).select("symbol", "ts", *wanted).drop_nulls(["symbol", "ts"])
        numbers = [name for name in wanted if frame.schema[name].is_numeric()]
        known = [pl.when(pl.col(name).is_finite()).then(pl.col(name)) for name in numbers]
        exact = frame.with_columns(pl.col(name).cast(pl.Float64) for name in numbers).with_columns(*known)
        return exact.with_columns(pl.col("symbol").cast(pl.String), _instant(frame.schema["ts"], exchange))


def names_symbols(repository: object) -> bool:
    """Whether rows say of which symbol they are; what is no table always does."""
    return not isinstance(repository, TableRepository) or repository.layout.symbol is not None


def close(opened: object) -> None:
    """Close a repository, or a table, if it can be closed."""
    own = getattr(opened, "close", None)
    if callable(own):
        own()


def _instant(kind: pl.DataType, exchange: str) -> pl.Expr:
    """When a row is known; just after its day for a date, so that the bars of that day do not know it."""
    zone(exchange)
    if kind != pl.Date:
        return pl.col("ts").cast(INSTANT)
    over = pl.col("ts").cast(pl.Datetime("us")).dt.offset_by("1d")
    return at_local(over, exchange) + pl.lit(dt.timedelta(microseconds=1))


def notes_of_rows(name: str, rows: pl.DataFrame, symbols: Sequence[str]) -> list[str]:
    """What looks wrong in the rows of a table, beside candles of these symbols; each is logged."""
    notes = []
    if rows.is_empty():
        notes.append(f"the table {name!r} has no rows with a symbol and a time: it is undefined at every bar")
    elif symbols and (own := set(rows["symbol"].unique())).isdisjoint(symbols):
        few = ", ".join(sorted(own)[:SHOWN]) + (", ..." if len(own) > SHOWN else "")
        notes.append(f"the table {name!r} has none of the symbols: it has {few}; it is undefined at every bar")
    repeated = int(
        rows.select(pl.all_horizontal(pl.col("symbol", "ts") == pl.col("symbol", "ts").shift(1)).sum()).item()
    )
    if repeated:
        notes.append(
            f"rows of the table {name!r} that have the symbol and the time of another: {repeated:,}; "
            "each counts as one, as in x[1], and the last of them is seen"
        )
    for note in notes:
        LOG.warning("%s", note, extra={"event": "table note", "note": note})
    return notes


@contextmanager
def opened_tables(tables: Mapping[str, object] | None) -> Iterator[dict[str, OtherTable]]:
    """As `named_tables`, for a while: what is opened to read them is closed again."""
    named = named_tables(tables)
    try:
        yield named
    finally:
        for table in named.values():
            table.close()


def named_tables(tables: Mapping[str, object] | None) -> dict[str, OtherTable]:
    """The tables that were given by name; raises ProcessingEngineError if they were not."""
    if tables is not None and not (isinstance(tables, Mapping) and all(isinstance(name, str) for name in tables)):
        raise ProcessingEngineError('tables are given by name: tables={"quarterly": frame}')
    return {name: OtherTable(name, source) for name, source in (tables or {}).items()}
