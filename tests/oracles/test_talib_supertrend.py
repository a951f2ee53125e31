"""Supertrend over the S&P 500 against TA-Lib's: the two begin on different sides and then draw the same line.

TA-Lib begins up, we begin down as TradingView does; the first flip brings them together for good.
"""

from itertools import pairwise

import numpy as np
import polars as pl
import talib

import barsweep as bs

NEAR = 1e-9


def test_supertrend_is_talibs_once_both_have_flipped(shared_data, record_property):
    frame = pl.read_parquet(shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet").sort("symbol", "date")
    holed = frame.filter(pl.any_horizontal(pl.all().is_null()) | (pl.col("high") < pl.col("low")))["symbol"].unique()
    candles = frame.filter(~pl.col("symbol").is_in(holed.implode()))
    formulas = {"line": "supertrend(10, 3).line", "direction": "supertrend(10, 3).direction"}
    swept = bs.evaluate(formulas, candles)
    ours = swept.select(pl.col("line", "direction").fill_null(np.nan)).to_numpy().T
    prices = candles.select("high", "low", "close").to_numpy().T.copy()
    starts = np.cumsum([0, *candles["symbol"].rle().struct.field("len")])
    compared = apart = 0
    for begin, end in pairwise(starts):
        line, direction = ours[:, begin:end]
        talib_line, talib_direction = talib.SUPERTREND(*prices[:, begin:end], 10, 3.0)
        known = ~np.isnan(line)
        same = (np.abs(line - talib_line) <= NEAR * talib_line) & (direction == talib_direction)
        assert np.array_equal(known, ~np.isnan(talib_line))
        together = int(same.argmax()) if same.any() else same.size
        assert same[together:].all()
        compared, apart = compared + known.sum(), apart + known[:together].sum()
    record_property("figures", f"supertrend: {compared} bars, {apart} before the first common flip, the rest equal")

    assert starts.size > 100
    assert apart < compared / 50
