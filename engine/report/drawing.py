"""What is drawn of each symbol: candles, the formulas' indicators, and the values of all parts at the matches.

Symbols are looked at some at a time, so that a long history of thousands of them never lies in memory at once.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime, timedelta
from typing import Any, Final, Self

import numpy as np
import polars as pl

from ...data.timeframes import DAY, Timeframe
from ...formulas.freezing import frozen, mutable
from ...formulas.nodes import Node
from ...formulas.units import FREE, PRICE, VOLUME, unit_of
from ..jobs import DateRange
from ..origin import Origin
from ..sources import rows_of
from .packing import Floats, Whole, differences, drawn, packed, rounded, seconds_of
from .points import Point
from .returns import Returns
from .table import MatchTable

BEFORE: Final = 150
"""Bars that are drawn before a symbol's first match, and after its last one:"""
AFTER: Final = 60
FEWEST: Final = 250
"""So many bars a symbol keeps, whatever the budget; beyond that symbols go without a chart."""
BYTES: Final = {"candle": 14, "line": 4}
"""What a bar of a candle and of a line takes in the page, roughly; which bars fit is decided before they are packed."""
MOST_LINES: Final = 12
ROWS_AT_ONCE: Final = 400_000
USUAL_ROWS: Final = 2_500
WEEK: Final = 7 * DAY
SPARSE: Final = 1.6
"""Calendar days to a day's bar, weekends and holidays included; and of shorter bars, nights too:"""
SPARSE_INTRADAY: Final = 6.0
OVERLAY: Final = (0.25, 4.0)
"""A line is drawn over the candles if its usual value is so many times the usual close."""


@mutable(slots=False)
class Drawings:
    """Packed charts by symbol, and where the lines of each point are drawn. `left_out` has what the budget cut."""

    charts: dict[str, str] = field(default_factory=dict)
    lines: list[list[dict[str, Any]]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    bars: int = 0
    size: int = 0


@frozen(slots=False)
class Drawer:
    """Draws the symbols of a table of matches within a budget of bytes."""

    origin: Origin
    points: Sequence[Point]
    table: MatchTable
    budget: int

    def draw(self, returns: Returns) -> Drawings:
        """Every symbol, those with the newest matches first; what came after the matches is noted by the way."""
        made = Drawings()
        newest = (
            self.table.frame.group_by("symbol").agg(pl.col("ts").max()).sort("ts", "symbol", descending=[True, False])
        )
        symbols = newest["symbol"].to_list()
        lines = sum(min(MOST_LINES, len(point.lines)) for point in self.points)
        per_bar = BYTES["candle"] + BYTES["line"] * lines
        made.bars = max(FEWEST, self.budget // max(1, per_bar * len(symbols)))
        for chunk in self._chunks(symbols):
            self._chunk(chunk, made, returns)
        return made

    def _chunks(self, symbols: Sequence[str]) -> Iterator[Sequence[str]]:
        """So many symbols as lie in memory together; all, if a formula ranks them."""
        rows = (rows_of(self.origin.repository, self.origin.job.timeframe) or {}).values()
        size = max(1, ROWS_AT_ONCE // max(1, max(rows, default=USUAL_ROWS)))
        if any(point.parts.checked.across for point in self.points):
            size = max(1, len(symbols))
        for place in range(0, len(symbols), size):
            yield symbols[place : place + size]

    def _chunk(self, symbols: Sequence[str], made: Drawings, returns: Returns) -> None:
        matches = self.table.frame.filter(pl.col("symbol").is_in(list(symbols)))
        bounds = self._bounds(matches)
        candles = self.origin.candles(symbols, bounds)
        found = [self._values(point, symbols, bounds) for point in self.points]
        mine = [point.mine(matches) for point in self.points]
        returns.add(candles, mine or [matches])
        if not made.lines:
            made.lines = [self._placed(point, frame, candles) for point, frame in zip(self.points, found, strict=True)]
        reasons = [_at(point, frame, own) for point, frame, own in zip(self.points, found, mine, strict=True)]
        bars = Bars.of(candles, [(point, frame) for point, frame in zip(self.points, found, strict=True)])
        spans = {symbol: (first, last) for symbol, first, last in _spans(matches)}
        for symbol in symbols:
            if made.size >= self.budget or symbol not in bars.places:
                made.left_out.append(symbol)
                continue
            chart = bars.chart(symbol, *spans[symbol], made.bars)
            for point, at in zip(chart["points"], reasons, strict=True):
                point.update(at.get(symbol, {}))
            made.charts[symbol] = packed(chart)
            made.size += len(made.charts[symbol])

    def _bounds(self, matches: pl.DataFrame) -> DateRange:
        """From some bars before the first match on, as the calendar goes."""
        first: date | datetime = matches["ts"].min()  # type: ignore[assignment]
        length = Timeframe.parse(self.origin.job.timeframe).seconds
        stretch = SPARSE_INTRADAY if length < DAY else SPARSE if length < WEEK else 1.0
        return DateRange(first - timedelta(days=math.ceil(BEFORE * length / DAY * stretch) + 5), None)

    def _values(self, point: Point, symbols: Sequence[str], bounds: DateRange) -> pl.DataFrame:
        """The point's lines and parts at every bar."""
        asked = self.origin.job.symbols if point.parts.checked.across else symbols
        found = point.asked.values(symbols=asked, date_range=bounds)
        return found.filter(pl.col("symbol").is_in(list(symbols))) if point.parts.checked.across else found

    def _placed(self, point: Point, found: pl.DataFrame, candles: pl.DataFrame) -> list[dict[str, Any]]:
        """Where each line of a point is drawn, and the constants that it is compared with."""
        close = _usual(candles["close"]) if "close" in candles.columns else None
        placed = []
        for label, node in list(point.lines.items())[:MOST_LINES]:
            pane = pane_of(node, _usual(found[point.names[node]]), close, label)
            placed.append({"label": label, "pane": pane, "levels": point.levels(node)})
        return placed


@frozen(slots=False)
class Bars:
    """The bars of some symbols as columns: moments, fields of the candle, and the lines of each point."""

    places: Mapping[str, tuple[int, int]]
    seconds: Whole
    fields: Mapping[str, Floats]
    lines: Sequence[Sequence[Floats]]

    @classmethod
    def of(cls, candles: pl.DataFrame, found: Sequence[tuple[Point, pl.DataFrame]]) -> Self:
        """Candles, sorted by symbol and ts, with the lines of points beside them."""
        lines = []
        for point, frame in found:
            names = [point.names[node] for node in list(point.lines.values())[:MOST_LINES]]
            keyed = frame.select("symbol", "ts", *(pl.col(name).alias(f"~{k}") for k, name in enumerate(names)))
            beside = candles.select("symbol", "ts").join(keyed, on=["symbol", "ts"], how="left", maintain_order="left")
            lines.append([_floats(beside[f"~{k}"]) for k in range(len(names))])
        runs = candles.group_by("symbol", maintain_order=True).len()
        ends = itertools.accumulate(runs["len"])
        places = {symbol: (end - rows, end) for (symbol, rows), end in zip(runs.iter_rows(), ends, strict=True)}
        fields = {name: _floats(candles[name]) for name in candles.columns if name not in {"symbol", "ts"}}
        return cls(places, seconds_of(candles["ts"]), fields, lines)

    def chart(self, symbol: str, first: int, last: int, most: int) -> dict[str, Any]:
        """The bars around a symbol's matches, which lie between two moments; of more than fit the newest."""
        start, end = self.places[symbol]
        seconds = self.seconds[start:end]
        stop = min(len(seconds), int(np.searchsorted(seconds, last, "right")) + AFTER)
        begin = max(0, int(np.searchsorted(seconds, first)) - BEFORE, stop - most)
        bars = slice(start + begin, start + stop)
        chart: dict[str, Any] = {"t": differences(self.seconds[bars])}
        chart |= {name: drawn(field[bars]) for name, field in self.fields.items()}
        return {**chart, "points": [{"lines": [drawn(line[bars]) for line in lines]} for lines in self.lines]}


def _at(point: Point, found: pl.DataFrame, matches: pl.DataFrame) -> dict[str, dict[str, Any]]:
    """For each symbol the rows of its matches in the table, and the values that the point's parts have there."""
    names = [point.names[part.node] for part in point.parts.whole.walk()]
    at = matches.select("symbol", "ts", "~row").join(found, on=["symbol", "ts"], maintain_order="left")
    shown = at.select("symbol", "~row").hstack(rounded(at.select(list(dict.fromkeys(names)))))
    return {
        str(symbol): {"rows": own["~row"].to_list(), "parts": [own[name].to_list() for name in names]}
        for (symbol,), own in shown.partition_by("symbol", as_dict=True).items()
    }


def _spans(matches: pl.DataFrame) -> Iterator[tuple[str, int, int]]:
    """The symbols with the moments of their first and last matches."""
    spans = matches.group_by("symbol").agg(first=pl.col("ts").min(), last=pl.col("ts").max())
    return zip(spans["symbol"], seconds_of(spans["first"]).tolist(), seconds_of(spans["last"]).tolist(), strict=True)


def _floats(column: pl.Series) -> Floats:
    return column.cast(pl.Float64).to_numpy()


def pane_of(node: Node, usual: float | None, close: float | None, label: str) -> str:
    """On which pane a line belongs: over the price, over the volume, or on one of its own by that name."""
    unit = unit_of(node)
    if unit == VOLUME:
        return "volume"
    ratio = usual / close if usual is not None and close else 0.0
    if unit in {PRICE, FREE} and OVERLAY[0] <= ratio <= OVERLAY[1]:
        return "price"
    return "difference of prices" if unit == PRICE else label


def _usual(numbers: pl.Series) -> float | None:
    middle = numbers.abs().median()
    return float(middle) if isinstance(middle, int | float) else None
