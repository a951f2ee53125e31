"""Recursions that remember more than an average does, over five years of the S&P 500 against TA-Lib, bar by bar.

Both begin with a symbol's first bar and are compared from TA-Lib's first value on: there is nothing to settle.
Comparisons within TA-Lib hang on rounding where two numbers nearly agree; on these candles none does.
"""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
import talib

import barsweep as bs

NEAR = 1e-8
EXACT = 1e-12


def sar(*settings):
    return lambda high, low, close: talib.SAREXT(high, low, *settings)


def cycle(name, output=None, *settings):
    def say(high, low, close):
        answer = getattr(talib, name)(close, *settings)
        return answer if output is None else answer[output]

    return say


def fractal(output):
    def say(high, low, close):
        return np.where(np.arange(close.size) < 4, np.nan, talib.FRACTAL(high, low, 2, 2)[output] / 100)

    return say


def mode(high, low, close):
    """Numbers, as all of TA-Lib's others are."""
    return np.where(np.arange(close.size) < 63, np.nan, talib.HT_TRENDMODE(close))


SAYINGS = {
    "kama(close, 30)": (cycle("KAMA", None, 30), EXACT),
    "kama(close, 1)": (cycle("KAMA", None, 1), EXACT),
    "efficiency_ratio(close, 10)": (cycle("ER", None, 10), NEAR),
    "ht_dcperiod(close)": (cycle("HT_DCPERIOD"), NEAR),
    "ht_dcphase(close)": (cycle("HT_DCPHASE"), NEAR),
    "ht_phasor(close).inphase": (cycle("HT_PHASOR", 0), NEAR),
    "ht_phasor(close).quadrature": (cycle("HT_PHASOR", 1), NEAR),
    "ht_sine(close).sine": (cycle("HT_SINE", 0), NEAR),
    "ht_sine(close).leadsine": (cycle("HT_SINE", 1), NEAR),
    "ht_trendline(close)": (cycle("HT_TRENDLINE"), NEAR),
    "ht_trendmode(close) ? 1 : 0": (mode, 0.0),
    "mama(close).mama": (cycle("MAMA", 0, 0.5, 0.05), NEAR),
    "mama(close).fama": (cycle("MAMA", 1, 0.5, 0.05), NEAR),
    "mama(close, 0.3, 0.01).fama": (cycle("MAMA", 1, 0.3, 0.01), NEAR),
    "sarext()": (sar(0, 0, 0.02, 0.02, 0.2, 0.02, 0.02, 0.2), EXACT),
    "sarext(0, 0.03, 0.05, 0.04, 0.1, 0.01, 0.02, 0.3)": (sar(0, 0.03, 0.05, 0.04, 0.1, 0.01, 0.02, 0.3), EXACT),
    "sarext(55.5, 0, 0.3, 0.1, 0.2, 0.02, 0.05, 0.04)": (sar(55.5, 0, 0.3, 0.1, 0.2, 0.02, 0.05, 0.04), EXACT),
    "sarext(-55.5, 0.1)": (sar(-55.5, 0.1, 0.02, 0.02, 0.2, 0.02, 0.02, 0.2), EXACT),
    "bar_index < 4 ? na : defined(pivot_high(high, 2, 2)) ? 1 : 0": (fractal(0), 0.0),
    "bar_index < 4 ? na : defined(pivot_low(low, 2, 2)) ? 1 : 0": (fractal(1), 0.0),
}
"""Our formula: what TA-Lib says, and how near it has to be, in shares of the value or of 1."""


@pytest.fixture(scope="module")
def candles(shared_data):
    """The symbols without a hole and without a high below the low."""
    frame = pl.read_parquet(shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet").sort("symbol", "date")
    columns = pl.col("high", "low", "close")
    faulty = frame.filter(pl.any_horizontal(columns.is_null()) | (pl.col("high") < pl.col("low")))
    return frame.filter(~pl.col("symbol").is_in(faulty["symbol"].unique().implode()))


@pytest.fixture(scope="module")
def ours(candles):
    return bs.evaluate({name: name for name in SAYINGS}, candles)


def said(candles, saying):
    """TA-Lib's answers, symbol after symbol."""
    columns = candles.select(pl.col("high", "low", "close").cast(pl.Float64)).to_numpy().T
    ends = np.cumsum([0, *candles["symbol"].rle().struct.field("len").to_list()])
    parts = [saying(*(np.ascontiguousarray(column[a:b]) for column in columns)) for a, b in pairwise(ends)]
    return np.concatenate(parts).astype(float)


@pytest.mark.parametrize("formula", SAYINGS)
def test_agrees_with_talib(formula, candles, ours, record_property):
    """Defined at the same bars, and equal."""
    saying, near = SAYINGS[formula]
    mine, theirs = ours[formula].fill_null(np.nan).to_numpy(), said(candles, saying)
    known = ~np.isnan(theirs)
    gap = np.abs(mine - theirs)[known] / np.maximum(1.0, np.abs(theirs[known]))
    record_property("figures", f"{formula}: {known.sum()} bars, widest {gap.max():.1e}")

    assert candles["symbol"].n_unique() >= 120
    assert np.array_equal(known, ~np.isnan(mine))
    assert gap.max() <= near
