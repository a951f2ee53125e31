"""CSV and Parquet files brought into one DuckDB table."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Final, Unpack

import polars as pl

from ..errors import RepositoryError
from .connecting import DATABASES, first_line, literal, open_for_reading, quoted, waited_for
from .contents import LIST
from .database import DuckDBRepository
from .delimited import DelimitedRepository
from .instants import Bound, Instant
from .intake import Intake, Progress
from .opening import open_path
from .options import TextOptions, as_path
from .store import ENDING as STORE
from .storing import write_store
from .tables import TableRepository
from .writing import Aside, alone

ROOM: Final = 2**30
"""Bytes that DuckDB may take while it reads or writes: else it keeps in memory what it was through with."""
SPARING: Final[Mapping[str, str | int]] = {"memory_limit": f"{ROOM}B", "threads": min(8, os.cpu_count() or 1)}


@dataclass(frozen=True, slots=True)
class ImportedCandles:
    """What an import brought in.

    `left_out` names files of a folder that could not be read and symbols with text where a number belongs, each
    with the reason.
    `defects` counts the rows that were put in their places (`unsorted`), or have none and are not there (`null`).
    `columns` are those of the candles, by the names that formulas have for them.
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


def import_candles(
    source: str | Path,
    target: str | Path,
    table: str = "candles",
    *,
    start: Bound = None,
    end: Bound = None,
    replace: bool = False,
    progress: Progress | None = None,
    **options: Unpack[TextOptions],
) -> ImportedCandles:
    r"""Bring a CSV or Parquet file, or a folder of them, into a table of a DuckDB file, or into a store.

    A target called .store becomes a `CandleStore`: a folder that is several times faster to load and larger on disk; it
    holds one table, whatever `table` says.

    A folder's files without a symbol column are one symbol each, called like the file. The table has symbol, ts and the
    standard names, numbers as double, sorted by symbol and ts. `options` as in `open_repository`; prices are adjusted
    if `adjust=` says so. Other tables of the target stay. Everything is written to a file beside the target, which
    then takes its place: whoever reads the target sees the old one or the new one. Candles go part by part, so that a
    source may be larger than memory, but for CSV files, which are read whole; `progress` is told after each how many
    symbols of how many are done. Raises RepositoryError if the table is there and `replace` is not said, if the target
    is the source or not called .duckdb or .db, if there are no bars that could replace others, and if the source is
    changed between two parts.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "ACME.csv").write_text("Date,Close,Volume\n2024-01-02,1.5,10\n2024-01-03,1.6,12\n")
    >>> imported = import_candles(folder / "ACME.csv", folder / "candles.duckdb", symbol="ACME")
    >>> imported.rows, imported.symbols, str(imported.last)
    (2, 1, '2024-01-03')
    """
    goal, origin = as_path(target), as_path(source)
    refuse_unfit(origin, goal)
    refuse_existing(goal, table, replace=replace)
    repository = open_path(origin, dict(options))
    assert isinstance(repository, TableRepository)
    intake = Intake(repository, start, end, progress)
    if isinstance(repository, DuckDBRepository):
        repository.limit_memory(ROOM)
    parts = begun(readable(intake, goal if replace and goal.exists() else None))
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
    )


def readable(intake: Intake, replaced: Path | None) -> Iterator[pl.DataFrame]:
    """The parts of an intake, with words for what goes wrong in reading.

    Raises RepositoryError at the end where there were no bars that could take the place of others.
    """
    where = intake.repository.where
    try:
        yield from intake
    except OSError as error:
        raise RepositoryError(f"{where} cannot be read: {error.strerror or error}") from error
    if not intake.rows and replaced is not None:  # a download that failed leaves a header, say
        inside = "" if intake.range == (None, None) else " in this range"
        raise RepositoryError(f"{where} holds no bars{inside}: nothing was imported, and {replaced} stays as it is")


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
    if target.is_file() or ((found := any(target.iterdir())) and not (target / LIST).exists()):
        raise RepositoryError(f"{target} is there already, and is no candle store: choose another name")
    if found and not replace:
        raise RepositoryError(
            f"{target} has candles already: say replace=True to write it anew, or choose another name"
        )


def write_table(parts: Iterable[pl.DataFrame], target: Path, table: str) -> None:
    """Write frames, one at least, as a table of a DuckDB file, aside and then renamed; its other tables stay."""
    import duckdb  # noqa: PLC0415 - who reads other files need not wait for it

    try:
        with Aside(target) as aside, waited_for():
            if aside.target.exists():
                complete(aside.target)
                shutil.copy2(aside.target, aside.path)
            with duckdb.connect(str(aside.path), config=dict(SPARING)) as connection:
                into, names = f"create or replace table {quoted(table)} as", count()
                for part in parts:
                    passed = aside.folder / f"{next(names)}.parquet"
                    part.write_parquet(passed)
                    del part  # nobody needs it while the next one is made
                    connection.execute(f"{into} select * from read_parquet({literal(str(passed))})")  # noqa: S608
                    passed.unlink()
                    into = f"insert into {quoted(table)}"
                connection.execute("checkpoint")  # else what cannot be written at the end is not told
            aside.take_place()
    except duckdb.Error as error:
        raise RepositoryError(f"{target}: the table {table} cannot be written: {first_line(error)}") from error


def complete(target: Path) -> None:
    """Bring into a DuckDB file what is in the log beside it, as a process leaves it that was killed."""
    import duckdb  # noqa: PLC0415 - as above

    if target.with_name(f"{target.name}.wal").exists():
        with duckdb.connect(str(target)) as connection:
            connection.execute("checkpoint")
