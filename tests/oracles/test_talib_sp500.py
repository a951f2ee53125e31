"""Indicators over five years of the S&P 500 against TA-Lib, bar by bar.

Two values agree if they differ by no more than 1e-9 of the larger or of the terms that they are a difference of. Where
that scale is needed, exact arithmetic judges the widest differences: ours must be right, TA-Lib's rounding the worse.
"""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from oracles.exact_values import JUDGES, exact_value
from oracles.talib_indicators import FORMULAS, READS, Candles, Said, talib_says

import barsweep as bs

NEAR = 1e-9
JUDGED = 25  # of each formula: exact arithmetic is slow, and the widest differences tell most

# TA-Lib reports macd's line only from the signal's first bar on.
EARLIER = {"macd.line": 8}


@pytest.fixture(scope="module")
def candles(shared_data):
    """The file without the symbols that have inconsistent rows; nulls stay."""
    frame = pl.read_parquet(shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet").sort("symbol", "date")
    odd = (pl.col("high") < pl.col("low")) | ~pl.col("close", "open").is_between("low", "high")
    broken = frame.filter(pl.any_horizontal(odd.fill_null(value=False)))["symbol"].unique()
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
    """Ours, TA-Lib's, scale, degenerate: end to end over the symbols that have what the formula reads."""
    parts = []
    for rows, candle in symbols:
        if complete(name, candle):
            said = talib_says(name, candle)
            scale = np.broadcast_to(said.scale, said.values.shape)
            flat = np.zeros(said.values.shape, bool) if said.degenerate is None else said.degenerate
            parts.append((values[rows], said.values, scale, flat, np.arange(said.values.size)))
    return [np.concatenate(column) for column in zip(*parts, strict=True)]


@pytest.mark.parametrize("name", FORMULAS)
def test_agrees_with_talib(name, symbols, ours, record_property):
    """Defined at the same bars, degenerate windows apart, and equal up to rounding."""
    mine, theirs, scale, flat, bar = gathered(name, symbols, ours[name])
    known, said = ~np.isnan(mine), ~np.isnan(theirs)
    gap = np.abs(mine - theirs)
    size = np.fmax(np.abs(mine), np.abs(theirs))
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.nan_to_num(gap / size)
        scaled = np.nan_to_num(gap / np.fmax(size, scale))
    both = known & said
    figures = f"{both.sum()} bars, widest {relative.max():.1e} of the value, {scaled.max():.1e} of the terms"
    record_property(
        "figures", f"{name}: {figures}, {(relative > NEAR).sum()} need the terms, {(flat & said).sum()} flat"
    )

    starts = np.flatnonzero(bar == 0)
    assert np.array_equal(known[~flat], (said | early(name, theirs, bar))[~flat])
    assert not known[flat].any()
    assert starts.size >= 120
    assert scaled.max() <= NEAR


def early(name, theirs, bar):
    """Bars that TA-Lib leaves out although the value exists."""
    if name not in EARLIER:
        return np.zeros(theirs.size, bool)
    first = 33 - EARLIER[name]
    return (bar >= first) & (bar < 33)


def widest_differences(name, symbols, values):
    """Of each symbol the bar of widest difference: (relative difference, bar, candles, ours, TA-Lib's)."""
    for rows, candle in symbols:
        mine, theirs = values[rows], talib_says(name, candle).values
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.abs(mine - theirs) / np.fmax(np.abs(mine), np.abs(theirs))
        if complete(name, candle) and not np.isnan(relative).all():
            t = int(np.nanargmax(relative))
            yield relative[t], t, candle, mine[t], theirs[t]


def off(value, exact):
    return abs(value - exact) / abs(exact) if exact else abs(value)


@pytest.mark.parametrize("name", [name for name in FORMULAS if name.split(".")[0] in JUDGES])
def test_where_values_differ_ours_is_exact(name, symbols, ours, record_property):
    """Judged by exact arithmetic: ours within 1e-9 of the truth, and nearer to it than TA-Lib's where these differ."""
    differences = sorted(widest_differences(name, symbols, ours[name]), key=lambda found: -found[0])[:JUDGED]
    judged = [
        (relative, off(mine, exact_value(name, candle, t)), off(theirs, exact_value(name, candle, t)))
        for relative, t, candle, mine, theirs in differences
    ]
    _, mine, theirs = map(max, zip(*judged, strict=True))
    record_property("figures", f"{name}: off the exact value by up to {mine:.1e}, TA-Lib by up to {theirs:.1e}")

    assert mine <= NEAR
    assert all(mine < theirs for relative, mine, theirs in judged if relative > NEAR)


STORED = {
    ("EMA", "real"): "ema(close, 30)",
    ("RSI", "real"): "rsi(close, 14)",
    ("ATR", "real"): "atr(14)",
    ("ADX", "real"): "adx(14)",
    ("PLUS_DI", "real"): "dmi(14).plus",
    ("MINUS_DI", "real"): "dmi(14).minus",
    ("BBANDS", "upperband"): "bbands(close, 20, 2).upper",
    ("BBANDS", "middleband"): "bbands(close, 20, 2).middle",
    ("BBANDS", "lowerband"): "bbands(close, 20, 2).lower",
    ("STOCHF", "fastk"): "stoch(5, 3).k",
    ("STOCHF", "fastd"): "stoch(5, 3).d",
    ("CCI", "real"): "cci(14)",
    ("OBV", "real"): "obv()",
    ("SAR", "real"): "sar(0.02, 0.02, 0.2)",
    ("LINEARREG", "real"): "linreg(close, 14)",
    ("CORREL", "real"): "correlation(high, low, 30)",
    ("SMA", "real"): "sma(close, 30)",
    ("WMA", "real"): "wma(close, 30)",
    ("STDDEV", "real"): "stdev(close, 5)",
    ("VAR", "real"): "variance(close, 5)",
    ("SUM", "real"): "sum(close, 30)",
    ("LINEARREG_SLOPE", "real"): "slope(close, 14)",
    ("TRANGE", "real"): "true_range",
    ("AVGDEV", "real"): "mean_deviation(close, 14)",
}
"""(function, output) as stored with TA-Lib's defaults, and the formula that says the same."""


@pytest.mark.parametrize(("stored", "formula"), STORED.items())
def test_agrees_with_stored_talib_values(stored, formula, shared_data, candles):
    """Values that somebody else's TA-Lib 0.8 wrote down for AAPL, MSFT and INTC."""
    reference = pl.read_parquet(shared_data / "reference" / "talib_on_sp500.parquet")
    function, output = stored
    expected = reference.filter((pl.col("function") == function) & (pl.col("output") == output)).sort("symbol", "date")
    three = candles.filter(pl.col("symbol").is_in(["AAPL", "MSFT", "INTC"]))
    if not expected.height:
        pytest.skip(f"TA-Lib's {function} is not among the stored functions")

    mine = bs.evaluate({"value": formula}, three)["value"].fill_null(np.nan).to_numpy()

    theirs = expected["value"].fill_null(np.nan).to_numpy()
    scale = 100.0 if function in {"ADX", "STOCHF", "CCI", "CORREL"} else 100.0 * (function == "VAR")
    assert np.array_equal(np.isnan(mine), np.isnan(theirs))
    np.testing.assert_array_less(np.abs(mine - theirs), NEAR * np.fmax(np.abs(theirs), max(scale, 1e-6)), strict=False)


def test_scale_is_a_size(symbols):
    """The tolerance rests on it: never negative, and finite wherever TA-Lib has a value and the window is not flat."""
    for name in FORMULAS:
        rows, candle = symbols[0]
        said = Said(*talib_says(name, candle))
        scale = np.broadcast_to(said.scale, said.values.shape)
        known = ~np.isnan(said.values)
        if said.degenerate is not None:
            known &= ~said.degenerate

        assert rows.start == 0
        assert (scale[known] >= 0).all()
        assert np.isfinite(scale[known]).all() or not complete(name, candle)
