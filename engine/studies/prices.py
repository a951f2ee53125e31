"""What prices did after every bar: returns that look ahead, for studies and for reports."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Literal, TypeAlias

import polars as pl

from ...data.handing import column_of
from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen
from ..bar_places import BarPlaces
from ..jobs import DateRange
from .studied import StudiedMatches

Entry: TypeAlias = Literal["close", "next_open"]
LEFT = "~left"


def forward(horizon: int) -> str:
    """The column of a horizon's returns."""
    return f"forward_{horizon}"


@frozen(eq=False, slots=False)
class Prices:
    """Candles (symbol, ts, close, of entries at the open also open; sorted by both) with what came after each bar.

    >>> from datetime import date
    >>> days = [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)]
    >>> prices = Prices(pl.DataFrame({"symbol": "A", "ts": days, "close": [1.0, 2.0, 0.0]}))
    >>> prices.after(1).to_list(), prices.after(2).to_list()
    ([1.0, None, None], [None, None, None])
    """

    candles: pl.DataFrame
    entry: Entry = "close"
    log: bool = False

    @cached_property
    def places(self) -> BarPlaces:
        """Where the bars stand."""
        return BarPlaces(self.candles)

    @cached_property
    def bars(self) -> pl.DataFrame:
        """The prices that can be paid, and `~left`: how many bars the symbol has after each."""
        names = ["close"] if self.entry == "close" else ["open", "close"]
        above = [pl.when(pl.col(name) > 0).then(pl.col(name)).alias(name) for name in names]
        return self.candles.select(*above, column_of(LEFT, self.places.left))

    def after(self, horizon: int) -> pl.Series:
        """The return from each bar's entry to the close so many bars later.

        It is undefined where the symbol ends before that, and where a price is missing or not above 0.
        """
        paid = pl.col("close") if self.entry == "close" else pl.when(pl.col(LEFT) > 0).then(pl.col("open").shift(-1))
        ratio = pl.when(pl.col(LEFT) >= horizon).then(pl.col("close").shift(-horizon)) / paid
        change = ratio.log() if self.log else ratio - 1
        return self.bars.select(pl.when(change.is_finite()).then(change).alias(forward(horizon))).to_series()


def bars_after(
    result: StudiedMatches, first: object, horizons: Sequence[int], entry: Entry, *, log: bool
) -> pl.DataFrame:
    """Every bar from `first` on: symbol, ts, `~left` (how many bars the symbol has after it), a return a horizon."""
    symbols = result.outcomes.filter(pl.col("error_kind").is_null())["symbol"].unique().sort().to_list()
    columns = ["close"] if entry == "close" else ["open", "close"]
    there = result.origin.columns()
    missing = [name for name in columns if name not in there]
    if missing:
        raise ProcessingEngineError(f"the candles have no {missing[0]}, from which forward returns are made")
    candles = result.origin.candles(symbols, DateRange(first, None), columns)  # type: ignore[arg-type] # a ts
    prices = Prices(candles, entry, log)
    return candles.select("symbol", "ts").with_columns(prices.bars[LEFT], *map(prices.after, horizons))
