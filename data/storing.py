"""The files of a candle store: a folder with a column a file, and a list of contents that says what they are.

The files are uncompressed Arrow, so that they are mapped into memory instead of read. They are never written again: a
store is renewed with further files, and then the list takes the place of the one before. Whoever reads meanwhile sees
the old candles or the new ones.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import polars as pl

from ..errors import RepositoryError
from .candles import Candles
from .contents import LIST, Contents
from .growing_column import GrowingColumn, as_arrow, written
from .inspecting import Inspection, Place, possible
from .layout import kind_of
from .placing import place
from .policies import CandlePolicy
from .summaries import summary
from .writing import Aside

COLUMNS: Final = "columns-"  # how the names of folders begin that hold them


def write_store(parts: Iterable[pl.DataFrame], store: Path, timeframe: str, zone: str) -> None:
    """Write candles as a store: symbol, ts (Date, or Datetime in UTC), numbers as float64, booleans and text.

    At least one part is needed. Each has whole symbols, later ones by name than those of the part before, and the same
    columns, of which those of other kinds are left out. A store that is there already is renewed. Others must not write
    to the store meanwhile: see `alone`. Raises RepositoryError where the files cannot be written.
    """
    folder, is_new = f"{COLUMNS}{uuid.uuid4().hex[:12]}", not store.exists()
    try:
        (store / folder).mkdir(parents=True)
        try:
            contents = write_columns(parts, store / folder, timeframe, zone)
            with Aside(store / LIST) as aside:
                aside.path.write_text(contents.text(), encoding="utf-8")
                aside.take_place()
        except BaseException:
            shutil.rmtree(store / folder, ignore_errors=True)  # the next writer tries again
            if is_new:
                with suppress(OSError):  # as above
                    store.rmdir()
            raise
    except OSError as error:
        raise RepositoryError(f"{store} cannot be written: {error.strerror or error}") from error
    for other in store.glob(f"{COLUMNS}*"):
        if other.name != folder:
            shutil.rmtree(other, ignore_errors=True)  # a system that keeps open files keeps them until the next time


def is_left(path: Path) -> bool:
    """Whether this lies in the folder of a store since a writer was killed before there was a list of contents."""
    return path.name.startswith((COLUMNS, f".{LIST}-"))


def write_columns(parts: Iterable[pl.DataFrame], folder: Path, timeframe: str, zone: str) -> Contents:
    """Write a file a column, and say what they hold."""
    with closing(StoreColumns(folder)) as columns:
        for part in parts:
            columns.append(place(part).candles)
            del part  # nobody needs it while the next one is made
        return columns.finish(timeframe, zone)


class StoreColumns:
    """The files of a store that is being written, and what was found out about its candles on the way."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.columns: dict[str, GrowingColumn] = {}
        self.symbols: list[pl.DataFrame] = []
        self.faulty: set[Place] = set()

    def append(self, candles: Candles) -> None:
        """Write further candles behind those that are there."""
        if not self.columns:
            self.columns = {
                name: GrowingColumn(self.folder / file, name, kind)
                for name, (file, kind) in files_of(candles.table.schema).items()
            }
        self.symbols.append(summary(candles))
        self.faulty |= faulty_places(candles, self.numbers)
        for name, column in self.columns.items():
            column.append(candles.table[name])

    @property
    def numbers(self) -> list[str]:
        """The columns of numbers."""
        return [name for name, column in self.columns.items() if column.kind == "number"]

    def finish(self, timeframe: str, zone: str) -> Contents:
        """Write what is not written yet, and say what the files hold."""
        symbols = pl.concat(self.symbols)
        columns = {name: column.finish() for name, column in self.columns.items()}
        return Contents(
            folder=self.folder.name,
            rows=sum(symbols["rows"]),
            timeframe=timeframe,
            zone=zone,
            symbols=written(self.folder / "symbols.arrow", as_arrow(symbols), "symbols"),
            ts=columns.pop("ts"),
            columns=columns,
            clean=every_place(self.numbers) - self.faulty,
        )

    def close(self) -> None:
        """Let go of files that are still open."""
        for column in self.columns.values():
            column.close()


def files_of(schema: pl.Schema) -> dict[str, tuple[str, str]]:
    """The file and the kind of every column that a store can hold."""
    ts = "date" if schema["ts"] == pl.Date else "instant"
    others = [(name, kind_of("", dtype)) for name, dtype in schema.items() if name != "ts"]
    numbered = {name: (f"{number}.arrow", kind) for number, (name, kind) in enumerate(others) if kind is not None}
    return {"ts": ("ts.arrow", ts), **numbered}


def faulty_places(candles: Candles, numbers: Sequence[str]) -> set[Place]:
    """Where rows are at fault."""
    inspection = Inspection(candles)
    policies = (CandlePolicy(), CandlePolicy(non_positive="keep"))
    return {fault.place for policy in policies for fault in inspection.faults(numbers, policy)}


def every_place(numbers: Sequence[str]) -> frozenset[Place]:
    """Where rows could be at fault."""
    return frozenset(place for loose in (False, True) for place in possible(numbers, loose=loose))
