"""Signals at every bar: long, wide, symbol by symbol, and the positions that follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal, overload

import polars as pl

from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen
from ..jobs import Setting
from ..origin import Origin
from ..results import SymbolError, counted
from .aligning import Grid, Matrix, WideKind, assert_kind
from .points import Point, point_at, stacked_points
from .positions import POSITION, positions

if TYPE_CHECKING:
    import pandas as pd

READY = "ready"


@frozen(eq=False, repr=False, slots=False)
class Signals:
    """Signals of all bars, as `barsweep.signals` hands them out.

    `names`    the signals, as they were asked for
    `errors`   symbol -> SymbolError, of symbols without signals
    `points`   the combinations of a sweep's params; without a sweep, one that is empty
    `frame`    symbol, ts, of a sweep its params, then a boolean for each signal and `ready`; symbols and ts ascend,
               of a sweep each bar comes once for each point
    `origin`   the job and its candles
    `table`    what the formulas say: a column for each formula and point, null where undefined

    A signal is never null: where its formula is undefined, it is false. `ready` says that all formulas of the row are
    defined: false while one warms up, and again where a hole in the data leaves one undefined.
    """

    table: pl.DataFrame = field(repr=False)
    names: tuple[str, ...]
    points: tuple[Point, ...] = field(repr=False)
    errors: Mapping[str, SymbolError]
    origin: Origin = field(repr=False)

    def __repr__(self) -> str:
        swept = f", {len(self.points):,} points" if self.parameters else ""
        failed = f"; {counted(len(self.errors), 'symbol')} with errors" if self.errors else ""
        bars = f"{counted(self.table.height, 'bar')} of {counted(len(self.symbols), 'symbol')}"
        return f"<Signals: {', '.join(self.names)}{swept}; {bars}{failed}>"

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.frame.__arrow_c_stream__(requested_schema)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The swept params, which are columns of the frame."""
        return tuple(self.points[0].parameters)

    @property
    def symbols(self) -> list[str]:
        """The symbols that have bars, ascending: the columns of the wide form."""
        return self._grid.symbols

    @property
    def dates(self) -> pl.Series:
        """Every ts at which one of them has a bar, ascending: the rows of the wide form."""
        return self._grid.dates

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The signals in long form."""
        return self._long([{name: self._column(name, point) for name in (*self.names, READY)} for point in self.points])

    @cached_property
    def positions(self) -> pl.DataFrame:
        """What is held after the signals of each bar: symbol, ts, swept params, `position` (1 long, -1 short, 0 none).

        From a bar where `entry` is true until one where `exit` is; where both are, nothing is held: the language's
        `flip`, which is where `exrem` has a signal that is on. `short_entry` and `short_exit` do the same on the other
        side, and an entry of one side ends a position of the other. Nothing is held before the range begins, and what
        is held at a symbol's last bar is still held there: nobody sells what has stopped trading. With `delay=1` it is
        what is held during the bar.
        """
        return self._long([{POSITION: self._column(POSITION, point)} for point in self.points])

    @overload
    def wide(
        self, name: str, kind: Literal["polars"] = "polars", *, at: Mapping[str, Setting] | None = None
    ) -> pl.DataFrame: ...
    @overload
    def wide(self, name: str, kind: Literal["numpy"], *, at: Mapping[str, Setting] | None = None) -> Matrix: ...
    @overload
    def wide(self, name: str, kind: Literal["pandas"], *, at: Mapping[str, Setting] | None = None) -> pd.DataFrame: ...
    def wide(
        self, name: str, kind: WideKind = "polars", *, at: Mapping[str, Setting] | None = None
    ) -> pl.DataFrame | Matrix | pd.DataFrame:
        """One column for all symbols side by side: a row for each of `dates`, a column for each of `symbols`.

        `name` is a signal, "ready", "position", or a column of the candles ("close"), which is loaded then; all of them
        align. Where a symbol has no bar, signals are False, prices missing, and positions stay what they were: nobody
        trades there. `kind` is "polars" (with a column ts), "numpy" (the matrix alone) or "pandas" (dates as index). Of
        a sweep, `at={"n": 20}` chooses a point; pandas takes all of them otherwise, the params as levels of columns.
        """
        assert_kind(kind)
        if name not in [*self.names, READY, POSITION]:
            matrix = self._prices(name)
            return self._as_kind(matrix, kind)
        if kind == "pandas" and at is None and self.parameters:
            matrices = [self._matrix(name, point) for point in self.points]
            values = [tuple(point.parameters.values()) for point in self.points]
            return self._grid.pandas(matrices, self.parameters, values)
        return self._as_kind(self._matrix(name, point_at(self.points, at)), kind)

    def of(self, symbol: str, *, at: Mapping[str, Setting] | None = None, candles: bool = False) -> pl.DataFrame:
        """The bars of one symbol: ts, with `candles` open, high, low, close and volume, then the signals and `ready`.

        `at` chooses a point of a sweep. Raises KeyError for a symbol that has no signals.
        """
        span = self._grid.span(symbol)
        if span is None:
            reason = self.errors.get(symbol, "it is none of those asked for, or has no bars in the range")
            raise KeyError(f"there are no signals of {symbol!r}: {reason}")
        point = Point({}, point_at(self.points, at).columns)
        rows = replace(self, table=self.table.slice(*span), points=(point,)).frame
        if candles:
            bars = self.origin.candles([symbol])
            rows = bars.join(rows, on=["symbol", "ts"], how="inner", maintain_order="left")
        return rows.drop("symbol")

    @cached_property
    def _grid(self) -> Grid:
        return Grid(self.table.select("symbol", "ts"))

    @cached_property
    def _held(self) -> dict[tuple[str, ...], pl.Series]:
        """The positions by the columns of their signals."""
        distinct = list({point.key: point for point in self.points}.values())
        made = positions(self.table, distinct, self.origin.job.timeframe)
        return {point.key: each for point, each in zip(distinct, made, strict=True)}

    def _column(self, name: str, point: Point) -> pl.Series:
        """A signal, `ready` or `position` at every bar."""
        if name == POSITION:
            return self._held[point.key]
        if name == READY:
            defined = [pl.col(column).is_not_null() for column in point.columns.values()]
            return self.table.select(pl.all_horizontal(defined)).to_series()
        return self.table[point.columns[name]].fill_null(value=False)

    def _matrix(self, name: str, point: Point) -> Matrix:
        values = self._column(name, point)
        return self._grid.held(values) if name == POSITION else self._grid.matrix(values)

    def _long(self, columns: Sequence[Mapping[str, pl.Series]]) -> pl.DataFrame:
        return stacked_points(self.table.select("symbol", "ts"), list(zip(self.points, columns, strict=True)))

    def _prices(self, name: str) -> Matrix:
        there = self.origin.repository_columns()
        if name not in list(there):
            signals = ", ".join((*self.names, READY, POSITION))
            raise ProcessingEngineError(f"there is no {name!r}; signals are {signals}, candles have {', '.join(there)}")
        return self._grid.matrix_of(self.origin.candles(self.symbols, columns=[name]), name)

    def _as_kind(self, matrix: Matrix, kind: WideKind) -> pl.DataFrame | Matrix | pd.DataFrame:
        if kind == "numpy":
            return matrix
        return self._grid.polars(matrix) if kind == "polars" else self._grid.pandas([matrix], (), [()])
