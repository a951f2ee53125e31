"""From a batch's evaluated frame to what is reported: rows inside the range, matches, the bars of each symbol."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..data.candles import Candles
from ..data.handing import column_of
from ..data.instants import Bounds
from ..formulas.freezing import frozen, mutable
from .deferring import Table, size_of
from .figures import Figures
from .jobs import Bound, Setting
from .results import KEYS, SymbolError
from .spilling import Spill

Labels = Mapping[str, Mapping[str, str]]


@frozen
class Selection:
    """What of an evaluated frame is reported.

    `results` maps a formula's name to its column; `indicators` a formula's name to label -> column.
    `tags` has for each formula the columns, beside symbol and ts, that tell its rows from those of others, and
    `origins` the formula as it was asked for, of which a sweep makes several.
    `start` is the first reported moment in exchange time `zone`. `latest` keeps each symbol's last bar alone,
    `everything` keeps every bar with the results' values instead of the matches.
    """

    results: Mapping[str, str]
    indicators: Labels
    tags: Mapping[str, Mapping[str, Setting]] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict)
    start: Bound | None = None
    zone: str = "UTC"
    latest: bool = False
    everything: bool = False

    @property
    def labels(self) -> Labels:
        """A formula's labels and the columns that bear them in the matches; keyed by "" for a formula alone."""
        columns = {
            self.origins.get(name, name): {label: reported(label) for label in labels}
            for name, labels in self.indicators.items()
        }
        return columns if self.several else {"": next(iter(columns.values()), {})}

    @property
    def wanted(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """The column of each formula's result, and of its indicators."""
        return tuple((self.results[name], tuple(labels.values())) for name, labels in self.indicators.items())

    @property
    def several(self) -> bool:
        """Whether matches need a column `formula` to tell them apart."""
        return any("formula" in tags for tags in self.tags.values())

    @property
    def parameters(self) -> tuple[str, ...]:
        """The swept params, which are columns of the matches."""
        return tuple(dict.fromkeys(name for tags in self.tags.values() for name in tags if name != "formula"))


@mutable
class Piece:
    """What a batch adds to the job's results.

    `table` has the matches or values; of several formulas `tables` has a table of matches for each, and `shared` says
    how many bytes those that are not made yet keep together. `found` counts matches, `elapsed` is in seconds, both by
    symbol.
    """

    table: pl.DataFrame | None = None
    tables: dict[str, Table] = field(default_factory=dict)
    shared: int = 0
    found: Figures[int] = field(default_factory=Figures)
    bars: Figures[int] = field(default_factory=Figures)
    loaded: int = 0
    last: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, SymbolError] = field(default_factory=dict)
    defects: dict[str, dict[str, int]] = field(default_factory=dict)
    elapsed: Figures[float] = field(default_factory=Figures)

    @property
    def size(self) -> int:
        """Bytes of what is reported."""
        return self.shared + size_of(self.table) + sum(table.size for table in self.tables.values())

    @property
    def rows(self) -> int:
        """Rows of what is reported, made or not."""
        return (0 if self.table is None else self.table.height) + sum(table.height for table in self.tables.values())

    def put_aside(self, spill: Spill) -> None:
        """Have the tables in mapped files instead of in memory."""
        self.table = None if self.table is None else spill.aside(self.table)
        for name in self.tables:  # one after the other: made, they take far more than what they are made of
            self.tables[name] = Table.of(spill.aside(self.tables[name].frame))
        self.shared = 0


def reported(label: str) -> str:
    """The column of an indicator in the matches: its label, unless that is a name of the table's own."""
    return f"{label}_" if label in KEYS else label


def split_columns(candles: Candles, columns: Sequence[pl.Series], selection: Selection) -> Piece:
    """Every bar inside the range, with the results' values, which stand in the order of `selection.results`."""
    inside = rows_inside(candles, selection)
    piece = bars_counted(candles, inside, selection)
    frame = candles.frame
    keys = pl.DataFrame([frame["symbol"], frame["ts"]])  # select would copy a column in pieces beside a whole one
    table = stacked(keys, dict(zip(selection.results, columns, strict=True)), selection)
    if inside is not None:
        points = table.height // max(1, keys.height)
        table = table.filter(column_of("inside", np.repeat(inside, points)))
    piece.table = table
    return piece


def stacked(keys: pl.DataFrame, columns: Mapping[str, pl.Series], selection: Selection) -> pl.DataFrame:
    """The keys with a column for each formula; of a sweep, each row once for each point, with the params as columns."""
    if not selection.parameters:
        return pl.DataFrame([*keys.get_columns(), *(column.alias(name) for name, column in columns.items())])
    points: dict[tuple[Setting | None, ...], dict[str, pl.Series]] = {}
    for name, column in columns.items():
        values = tuple(selection.tags[name].get(parameter) for parameter in selection.parameters)
        points.setdefault(values, {})[selection.origins[name]] = column
    tables = []
    for values, named in points.items():
        swept = zip(selection.parameters, values, strict=True)
        tags = [pl.repeat(value, keys.height, eager=True).alias(parameter) for parameter, value in swept]
        series = [column.alias(name) for name, column in named.items()]
        tables.append(pl.DataFrame([pl.int_range(keys.height, eager=True).alias("~row"), *keys, *tags, *series]))
    return pl.concat(tables, how="diagonal_relaxed").sort("~row", maintain_order=True).drop("~row")


def put_together(
    piece: Piece, tables: Mapping[str, pl.DataFrame], selection: Selection, by: tuple[str, ...] = ("symbol", "ts")
) -> None:
    """Put the tables of one formula's points into one, and keep those of different formulas apart."""
    points: dict[str, list[pl.DataFrame]] = {}
    for name, table in tables.items():
        points.setdefault(selection.origins.get(name, name), []).append(table)
    joined = {name: joined_rows(several, by) for name, several in points.items()}
    if selection.several:
        piece.tables = {name: Table.of(table) for name, table in joined.items()}
    else:
        piece.table = next(iter(joined.values()), None)


def joined_rows(tables: Sequence[pl.DataFrame], by: tuple[str, ...]) -> pl.DataFrame:
    """The points' tables in one, in the order of the rows."""
    together = tables[0]
    if len(tables) > 1:
        together = pl.concat(tables, how="diagonal_relaxed").sort(*by, maintain_order=True)
    if "~row" in together.columns:
        together.drop_in_place("~row")
    return together


def rows_inside(candles: Candles, selection: Selection) -> NDArray[np.bool_] | None:
    """The rows that are reported; None: all of them."""
    if selection.latest:
        inside = np.zeros(candles.height, np.bool_)
        inside[candles.starts[1:] - 1] = True
        return inside
    if selection.start is None:
        return None
    dates = candles.ts.dtype == pl.Date
    bounds = Bounds.read(selection.start, None, dates=dates, tz=selection.zone)
    return candles.table.select(bounds.filter()).to_series().to_numpy()


def bars_counted(candles: Candles, inside: NDArray[np.bool_] | None, selection: Selection) -> Piece:
    """A piece that counts the bars, and where the latest ones are asked for, knows each symbol's last."""
    starts = candles.starts
    counts = candles.lengths if inside is None else np.diff(np.concatenate([[0], np.cumsum(inside)])[starts])
    piece = Piece(loaded=candles.height, bars=Figures.of(candles.symbols, counts))
    if selection.latest:
        piece.last = dict(zip(candles.symbols, candles.ts.gather(column_of("last", starts[1:] - 1)), strict=True))
    return piece


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
    symbols, bars, last = (spans[name] for name in spans.columns)
    piece.bars, piece.last = Figures.of(symbols.to_list(), bars.to_numpy()), dict(zip(symbols, last, strict=True))
    if selection.everything:
        piece.table = _values(inside, selection)
        return piece
    found = {name: _matches_of(name, inside, selection) for name in selection.results}
    counted = [table.select("symbol") for table in found.values()] or [inside.select("symbol").clear()]
    piece.found = Figures(dict(pl.concat(counted).group_by("symbol", maintain_order=True).len().iter_rows()))
    put_together(piece, found, selection)
    if not found:
        piece.table = inside.select("symbol", "ts").clear()
    return piece


def _values(frame: pl.DataFrame, selection: Selection) -> pl.DataFrame:
    return stacked(frame.select("symbol", "ts"), {name: frame[c] for name, c in selection.results.items()}, selection)


def _matches_of(name: str, frame: pl.DataFrame, selection: Selection) -> pl.DataFrame:
    columns = [pl.col(column).alias(reported(label)) for label, column in selection.indicators[name].items()]
    tags = [pl.lit(value).alias(column) for column, value in _points(name, selection).items()]
    return frame.filter(pl.col(selection.results[name])).select("symbol", "ts", *tags, *columns)


def tags_of(name: str, selection: Selection, rows: int) -> dict[str, pl.Series]:
    """The columns that tell a formula's rows apart; numbers of one param are of one type throughout."""
    return {column: pl.repeat(value, rows, eager=True) for column, value in _points(name, selection).items()}


def _points(name: str, selection: Selection) -> dict[str, Setting]:
    """A formula's values of the swept params; `formula` itself is known by its table."""
    return {column: value for column, value in selection.tags.get(name, {}).items() if column != "formula"}
