"""CSV and Parquet files brought into one DuckDB table."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Unpack

import polars as pl
import pyarrow as pa

from ..errors import RepositoryError
from .connecting import DATABASES, first_line, literal, open_for_reading, quoted
from .delimited import DelimitedRepository
from .instants import Bound, Instant
from .opening import open_path
from .options import TextOptions, as_path
from .placing import read_counts
from .store import ENDING as STORE
from .storing import LIST, write_store
from .tables import TableRepository
from .writing import Aside, alone


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
    **options: Unpack[TextOptions],
) -> ImportedCandles:
    r"""Bring a CSV or Parquet file, or a folder of them, into a table of a DuckDB file, or into a store.

    A target called .store becomes a `CandleStore`: a folder that is several times faster to load and larger on disk; it
    holds one table, whatever `table` says.

    A folder's files without a symbol column are one symbol each, called like the file. The table has symbol, ts and the
    standard names, numbers as double, sorted by symbol and ts. `options` as in `open_repository`; prices are adjusted
    if `adjust=` says so. Other tables of the target stay. Everything is written to a file beside the target, which
    then takes its place: whoever reads the target sees the old one or the new one. Raises RepositoryError if the
    table is there and `replace` is not said, if the target is the source or not called .duckdb or .db, and if there are
    no bars that could replace others.

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
    loaded, faulty = load_sound(repository, start, end)
    frame = pl.DataFrame(loaded)
    if frame.is_empty() and replace and goal.exists():  # a download that failed leaves a header, say
        inside = "" if start is None and end is None else " in this range"
        raise RepositoryError(f"{origin} holds no bars{inside}: nothing was imported, and {goal} stays as it is")
    with writable(goal), alone(goal):
        refuse_existing(goal, table, replace=replace)  # somebody else may have written it meanwhile
        if goal.suffix.lower() == STORE:
            write_store(frame, goal, repository.stored.text, repository.zone_name)
        else:
            write_table(frame, goal, table)
    ends = (frame["ts"].min(), frame["ts"].max())
    files = repository.left_out if isinstance(repository, DelimitedRepository) else {}
    defects = {kind: sum(found.values()) for kind, found in read_counts(loaded).items()}
    symbols = frame["symbol"].n_unique()
    names = tuple(name for name in frame.columns if name not in {"symbol", "ts"})
    return ImportedCandles(goal, table, frame.height, symbols, *ends, files | faulty, defects, names)  # type: ignore[arg-type]


def load_sound(repository: TableRepository, start: Bound, end: Bound) -> tuple[pa.Table, dict[str, str]]:
    """All candles but those of symbols at fault, and what is wrong with these; raises where no other is left."""
    timeframe = repository.stored.text
    columns = list(repository.columns(timeframe))
    wanted: list[str] | None = None
    faulty: dict[str, str] = {}
    while True:
        try:
            return repository.load(wanted, timeframe, start, end, columns), faulty
        except RepositoryError as error:  # one faulty symbol does not stop an import; `left_out` tells it
            faulty |= error.faulty
            wanted = sorted(set(repository.symbols(timeframe)) - set(faulty))
            if not error.faulty or not wanted:
                raise


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


def write_table(frame: pl.DataFrame, target: Path, table: str) -> None:
    """Write a frame as a table of a DuckDB file, aside and then renamed; its other tables stay."""
    import duckdb  # noqa: PLC0415 - who reads other files need not wait for it

    try:
        with Aside(target) as aside:
            if aside.target.exists():
                complete(aside.target)
                shutil.copy2(aside.target, aside.path)
            passed = aside.path.with_suffix(".parquet")
            frame.write_parquet(passed)
            with duckdb.connect(str(aside.path)) as connection:
                rows = f"select * from read_parquet({literal(str(passed))})"  # noqa: S608 - quoted
                connection.execute(f"create or replace table {quoted(table)} as {rows}")
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
