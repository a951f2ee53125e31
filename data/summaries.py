"""What is known of symbols without their bars: first ts, last ts, how many there are."""

from __future__ import annotations

import polars as pl

from .candles import Candles


def summary(candles: Candles) -> pl.DataFrame:
    """One row per symbol: symbol, first ts, last ts, rows."""
    ts, starts = candles.ts, candles.starts
    return pl.DataFrame(
        {
            "symbol": pl.Series(candles.symbols, dtype=pl.String),
            "first": ts.gather(starts[:-1]),
            "last": ts.gather(starts[1:] - 1),
            "rows": pl.Series(candles.lengths, dtype=pl.UInt32),
        }
    )
