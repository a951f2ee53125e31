"""Qlib's Alpha158 and Alpha360, read as Qlib writes them, against values that Qlib 0.9.7 computed."""

import numpy as np
import polars as pl
import pytest
from oracles.foreign_alphas import at_dates_of, candles, compare, formulas, reference

import barsweep as bs

NEAR = 1e-4  # Qlib stores its input as float32, and takes logarithms in it

# Differences of terms up to 1, and correlations, come near zero by cancellation: 1 is the size of their terms.
CANCELLED = ("CORR", "CORD", "CNTD", "VSUMD")


def stored(frame):
    """The candles as Qlib holds them: float32."""
    prices = pl.col("open", "high", "low", "close", "volume", "vwap")
    return frame.with_columns(prices.cast(pl.Float32).cast(pl.Float64))


@pytest.fixture(scope="module")
def compared(shared_data):
    """Each column of Alpha158 beside Qlib's."""
    texts = formulas(shared_data, "alpha158")
    theirs = reference(shared_data, "qlib_alpha158_values.parquet")
    ours = at_dates_of(bs.evaluate(texts, stored(candles(shared_data)), dialect="qlib"), theirs)
    return {name: compare(ours[name], theirs[name], NEAR, 1.0 if name.startswith(CANCELLED) else 0.0) for name in texts}


def test_alpha158_is_that_of_qlib(compared):
    """All 158 columns, at every bar, undefined at none: 60 windows of warm-up are long past."""
    assert len(compared) == 158
    assert {name: found for name, found in compared.items() if found != (10_400, 0, 0, 0)} == {}


def test_alpha158_has_values_from_the_first_bars_on(shared_data):
    """Windows may be partly filled: only what is asked of so many bars ago waits for that bar."""
    texts = formulas(shared_data, "alpha158")
    frame = stored(candles(shared_data)).filter(pl.col("symbol") == "AAPL").head(4)

    values = bs.evaluate(texts, frame, dialect="qlib")

    assert [name for name in texts if values[name][3] is None] == [f"ROC{n}" for n in (5, 10, 20, 30, 60)]


def test_alpha360_evaluates(shared_data):
    """60 bars back of six fields: every column is defined at all but its first bars.

    One bar has its high below its low: the default policy leaves both undefined.
    """
    texts = formulas(shared_data, "alpha360")
    frame = candles(shared_data)

    values = bs.evaluate(texts, frame, dialect="qlib")

    assert len(texts) == 360
    assert values.height == frame.height
    waits = {name: int(text.partition(",")[2].partition(")")[0]) for name, text in texts.items() if "Ref" in text}
    undefined = {name: 60 * waits.get(name, 0) + name.startswith(("HIGH", "LOW")) for name in texts}
    assert {name: values[name].null_count() for name in texts} == undefined
    closes, lagged = frame.sort("symbol", "date")["close"].to_numpy(), values["CLOSE59"].to_numpy()
    assert np.allclose(lagged[59:1258], closes[: 1258 - 59] / closes[59:1258], rtol=1e-12)
