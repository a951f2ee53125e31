"""Library functions of windows by hand, and what windows of every kind hold to: flat, mixed, empty, spiked, varying."""

import itertools
import math

import numpy as np
import polars as pl
import pytest
from sweeping import random_candles, series, sweep

NA = None
CLOSES = [10.0, 11.0, 9.0, 12.0, NA, 13.0, 12.0, 14.0, 15.0]
HIGHS = [11.0, 12.0, 10.0, 13.0, 13.0, 14.0, 13.0, 15.0, 15.0]
VOLUMES = [100.0, 200.0, 300.0, 100.0, 500.0, NA, 100.0, 200.0, 100.0]


def rounded(values):
    return [v if v is None or isinstance(v, bool) else round(v, 6) for v in values]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("intercept(close, 3)", [NA, NA, 10.5, 10.166667, NA, NA, NA, 12.5, 12.166667]),
        ("forecast(close, 3)", [NA, NA, 9, 11.666667, NA, NA, NA, 14, 16.666667]),
        ("forecast(close, 3, 2)", [NA, NA, 8.5, 12.166667, NA, NA, NA, 14.5, 18.166667]),
        ("linreg(close, 3, 2)", [NA, NA, 10.5, 10.166667, NA, NA, NA, 12.5, 12.166667]),
        ("residual(close, 3)", [NA, NA, -0.5, 0.833333, NA, NA, NA, 0.5, -0.166667]),
        ("r_squared(close, 3)", [NA, NA, 0.25, 0.107143, NA, NA, NA, 0.25, 0.964286]),
        ("standard_error(close, 3)", [NA, NA, 1.224745, 2.041241, NA, NA, NA, 1.224745, 0.408248]),
        ("regression_slope(close, volume, 2)", [NA, 0.01, -0.02, -0.015, NA, NA, NA, 0.02, -0.01]),
        ("regression_intercept(close, volume, 2)", [NA, 9, 15, 13.5, NA, NA, NA, 10, 16]),
        ("regression_estimate(close, volume, 2)", [NA, 11, 9, 12, NA, NA, NA, 14, 15]),
        ("regression_residual(close, volume, 3)", [NA, NA, -0.5, -0.166667, NA, NA, NA, NA, 1.5]),
        ("beta(close, volume, 2)", [NA, 0.01, -0.02, -0.015, NA, NA, NA, 0.02, -0.01]),
        ("quartile_range(close, 3)", [NA, NA, 1, 1.5, NA, NA, NA, 1, 1.5]),
        ("skew(close, 3, sample=true)", [NA, NA, 0, -0.93522, NA, NA, NA, 0, -0.93522]),
        ("kurtosis(high, 4, sample=true)", [NA, NA, NA, -1.2, 1.5, 2.888889, 4, -1.289256, -1.289256]),
        ("swma(high)", [NA, NA, NA, 11.333333, 11.833333, 12.666667, 13.333333, 13.666667, 14.166667]),
        ("product(close, 2)", [NA, 110, 99, 108, NA, NA, 156, 168, 210]),
        ("mode(high, 4)", [NA, NA, NA, 10, 13, 13, 13, 13, 15]),
        ("nth_highest_bar(high, 3)", [NA, NA, 2, 2, 1, 1, 0, 2, 1]),
        ("sum_bars(volume, 300, 4)", [NA, 2, 1, 2, 1, NA, NA, 2, 2]),
        ("shift_by(close, high - 10, max=3)", [NA, NA, 9, 10, 11, NA, 12, NA, NA]),
        ("highest(close, high - 10, max=3)", [10, 11, NA, 12, NA, NA, NA, NA, NA]),
    ],
)
def test_by_hand(source, expected):
    assert rounded(series(source, CLOSES, high=HIGHS, volume=VOLUMES)) == rounded(expected)


FLAT = {
    "quantile(close, 5, 0.3)": "value",
    "nth_highest(close, 5, 3)": "value",
    "mode(close, 5)": "value",
    "alma(close, 9)": "value",
    "sine_wma(close, 7)": "value",
    "pascal_wma(close, 9)": "value",
    "decay_exp(close, 30)": "value",
    "linreg(close, 9)": "value",
    "forecast(close, 9)": "value",
    "intercept(close, 9)": "value",
    "sma(close, 1 + mod(bar_index, 9), max=9)": "value",
    "median_deviation(close, 5)": 0.0,
    "residual_stdev(close, 9)": 0.0,
    "standard_error(close, 9)": 0.0,
    "residual(close, 9)": 0.0,
    "entropy(close, 9)": 0.0,
    "quartile_range(close, 9)": 0.0,
    "regression_slope(close, bar_index, 5)": 0.0,
    "skew(close, 9)": None,
    "kurtosis(close, 9)": None,
    "r_squared(close, 9)": None,
    "beta(bar_index, close, 9)": None,
}


@pytest.mark.parametrize("source", FLAT)
@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-300, 1.23e300, 0.0])
def test_a_flat_window_has_its_value_and_no_spread(source, value):
    """Exactly, and what divides by a spread is undefined."""
    expected = value if FLAT[source] == "value" else FLAT[source]

    assert set(series(source, [value] * 60)[-20:]) == {expected}


@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_large_and_small_values_may_mix(executor):
    """The order of values is exact, whatever their magnitudes; and averages stay within them."""
    values = [1e300, 3.0, -1e300, 1e-300, 7.0, -1.7e308, 1.7e308, 2.0, 5.0, 4.0] * 3
    frame = random_candles(1, lengths=(30,), holes=0.0).with_columns(pl.Series("close", values))
    names = ("quantile(close, 3, 0.25)", "nth_highest(close, 4, 2)", "median(close, 2)", "mode(close, 5)")

    swept = sweep({**{name: name for name in names}, "alma": "alma(close, 9)"}, frame, executor=executor)

    windows = [np.lib.stride_tricks.sliding_window_view(values, n) for n in (3, 4, 2, 5)]
    ordered = [np.sort(window, axis=1) for window in windows]
    expected = (ordered[0][:, 0] / 2 + ordered[0][:, 1] / 2, ordered[1][:, 2], ordered[2].sum(axis=1), ordered[3][:, 0])
    for name, truth in zip(
        names, (*expected[:2], ordered[2][:, 0] / 2 + ordered[2][:, 1] / 2, expected[3]), strict=True
    ):
        assert swept[name].drop_nulls().to_list() == truth.tolist(), name
    assert swept["alma"].drop_nulls().len() == 22


def test_a_perfect_line_has_no_residual():
    """A standard error made of two large sums would show their rounding."""
    line = [1e6 + 3.7 * bar for bar in range(200)]

    assert max(series("standard_error(close, 50)", line)[49:]) < 1e-8
    assert {v for v in series("r_squared(close, 50)", line) if v is not None} <= {1.0, math.nextafter(1, 0)}


LENGTHS = [*range(1, 41), 63, 64, 65, 127, 128, 129, 150]


@pytest.mark.parametrize("executor", ["polars", "tiles"])
@pytest.mark.parametrize("name", ["sum", "sma", "highest", "lowest", "highest_bar", "lowest_bar", "count"])
def test_a_length_that_does_not_change_gives_the_same_bits(name, executor):
    """A series as length costs nothing in exactness, whatever its bound."""
    candles = random_candles(3, lengths=(150, 170))
    what = "close > open" if name == "count" else "close"
    pairs = {f"{n}": (f"{name}({what}, {n})", f"{name}({what}, volume * 0 + {n}, max={n + n % 3})") for n in LENGTHS}
    filled = candles.with_columns(pl.col("volume").fill_null(1.0))

    swept = sweep({f"{n}{k}": pair[k] for n, pair in pairs.items() for k in (0, 1)}, filled, executor=executor)

    assert [n for n in pairs if not swept[f"{n}0"].equals(swept[f"{n}1"])] == []


def test_a_number_of_bars_that_does_not_change_is_history():
    candles = random_candles(4, lengths=(90,)).with_columns(pl.col("volume").fill_null(1.0))
    names = {
        f"{n}{k}": text
        for n in (0, 1, 7, 20)
        for k, text in enumerate((f"close[{n}]", f"shift_by(close, {n} + volume * 0, max=20)"))
    }

    swept = sweep(names, candles)

    assert all(swept[f"{n}0"].equals(swept[f"{n}1"]) for n in (0, 1, 7, 20))


def test_a_length_may_be_constant_beside_its_bound():
    """It is then the constant it would be without; so that a definition may take either."""
    values = [float(v) for v in (3, 1, 4, 1, 5, 9, 2, 6)]

    assert series("highest(close, 3, max=9)", values) == series("highest(close, 3)", values)
    assert series("def peak(n) = highest(close, n, max=9); peak(3) + 0 * peak(1 + mod(bar_index, 3))", values)[2:] == [
        float(v) for v in (4, 4, 5, 9, 9, 9)
    ]


def test_bars_are_added_until_they_suffice():
    """Tongdaxin's SUMBARS: the turnover of a number of shares."""
    volume = [1.0, 2.0, 3.0, 4.0, NA, 5.0, 1.0, 1.0]

    assert series("sum_bars(volume, 5, 10)", volume, volume=volume) == [NA, NA, 2, 2, NA, 1, 2, 3]
    assert series("sum_bars(volume, volume, 1)", volume, volume=volume) == [1, 1, 1, 1, NA, 1, 1, 1]


def test_places_follow_each_other():
    """The k-th largest are the window's values from the top, each at another bar."""
    candles = random_candles(5, lengths=(120,), holes=0.0)
    names = {f"{what}{k}": f"{what}(close, 6, {k})" for what in ("nth_highest", "nth_highest_bar") for k in range(1, 7)}

    swept = sweep({"close": "close", **names}, candles)

    closes = swept["close"].to_list()
    for bar, row in itertools.islice(enumerate(swept.iter_rows(named=True)), 5, None):
        places = [int(row[f"nth_highest_bar{k}"]) for k in range(1, 7)]
        assert sorted(places) == list(range(6))
        assert [closes[bar - ago] for ago in places] == [row[f"nth_highest{k}"] for k in range(1, 7)]
        assert [row[f"nth_highest{k}"] for k in range(1, 7)] == sorted(closes[bar - 5 : bar + 1], reverse=True)
