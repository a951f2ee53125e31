"""From a batch's evaluated frame to what is reported: rows inside the range, matches, the bars of each symbol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from ..data.instants import Bounds
from .jobs import Bound
from .results import KEYS, SymbolError

Labels = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True, slots=True)
class Selection:
    """What of an evaluated frame is reported.

    `results` maps a formula's name to its column; `indicators` a formula's name to label -> column.
    `start` is the first reported moment in exchange time `zone`. `latest` keeps each symbol's last bar alone,
    `everything` keeps every bar with the results' values instead of the matches.
    """

    results: Mapping[str, str]
    indicators: Labels
    several: bool = False
    start: Bound | None = None
    zone: str = "UTC"
    latest: bool = False
    everything: bool = False

    @property
    def labels(self) -> Labels:
        """A formula's labels and the columns that bear them in the matches; keyed by "" for a formula alone."""
        columns = {name: {label: reported(label) for label in labels} for name, labels in self.indicators.items()}
        return columns if self.several else {"": next(iter(columns.values()), {})}


@dataclass(slots=True)
class Piece:
    """What a batch adds to the job's results. `elapsed` is in seconds, by symbol."""

    table: pl.DataFrame | None = None
    bars: dict[str, int] = field(default_factory=dict)
    loaded: int = 0
    last: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, SymbolError] = field(default_factory=dict)
    defects: dict[str, dict[str, int]] = field(default_factory=dict)
    elapsed: dict[str, float] = field(default_factory=dict)


def reported(label: str) -> str:
    """The column of an indicator in the matches: its label, unless that is a name of the table's own."""
    return f"{label}_" if label in KEYS else label


def split(frame: pl.DataFrame, selection: Selection) -> Piece:
    """Select what is reported of a frame with columns symbol, ts and the results, sorted by (symbol, ts)."""
    piece = Piece(loaded=frame.height)
    inside = frame
    if selection.start is not None and not selection.latest:
        dates = frame.schema["ts"] == pl.Date
        inside = frame.filter(Bounds.read(selection.start, None, dates=dates, tz=selection.zone).filter())
    if selection.latest:
        inside = frame.filter((pl.col("symbol") != pl.col("symbol").shift(-1)).fill_null(value=True))
    spans = inside.group_by("symbol", maintain_order=True).agg(pl.len(), pl.col("ts").last())
    for symbol, bars, last in spans.iter_rows():
        piece.bars[symbol] = bars
        piece.last[symbol] = last
    piece.table = _values(inside, selection) if selection.everything else _matches(inside, selection)
    return piece


def _values(frame: pl.DataFrame, selection: Selection) -> pl.DataFrame:
    columns = [pl.col(column).alias(name) for name, column in selection.results.items()]
    return frame.select("symbol", "ts", *columns)


def _matches(frame: pl.DataFrame, selection: Selection) -> pl.DataFrame:
    found = [_matches_of(name, frame, selection) for name in selection.results]
    if not found:
        return frame.select("symbol", "ts").clear()
    if len(found) == 1:
        return found[0]
    return pl.concat(found, how="diagonal_relaxed").sort("symbol", "ts", maintain_order=True)


def _matches_of(name: str, frame: pl.DataFrame, selection: Selection) -> pl.DataFrame:
    columns = [pl.col(column).alias(reported(label)) for label, column in selection.indicators[name].items()]
    formula = [pl.lit(name).alias("formula")] if selection.several else []
    return frame.filter(pl.col(selection.results[name])).select("symbol", "ts", *formula, *columns)
