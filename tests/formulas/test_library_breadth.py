"""Functions of other trades' lists, each against its definition written out with pandas or in plain Python."""

import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from seeded import smoothed
from sweeping import random_candles, series, sweep

BARS = 160
RNG = np.random.default_rng(5)
X = pd.Series(50 + RNG.normal(0, 1, BARS).round(1).cumsum())
O = X + RNG.normal(0, 0.5, BARS).round(1)
H = np.maximum(O, X) + RNG.random(BARS).round(1) + 0.1
L = np.minimum(O, X) - RNG.random(BARS).round(1) - 0.1
V = pd.Series(RNG.integers(1, 50, BARS) * 100.0)
R, S = X / X.shift() - 1, V / V.shift() - 1
TR = pd.concat([H - L, (H - X.shift()).abs(), (L - X.shift()).abs()], axis=1).max(axis=1, skipna=False)
SPREAD = X.rolling(10).std(ddof=0)
PP = (H + L + X) / 3
HLC3 = PP
GAPPED = X.where(np.arange(BARS) % 11 < 6)
HALVING = 0.5 ** (np.arange(30)[::-1] / 10)


def over(n, function, *columns):
    """A function of each full window of several columns."""
    values = [column.to_numpy() for column in columns]
    made = [function(*(v[t - n + 1 : t + 1] for v in values)) if t >= n - 1 else np.nan for t in range(len(values[0]))]
    return pd.Series(made, dtype=float)


def standard(x):
    return (x - x.mean()) / x.std()


def left(x, y, z):
    """The correlation of what is left of x and y after lines on z."""
    rest = [v - np.polyval(np.polyfit(z, v, 1), z) for v in (x, y)]
    return np.corrcoef(*rest)[0, 1]


def weighted(function):
    weights = HALVING / HALVING.sum()
    return lambda x: function(x, weights)


def volatility_index():
    change = X.diff()
    up = smoothed(SPREAD.where(change > 0, 0).where(SPREAD.notna()), 14, 2 / 15)
    down = smoothed(SPREAD.where(change <= 0, 0).where(SPREAD.notna()), 14, 2 / 15)
    return 100 * up / (up + down)


def runs(condition):
    """How long the condition has held, at each bar."""
    return condition.groupby((~condition).cumsum()).cumsum().astype(float)


def demark(total_of):
    total = np.where(X < O, H + 2 * L + X, np.where(X > O, 2 * H + L + X, H + L + 2 * X))
    return pd.Series(total_of(total))


SETUP = (runs(X.shift(4) < X) - runs(X.shift(4) > X)).where(X.shift(4).notna())
ATR = smoothed(TR, 10, 0.1)
VWAP = (HLC3 * V).cumsum() / V.cumsum()
BAND = np.sqrt((HLC3**2 * V).cumsum() / V.cumsum() - VWAP**2)
NARROW = 2 * X.rolling(20).std(ddof=0) < 1.5 * TR.rolling(20).mean()
DEPTH = 100 * (1 - X / X.rolling(10).max())

CASES = {
    "log1p(close / 1e12)": np.log1p(X / 1e12),
    "tail(close, 49, 51, 0)": X.mask((X > 49) & (X < 51), 0),
    "filled(mod(bar_index, 11) < 6 ? close : na, 2)": GAPPED.ffill(limit=2),
    "count_undefined(mod(bar_index, 11) < 6 ? close : na, 14)": GAPPED.isna().astype(float).rolling(14).sum(),
    'ma(close, 7, "sma")': X.rolling(7).mean(),
    'ma(close, 7, "ema")': smoothed(X, 7, 0.25),
    'ma(close, 7, "rma")': smoothed(X, 7, 1 / 7),
    "weighted_mean(close, volume, 9)": (X * V).rolling(9).sum() / V.rolling(9).sum(),
    **{f"moment(close, 20, {k})": over(20, lambda x, k=k: ((x - x.mean()) ** k).mean(), X) for k in (2, 3, 4)},
    "triple_correlation(pct_change(close), pct_change(volume), high, 20)": over(
        20, lambda x, y, z: (standard(x) * standard(y) * standard(z)).mean(), R, S, H
    ),
    "co_skewness(pct_change(close), pct_change(volume), 20)": over(
        20, lambda x, y: (standard(x) * standard(y) ** 2).mean(), R, S
    ),
    "co_kurtosis(pct_change(close), pct_change(volume), 20)": over(
        20, lambda x, y: (standard(x) * standard(y) ** 3).mean(), R, S
    ),
    "correlation_given(close, volume, high - low, 20)": over(20, left, X, V, H - L),
    "half_life_mean(close, 30, 10)": over(30, weighted(lambda x, w: (w * x).sum()), X),
    "half_life_stdev(close - 50, 30, 10)": over(
        30, weighted(lambda x, w: math.sqrt((w * (x - (w * x).sum()) ** 2).sum())), X - 50
    ),
    "l2_norm(close, 14)": over(14, np.linalg.norm, X),
    "vector_neutralize(close, volume, 20)": over(20, lambda x, y: x[-1] - (x @ y) / (y @ y) * y[-1], X, V),
    "rvi(close, 10, 14)": volatility_index(),
    "drawdown(close, 10)": DEPTH,
    "max_drawdown(close, 10)": DEPTH.rolling(10).max(),
    "squeeze().on": NARROW.astype(float).where(np.arange(BARS) >= 20),
    "chande_kroll(10, 2, 9).short": (H.rolling(10).max() - 2 * ATR).rolling(9).max(),
    "chande_kroll(10, 2, 9).long": (L.rolling(10).min() + 2 * ATR).rolling(9).min(),
    "td_sequential().setup": SETUP,
    "pivot_points().r3": H + 2 * (PP - L),
    "pivot_points_fibonacci().r1": PP + 0.382 * (H - L),
    "pivot_points_fibonacci().s2": PP - 0.618 * (H - L),
    "pivot_points_woodie(high, low, open).pp": (H + L + 2 * O) / 4,
    "pivot_points_woodie().r1": (H + L + 2 * X) / 2 - L,
    "pivot_points_camarilla().r4": X + 0.55 * (H - L),
    "pivot_points_camarilla().s1": X - 1.1 * (H - L) / 12,
    "pivot_points_demark().pp": demark(lambda total: total / 4),
    "pivot_points_demark().s1": demark(lambda total: total / 2 - H),
}


def found_of(formula, **columns):
    given = {"open": O, "high": H, "low": L, "volume": V} | columns
    values = series(formula, X.to_list(), **{name: column.to_list() for name, column in given.items()})
    return np.array([np.nan if v is None else float(v) for v in values])


@pytest.mark.parametrize("formula", CASES)
def test_is_what_its_definition_says(formula):
    expected = np.asarray(CASES[formula], dtype=float)

    found = found_of(formula)

    assert np.array_equal(np.isnan(found), np.isnan(expected))
    scale = np.fmax(np.abs(expected), max(np.nanmedian(np.abs(expected)), 1e-9))
    assert np.nanmax(np.abs(found - expected) / scale) < 1e-9


def test_vwap_bands_of_one_session():
    """On the first day, whose 24 bars are one session."""
    for output, side in (("upper", 2), ("middle", 0), ("lower", -2)):
        found = found_of(f"vwap_bands(hlc3, 2).{output}")[:24]
        assert np.abs(found - (VWAP + side * BAND)[:24]).max() < 1e-6


def test_a_sequential_countdown():
    """Nine rises over four bars before are a setup; then closes at or above the high of two bars before count to 13."""
    closes = [float(bar) for bar in range(40)]

    found = series("td_sequential().countdown", closes, high=[c + 0.5 for c in closes])

    assert found[11] == 0 or found[11] is None
    assert found[12:27] == [float(min(count, 13)) for count in range(1, 16)]
    assert series("td_sequential().countdown", closes[::-1], low=[c - 0.5 for c in closes[::-1]])[30] == -13


def test_a_hump_holds_small_moves_back():
    assert series("hump(close, 1)", [10.0, 10.5, 11.5, None, 11.0, 12.5, 13.6]) == [
        10,
        10,
        11.5,
        None,
        11.5,
        11.5,
        13.6,
    ]


def test_quantitative_qualitative_estimation_trails_the_smoothed_rsi():
    """The trail is the tightest lower band while up, the tightest upper one while down."""
    line, trail, side = (found_of(f"qqe().{name}") for name in ("line", "trail", "direction"))
    width = found_of("s = ema(rsi(close, 14), 5)\n4.236 * ema(ema(abs(s - s[1]), 27), 27)")
    expected = found_of(
        "s = ema(rsi(close, 14), 5)\nw = 4.236 * ema(ema(abs(s - s[1]), 27), 27)\ntrailing_stop(s - w, s + w, s).line"
    )

    assert np.isfinite(trail).sum() > 80
    assert np.array_equal(trail, expected, equal_nan=True)
    assert np.nanmax(np.where(side > 0, line - width - trail, trail - line - width)) < 1e-9
    assert np.allclose(line, np.asarray(smoothed(pd.Series(found_of("rsi(close, 14)")), 5, 1 / 3)), equal_nan=True)


def test_the_breadth_of_a_market():
    """Rising less falling symbols, their share, and McClellan's averages of them."""
    candles = random_candles(3, lengths=(90, 90, 90, 90, 90), holes=0.0).with_columns(
        ts=pl.col("ts").min() + pl.duration(hours=pl.int_range(pl.len()).over("symbol"))
    )
    formulas = {
        "net": "advance_decline()",
        "share": "breadth(close > close[1])",
        "line": "mcclellan(close, 3, 5).line",
        "sum": "mcclellan(close, 3, 5).summation",
    }

    found = sweep(formulas, candles).filter(pl.col("symbol") == "S0").to_pandas()

    moves = candles.to_pandas().pivot(index="ts", columns="symbol", values="close").diff().iloc[1:]
    net = ((moves > 0).sum(axis=1) - (moves < 0).sum(axis=1)).astype(float).reset_index(drop=True)
    line = smoothed(net, 3, 0.5) - smoothed(net, 5, 1 / 3)
    assert np.allclose(found["net"].iloc[1:], net)
    assert np.allclose(found["share"].iloc[1:], (moves > 0).mean(axis=1))
    assert np.allclose(found["line"].iloc[1:], line, equal_nan=True)
    assert np.allclose(found["sum"].iloc[1:], line.cumsum(), equal_nan=True)


def test_a_kind_of_average_that_is_none_is_undefined():
    assert set(series('ma(close, 3, "smma")', [1.0, 2.0, 3.0, 4.0])) == {None}
