"""A DuckDB file opened, and names and texts written for its SQL."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pyarrow as pa

from ..errors import RepositoryError
from .looking import opened_ahead

if TYPE_CHECKING:
    import duckdb

PATIENCE: Final = 2.0  # seconds; a query that was interrupted ends within hundredths
PAUSE: Final = 0.01
INTERRUPTED: Final = "Query interrupted"
"""What DuckDB makes of Ctrl-C while the main thread waits for a query."""


def open_for_reading(path: Path, settings: Mapping[str, str | int]) -> duckdb.DuckDBPyConnection:
    """Open a DuckDB file without the right to write; RepositoryError says why not and whether to try again."""
    import duckdb  # noqa: PLC0415 - who reads other files need not wait for it

    if not path.is_file():
        raise RepositoryError(f"no such file: {path}", retryable=True)
    ahead = opened_ahead(path)
    if settings:  # which nobody knew then: two connections have to agree
        ahead = None
    try:
        return duckdb.connect(str(path), read_only=True, config=dict(settings))
    except duckdb.ConnectionException:
        # This process holds the file open in another way, for writing perhaps: share it; only SELECT is run here.
        return share_open_database(path)
    except duckdb.IOException as error:
        locked = "lock" in str(error).lower()
        raise RepositoryError(
            f"{path} cannot be opened: {way_out(str(error))} ({first_line(error)})", retryable=locked
        ) from error
    except duckdb.Error as error:
        raise RepositoryError(f"{path} cannot be opened: {first_line(error)}") from error
    finally:
        del ahead  # what it has open, ours shares


def way_out(text: str) -> str:
    """What to do about a file that DuckDB does not open for that reason."""
    if "lock" in text.lower():
        return "another process writes to it; try again when that is done"
    if "storage version" in text:
        return (
            "another version of DuckDB wrote it; let that version copy the table to Parquet, and import it from there"
        )
    return "is it a DuckDB file?"


def share_open_database(path: Path) -> duckdb.DuckDBPyConnection:
    """Join the connection that this process has already."""
    import duckdb  # noqa: PLC0415 - who reads other files need not wait for it

    try:
        return duckdb.connect(str(path))
    except duckdb.Error as error:
        raise RepositoryError(
            f"{path} is open in this process with other settings: {first_line(error)}", retryable=True
        ) from error


def relation_of(connection: duckdb.DuckDBPyConnection, path: Path, table: str | None) -> tuple[str, str, bool]:
    """What to select from a table or view, the one that there is if none is told: quoted, its name, whether a table.

    Raises RepositoryError where there is none, or where there are several.
    """
    rows = connection.execute(
        "select schema_name, table_name, true from duckdb_tables() where not internal"
        " union all select schema_name, view_name, false from duckdb_views() where not internal order by 1, 2"
    ).fetchall()
    asked = None if table is None else table.lower()
    found = [row for row in rows if asked in {None, row[1].lower(), f"{row[0]}.{row[1]}".lower()}]
    if len(found) == 1:
        schema, name, is_table = found[0]
        return f"{quoted(schema)}.{quoted(name)}", table or name, is_table
    names = ", ".join(name if schema == "main" else f"{schema}.{name}" for schema, name, _ in rows) or "none"
    if table is None and found:
        raise RepositoryError(f"{path} holds several tables, choose one with table=: {names}")
    raise RepositoryError(f"{path} has no table {table or 'at all'}; its tables: {names}")


def cursor_of(connection: duckdb.DuckDBPyConnection, where: str) -> duckdb.DuckDBPyConnection:
    """A cursor; RepositoryError where the connection was closed meanwhile."""
    import duckdb  # noqa: PLC0415 - who reads other files need not wait for it

    try:
        return connection.cursor()
    except duckdb.ConnectionException as error:
        raise RepositoryError(f"{where}: {first_line(error)}", retryable=True) from error


def fetched(
    cursor: duckdb.DuckDBPyConnection,
    sql: str,
    values: list[Any],
    where: str,
    mend: Callable[[pa.Table], pa.Table] | None = None,
) -> pl.DataFrame:
    """Run a query; the cursor is closed. RepositoryError says why it failed and whether to try again.

    `mend` is done to the answer before Polars sees it.
    """
    import duckdb  # noqa: PLC0415 - who reads other files need not wait for it

    try:
        with waited_for():
            table = cursor.sql(sql, params=values).to_arrow_table()
    except duckdb.Error as error:
        # A connection that was closed or broke down meanwhile can be opened again, as can a file that was replaced.
        passing = isinstance(error, duckdb.IOException | duckdb.ConnectionException | duckdb.FatalException)
        raise RepositoryError(f"{where}: {error}", retryable=passing) from error
    finally:
        cursor.close()
    found = pl.from_arrow(mend(table) if mend else table)
    assert isinstance(found, pl.DataFrame)
    return found


@contextmanager
def waited_for() -> Iterator[None]:
    """While the main thread waits for DuckDB, Ctrl-C is what it is elsewhere: DuckDB makes another error of it."""
    try:
        yield
    except RuntimeError as error:
        if str(error) != INTERRUPTED:
            raise
        raise KeyboardInterrupt from error


def end_query(cursor: duckdb.DuckDBPyConnection) -> None:
    """End what runs on the cursor, from another thread."""
    import duckdb  # noqa: PLC0415 - who reads other files need not wait for it

    with suppress(duckdb.ConnectionException):  # it has ended by itself meanwhile and is closed
        cursor.interrupt()


def close_connection(connection: duckdb.DuckDBPyConnection, running: Mapping[int, duckdb.DuckDBPyConnection]) -> None:
    """Close a connection; what runs on cursors of it is ended, since DuckDB refuses to close what is in use.

    A query that does not end keeps the connection until it does: it is closed then, with the last cursor.
    """
    import duckdb  # noqa: PLC0415 - who reads other files need not wait for it

    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        for cursor in list(running.values()):
            end_query(cursor)
        with suppress(duckdb.ResourceInUseException):  # tried again
            connection.close()
            return
        time.sleep(PAUSE)


def first_line(error: Exception) -> str:
    """The first line of an error's text."""
    return str(error).partition("\n")[0]


def quoted(name: str) -> str:
    """An identifier for SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text for SQL."""
    return "'" + text.replace("'", "''") + "'"


def with_stand_ins(table: pa.Table) -> pa.Table:
    """A table without rows, whose columns of kinds that Polars does not know are of one that no formula can name."""

    def known(kind: pa.DataType) -> bool:
        return not (pa.types.is_interval(kind) or pa.types.is_union(kind))

    fields = [field if known(field.type) else field.with_type(pa.duration("us")) for field in table.schema]
    # not schema.empty_table(): where pandas is installed, that imports it
    return pa.Table.from_batches([], pa.schema(fields))
