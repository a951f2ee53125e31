"""The talib library against TA-Lib where there is nothing to divide by: flat prices, bars without range or volume.

There the language itself says undefined, TA-Lib a number of its own choice: 0, 1, 50 or the value before.
"""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from oracles.talib_calls import calls
from oracles.talib_comparing import compare
from oracles.test_talib_dialect import FUNCTIONS

BARS = 400
QUIET = slice(100, 250)
"""The bars at which something stands still."""

ROUNDING = {"CCI", "MFI", "STOCH", "STOCHF", "WILLR"}
"""Functions that take prices for flat which differ by rounding. Of such prices the others only show how they round."""


def walk(close, volume, spread=None):
    """Candles around closes: each opens at the close before; flat bars have no range."""
    before = np.r_[close[0], close[:-1]]
    spread = np.where(close == before, 0.0, 0.3) if spread is None else spread
    return {
        "open": before,
        "high": np.maximum(before, close) + spread,
        "low": np.minimum(before, close) - spread,
        "close": close,
        "volume": volume,
    }


def stilled(values, to):
    values = values.copy()
    values[QUIET] = to
    return values


def made():
    """Symbols named after what stands still in them."""
    chance = np.random.default_rng(5)
    close = 100 + chance.normal(0, 1, BARS).round(2).cumsum()
    volume = chance.integers(1, 50, BARS) * 100.0
    rounding = close[100] * (1 + chance.integers(-2, 3, BARS) * np.finfo(float).eps)
    return {
        "flat": walk(np.full(BARS, 100.1), volume),
        "flat first": walk(np.where(np.arange(BARS) < 120, close[120], close), volume),
        "flat for long": walk(stilled(close, close[100]), volume),
        "flat, many digits": walk(stilled(close + 1 / 3, close[100] + 1 / 3), volume),
        "flat but for rounding": walk(stilled(close, rounding[QUIET]), volume, stilled(np.full(BARS, 0.3), 0.0)),
        "no range": {**walk(close, volume), **dict.fromkeys(["open", "high", "low"], close)},
        "no volume": walk(close, stilled(volume, 0.0)),
        "no volume first": walk(close, np.where(np.arange(BARS) < 60, 0.0, volume)),
        "small": walk(close * 1e-6, volume, np.full(BARS, 3e-7)),
    }


PHASES = {"HT_DCPHASE", "HT_SINE", "HT_TRENDMODE"}
"""Functions of the phase of a cycle. Of a flat price TA-Lib gives that of rounding errors, ours has none."""

CYCLES = {"HT_DCPERIOD", "HT_PHASOR", "HT_TRENDLINE", "MAMA", *PHASES}
"""Functions of a cycle: of a flat price whose mean is rounded TA-Lib finds those of rounding errors."""


@pytest.fixture(scope="module")
def candles():
    days = [dt.date(2020, 1, 1) + dt.timedelta(days=day) for day in range(BARS)]
    frames = [pl.DataFrame({"symbol": name, "date": days, **columns}) for name, columns in made().items()]
    further = ((pl.col("close") % 1).alias("share"), pl.lit(9.0).alias("period"))
    return pl.concat(frames).with_columns(*further).sort("symbol", "date")


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if not name.startswith("CDL")])
def test_says_what_talib_says(function, candles):
    left_out = set() if function in ROUNDING else {"flat but for rounding"}
    if function in CYCLES:
        left_out |= {"flat, many digits"}
    if function in PHASES:
        left_out |= {"flat", "flat first", "flat for long"}
    found = compare(calls(function)[:2], candles.filter(~pl.col("symbol").is_in(left_out)))

    assert found.wrong == []
    assert found.bars > 1_000
