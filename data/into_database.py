"""Candles written as a table of a DuckDB file, in parts and in little memory."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Final

import polars as pl

from ..errors import RepositoryError
from .connecting import first_line, literal, quoted, waited_for
from .database import DuckDBRepository
from .tables import TableRepository
from .writing import Aside

ROOM: Final = 2**30
"""Bytes that DuckDB may take while it reads or writes: else it keeps in memory what it was through with."""
THREADS: Final = min(8, os.cpu_count() or 1)  # that write: each needs memory for every column
TENTH: Final = 0.1
ROOM_OF_COLUMN: Final = 2**20  # further bytes for a column, of each thread


@contextmanager
def sparing(repository: TableRepository) -> Iterator[None]:
    """Have DuckDB, if the candles are read by it, take little memory meanwhile.

    Whoever has the file open in this process shares that, and has it as it was afterwards.
    """
    if not isinstance(repository, DuckDBRepository):
        yield
        return
    with repository.cursor() as cursor:
        ((before,),) = cursor.execute("select current_setting('memory_limit')").fetchall()
    repository.limit_memory(ROOM)
    try:
        yield
    finally:
        # where the file can no longer be opened there is no limit either, and what failed before is what is told
        with suppress(RepositoryError), repository.cursor() as cursor:
            number, unit = before.split()  # told in whole tenths: that much alone would be less each time
            cursor.execute(f"set memory_limit = '{float(number) + TENTH / 2} {unit}'")


def write_table(parts: Iterable[pl.DataFrame], target: Path, table: str) -> None:
    """Write frames, one at least, as a table of a DuckDB file, aside and then renamed; its other tables stay."""
    import duckdb  # noqa: PLC0415 - who reads other files need not wait for it

    try:
        with Aside(target) as aside, waited_for():
            if aside.target.exists():
                complete(aside.target)
                shutil.copy2(aside.target, aside.path)
            with duckdb.connect(str(aside.path), config={"threads": THREADS}) as connection:
                into, names = f"create or replace table {quoted(table)} as", count()
                for part in parts:
                    connection.execute(f"set memory_limit = '{ROOM + part.width * THREADS * ROOM_OF_COLUMN}B'")
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
