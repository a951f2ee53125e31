"""Section 4 of the design: numbers are finite or undefined, logic is three-valued, holes pass."""

import datetime as dt

import polars as pl
import pytest
from sweeping import random_candles, series, sweep

HOLE = [1.0, 2.0, None, 4.0, 5.0, 6.0]
NA = None


@pytest.mark.parametrize(
    ("source", "closes", "expected"),
    [
        ("close / (close - 2)", [1, 2, 4], [-1, NA, 2]),
        ("1 / (1 / (close - 1))", [1, 2], [NA, 1]),
        ("log(close)", [0, -1, 1], [NA, NA, 0]),
        ("sqrt(close)", [-4, 4], [NA, 2]),
        ("close ^ 0.5", [-4, 4], [NA, 2]),
        ("close * 1e308 * 10 > 0", [1, 0, -1], [NA, False, NA]),
        ("close * 1e308 * 10 - close * 1e308 * 10", [1, 0], [NA, 0]),
        ("exp(close)", [1000, 0], [NA, 1]),
        ("mod(close, 3)", [-1, 4, 3], [2, 1, 0]),
        ("mod(close, 0 * close)", [1, 2], [NA, NA]),
        ("round(close)", [0.5, 1.5, -0.5, -2.5, 2.4], [1, 2, -1, -3, 2]),
        ("round(close, -1)", [14, 15, -15], [10, 20, -20]),
        ("max(close, 2, 3)", HOLE[:4], [3, 3, NA, 4]),
        ("-close + 3", [1, 2], [2, 1]),
    ],
)
def test_what_has_no_finite_value_is_undefined(source, closes, expected):
    assert series(source, closes) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("close > 3", [False, False, NA, True, True, True]),
        ("not (close > 3)", [True, True, NA, False, False, False]),
        ("close > 3 and close > 100", [False, False, NA, False, False, False]),
        ("close > 3 and false", [False] * 6),
        ("close > 3 or true", [True] * 6),
        ("close > 3 ? 1 : 0", [0, 0, NA, 1, 1, 1]),
        ("if(close > 3, close, -close)", [-1, -2, NA, 4, 5, 6]),
        ("defined(close)", [True, True, False, True, True, True]),
        ("nz(close, 9)", [1, 2, 9, 4, 5, 6]),
        ("nz(close)", [1, 2, 0, 4, 5, 6]),
        ("nz(close > 3)", [False, False, False, True, True, True]),
        ("at_least(2, close > 0, close > 1, close > 4)", [False, True, NA, True, True, True]),
        ("at_least(1, close > 0, true)", [True] * 6),
        ("1 < close < 5", [False, True, NA, True, False, False]),
        ("close in [1, 4]", [True, False, NA, True, False, False]),
        ("close != 4", [True, True, NA, False, True, True]),
        ("na ? 1 : 2", [NA] * 6),
        ("close > 4 ? na : close", [1, 2, NA, 4, NA, NA]),
        ("between(close, 5, 2)", [False, True, NA, True, True, False]),
    ],
)
def test_logic_is_three_valued(source, expected):
    assert series(source, HOLE) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("close[1]", [NA, 1, 2, NA, 4, 5]),
        ("sma(close, 2)", [NA, 1.5, NA, NA, 4.5, 5.5]),
        ("sum(close > 1, 2)", [NA, 1, NA, NA, 2, 2]),
        ("count(close > 1, 2)", [NA, 1, NA, NA, 2, 2]),
        ("exist(close > 5, 2)", [NA, False, NA, NA, False, True]),
        ("every(close > 1, 2)", [NA, False, NA, NA, True, True]),
        ("round(ema(close, 3), 9)", [NA, NA, NA, 2.333333333, 3.666666667, 4.833333333]),
        ("cumulative(close)", [1, 3, NA, 7, 12, 18]),
        ("bars_since(close == 2)", [NA, 0, 1, 2, 3, 4]),
        ("value_when(close > 1, close)", [NA, 2, 2, 4, 5, 6]),
        ("crosses_above(close, 3)", [NA, False, NA, NA, False, False]),
        ("highest_since(close == 2, close)", [NA, 2, 2, 4, 5, 6]),
        ("sum_since(close == 2, close)", [NA, 2, 2, 6, 11, 17]),
        ("count_since(close == 2, close > 4)", [NA, 0, 0, 0, 1, 2]),
        ("exrem(close > 1, close == 5)", [False, True, False, False, False, True]),
        ("change(close)", [NA, 1, NA, NA, 1, 1]),
        ("rising(close, 1)", [NA, True, NA, NA, True, True]),
    ],
)
def test_a_hole_is_felt_while_it_is_in_the_window_and_no_longer(source, expected):
    assert series(source, HOLE) == expected


def test_a_flat_window_is_exact():
    """Mean = value and variance = 0 to the bit; correlations are undefined there."""
    flat = [0.1] * 40
    for n in (3, 7, 20, 37):
        assert set(series(f"sma(close, {n})", flat)) == {None, 0.1}
        assert set(series(f"variance(close, {n})", flat)) == {None, 0.0}
        assert set(series(f"ema(close, {n})", flat)) == {None, 0.1}
        assert set(series(f"wma(close, {n})", flat)) == {None, 0.1}
        assert set(series(f"correlation(close, high, {n})", flat, high=[float(i) for i in range(40)])) == {None}


@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_a_series_goes_exactly_with_itself(executor):
    """Not only nearly so: `correlation(x, y, n) == 1` holds."""
    table = random_candles(7, holes=0.0)
    with_itself = {
        f"{sign} {n}": f"correlation(close, {sign}close, {n})" for sign in ("", "-") for n in (2, 9, 30, 100)
    }
    found = sweep(with_itself, table, executor=executor)
    for name in with_itself:
        values = found[name].drop_nulls()
        assert len(values) > 100
        assert set(values) == {-1.0 if name.startswith("-") else 1.0}


@pytest.mark.parametrize("executor", ["polars", "tiles"])
@pytest.mark.parametrize("power", [-490, -260, -240, -100, 100, 240, 260, 490])
def test_correlations_do_not_depend_on_the_magnitude(power, executor):
    """Spreads are squares: the product of two of them would be beyond the numbers."""
    table = random_candles(8, holes=0.0)
    sources = {
        "near": "correlation(close, open + volume, 20)",
        "far": f"correlation({2.0**power!r} * close, open + volume, 20)",
    }
    sources["both"] = f"correlation({2.0**power!r} * close, {2.0**power!r} * (open + volume), 20)"
    found = sweep(sources, table, executor=executor)
    assert found["near"].count() > 100
    assert found["far"].to_list() == found["near"].to_list()
    assert found["both"].to_list() == found["near"].to_list()


def test_a_not_full_window_never_matches():
    """`not (close > sma)` is undefined on the first bars, not true."""
    assert series("not (close > sma(close, 3))", [3, 2, 1, 4]) == [None, None, True, False]


def test_names_ignore_case_where_they_are_built_in():
    assert series("SMA(Close, 2) > HL2 AND True", [1, 2, 4]) == [None, False, False]


def test_the_letters_stand_for_the_candle():
    assert series("c - o + (h - l) + v * 0", [1, 2], open=[0, 0]) == [1, 2]
    assert series("o = 5; o + c", [1, 2]) == [6, 7]


def test_params_defs_and_several_outputs():
    """A whole formula with everything that a statement can be."""
    source = """
        param n = 2 in 1..5
        def lifted(x, by = n) { twice = 2 * x; twice + by }   # sees the formula's names
        upper, middle, lower = bbands(close, n, 1)
        lifted(middle) + (upper - lower) * 0
    """
    assert series(source, [1, 3, 5]) == [None, 6, 10]


def test_kinds_of_text_dates_and_times():
    assert series('sector == "Tech" and sector in ["Tech", "Energy"]', [1]) == [True]
    assert series('date == "2024-01-01" and time >= "01:00"', [1, 1]) == [False, True]
    assert series('"01:00" <= time < "03:00"', [1, 1, 1, 1]) == [False, True, True, False]


def test_a_column_of_one_repeated_value_is_compared_row_by_row():
    """Polars stores such a column as one value, and compares a constant with that one value alone."""
    closes = [1.0, 2.0, 3.0]
    begin = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    frame = pl.DataFrame({"symbol": "A", "ts": [begin, begin + dt.timedelta(hours=1), begin + dt.timedelta(hours=2)]})
    frame = frame.with_columns(pl.Series("close", closes), volume=pl.lit(5.0))

    assert sweep({"f": "4 < volume"}, frame)["f"].to_list() == [True] * 3
    assert sweep({"f": "100 > close"}, frame.head(1))["f"].to_list() == [True]


def test_history_of_a_constant_begins_where_history_does():
    assert series("3[1]", [1, 2, 3]) == [None, 3, 3]
