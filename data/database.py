"""Candles in a DuckDB file: a table, a view or a query."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, Unpack

import polars as pl
import pyarrow as pa

from ..errors import RepositoryError
from .candles import Candles
from .connecting import (
    close_connection,
    cursor_of,
    end_query,
    fetched,
    literal,
    open_for_reading,
    quoted,
    relation_of,
    with_stand_ins,
)
from .counting import labels_of, nameless_of
from .instants import TS, Bounds, read_ts
from .looking import look_ahead
from .numbered import ROW, NumberedRepository, Runs
from .numbers_of_rows import Numbers
from .options import TableOptions, as_path
from .placing import Placed, tell_nameless
from .remembering import fingerprint_of, remembered
from .selecting import assert_selection, in_stored_order, selected, where_clause

if TYPE_CHECKING:
    import duckdb


class DuckDBRepository(NumberedRepository):
    """Candles of one table, view or query of a DuckDB file, opened for reading only.

    Options as in `open_repository`. `table` may be left out where the file holds one table. `settings` are DuckDB's
    own, such as `{"memory_limit": "1GB", "threads": 2}`. One connection is kept until `close()`; threads share it
    safely.

    Rows of a table come in the order in which they are stored. A view or a query has no such order: its rows are
    sorted, none counts as unsorted, and of several rows with one ts the one with the largest values comes last.

    >>> import duckdb, tempfile
    >>> path = Path(tempfile.mkdtemp()) / "candles.duckdb"
    >>> with duckdb.connect(str(path)) as connection:
    ...     _ = connection.execute("create table bars as select 'A' as symbol, date '2024-01-02' as ts, 3 as close")
    >>> with DuckDBRepository(path) as repository:
    ...     repository.load(None, "1d", None, None, ["close"])["close"].to_pylist()
    [3.0]
    """

    def __init__(
        self,
        path: str | Path,
        table: str | None = None,
        *,
        query: str | None = None,
        settings: Mapping[str, str | int] | None = None,
        **options: Unpack[TableOptions],
    ) -> None:
        super().__init__(**options)
        assert_selection(table, query, settings)
        self.path = as_path(path)
        self.table = table
        self.query = None if query is None else query.strip().rstrip(";")
        self.settings = dict(settings or {})
        self.share: int | None = None  # bytes
        self.relation, self.is_table = "", False

    def begin_anew(self) -> None:
        """Know nothing yet, and have nothing open."""
        super().begin_anew()
        self.lock = threading.Lock()
        self.connection: duckdb.DuckDBPyConnection | None = None
        self.counted_at: object = None
        self.looking: threading.Thread | None = None
        self.running: dict[int, duckdb.DuckDBPyConnection] = {}  # by thread

    @property
    def where(self) -> str:
        """The path and table in messages."""
        return f"{self.path}, table {self.table}" if self.table else str(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file; the next load opens it again. Queries that still run are ended."""
        with self.lock:
            looked_at = self.looking is not None and self.looking.is_alive()
            connection, self.connection = self.connection, None
        if connection is not None and not looked_at:  # which would refuse; it is closed when let go of
            close_connection(connection, self.running)

    def limit_memory(self, size: int) -> None:
        """Let DuckDB take so many bytes at most, if `settings` do not say how many; else it takes most of the machine.

        It is said after the file is opened, since one process can open a file with one configuration only; other
        connections of this process to the same file share the limit.
        """
        if "memory_limit" not in self.settings:
            with self.lock:
                self.share = size
                if self.connection is not None:
                    self.limit(self.connection)

    def limit(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Tell DuckDB how much it may take, if that was said."""
        if self.share is not None:
            connection.execute(f"set memory_limit = '{int(self.share)}B'")

    def look_ahead(self) -> None:
        """Open the file and count its rows on another thread, while the caller does something else."""
        self.looking = look_ahead(self)

    def fingerprint(self) -> object:
        """The sizes and times of change of the file and of what is not yet written to it."""
        files = (self.path, Path(f"{self.path}.wal"))
        return [fingerprint_of(file) for file in files if file.exists()]

    def forget(self) -> None:
        """Forget what is known of the file; it is opened again, while loads that still run keep what they have."""
        with self.lock:
            self.connection = None
        super().forget()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of this thread's own on the one connection."""
        with self.lock:
            if self.connection is None:
                connection = open_for_reading(self.path, self.settings)
                self.limit(connection)
                self.relation = f"({self.query})"
                if self.query is None:
                    self.relation, self.table, self.is_table = relation_of(connection, self.path, self.table)
                self.connection = connection
            return cursor_of(self.connection, self.where)

    def types(self) -> Mapping[str, pl.DataType]:
        """The table's columns."""
        found = self.fetch("*", "limit 0", [], with_stand_ins).schema
        # DuckDB stores no zone: it shows times in the zone of the session, which says nothing about the candles.
        return {name: TS if getattr(dtype, "time_zone", None) else dtype for name, dtype in found.items()}

    def read(self, names: Sequence[str], symbols: Sequence[str] | None, around: Bounds) -> pl.DataFrame:
        """Select the rows that may be inside; the range of symbols lets DuckDB pass over whole blocks."""
        where, values = self.where_clause(symbols, around)
        found = self.fetch(self.chosen(names), where, values)
        return in_stored_order(found) if self.keeps_order else found

    def chosen(self, names: Sequence[str]) -> str:
        """What is selected of each row; where rows have an order, its number as well."""
        columns = [f"{self.symbol_text} as symbol", f"{quoted(self.layout.ts)} as ts"]
        columns += selected(dict.fromkeys(names), self.layout.types)
        return ", ".join([*columns, f"rowid as {quoted(ROW)}"] if self.keeps_order else columns)

    def pieces(self, names: Sequence[str], around: Bounds, size: int) -> Iterator[pl.DataFrame]:
        """The rows of a table by their numbers."""
        limits, values = self.where_clause(None, around)
        of_piece = f"{limits or 'where true'} and rowid >= ? and rowid < ?"
        rows = self.counted.select(pl.max("tail").fill_null(-1)).item() + 1
        for begin in range(0, max(rows, 1), size):
            yield in_stored_order(self.fetch(self.chosen(names), of_piece, [*values, begin, begin + size]))

    @property
    def can_be_gathered(self) -> bool:
        """Whether each load of some symbols goes over all rows, which have numbers."""
        return self.keeps_order and super().can_be_gathered

    @property
    def can_be_cut(self) -> bool:
        """Whether several loads are of the same candles as one: a view or a query may answer anew each time."""
        return self.is_table and super().can_be_cut

    @property
    def keeps_order(self) -> bool:
        """Whether rows have a stored order: DuckDB numbers those of a table, unless a column has taken the name."""
        names = self.layout.types
        return self.is_table and "rowid" not in map(str.lower, names)

    def place_keys(self, raw: pl.DataFrame) -> Placed:
        """As for every table; without a stored order no row is unsorted, and values place the rows of one ts."""
        placed = super().place_keys(raw)
        if self.keeps_order:
            return placed
        candles = placed.candles
        if placed.repeated is None or len(placed.repeated):
            others = [name for name in candles.table.columns if name != "ts"]
            candles = Candles.of(candles.frame.sort("symbol", "ts", *others))
        counts = {kind: found for kind, found in placed.counts.items() if kind != "unsorted"}
        return Placed(candles, counts, placed.repeated)

    @remembered
    def counted(self) -> pl.DataFrame:
        """One row per symbol: symbol, first and last label, rows, rows with a time, the numbers of its ends."""
        self.counted_at = self.fingerprint()
        found = self.count_rows()
        beyond = found.filter(pl.col("timed") > 0, pl.any_horizontal(pl.col("first", "last").is_null()))
        if beyond.is_empty():
            return found
        # seldom, and then it takes three times as long: infinity, say, is no time
        moment = f"cast({quoted(self.layout.ts)} as timestamp)"
        return self.count_rows(f"{moment} between date '0001-01-01' and date '9999-12-31'")

    def count_rows(self, timed: str = "true") -> pl.DataFrame:
        """As `counted`; only rows of which `timed` is true have a time."""
        symbol, ts = self.symbol_text, quoted(self.layout.ts)
        ends = ", min(rowid) as head, max(rowid) as tail" if self.keeps_order else ""
        only = "" if timed == "true" else f" filter (where {timed})"
        found = self.fetch(
            f"{symbol} as symbol, min({ts}){only} as first, max({ts}){only} as last, count(*) as rows,"
            f" count({ts}){only} as timed{ends}",
            "group by 1 order by 1 nulls first",
            [],
        )
        times = [read_ts(found.select(ts=name), self.zone_name, self.where).alias(name) for name in ("first", "last")]
        return found.with_columns(*times)

    @remembered
    def labels(self) -> pl.DataFrame:
        """One row per symbol: symbol, the labels of its first and last bar, rows; counted by DuckDB if ts is a time."""
        if not self.countable:
            return super().labels
        self.nameless = nameless_of(self.counted)
        tell_nameless(self.nameless, self.where)
        return labels_of(self.counted)

    @property
    def countable(self) -> bool:
        """Whether DuckDB can count each symbol's rows and order them by time."""
        return self.layout.symbol is not None and isinstance(self.layout.types[self.layout.ts], (pl.Date, pl.Datetime))

    @property
    def dates(self) -> bool:
        """Whether bars carry dates, not times."""
        return self.layout.types[self.layout.ts] == pl.Date if self.countable else super().dates

    @remembered
    def runs(self) -> Runs | None:
        """Where each symbol's rows lie, if the table is stored symbol after symbol."""
        return Runs.of(self.counted) if self.countable and self.keeps_order else None

    def as_counted(self) -> bool:
        """Whether the file is the one that was counted: this process, which may have it open, may write to it."""
        return self.fingerprint() == self.counted_at

    @property
    def symbol_text(self) -> str:
        """The symbol as it is selected."""
        layout = self.layout
        return literal(self.single_symbol) if layout.symbol is None else f"cast({quoted(layout.symbol)} as varchar)"

    def read_numbered(self, names: Sequence[str], runs: Runs, numbers: Numbers, around: Bounds) -> pl.DataFrame:
        """Read rows by their numbers where most of them are wanted, else by the symbols' names."""
        between = runs.between(numbers)
        if between is None:
            where, values = self.where_clause([runs.symbols[number] for number in numbers], around)
        else:
            where, values = self.where_clause(None, around)
            where = f"{where} and rowid >= ? and rowid < ?" if where else "where rowid >= ? and rowid < ?"
            values += between
        chosen = [f"{quoted(self.layout.ts)} as ts", *selected(names, self.layout.types), f"rowid as {quoted(ROW)}"]
        found = self.fetch(", ".join(chosen), where, values)
        ordered = found if found[ROW].is_sorted() else found.sort(ROW)
        return pl.DataFrame([*ordered.drop(ROW).rechunk().get_columns(), ordered[ROW]])

    def where_clause(self, symbols: Sequence[str] | None, around: Bounds) -> tuple[str, list[Any]]:
        """The where clause of some symbols and bounds, and its values."""
        return where_clause(self.layout, self.single_symbol, lambda: self.slack, symbols, around)

    def fetch(
        self, chosen: str, rest: str, values: list[Any], mend: Callable[[pa.Table], pa.Table] | None = None
    ) -> pl.DataFrame:
        """Select what is chosen; names are quoted. Where it fails and that may pass, the file is opened again next."""
        thread = threading.get_ident()
        try:
            self.running[thread] = cursor = self.cursor()  # which finds out what the relation is
            sql = f"select {chosen} from {self.relation} {rest}"  # noqa: S608 - names are quoted
            return fetched(cursor, sql, values, self.where, mend)
        except RepositoryError as error:
            if error.retryable:
                self.forget()
            raise
        finally:
            self.running.pop(thread, None)

    def interrupt(self, thread: int) -> None:
        """End the query that the thread of this number waits for, if it does: there it raises RepositoryError."""
        if (cursor := self.running.get(thread)) is not None:
            end_query(cursor)
