"""Where bars stand in a table sorted by symbol and ts: found by halving, which spares joins over names of symbols."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..data.candles import Candles
from ..data.handing import column_of
from ..formulas.freezing import frozen

Places = NDArray[np.int64]


@frozen(eq=False, slots=False)
class BarPlaces:
    """The bars of a table with symbol and ts, sorted by both, each bar once.

    >>> from datetime import date
    >>> days = [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 3)]
    >>> bars = BarPlaces(pl.DataFrame({"symbol": ["A", "A", "B"], "ts": days, "close": [1.0, 2.0, 3.0]}))
    >>> bars.within.tolist(), bars.left.tolist()
    ([0, 1, 0], [1, 0, 0])
    >>> bars.looked_up(pl.DataFrame({"symbol": ["B", "A", "C"], "ts": days}))["close"].to_list()
    [None, 2.0, None]
    """

    bars: pl.DataFrame

    @cached_property
    def candles(self) -> Candles:
        """The bars with the row where each symbol starts."""
        return Candles.of(self.bars)

    @cached_property
    def numbers(self) -> Places:
        """The number of each row's symbol, counted from 0 in their order."""
        return np.repeat(np.arange(len(self.candles.symbols)), self.candles.lengths)

    @cached_property
    def within(self) -> Places:
        """The number of each bar within its symbol, counted from 0."""
        return np.arange(self.bars.height) - np.repeat(self.candles.starts[:-1], self.candles.lengths)

    @cached_property
    def left(self) -> Places:
        """How many bars the symbol has after each."""
        return np.repeat(self.candles.starts[1:], self.candles.lengths) - np.arange(self.bars.height) - 1

    def rows_of(self, keys: pl.DataFrame) -> Places:
        """The row of each of these bars (symbol, ts of the same kind, in any order); -1 where there is none."""
        known = pl.DataFrame({"symbol": self.candles.symbols}, schema={"symbol": pl.String})
        known = known.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("number"))
        number = keys.select("symbol").join(known, on="symbol", how="left", maintain_order="left")["number"]
        there, owner = number.is_not_null().to_numpy(), number.fill_null(0).to_numpy()
        if not self.candles.symbols:
            return np.full(keys.height, -1)
        wanted = keys["ts"].cast(self.candles.ts.dtype).to_physical().to_numpy()
        first, last = self.candles.starts[:-1][owner], self.candles.starts[1:][owner]
        row, moments = first.copy(), self.candles.ts.to_physical().to_numpy()
        behind = last.copy()
        while (searching := row < behind).any():
            middle = (row + behind) // 2
            earlier = searching & (moments[np.minimum(middle, len(moments) - 1)] < wanted)
            row = np.where(earlier, middle + 1, row)
            behind = np.where(searching & ~earlier, middle, behind)
        found = there & (row < last)
        found &= moments[np.minimum(row, len(moments) - 1)] == wanted
        return np.where(found, row, -1)

    def looked_up(self, keys: pl.DataFrame) -> pl.DataFrame:
        """The table `keys` with the other columns of these bars beside; null where a bar is not among them."""
        rows = column_of("row", self.rows_of(keys))
        place = pl.select(pl.when(rows >= 0).then(rows)).to_series()
        return keys.hstack(
            [self.bars[name].gather(place) for name in self.bars.columns if name not in {"symbol", "ts"}]
        )
