"""TradingView's conventions where they differ from the plain functions, each written out with pandas."""

import numpy as np
import pandas as pd
import pytest
from seeded import ema, rma
from sweeping import LANGUAGE, series

BARS = 150


def made_up():
    rng = np.random.default_rng(5)
    close = pd.Series(80 + rng.normal(0, 1, BARS).round(1).cumsum())
    high = close + rng.random(BARS).round(1) + 0.1
    low = close - rng.random(BARS).round(1) - 0.1
    open_ = close.shift(fill_value=80.0)
    volume = pd.Series(rng.integers(1, 60, BARS) * 50.0)
    return {"open": open_, "high": high, "low": low, "close": close, "volume": volume}


C = made_up()
O, H, L, X, V = (C[name] for name in ("open", "high", "low", "close", "volume"))
CHANGE = X - X.shift()
TR = pd.concat([H - L, (H - X.shift()).abs(), (L - X.shift()).abs()], axis=1).max(axis=1)


def dmi(n, smooth):
    up, down = H.diff(), -L.diff()
    known = up.notna()
    plus = rma(up.where((up > down) & (up > 0), 0).where(known), n)
    minus = rma(down.where((down > up) & (down > 0), 0).where(known), n)
    ranges = rma(TR.where(known), n)
    plus, minus = 100 * plus / ranges, 100 * minus / ranges
    return plus, minus, 100 * rma((plus - minus).abs() / (plus + minus), smooth)


MACD = ema(X, 12) - ema(X, 26)
UP, DOWN = rma(CHANGE.clip(lower=0), 14), rma(-CHANGE.clip(upper=0), 14)
KC = ema(TR, 20)
FLOW = ((H + L + X) / 3).diff()

CASES = {
    "pine.rsi(close, 14)": 100 - 100 / (1 + UP / DOWN),
    "pine.macd(close, 12, 26, 9).macdline": MACD,
    "pine.macd(close, 12, 26, 9).signalline": ema(MACD, 9),
    "pine.macd(close, 12, 26, 9).histline": MACD - ema(MACD, 9),
    "pine.tr()": TR.where(CHANGE.notna()),
    "pine.tr(true)": TR,
    "pine.atr(14)": rma(TR, 14),
    "pine.dmi(14, 10).plus": dmi(14, 10)[0],
    "pine.dmi(14, 10).minus": dmi(14, 10)[1],
    "pine.dmi(14, 10).adx": dmi(14, 10)[2],
    "pine.kc(close, 20, 2).upper": ema(X, 20) + 2 * KC,
    "pine.kc(close, 20, 2, false).lower": ema(X, 20) - 2 * ema(H - L, 20),
    "pine.kcw(close, 20, 2)": 4 * KC / ema(X, 20),
    "pine.bb(close, 20, 2).upper": X.rolling(20).mean() + 2 * X.rolling(20).std(ddof=0),
    "pine.bbw(close, 20, 2)": 400 * X.rolling(20).std(ddof=0) / X.rolling(20).mean(),
    "pine.obv()": (np.sign(CHANGE) * V).fillna(0).cumsum(),
    "pine.pvt()": (CHANGE / X.shift() * V).fillna(0).cumsum(),
    "pine.highestbars(high, 10)": H.rolling(10).apply(lambda x: np.flatnonzero(x == x.max())[-1] - 9, raw=True),
    "pine.lowestbars(low, 10)": L.rolling(10).apply(lambda x: np.flatnonzero(x == x.min())[-1] - 9, raw=True),
    "pine.stdev(close, 14, false)": X.rolling(14).std(),
    "pine.variance(close, 14, false)": X.rolling(14).var(),
    "pine.range(close, 14)": X.rolling(14).max() - X.rolling(14).min(),
    "pine.linreg(close, 14, 3)": X.rolling(14).apply(lambda y: np.polyval(np.polyfit(range(14), y, 1), 10), raw=True),
    "pine.cum(close)": X.cumsum(),
    "pine.wvad()": (X - O) / (H - L) * V,
    "pine.mom(close, 3)": X - X.shift(3),
    "pine.stoch(close, high, low, 14)": 100 * (X - L.rolling(14).min()) / (H.rolling(14).max() - L.rolling(14).min()),
    "pine.mfi(hlc3, 14)": 100
    - 100
    / (
        1
        + (V * (H + L + X) / 3).where(FLOW > 0, 0).where(FLOW.notna()).rolling(14).sum()
        / (V * (H + L + X) / 3).where(FLOW < 0, 0).where(FLOW.notna()).rolling(14).sum()
    ),
}


@pytest.mark.parametrize("formula", CASES)
def test_says_what_tradingview_says(formula):
    expected = np.asarray(CASES[formula], dtype=float)

    given = {name: C[name].to_list() for name in ("open", "high", "low", "volume")}
    found = np.array([np.nan if v is None else float(v) for v in series(formula, X.to_list(), **given)])

    assert np.array_equal(np.isnan(found), np.isnan(expected))
    assert np.nanmax(np.abs(found - expected) / np.fmax(np.abs(expected), 1)) < 1e-9


def test_a_rise_without_a_fall_is_100():
    assert series("pine.rsi(close, 3)", [1.0, 2.0, 3.0, 4.0, 5.0])[3:] == [100.0, 100.0]


def test_direction_has_the_sign_of_tradingview():
    given = {"high": H.to_list(), "low": L.to_list()}

    calls = ("supertrend(10, 3).direction", "pine.supertrend(3, 10).direction")
    ours, theirs = (series(call, X.to_list(), **given) for call in calls)

    assert [None if v is None else -v for v in theirs[60:]] == ours[60:]


SAME = {
    "pine.mode(close, 9)": "mode(close, 9)",
    "pine.max(high)": "highest_ever(high)",
    "pine.min(low)": "lowest_ever(low)",
    "pine.pivothigh(high, 3, 2)": "pivot_high(high, 3, 2)",
    "pine.pivotlow(low, 3, 2)": "pivot_low(low, 3, 2)",
    "pine.nvi()": "nvi(close) / 1000",
    "pine.pvi()": "pvi(close) / 1000",
    "pine.percentile_nearest_rank(close, 9, 50)": "nth_lowest(close, 9, 5)",
    "pine.sma(close, 5)": "sma(close, 5)",
    "pine.wma(close, 5)": "wma(close, 5)",
    "pine.hma(close, 9)": "hma(close, 9)",
    "pine.vwma(close, 5)": "vwma(close, 5)",
    "pine.swma(close)": "swma(close)",
    "pine.vwap(hlc3)": "vwap(hlc3)",
    "pine.change(close, 2)": "change(close, 2)",
    "pine.rising(close, 2)": "rising(close, 2)",
    "pine.falling(close, 2)": "falling(close, 2)",
    "pine.cross(close, open)": "crosses(close, open)",
    "pine.crossover(close, open)": "crosses_above(close, open)",
    "pine.crossunder(close, open)": "crosses_below(close, open)",
    "pine.barssince(close > open)": "bars_since(close > open)",
    "pine.highest(high, 5)": "highest(high, 5)",
    "pine.lowest(low, 5)": "lowest(low, 5)",
    "pine.dev(close, 5)": "mean_deviation(close, 5)",
    "pine.median(close, 5)": "median(close, 5)",
    "pine.correlation(close, open, 9)": "correlation(close, open, 9)",
    "pine.percentrank(close, 9)": "percent_rank(close, 9)",
    "pine.cci(hlc3, 20)": "cci(20)",
    "pine.cmo(close, 9)": "cmo(close, 9)",
    "pine.cog(close, 9)": "cog(close, 9)",
    "pine.tsi(close, 5, 9) * 100": "tsi(close, 9, 5).line",
    "pine.wpr(9)": "willr(9)",
    "pine.accdist()": "ad()",
    "pine.iii()": "iii()",
}


@pytest.mark.parametrize(("theirs", "ours"), SAME.items())
def test_where_conventions_agree_it_is_the_plain_function(theirs, ours):
    assert LANGUAGE.check(theirs).result is LANGUAGE.check(ours).result or "100" in theirs
