"""Plans of which a part looks at other rows (longer bars, other symbols, sessions): computed over the bars they reach.

Bars are kept as far back as the plan reaches; where that is the beginning, or there are rankings, all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from typing import Final

import numpy as np
import polars as pl

from ...data.candles import Candles
from ...data.handing import column_of
from ...formulas import Plan
from ...formulas.freezing import mutable
from ...formulas.kernels.machine import Stop
from ..executors import Executor, Surroundings
from ..executors.columns import Whole
from .standing import Columns

TRIMMED_AT: Final = 2
"""Bars are thrown away when there are so many times as many as are reached."""


@mutable
class RecomputedPlan:
    """A plan, and the bars that it may still reach: symbol, ts and the plan's columns, sorted by symbol, ts."""

    plan: Plan
    executor: Executor
    around: Surroundings
    others: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    kept: pl.DataFrame | None = None

    def warm(self, candles: Candles, _: Whole) -> None:
        """Take in past bars."""
        self.kept = self._reached(self._with(candles))

    def push(self, candles: Candles, _: Whole) -> Columns:
        """The plan's columns at these bars."""
        frame = self._with(candles)
        columns = self._columns(frame, candles)
        self.kept = self._reached(frame)
        self.others = self._others_with(candles)
        return columns

    def look(self, candles: Candles, _: Whole) -> Columns:
        """As `push`; nothing is kept."""
        return self._columns(self._with(candles), candles)

    @property
    def _whole_history(self) -> bool:
        """A ranking's population at an earlier ts is all symbols that had a bar then."""
        return self.plan.reach is None or self.plan.across

    def _with(self, candles: Candles) -> pl.DataFrame:
        frame = candles.frame
        if self.kept is None:
            return frame
        return pl.concat([self.kept, frame.select(self.kept.columns)], how="vertical_relaxed").sort(
            "symbol", "ts", maintain_order=True
        )

    def _reached(self, frame: pl.DataFrame) -> pl.DataFrame:
        reach = self.plan.reach
        if self._whole_history or reach is None:
            return frame
        starts = Candles.of(frame).starts
        lengths = np.diff(starts)
        if lengths.max(initial=0) <= TRIMMED_AT * (reach + 1):
            return frame
        return frame.filter(column_of("kept", _last_rows(starts, np.full(lengths.size, max(1, reach)))))

    def _columns(self, frame: pl.DataFrame, candles: Candles) -> Columns:
        if not self.plan.across:
            frame = frame.filter(pl.col("symbol").is_in(candles.symbols))
        whole = Candles.of(frame)
        around = replace(self.around, references=self._others_with(candles))
        made = self.executor.start(whole, around)
        for stage in self.plan.stages:
            following = self.executor.advance(stage, made, around, Stop())
            assert following is not None, "nobody raises this flag"
            made = following
        counts = dict(zip(candles.symbols, candles.lengths.tolist(), strict=True))
        asked = np.array([counts.get(symbol, 0) for symbol in whole.symbols], np.int64)
        rows = made.filter(column_of("asked", _last_rows(whole.starts, asked)))
        return rows.get_column

    def _others_with(self, candles: Candles) -> Mapping[str, pl.DataFrame]:
        """The symbols that formulas name, with their bars among these."""
        if not any(symbol in self.others for symbol in candles.symbols):
            return self.others
        frame = candles.frame
        return {
            symbol: pl.concat([past, frame.filter(pl.col("symbol") == symbol).select(past.columns)])
            for symbol, past in self.others.items()
        }


def _last_rows(starts: Sequence[int] | Whole, counts: Whole) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Of each run the last rows, so many."""
    edges = np.asarray(starts, np.int64)
    lengths = np.diff(edges)
    left = np.repeat(edges[1:], lengths) - np.arange(edges[-1])
    return left <= np.repeat(counts, lengths)
