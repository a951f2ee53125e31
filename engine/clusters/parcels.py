"""What comes of an order, in files: a table in Arrow IPC, and beside it what else is to be told, in JSON.

Both are written aside and renamed, the JSON last: where it is, all is there. Whoever runs the order again writes the
same.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from ..deferring import Table
from ..figures import Figures
from ..results import SymbolError
from ..splitting import Piece, Selection
from ..uniting import united
from .folders import aside_of


def write_piece(folder: Path, name: str, piece: Piece) -> None:
    """Write what a batch has found."""
    table = united(piece.tables) if piece.tables else piece.table
    if table is not None:
        write_table(folder, name, table)
    told = {
        "table": table is not None,
        "found": dict(piece.found),
        "bars": dict(piece.bars),
        "loaded": piece.loaded,
        "last": {symbol: _as_text(moment) for symbol, moment in piece.last.items()},
        "errors": {symbol: asdict(error) for symbol, error in piece.errors.items()},
        "defects": piece.defects,
        "elapsed": dict(piece.elapsed),
    }
    write_told(folder, name, told)


def read_piece(folder: Path, name: str, selection: Selection) -> Piece:
    """What was written."""
    told = read_told(folder, name)
    assert told is not None
    table = read_table(folder, name) if told["table"] else None
    piece = Piece(
        found=Figures(told["found"]),
        bars=Figures(told["bars"]),
        loaded=told["loaded"],
        last={symbol: _of_text(moment) for symbol, moment in told["last"].items()},
        errors={symbol: error_of(each) for symbol, each in told["errors"].items()},
        defects=told["defects"],
        elapsed=Figures(told["elapsed"]),
    )
    if table is not None and selection.several and not selection.everything:
        piece.tables = {name: Table.of(each) for name, each in _parted(table, selection).items()}
    else:
        piece.table = table
    return piece


def _parted(table: pl.DataFrame, selection: Selection) -> dict[str, pl.DataFrame]:
    """The matches of each formula, with its own columns."""
    parts = {}
    for formula, labels in selection.labels.items():
        tags = [name for name in selection.parameters if name in table.columns and _is_tagged(formula, name, selection)]
        columns = dict.fromkeys(
            ["symbol", "ts", *tags, *(column for column in labels.values() if column in table.columns)]
        )
        parts[formula] = table.filter(pl.col("formula") == formula).select(list(columns))
    return parts


def _is_tagged(formula: str, parameter: str, selection: Selection) -> bool:
    return any(
        parameter in tags for name, tags in selection.tags.items() if selection.origins.get(name, name) == formula
    )


def write_table(folder: Path, name: str, table: pl.DataFrame) -> None:
    """Write a table aside, and give it its name when it is whole."""
    path = folder / f"{name}.arrow"
    aside = aside_of(path)
    table.write_ipc(aside)
    aside.replace(path)


def read_table(folder: Path, name: str) -> pl.DataFrame:
    """A table."""
    return pl.scan_ipc(folder / f"{name}.arrow").collect()


def write_told(folder: Path, name: str, told: Mapping[str, Any]) -> None:
    """Say that an order has been carried out, and what there is to tell of it."""
    path = folder / f"{name}.json"
    aside = aside_of(path)
    aside.write_text(json.dumps(told), encoding="utf-8")
    aside.replace(path)


def read_told(folder: Path, name: str) -> dict[str, Any] | None:
    """What was told of an order that has been carried out; None: it has not."""
    try:
        found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:  # it has not been carried out
        return None
    return found


def _as_text(moment: dt.date) -> str:
    return moment.isoformat()


def _of_text(moment: str) -> dt.date:
    return dt.datetime.fromisoformat(moment) if "T" in moment else dt.date.fromisoformat(moment)


def error_of(told: Mapping[str, Any]) -> SymbolError:
    """A symbol's error as it was told."""
    return SymbolError(told["kind"], told["message"], tuple(told["rows"]), told["count"])
