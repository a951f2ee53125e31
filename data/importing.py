"""Candles brought from files into a table of a DuckDB file, or into a store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Unpack

import polars as pl

from ..errors import RepositoryError
from .connecting import open_for_reading
from .contents import LIST
from .delimited import DelimitedRepository
from .instants import Bound, Instant
from .intake import Intake, Progress
from .into_database import sparing, write_table
from .looking import DATABASES
from .opening import open_path
from .options import TextOptions, as_path, assert_option
from .store import ENDING as STORE
from .storing import is_left, write_store
from .tables import TableRepository
from .writing import alone


@dataclass(frozen=True, slots=True)
class ImportedCandles:
    """What an import brought in.

    `left_out` names files of a folder that could not be read and symbols with text where a number belongs, each
    with the reason.
    `defects` counts the rows that were put in their places (`unsorted`), or have none and are not there: those without
    a time (`null`; of a source that is read in several parts, where their symbol has others) or symbol (`nameless`).
    `columns` are those of the candles, by the names that formulas have for them, `notes` what else one should know.
    """

    path: Path
    table: str
    rows: int
    symbols: int
    first: Instant | None
    last: Instant | None
    left_out: Mapping[str, str] = field(default_factory=dict)
    defects: Mapping[str, int] = field(default_factory=dict)
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def import_candles(
    source: str | Path,
    target: str | Path,
    table: str = "candles",
    *,
    start: Bound = None,
    end: Bound = None,
    replace: bool = False,
    progress: Progress | None = None,
    source_table: str | None = None,
    **options: Unpack[TextOptions],
) -> ImportedCandles:
    r"""Bring a CSV or Parquet file, or a folder of them, into a table of a DuckDB file, or into a store.

    A target called .store becomes a `CandleStore`: a folder that is several times faster to load and larger on disk; it
    holds one table, whatever `table` says.

    A folder's files without a symbol column are one symbol each, called like the file. The table has symbol, ts and the
    standard names, numbers as double, sorted by symbol and ts. `options` as in `open_repository`; prices are adjusted
    if `adjust=` says so. `source_table` is what is read of a DuckDB file with several tables. Candles go part by part,
    so that Parquet and tables of DuckDB may be larger than memory; `progress` is told after each how many symbols of
    how many are done.

    Other tables of the target stay. Everything is written to a file beside the target, which then takes its place:
    whoever reads the target sees the old one or the new one. Raises RepositoryError if the table is there and `replace`
    is not said, if the target is the source or not called .duckdb or .db, if there are no bars, and if the source is
    changed between two parts.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "ACME.csv").write_text("Date,Close,Volume\n2024-01-02,1.5,10\n2024-01-03,1.6,12\n")
    >>> imported = import_candles(folder / "ACME.csv", folder / "candles.duckdb", symbol="ACME")
    >>> imported.rows, imported.symbols, str(imported.last)
    (2, 1, '2024-01-03')
    """
    assert_option("progress", progress, Callable | None, "progress(completed, total) is called")  # type: ignore[arg-type]
    goal, origin = as_path(target), as_path(source)
    refuse_unfit(origin, goal)
    refuse_existing(goal, table, replace=replace)
    repository = open_path(origin, {**options, **({} if source_table is None else {"table": source_table})})
    assert isinstance(repository, TableRepository)
    with asked_of_source(), sparing(repository):
        intake = Intake(repository, start, end, progress)
        parts = begun(some(intake, origin, goal if goal.exists() else None))
        with writable(goal), alone(goal):
            refuse_existing(goal, table, replace=replace)  # somebody else may have written it meanwhile
            if goal.suffix.lower() == STORE:
                write_store(parts, goal, repository.stored.text, repository.zone_name)
            else:
                write_table(parts, goal, table)
    files = repository.left_out if isinstance(repository, DelimitedRepository) else {}
    return ImportedCandles(
        goal,
        table,
        intake.rows,
        intake.symbols,
        intake.first,
        intake.last,
        files | intake.faulty,
        dict(intake.defects),
        intake.columns,
        repository.notes,
    )


@contextmanager
def asked_of_source() -> Iterator[None]:
    """What a repository calls its table is the source's here: `table` is the one that is written."""
    try:
        yield
    except RepositoryError as error:
        text = str(error).replace("choose one with table=", "choose one with source_table=")
        if text == str(error):
            raise
        raise RepositoryError(text, retryable=error.retryable, faulty=error.faulty) from error.__cause__


def some(intake: Intake, source: Path, there: Path | None) -> Iterator[pl.DataFrame]:
    """The parts of an intake; RepositoryError at the end where there were no bars: a download that failed, say."""
    yield from intake
    if not intake.rows:
        inside = "" if intake.range == (None, None) else " in this range"
        stays = f", and {there} stays as it is" if there is not None else ""
        raise RepositoryError(f"{source} holds no bars{inside}: nothing was imported{stays}")


def begun(parts: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The same parts, of which the first is read now: what is wrong with a source is told before anything is made."""
    waiting = [next(parts)]

    def all_parts() -> Iterator[pl.DataFrame]:
        yield waiting.pop()
        yield from parts

    return all_parts()


@contextmanager
def writable(target: Path) -> Iterator[None]:
    """Make the target's folder if there is none, and word what goes wrong in writing."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise RepositoryError(f"{target} cannot be written: {error.strerror or error}") from error


def refuse_unfit(source: Path, target: Path) -> None:
    """Raise RepositoryError where the target is the source, or by its ending no DuckDB file."""
    if source.exists() and target.exists() and target.samefile(source):
        raise RepositoryError(f"{target}: source and target are the same file; give the target another name")
    if target.suffix.lower() not in DATABASES | {STORE}:
        raise RepositoryError(
            f"{target}: the target is a DuckDB file: call it {target.with_suffix('.duckdb').name} "
            f"(known endings are {', '.join(sorted(DATABASES))}), or a store: {target.with_suffix(STORE).name}"
        )


def refuse_existing(target: Path, table: str, *, replace: bool) -> None:
    """Raise RepositoryError unless the table may be written, and while someone else writes to the file."""
    if not target.exists():
        return
    if target.suffix.lower() == STORE:
        refuse_existing_store(target, replace=replace)
        return
    with open_for_reading(target, {}) as connection:
        found = connection.execute(
            "select 1 from duckdb_tables() where lower(table_name) = lower(?)", [table]
        ).fetchone()
    if found and not replace:
        raise RepositoryError(
            f"{target} has a table {table} already: say replace=True to write it anew, or choose another table="
        )


def refuse_existing_store(target: Path, *, replace: bool) -> None:
    """Raise RepositoryError unless the store may be written anew, and where the folder is no store."""
    found = (target / LIST).exists()
    if target.is_file() or (not found and not all(is_left(path) for path in target.iterdir())):
        raise RepositoryError(f"{target} is there already, and is no candle store: choose another name")
    if found and not replace:
        raise RepositoryError(
            f"{target} has candles already: say replace=True to write it anew, or choose another name"
        )
