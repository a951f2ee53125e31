"""Tongdaxin's conventions where they differ from the plain functions, worked by hand or written out with pandas."""

import numpy as np
import pandas as pd
import pytest
from sweeping import LANGUAGE, series

NA = None
CLOSES = [10.0, 11.0, 9.0, 12.0, 12.0, 13.0, 12.0, 14.0]
HIGHS = [11.0, 12.0, 10.0, 13.0, 13.0, 14.0, 13.0, 15.0]
LOWS = [9.0, 10.0, 8.0, 11.0, 11.0, 12.0, 11.0, 13.0]
VOLUMES = [100.0, 200.0, 300.0, 100.0, 500.0, 50.0, 100.0, 200.0]
X, H, L, V = (pd.Series(values) for values in (CLOSES, HIGHS, LOWS, VOLUMES))
CHANGE = X.diff()


def values(formula):
    return series(formula, CLOSES, high=HIGHS, low=LOWS, volume=VOLUMES)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("tdx.ref(close, 2)", [NA, NA, 10, 11, 9, 12, 12, 13]),
        ("tdx.ma(close, 2)", [NA, 10.5, 10, 10.5, 12, 12.5, 12.5, 13]),
        ("tdx.sum(close, 0)", [10, 21, 30, 42, 54, 67, 79, 93]),
        ("tdx.sum(close, 2)", [NA, 21, 20, 21, 24, 25, 25, 26]),
        ("tdx.hhv(high, 0)", [11, 12, 12, 13, 13, 14, 14, 15]),
        ("tdx.llv(low, 0)", [9, 9, 8, 8, 8, 8, 8, 8]),
        ("tdx.hhv(high, 2)", [NA, 12, 12, 13, 13, 14, 14, 15]),
        ("tdx.hhvbars(high, 3)", [NA, NA, 1, 0, 0, 0, 1, 0]),
        ("tdx.count(close > 11, 0)", [0, 0, 0, 1, 2, 3, 4, 5]),
        ("tdx.count(close > 11, 2)", [NA, 0, 0, 1, 2, 2, 2, 2]),
        ("tdx.barslast(close > 12.5)", [NA, NA, NA, NA, NA, 0, 1, 0]),
        ("tdx.barssince(close > 12.5)", [NA, NA, NA, NA, NA, 0, 1, 2]),
        ("tdx.barslastcount(close > 11)", [0, 0, 0, 1, 2, 3, 4, 5]),
        ("tdx.barslastcount(close > 12.5)", [0, 0, 0, 0, 0, 1, 0, 1]),
        ("tdx.barscount(close)", [1, 2, 3, 4, 5, 6, 7, 8]),
        ("tdx.filter(close > 11, 2)", [False, False, False, True, False, False, True, False]),
        ("tdx.upnday(close, 2)", [NA, NA, False, False, False, False, False, False]),
        ("tdx.range(close, 11, 13)", [False, False, False, True, True, False, True, False]),
        ("tdx.last(close > 11, 2, 1)", [NA, NA, False, False, False, True, True, True]),
        ("tdx.if(close > 11, 1, 2)", [2, 2, 2, 1, 1, 1, 1, 1]),
        ("tdx.iff(close > 11, 1, 2)", [2, 2, 2, 1, 1, 1, 1, 1]),
        ("tdx.pow(close - 10, 2)", [0, 1, 1, 4, 4, 9, 4, 16]),
        ("tdx.intpart((close - 11) / 2)", [0, 0, -1, 0, 0, 1, 0, 1]),
        ("tdx.fracpart((close - 11) / 2)", [-0.5, 0, 0, 0.5, 0.5, 0, 0.5, 0.5]),
        ("tdx.ceiling(close / 4)", [3, 3, 3, 3, 3, 4, 3, 4]),
        ("tdx.floor(close / 4)", [2, 2, 2, 3, 3, 3, 3, 3]),
        ("tdx.round(close / 4)", [3, 3, 2, 3, 3, 3, 3, 4]),
        ("tdx.round2(close / 8, 1)", [1.3, 1.4, 1.1, 1.5, 1.5, 1.6, 1.5, 1.8]),
        ("tdx.mod(close, 4)", [2, 3, 1, 0, 0, 1, 0, 2]),
        ("tdx.sgn(close - 12)", [-1, -1, -1, 0, 0, 1, 0, 1]),
        ("tdx.reverse(close)", [-x for x in CLOSES]),
        ("tdx.max(close, 11)", [11, 11, 11, 12, 12, 13, 12, 14]),
        ("tdx.min(close, 11)", [10, 11, 9, 11, 11, 11, 11, 11]),
        ("tdx.valuewhen(close > 12.5, high)", [NA, NA, NA, NA, NA, 14, 14, 15]),
        ("tdx.sumbars(volume, 300)", [NA, 2, 1, 2, 1, 2, 3, 2]),
        ("tdx.existr(close > 12.5, 2, 1)", [NA, NA, False, False, False, False, True, True]),
        ("tdx.barssincen(close > 11.5, 3)", [NA, NA, NA, 0, 1, 2, 2, 2]),
        ("tdx.mema(close, 1)", CLOSES),
        ("tdx.isup()", [False] * 8),
        ("tdx.isequal()", [True] * 8),
        ("tdx.obv()", [0, 200, -100, 0, 0, 50, -50, 150]),
        ("tdx.mtm(close, 2)", [NA, NA, -1, 1, 3, 1, 0, 1]),
    ],
)
def test_by_hand(formula, expected):
    assert values(formula) == expected


def sma(x, n, m):
    return x.ewm(alpha=m / n, adjust=False).mean()


def ema(x, n):
    return sma(x, n + 1, 2)


RAW = 100 * (X - L.rolling(3).min()) / (H.rolling(3).max() - L.rolling(3).min())
K = sma(RAW, 3, 1)
DIF = ema(X, 2) - ema(X, 4)
CASES = {
    "tdx.ema(close, 5)": ema(X, 5),
    "tdx.sma(close, 5, 2)": sma(X, 5, 2),
    "tdx.dma(close, 0.3)": sma(X, 10, 3),
    "tdx.rsi(close, 3)": 100 * sma(CHANGE.clip(lower=0), 3, 1) / sma(CHANGE.abs(), 3, 1),
    "tdx.macd(close, 2, 4, 3).dif": DIF,
    "tdx.macd(close, 2, 4, 3).dea": ema(DIF, 3),
    "tdx.macd(close, 2, 4, 3).macd": 2 * (DIF - ema(DIF, 3)),
    "tdx.kdj(3, 3, 3).k": K,
    "tdx.kdj(3, 3, 3).d": sma(K, 3, 1),
    "tdx.kdj(3, 3, 3).j": 3 * K - 2 * sma(K, 3, 1),
    "tdx.boll(close, 4, 2).ub": X.rolling(4).mean() + 2 * X.rolling(4).std(),
    "tdx.boll(close, 4, 2).lb": X.rolling(4).mean() - 2 * X.rolling(4).std(),
    "tdx.std(close, 4)": X.rolling(4).std(),
    "tdx.var(close, 4)": X.rolling(4).var(),
    "tdx.wr(3)": 100 * (H.rolling(3).max() - X) / (H.rolling(3).max() - L.rolling(3).min()),
    "tdx.trix(close, 2)": ema(ema(ema(X, 2), 2), 2).pct_change() * 100,
    "tdx.devsq(close, 4)": X.rolling(4).var() * 3,
}


@pytest.mark.parametrize("formula", CASES)
def test_is_what_its_definition_says(formula):
    expected = CASES[formula].to_numpy()

    found = np.array([np.nan if v is None else float(v) for v in values(formula)])

    assert np.array_equal(np.isnan(found), np.isnan(expected))
    assert np.nanmax(np.abs(found - expected)) < 1e-9


def test_directional_movement():
    """Sums of three bars over those of the true range; index and rating of two."""
    up, down = H.diff(), -L.diff()
    before = X.shift()
    true_range = pd.concat([H - L, (H - before).abs(), (L - before).abs()], axis=1).max(axis=1, skipna=False)
    total = true_range.rolling(3).sum()
    pdi = 100 * up.where((up > 0) & (up > down), 0).where(up.notna()).rolling(3).sum() / total
    mdi = 100 * down.where((down > 0) & (down > up), 0).where(up.notna()).rolling(3).sum() / total
    adx = (100 * (pdi - mdi).abs() / (pdi + mdi)).rolling(2).mean()

    for name, expected in {"pdi": pdi, "mdi": mdi, "adx": adx, "adxr": (adx + adx.shift(2)) / 2}.items():
        found = np.array([np.nan if v is None else v for v in values(f"tdx.dmi(3, 2).{name}")])
        assert np.allclose(found, expected, equal_nan=True)


SAME = {
    "tdx.expma(close, 9)": "tdx.ema(close, 9)",
    "tdx.sar(4, 2, 20)": "sar(0.02, 0.02, 0.2)",
    "tdx.atan(close)": "atan(close)",
    "tdx.log(close)": "log10(close)",
    "tdx.abs(close)": "abs(close)",
    "tdx.ln(close)": "log(close)",
    "tdx.wma(close, 3)": "wma(close, 3)",
    "tdx.expmema(close, 3)": "ema(close, 3)",
    "tdx.cross(close, open)": "crosses_above(close, open)",
    "tdx.every(close > open, 3)": "every(close > open, 3)",
    "tdx.exist(close > open, 3)": "exist(close > open, 3)",
    "tdx.slope(close, 3)": "slope(close, 3)",
    "tdx.forcast(close, 3)": "linreg(close, 3)",
    "tdx.avedev(close, 3)": "mean_deviation(close, 3)",
    "tdx.relate(close, open, 3)": "correlation(close, open, 3)",
    "tdx.cci(14)": "cci(14)",
    "tdx.psy(12)": "psy(12)",
    "tdx.bbi(close)": "bbi(close)",
}


@pytest.mark.parametrize(("theirs", "ours"), SAME.items())
def test_where_conventions_agree_it_is_the_plain_function(theirs, ours):
    assert LANGUAGE.check(theirs).result is LANGUAGE.check(ours).result
