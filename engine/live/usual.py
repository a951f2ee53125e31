"""The usual case, without a query: a bar of each of the symbols that came last time, and nothing wrong with any.

Polars takes a good part of a millisecond for a query of any size, which is longer than most plans take for a bar.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ...data.candles import Candles
from ...data.layout import CANDLE_FIELDS, PRICES
from ..executors.columns import Floats, Whole


@dataclass(slots=True)
class UsualBars:
    """Looks at frames: `columns` are those that the plan reads, `seen` those that a check looks at beside them."""

    columns: tuple[str, ...]
    seen: tuple[str, ...]
    _symbols: pl.Series = field(default_factory=lambda: pl.Series("symbol", [], pl.String))
    _names: tuple[str, ...] = ()
    _starts: Whole = field(default_factory=lambda: np.zeros(1, np.int64))

    def candles(self, frame: pl.DataFrame, kind: pl.DataType) -> Candles | None:
        """The frame, with ts of that kind, as candles; None where somebody has to look more closely."""
        if not self._is_as_kept(frame, kind) or not self._has_each_once(frame["symbol"]):
            return None
        ts = frame["ts"]
        numbers = {name: frame[name] for name in self.seen}
        if ts.null_count() or any(column.null_count() for column in numbers.values()):
            return None
        if not is_flawless({name: column.to_numpy() for name, column in numbers.items()}):
            return None
        table = pl.DataFrame([ts, *(numbers[name] for name in self.columns)])
        return Candles(self._names, self._starts, table, self._symbols)

    def _is_as_kept(self, frame: pl.DataFrame, kind: pl.DataType) -> bool:
        schema = frame.schema
        kept = schema.get("symbol") == pl.String and schema.get("ts") == kind
        return kept and all(schema.get(name) == pl.Float64 for name in self.seen)

    def _has_each_once(self, symbols: pl.Series) -> bool:
        """Symbols that ascend are looked at when they come the first time."""
        if symbols.equals(self._symbols):
            return True
        names = tuple(symbols)
        if None in names or not _ascend(names):
            return False
        self._symbols, self._names, self._starts = symbols, names, np.arange(len(names) + 1)
        return True


def _ascend(names: Sequence[str]) -> bool:
    return all(first < second for first, second in itertools.pairwise(names))


def is_flawless(columns: dict[str, Floats]) -> bool:
    """Whether no policy would find anything: every number finite, prices positive, closes between lows and highs."""
    if not all(np.isfinite(values).all() for values in columns.values()):
        return False
    if not all(columns[name].min(initial=np.inf) > 0.0 for name in PRICES if name in columns):
        return False
    if any(columns[name].min(initial=np.inf) < 0.0 for name in CANDLE_FIELDS if name in columns):
        return False
    low, high, close = (columns.get(name) for name in ("low", "high", "close"))
    if low is not None and high is not None and (high < low).any():
        return False
    below = close is not None and low is not None and bool((close < low).any())
    above = close is not None and high is not None and bool((close > high).any())
    return not (below or above)
