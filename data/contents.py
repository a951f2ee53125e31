"""The list of contents of a candle store: which file is which column, and what is known of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from ..errors import RepositoryError
from .inspecting import Place

VERSION: Final = 1
LIST: Final = "store.json"
DTYPES: Final[Mapping[str, pl.DataType]] = {
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
    "text": pl.String(),
    "date": pl.Date(),
    "instant": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True)
class Stored:
    """One column: its file in the store, the bytes of that file, and what it holds: a key of DTYPES, or "symbols"."""

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
