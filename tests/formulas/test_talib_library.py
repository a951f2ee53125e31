"""The talib library where TA-Lib itself has nothing to compare with: candles with holes."""

import datetime as dt

import polars as pl
import pytest
from sweeping import CALLS, random_candles, sweep

TALIB = {call: call for call, name in CALLS.items() if name.startswith("talib.")}
ROWS = {"talib.maxindex", "talib.minindex", "talib.minmaxindex"}
"""Functions that answer with the number of a row."""


@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_rows_without_values_at_the_beginning_only_delay(executor):
    """A running value begins with the first bar that has all it needs, wherever that is."""
    candles = random_candles(3, lengths=(250,), holes=0.0)
    prices = ["open", "high", "low", "close", "volume"]
    late = candles.with_columns(pl.col("ts") + dt.timedelta(days=1))
    empty = candles.head(7).with_columns(pl.lit(None, pl.Float64).alias(name) for name in prices)

    expected, delayed = (sweep(TALIB, frame, executor=executor) for frame in (late, pl.concat([empty, late])))

    for call, name in CALLS.items():
        if call in TALIB:
            rows = 7 if name in ROWS else 0
            assert delayed[call][:7].count() == 0, call
            assert (delayed[call][7:] - rows).equals(expected[call], null_equal=True), call
