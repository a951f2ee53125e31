"""Indicators over five years of the S&P 500 against TA-Lib, bar by bar.

Two values agree if they differ by no more than 1e-9 of the larger or of the terms that they are a difference of. Where
that scale is needed, exact arithmetic judges the widest differences: ours must be right, TA-Lib's rounding the worse.
"""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from oracles.exact_values import JUDGES, exact_value
from oracles.talib_indicators import FORMULAS, READS, Candles, mfi_range, talib_says

import barsweep as bs

NEAR = 1e-9
JUDGED = 25  # of each formula: exact arithmetic is slow, and the widest differences tell most

# TA-Lib holds a first output back until the smoothed one begins: (our first bar, TA-Lib's).
EARLY = {"macd.line": (25, 33), "stoch.k": (13, 15)}

# The unit in which an indicator is read, where its values come near zero by cancellation.
UNITS = {"rsi": 100.0, "stoch": 100.0, "cci": 100.0, "mfi": 100.0, "correlation": 1.0}


@pytest.fixture(scope="module")
def candles(shared_data):
    """The file without the symbols that have a high below the low, which the default policy leaves undefined."""
    frame = pl.read_parquet(shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet").sort("symbol", "date")
    broken = frame.filter(pl.col("high") < pl.col("low"))["symbol"].unique()
    return frame.filter(~pl.col("symbol").is_in(broken.implode()))


@pytest.fixture(scope="module")
def symbols(candles):
    """(rows, candles) of each symbol."""
    columns = candles.select(pl.col(Candles._fields).cast(pl.Float64)).to_numpy().T
    lengths = candles["symbol"].rle().struct.field("len").to_list()
    ends = np.cumsum([0, *lengths])
    return [
        (slice(a, b), Candles(*(np.ascontiguousarray(column[a:b]) for column in columns))) for a, b in pairwise(ends)
    ]


@pytest.fixture(scope="module")
def ours(candles):
    """Every formula in one evaluation; NaN for undefined."""
    frame = bs.evaluate(FORMULAS, candles)

    assert frame["symbol"].equals(candles["symbol"])
    assert frame["ts"].cast(pl.Date).equals(candles["date"])
    return {name: frame[name].fill_null(np.nan).to_numpy() for name in FORMULAS}


def complete(name, candle):
    return not any(np.isnan(getattr(candle, column)).any() for column in READS[name])


def gathered(name, symbols, values):
    """Ours, TA-Lib's, scale, degenerate, close call: end to end over the symbols that have what the formula reads."""
    parts = []
    for rows, candle in symbols:
        if complete(name, candle):
            said = talib_says(name, candle)
            scale = np.broadcast_to(said.scale, said.values.shape)
            nowhere = np.zeros(said.values.shape, bool)
            flat = nowhere if said.degenerate is None else said.degenerate
            close_call = nowhere if said.close_call is None else said.close_call
            parts.append((values[rows], said.values, scale, flat, close_call, np.arange(said.values.size)))
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


@pytest.mark.parametrize("name", FORMULAS)
def test_agrees_with_talib(name, symbols, ours, record_property):
    """Defined at the same bars, degenerate windows apart, and equal up to rounding."""
    mine, theirs, scale, flat, close_call, bar = gathered(name, symbols, ours[name])
    known, said = ~np.isnan(mine), ~np.isnan(theirs)
    gap = np.where(close_call, 0.0, np.abs(mine - theirs))
    size = np.fmax(np.abs(mine), np.abs(theirs))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.nan_to_num(gap / size)
        scaled = np.nan_to_num(gap / np.fmax(size, scale))
    both = known & said
    figures = f"{both.sum()} bars, widest {relative.max():.1e} of the value, {scaled.max():.1e} of the terms"
    record_property(
        "figures",
        f"{name}: {figures}, {(relative > NEAR).sum()} need the terms, {(flat & said).sum()} flat, "
        f"{close_call.sum()} close calls",
    )

    first, last = EARLY.get(name, (0, 0))
    said |= (bar >= first) & (bar < last)
    assert np.array_equal(known[~flat], said[~flat])
    assert not known[flat].any()
    assert np.isfinite(scale[both & ~flat]).all()
    assert (bar == 0).sum() >= 120
    assert scaled.max() <= NEAR


def widest_differences(name, symbols, values):
    """Of each symbol the bar of widest difference: (relative difference, bar, candles, ours, TA-Lib's)."""
    for rows, candle in symbols:
        said = talib_says(name, candle)
        mine, theirs = values[rows], said.values
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.abs(mine - theirs) / np.fmax(np.abs(mine), np.abs(theirs))
        if said.close_call is not None:
            relative[said.close_call] = np.nan
        if complete(name, candle) and not np.isnan(relative).all():
            t = int(np.nanargmax(relative))
            yield relative[t], t, candle, mine[t], theirs[t]


def off(name, value, exact):
    return abs(value - exact) / max(abs(exact), UNITS.get(name.split(".")[0], abs(exact)), 1e-300)


@pytest.mark.parametrize("name", [name for name in FORMULAS if name.split(".")[0] in JUDGES])
def test_where_values_differ_ours_is_exact(name, symbols, ours, record_property):
    """Judged by exact arithmetic: ours within 1e-9 of the truth, and nearer to it than TA-Lib's where these differ."""
    differences = sorted(widest_differences(name, symbols, ours[name]), key=lambda found: -found[0])[:JUDGED]
    judged = []
    for _, t, candle, mine, theirs in differences:
        exact = exact_value(name, candle, t)
        judged.append((off(name, mine, exact), off(name, theirs, exact)))
    mine, theirs = map(max, zip(*judged, strict=True))
    record_property("figures", f"{name}: off the exact value by up to {mine:.1e}, TA-Lib by up to {theirs:.1e}")

    assert mine <= NEAR
    assert all(mine < theirs for mine, theirs in judged if max(mine, theirs) > NEAR)


def test_mfi_of_close_calls_lies_between_either_answer(symbols, ours):
    """Typical prices that differ by rounding alone may have flowed either way or not at all: both stay within that."""
    for rows, candle in symbols:
        if complete("mfi", candle):
            least, greatest = mfi_range(candle)
            known = ~np.isnan(least)
            for values in (ours["mfi"][rows], talib_says("mfi", candle).values):
                assert (values[known] >= least[known] - 1e-7).all()
                assert (values[known] <= greatest[known] + 1e-7).all()


STORED = [
    ("EMA", "real", "ema(close, 30)", 0),
    ("RSI", "real", "rsi(close, 14)", 0),
    ("ATR", "real", "atr(14)", 0),
    ("ADX", "real", "adx(14)", 0),
    ("PLUS_DI", "real", "dmi(14).plus", 0),
    ("MINUS_DI", "real", "dmi(14).minus", 0),
    ("BBANDS", "upperband", "bbands(close, 20, 2).upper", 0),
    ("BBANDS", "middleband", "bbands(close, 20, 2).middle", 0),
    ("BBANDS", "lowerband", "bbands(close, 20, 2).lower", 0),
    ("STOCHF", "fastk", "bar_index >= 6 ? stoch(5, 3).k : na", 100),
    ("STOCHF", "fastd", "stoch(5, 3).d", 100),
    ("CCI", "real", "cci(14)", 100),
    ("OBV", "real", "obv()", 0),
    ("SAR", "real", "sar(0.02, 0.02, 0.2)", 0),
    ("LINEARREG", "real", "linreg(close, 14)", 0),
    ("LINEARREG_SLOPE", "real", "slope(close, 14)", 1),
    ("CORREL", "real", "correlation(high, low, 30)", 1),
    ("SMA", "real", "sma(close, 30)", 0),
    ("WMA", "real", "wma(close, 30)", 0),
    ("SUM", "real", "sum(close, 30)", 0),
    ("VAR", "real", "variance(close, 5)", 1),
    ("STDDEV", "real", "stdev(close, 5)", 1),
    ("AVGDEV", "real", "mean_deviation(close, 14)", 1),
    ("TRANGE", "real", "true_range()", 0),
    ("KAMA", "real", "kama(close, 30)", 0),
    ("SAREXT", "real", "sarext()", 0),
    ("HT_DCPERIOD", "real", "ht_dcperiod(close)", 0),
    ("HT_DCPHASE", "real", "ht_dcphase(close)", 360),
    ("HT_SINE", "sine", "ht_sine(close).sine", 1),
    ("HT_SINE", "leadsine", "ht_sine(close).leadsine", 1),
    ("HT_TRENDLINE", "real", "ht_trendline(close)", 0),
]
"""Function and output as stored, with TA-Lib's defaults; the formula that says the same; the unit it is read in."""


@pytest.mark.parametrize(("function", "output", "formula", "unit"), STORED)
def test_agrees_with_stored_talib_values(function, output, formula, unit, shared_data):
    """Values that TA-Lib 0.8 computed elsewhere for AAPL, MSFT and INTC."""
    reference = pl.read_parquet(shared_data / "reference" / "talib_on_sp500.parquet")
    stored = reference.filter((pl.col("function") == function) & (pl.col("output") == output)).sort("symbol", "date")
    candles = pl.read_parquet(shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet")
    three = candles.filter(pl.col("symbol").is_in(["AAPL", "MSFT", "INTC"]))

    mine = bs.evaluate({"value": formula}, three)["value"].fill_null(np.nan).to_numpy()

    theirs = stored["value"].fill_null(np.nan).to_numpy()
    known = ~np.isnan(theirs)
    assert theirs.size == 3 * 1258
    assert np.array_equal(known, ~np.isnan(mine))
    assert (np.abs(mine - theirs) <= NEAR * np.fmax(np.abs(theirs), unit))[known].all()
