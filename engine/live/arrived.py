"""What became of bars that were pushed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import polars as pl

from ...data.candles import Candles
from ...formulas.freezing import frozen
from ..splitting import Selection, split
from ..uniting import united
from .standing import Columns


@frozen(eq=False, slots=False)
class Arrived:
    """What became of some bars; tables are made when they are looked at.

    `refused` is a frame of those that were not taken: symbol, ts (null where the symbol's bars contradict each other)
    and the reason. `waiting` counts the bars that wait for others (`lateness`, `grace`), of this push and of earlier
    ones.
    """

    refused: pl.DataFrame
    waiting: int
    _candles: Candles
    _column: Columns
    _results: Mapping[str, str]
    _selection: Selection

    def __repr__(self) -> str:
        return f"<Arrived: {self._candles.height} bars, {self.refused.height} refused, {self.waiting} waiting>"

    @property
    def bars(self) -> int:
        """How many bars were run."""
        return self._candles.height

    @cached_property
    def values(self) -> pl.DataFrame:
        """Symbol, ts and a column for each formula at every bar that was run; sorted by symbol, ts."""
        return self._frame(self._results)

    @cached_property
    def matches(self) -> pl.DataFrame:
        """The bars at which a formula is true, as a scan reports them: symbol, ts, `formula` of several, indicators."""
        wanted = list(self._selection.results.values())
        wanted += [column for labels in self._selection.indicators.values() for column in labels.values()]
        frame = self._frame({name: name for name in dict.fromkeys(wanted)})
        if not self._selection.results:
            return frame.select("symbol", "ts").clear()
        piece = split(frame, self._selection)
        if piece.tables:
            return united(piece.tables)
        assert piece.table is not None
        return piece.table

    def _frame(self, columns: Mapping[str, str]) -> pl.DataFrame:
        frame = self._candles.frame
        made = (self._column(own).alias(name) for name, own in columns.items())
        return pl.DataFrame([frame["symbol"], frame["ts"], *made])
