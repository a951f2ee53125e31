"""What prices did after every bar: returns that look ahead, of all bars of a result's universe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import polars as pl

from ...data.handing import column_of
from ...errors import ProcessingEngineError
from ..bar_places import BarPlaces
from ..jobs import DateRange
from .studied import StudiedMatches

Entry: TypeAlias = Literal["close", "next_open"]
LEFT = "~left"


def forward(horizon: int) -> str:
    """The column of a horizon's returns."""
    return f"forward_{horizon}"


def bars_after(
    result: StudiedMatches, first: object, horizons: Sequence[int], entry: Entry, *, log: bool
) -> pl.DataFrame:
    """Every bar from `first` on: symbol, ts, `~left` (how many bars the symbol has after it), a return a horizon.

    A return is undefined where the symbol ends before the horizon, and where a price is missing or not above 0.
    """
    symbols = result.outcomes.filter(pl.col("error_kind").is_null())["symbol"].unique().sort().to_list()
    columns = ["close"] if entry == "close" else ["open", "close"]
    there = result.origin.columns()
    missing = [name for name in columns if name not in there]
    if missing:
        raise ProcessingEngineError(f"the candles have no {missing[0]}, from which forward returns are made")
    candles = result.origin.candles(symbols, DateRange(first, None), columns)  # type: ignore[arg-type] # a ts
    priced = candles.with_columns(pl.when(pl.col(name) > 0).then(pl.col(name)).alias(name) for name in columns)
    left = column_of(LEFT, BarPlaces(candles).left)
    paid = pl.col("close") if entry == "close" else pl.when(pl.col(LEFT) > 0).then(pl.col("open").shift(-1))
    returns = []
    for horizon in horizons:
        ratio = pl.when(pl.col(LEFT) >= horizon).then(pl.col("close").shift(-horizon)) / paid
        change = ratio.log() if log else ratio - 1
        returns.append(pl.when(change.is_finite()).then(change).alias(forward(horizon)))
    return priced.with_columns(left).select("symbol", "ts", LEFT, *returns)
