"""Functions of the library that follow TA-Lib's definition, against TA-Lib over clean symbols of the S&P 500.

TA-Lib holds several outputs back until all are defined, and says 0 in degenerate windows; so where both are defined.
"""

import numpy as np
import polars as pl
import pytest
from oracles.clean_symbols import clean_symbols
from oracles.talib_calls import Call, defaults

import barsweep as bs

NEAR = 1e-8
SYMBOLS = 30

SAME = {
    "dema(close, 20)": ("DEMA", {"timeperiod": 20}, "real"),
    "tema(close, 20)": ("TEMA", {"timeperiod": 20}, "real"),
    "trima(close, 7)": ("TRIMA", {"timeperiod": 7}, "real"),
    "trima(close, 8)": ("TRIMA", {"timeperiod": 8}, "real"),
    "t3(close, 5, 0.7)": ("T3", {}, "real"),
    "zlema(close, 15)": ("ZLEMA", {"timeperiod": 15}, "real"),
    "rocr(close, 10)": ("ROCR", {}, "real"),
    "100 * pct_change(close, 10)": ("ROC", {}, "real"),
    "midpoint(close, 14)": ("MIDPOINT", {}, "real"),
    "midprice(14)": ("MIDPRICE", {}, "real"),
    "stoch_slow(5, 3, 3).k": ("STOCH", {}, "slowk"),
    "stoch_slow(5, 3, 3).d": ("STOCH", {}, "slowd"),
    "stoch_rsi(close, 14, 5, 1, 3).k": ("STOCHRSI", {}, "fastk"),
    "stoch_rsi(close, 14, 5, 1, 3).d": ("STOCHRSI", {}, "fastd"),
    "willr(14)": ("WILLR", {}, "real"),
    "cmo(close, 14)": ("CMOU", {}, "real"),
    "trix(close, 18)": ("TRIX", {"timeperiod": 18}, "real"),
    "tsi(close, 25, 13).line": ("TSI", {}, "real"),
    "ultosc(7, 14, 28)": ("ULTOSC", {}, "real"),
    "ao(5, 34)": ("AO", {}, "real"),
    "ac(5, 34, 5)": ("AC", {}, "real"),
    "bop()": ("BOP", {}, "real"),
    "imi(14)": ("IMI", {}, "real"),
    "coppock(close, 10, 11, 14)": ("COPPOCK", {}, "real"),
    "elder_ray(13).bull": ("ERI", {}, "bullpower"),
    "elder_ray(13).bear": ("ERI", {}, "bearpower"),
    "efficiency_ratio(close, 10)": ("ER", {}, "real"),
    "fosc(close, 5)": ("FOSC", {}, "real"),
    "qstick(10)": ("QSTICK", {}, "real"),
    "adxr(14)": ("ADXR", {}, "real"),
    "aroon(14).up": ("AROON", {}, "aroonup"),
    "aroon(14).down": ("AROON", {}, "aroondown"),
    "aroon(14).oscillator": ("AROONOSC", {}, "real"),
    "vortex(14).plus": ("VORTEX", {}, "plusvi"),
    "vortex(14).minus": ("VORTEX", {}, "minusvi"),
    "vhf(close, 28)": ("VHF", {}, "real"),
    "mass_index(9, 25)": ("MASSI", {}, "real"),
    "natr(14)": ("NATR", {}, "real"),
    "acc_bands(20).upper": ("ACCBANDS", {}, "upperband"),
    "acc_bands(20).middle": ("ACCBANDS", {}, "middleband"),
    "acc_bands(20).lower": ("ACCBANDS", {}, "lowerband"),
    "chaikin_volatility(10, 10)": ("CVI", {}, "real"),
    "adr(14)": ("ADR", {}, "real"),
    "ad()": ("AD", {}, "real"),
    "cmf(20)": ("CMF", {}, "real"),
    "pvt()": ("PVT", {}, "real"),
    "efi(13)": ("EFI", {}, "real"),
    "wad()": ("WAD", {}, "real"),
    "marketfi()": ("MARKETFI", {}, "real"),
    "rvol(20)": ("RVOL", {}, "real"),
    "hlcc4": ("WCLPRICE", {}, "real"),
    "ppo(close, 12, 26, 9).line": ("PPO", {}, "real"),
    "apo(close, 12, 26)": ("APO", {}, "real"),
    "pvo(12, 26, 9).line": ("PVO", {}, "real"),
    "smi(13, 25, 2, 9).line": ("SMI", {"fastperiod": 2, "slowperiod": 25, "signalperiod": 9}, "smi"),
}
"""Ours, TA-Lib's function, the parameters that differ from its defaults, and the output."""

SETTLED = {"smi": 400, "ppo": 400, "apo": 400, "pvo": 400}
"""Recursions that begin elsewhere than TA-Lib's, compared after so many bars."""


@pytest.fixture(scope="module")
def candles(shared_data):
    """Of the clean symbols the first by name."""
    frame = clean_symbols(shared_data)
    return frame.filter(pl.col("symbol").is_in(frame["symbol"].unique().sort().head(SYMBOLS).implode()))


@pytest.fixture(scope="module")
def ours(candles):
    return bs.evaluate({formula: formula for formula in SAME}, candles)


@pytest.mark.parametrize("formula", SAME)
def test_says_what_talib_says(formula, candles, ours):
    """On each symbol, up to rounding of the terms; differences near 0 against the largest value so far."""
    function, given, output = SAME[formula]
    call = Call(function, {**defaults(function), **given})
    settled = SETTLED.get(formula.partition("(")[0], 0)
    bars = 0
    for (symbol,), of_symbol in candles.group_by("symbol", maintain_order=True):
        mine = ours.filter(pl.col("symbol") == symbol)[formula].fill_null(np.nan).to_numpy()
        theirs = call({name: of_symbol[name].to_numpy() for name in call.columns})[output]
        both = ~np.isnan(mine) & ~np.isnan(theirs)
        both[:settled] = False
        scale = np.maximum.accumulate(np.nan_to_num(np.abs(theirs)))
        assert (np.abs(mine - theirs)[both] <= NEAR * scale[both]).all(), symbol
        bars += both.sum()
    assert bars > 5000
