"""The files of a candle store: a folder with a column a file, and a list of contents that says what they are.

The files are uncompressed Arrow, so that they are mapped into memory instead of read. They are never written again: a
store is renewed with further files, and then the list takes the place of the one before. Whoever reads meanwhile sees
the old candles or the new ones.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow as pa

from ..errors import RepositoryError
from .candles import Candles
from .inspecting import Inspection, Place, possible
from .layout import kind_of
from .placing import place
from .policies import CandlePolicy
from .summaries import summary
from .writing import Aside, flush

VERSION: Final = 1
LIST: Final = "store.json"
COLUMNS: Final = "columns-"  # how the names of folders begin that hold them
DTYPES: Final[Mapping[str, pl.DataType]] = {
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
    "text": pl.String(),
    "date": pl.Date(),
    "instant": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True)
class Stored:
    """One column: its file within the store, the bytes of that file, and what it holds (a key of DTYPES)."""

    file: str
    size: int
    kind: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a store holds. `symbols` is one row per symbol: symbol, first, last, rows; in the order of the columns.

    `clean` are the places (kind of defect, fields) in which no row is at fault.
    """

    folder: str
    rows: int
    timeframe: str
    zone: str
    symbols: Stored
    ts: Stored
    columns: Mapping[str, Stored]
    clean: frozenset[Place]

    @classmethod
    def read(cls, store: Path) -> Contents:
        """Read the list of a store; RepositoryError where there is none, or one of another version."""
        path = store / LIST
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise RepositoryError(f"{store} is no candle store: it has no {LIST}", retryable=True) from error
        except (OSError, ValueError) as error:
            raise RepositoryError(f"{path} cannot be read: {error}; import the candles again") from error
        version = found.get("version") if isinstance(found, dict) else None
        if version != VERSION:
            raise RepositoryError(
                f"{store} is a store of version {version}, this is {VERSION}: import the candles again"
            )
        try:
            return cls.of(found)
        except (KeyError, TypeError) as error:
            raise RepositoryError(f"{path} is not what was written: {error!r}; import the candles again") from error

    @classmethod
    def of(cls, found: Mapping[str, Any]) -> Contents:
        """The contents as they were written."""
        return cls(
            found["folder"],
            found["rows"],
            found["timeframe"],
            found["zone"],
            Stored(**found["symbols"]),
            Stored(**found["ts"]),
            {name: Stored(**stored) for name, stored in found["columns"].items()},
            frozenset(Place(kind, tuple(fields), loose) for kind, fields, loose in found["clean"]),
        )

    def text(self) -> str:
        """The list as it is written."""
        clean = sorted([place.kind, list(place.fields), place.loose] for place in self.clean)
        columns = {name: asdict(stored) for name, stored in self.columns.items()}
        own = {name: getattr(self, name) for name in ("folder", "rows", "timeframe", "zone")}
        parts = {"symbols": asdict(self.symbols), "ts": asdict(self.ts), "columns": columns, "clean": clean}
        return json.dumps({"format": "barsweep candle store", "version": VERSION, **own, **parts}, indent=1)


def write_store(frame: pl.DataFrame, store: Path, timeframe: str, zone: str) -> None:
    """Write candles as a store: symbol, ts (Date, or Datetime in UTC), numbers as float64, booleans and text.

    Columns of other kinds are left out. A store that is there already is renewed. Others must not write to the store
    meanwhile: see `alone`. Raises RepositoryError where the files cannot be written.
    """
    candles = place(frame).candles
    folder = f"{COLUMNS}{uuid.uuid4().hex[:12]}"
    try:
        (store / folder).mkdir(parents=True)
        try:
            contents = write_columns(candles, store, folder, timeframe, zone)
            with Aside(store / LIST) as aside:
                aside.path.write_text(contents.text(), encoding="utf-8")
                aside.take_place()
        except BaseException:
            shutil.rmtree(store / folder, ignore_errors=True)  # the next writer tries again
            raise
    except OSError as error:
        raise RepositoryError(f"{store} cannot be written: {error.strerror or error}") from error
    for other in store.glob(f"{COLUMNS}*"):
        if other.name != folder:
            shutil.rmtree(other, ignore_errors=True)  # a system that keeps open files keeps them until the next time


def write_columns(candles: Candles, store: Path, folder: str, timeframe: str, zone: str) -> Contents:
    """Write a file a column."""
    place = store / folder
    kinds = {name: kind_of("", candles.table.schema[name]) for name in candles.table.columns if name != "ts"}
    columns: dict[str, Stored] = {}
    for number, (name, kind) in enumerate(kinds.items()):
        if kind is not None:
            columns[name] = written(place / f"{number}.arrow", candles.table[name].cast(DTYPES[kind]).to_frame(), kind)
    ts_kind = "date" if candles.ts.dtype == pl.Date else "instant"
    return Contents(
        folder,
        candles.height,
        timeframe,
        zone,
        written(place / "symbols.arrow", summary(candles), "symbols"),
        written(place / "ts.arrow", candles.ts.to_frame(), ts_kind),
        columns,
        clean_places(candles, [name for name, stored in columns.items() if stored.kind == "number"]),
    )


def clean_places(candles: Candles, numbers: Sequence[str]) -> frozenset[Place]:
    """Where no row is at fault."""
    inspection = Inspection(candles)
    faulty = set()
    for policy in (CandlePolicy(), CandlePolicy(non_positive="keep")):
        faulty |= {fault.place for fault in inspection.faults(numbers, policy)}
    places = {place for loose in (False, True) for place in possible(numbers, loose=loose)}
    return frozenset(places - faulty)


def written(path: Path, frame: pl.DataFrame, kind: str) -> Stored:
    """Write columns as one uncompressed Arrow file, all rows in one piece."""
    table = frame.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        for batch in table.to_batches():
            writer.write_batch(batch)
    flush(path)
    return Stored(path.name, path.stat().st_size, kind)


def mapped(path: Path, size: int) -> pl.DataFrame:
    """Map a file into memory; RepositoryError where it is not as long as it was written."""
    try:
        there = path.stat().st_size
        if there != size:
            raise RepositoryError(f"{path} has {there} bytes where {size} were written: import the candles again")
        with pa.memory_map(str(path)) as file:
            found = pl.from_arrow(pa.ipc.open_file(file).read_all())
    except FileNotFoundError as error:
        raise RepositoryError(f"{path} is gone: the store was perhaps renewed just now", retryable=True) from error
    except (OSError, ValueError, pa.ArrowException, pl.exceptions.PolarsError) as error:
        raise RepositoryError(f"{path} cannot be read: {error}; import the candles again") from error
    assert isinstance(found, pl.DataFrame)
    return found
