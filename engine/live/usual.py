"""The usual case, without a query: a bar of each of the symbols that came last time, and nothing wrong with any.

Polars takes a good part of a millisecond for a query of any size, which is longer than most plans take for a bar.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import field

import numpy as np
import polars as pl

from ...data.candles import Candles
from ...data.layout import CANDLE_FIELDS, PRICES
from ...formulas.freezing import mutable
from ..executors.columns import Floats, Whole


@mutable
class UsualBars:
    """Looks at frames: `columns` are those that the plan reads, `seen` those that a check looks at beside them."""

    columns: tuple[str, ...]
    seen: tuple[str, ...]
    _symbols: pl.Series = field(default_factory=lambda: pl.Series("symbol", [], pl.String))
    _names: tuple[str, ...] = ()
    _starts: Whole = field(default_factory=lambda: np.zeros(1, np.int64))

    def candles(self, frame: pl.DataFrame, kind: pl.DataType) -> Candles | None:
        """The frame, with ts of that kind, as candles; None where somebody has to look more closely."""
        names = frame.columns
        if not all(name in names for name in ("symbol", "ts", *self.seen)):
            return None
        symbols, ts, numbers = frame["symbol"], frame["ts"], {name: frame[name] for name in self.seen}
        as_kept = symbols.dtype == pl.String and ts.dtype == kind
        if not as_kept or any(column.dtype != pl.Float64 for column in numbers.values()):
            return None
        if not self._has_each_once(symbols) or any(column.null_count() for column in (ts, *numbers.values())):
            return None
        if not is_flawless({name: column.to_numpy() for name, column in numbers.items()}):
            return None
        table = pl.DataFrame([ts, *(numbers[name] for name in self.columns)])
        return Candles(self._names, self._starts, table, self._symbols)

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
    for name, values in columns.items():
        least = values.min(initial=np.inf)  # not a number where one is none, and then no comparison holds
        bound = least > 0.0 if name in PRICES else least >= 0.0 if name in CANDLE_FIELDS else least > -np.inf
        if not (bound and values.max(initial=-np.inf) < np.inf):
            return False
    low, high, close = (columns.get(name) for name in ("low", "high", "close"))
    if low is not None and high is not None and (high < low).any():
        return False
    below = close is not None and low is not None and bool((close < low).any())
    above = close is not None and high is not None and bool((close > high).any())
    return not (below or above)
