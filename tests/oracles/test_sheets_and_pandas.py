"""Adaptive averages and swings against numbers that others worked out: a StockCharts sheet, a .NET library, pandas."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sweeping import random_candles, series

import barsweep as bs


def test_kama_of_the_stockcharts_sheet(shared_data):
    """Kaufman's average of 10 bars, begun with the close before, to the six digits of the sheet."""
    sheets = pl.read_parquet(shared_data / "reference" / "stockcharts_sheets.parquet")
    sheet = sheets.filter((pl.col("file") == "cs-kama.csv") & (pl.col("row") < 49)).sort("row")
    closes = sheet.filter(pl.col("column") == "Close")["value"].to_list()
    rows = sheet.filter((pl.col("column") == "KAMA") & (pl.col("row") > 9)).select("row", "value")

    mine = series("kama(close, 10)", closes)

    assert rows.height == 39
    assert [value for row, value in rows.iter_rows() if abs(mine[row] - value) > 1e-6] == []


def test_zigzag_confirms_the_pivots_of_another_library(shared_data):
    """All that Skender's ZigZag of closes, which knows the future, draws in two years; and the first bar, a low."""
    folder = shared_data / "reference"
    quotes = pl.read_parquet(folder / "stockindicators_quotes.parquet").filter(pl.col("set") == "default").sort("row")
    drawn = pl.read_parquet(folder / "stockindicators_library_baselines.parquet").filter(
        (pl.col("case") == "zigzag-close.standard") & (pl.col("field") == "pointType") & pl.col("text").is_not_null()
    )
    candles = quotes.select(
        pl.lit("A").alias("symbol"),
        pl.col("timestamp_text").str.head(10).str.to_date().alias("date"),
        "open",
        "high",
        "low",
        "close",
        "volume",
    )

    swings = bs.evaluate({name: f"zigzag(close, 5).{name}" for name in ("pivot", "direction", "bars")}, candles)

    told = swings.with_row_index("row").filter(pl.col("pivot").is_not_null())
    pivots = {
        (int(row - bars), "L" if up == 1 else "H")
        for row, up, bars in told.select("row", "direction", "bars").iter_rows()
    }
    assert pivots == {(0, "L"), *drawn.select("row", "text").iter_rows()}
    closes = quotes["close"].to_list()
    assert all(closes[int(row - bars)] == pivot for row, pivot, bars in told.select("row", "pivot", "bars").iter_rows())


EWM = {
    "ewm_mean(close, 0.1)": lambda x: x.ewm(alpha=0.1).mean(),
    "ewm_mean(close, 0.4, ignore_na=true)": lambda x: x.ewm(alpha=0.4, ignore_na=True).mean(),
    "ewm_variance(close, 0.1)": lambda x: x.ewm(alpha=0.1).var(),
    "ewm_stdev(close, 0.2, ignore_na=true)": lambda x: x.ewm(alpha=0.2, ignore_na=True).std(),
    "ema_adjusted(close, 20)": lambda x: x.ewm(span=20, min_periods=1).mean(),
    "dma(close, 0.3)": lambda x: x.ewm(alpha=0.3, adjust=False, ignore_na=True).mean(),
    "cumulative_max(close)": lambda x: x.cummax(),
    "cumulative_product(close / 60)": lambda x: (x / 60).cumprod(),
}


@pytest.mark.parametrize("executor", ["polars", "tiles"])
@pytest.mark.parametrize("formula", EWM)
def test_agrees_with_pandas(formula, executor):
    """At every bar that has a value; at the others pandas hands on the value before."""
    closes = random_candles(21, lengths=(300,), holes=0.1)["close"]
    frame = pl.DataFrame({"symbol": "A", "close": closes}).with_columns(
        *(pl.lit(1.0).alias(name) for name in ("open", "high", "low", "volume")),
        date=pl.date_range(dt.date(2020, 1, 1), dt.date(2020, 1, 1) + dt.timedelta(days=299), eager=True),
    )

    mine = bs.evaluate(formula, frame, executor=executor)["value"].fill_null(np.nan).to_numpy()

    there = closes.is_not_null().to_numpy()
    theirs = EWM[formula](pd.Series(closes.fill_null(np.nan).to_numpy())).to_numpy()
    assert np.isnan(mine[~there]).all()
    np.testing.assert_allclose(mine[there], theirs[there], rtol=1e-12)
