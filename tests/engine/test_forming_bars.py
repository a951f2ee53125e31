"""timeframe(..., forming=true): at each bar the completed bars before it and the bar so far."""

import numpy as np
import polars as pl
import pytest
from sweeping import CALLS, COMPOSED, LANGUAGE, is_across, random_candles, sweep

import barsweep as bs
from barsweep.data.resampling import resample
from barsweep.data.timeframes import Timeframe

ALONG = [call for call in (*CALLS, *COMPOSED) if not is_across(call)]
FOUR_HOURS = Timeframe.parse("4h")
PRICES = ("open", "high", "low", "close", "volume")


def by_definition(calls, candles, executor, language=LANGUAGE):
    """For each bar the bars up to it are joined anew, and the last value of the expression there is taken.

    Each prefix is a symbol of its own, so that one sweep computes them all.
    """
    prefixes = []
    for (symbol,), rows in candles.group_by(["symbol"], maintain_order=True):
        for height in range(1, rows.height + 1):
            prefixes.append(rows.head(height).with_columns(pl.lit(f"{symbol}:{height:04}").alias("symbol")))
    coarse = resample(pl.concat(prefixes), FOUR_HOURS, edges=True)
    cut = (pl.col("symbol") != pl.col("symbol").shift(1)).fill_null(True) & (pl.col("~first_ts") > pl.col("ts"))
    whole = coarse.select(
        "symbol", "ts", *(pl.when(~cut).then(pl.col(name)).alias(name) for name in (*PRICES, "sector"))
    )
    swept = sweep(calls, whole, FOUR_HOURS, language=language, executor=executor)
    return swept.group_by("symbol", maintain_order=True).last().select(list(calls))


def agree(left, right):
    """Equal, or numbers within 1e-9."""
    if left.dtype != pl.Float64:
        return left.eq_missing(right)
    near = (left - right).abs() <= 1e-9 * left.abs().clip(1.0)
    return near.fill_null(left.is_null() & right.is_null())


@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_every_function_is_what_the_definition_says(executor):
    candles = random_candles(11, lengths=(110, 1, 70))
    calls = {call: call for call in ALONG}
    forming = {call: f'timeframe("4h", {call}, forming=true)' for call in calls}

    made = sweep(forming, candles, executor=executor)

    expected = by_definition(calls, candles, executor)
    wrong = {call: made.height - agree(made[call], expected[call]).sum() for call in calls}
    assert {call: count for call, count in wrong.items() if count} == {}
    assert sum(made[call].count() > 0 for call in calls) > len(calls) / 2


@bs.function(warmup=lambda n: n - 1, reach=lambda n: n - 1)
def middle(x: np.ndarray, n: int = 3) -> np.ndarray:
    "The middle between the largest and the smallest of the last n values."
    windows = np.lib.stride_tricks.sliding_window_view(np.r_[np.full(n - 1, np.nan), x], n)
    return (windows.max(axis=1) + windows.min(axis=1)) / 2


@bs.function()
def mean_so_far(x: np.ndarray) -> np.ndarray:
    "The mean of all defined values so far."
    return np.nancumsum(x) / np.maximum(1, np.cumsum(~np.isnan(x)))


@pytest.mark.parametrize("call", ["middle(close)", "middle(close, 2) > close[1]", "mean_so_far(close)"])
def test_functions_of_ones_own(call):
    language = bs.FormulaService(functions=[middle, mean_so_far]).language
    candles = random_candles(12, lengths=(90, 40), holes=0.0)

    made = sweep({"x": f'timeframe("4h", {call}, forming=true)'}, candles, language=language)["x"]

    expected = by_definition({"x": call}, candles, "polars", language)["x"]
    assert agree(made, expected).all()
    assert made.count() > 100


def test_the_last_bar_of_a_bar_in_the_making_is_the_completed_one():
    """Where the data's last bar of four hours is over, so are they: both forms say the same there."""
    candles = random_candles(13, lengths=(200,), holes=0.0)
    formulas = {f"{n}": f'timeframe("4h", rsi(close, 3){n})' for n in ("", ", forming=true")}

    made = sweep(formulas, candles).filter(pl.col("ts").dt.hour() % 4 == 3)

    assert agree(made[""], made[", forming=true"]).all()
    assert made[""].count() > 30
