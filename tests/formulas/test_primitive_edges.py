"""Primitives against their references where test_primitives does not go: all lengths, signs, powers, digits.

The tolerance is tight (1e-11 of the value): exact references leave no room for more than a few roundings.
"""

import math
from itertools import chain

import pytest
from references.registry import REFERENCES
from sweeping import random_candles, series, sweep

CANDLES = random_candles(11, lengths=(1, 2, 90, 37, 130), holes=0.06)
ROWS = [{name: part[name].to_list() for name in CANDLES.columns} for part in CANDLES.partition_by("symbol")]
LENGTHS = (1, 2, 5, 14, 60)
WINDOWS = [
    "sum",
    "sma",
    "variance",
    "mean_deviation",
    "highest",
    "lowest",
    "highest_bar",
    "lowest_bar",
    "median",
    "rank_over",
    "percent_rank",
]


def gain(row):
    """Values of both signs, with ties and zeros: close - open."""
    return REFERENCES["subtract"](row["close"], row["open"])


def near(mine, expected):
    if mine is None or expected is None or isinstance(expected, bool):
        return mine is expected
    return math.isclose(mine, expected, rel_tol=1e-11, abs_tol=1e-11)


def assert_same(calls, reference):
    """Each of {arguments: formula} equals what reference(row, *arguments) says of every symbol."""
    swept = sweep({formula: formula for formula in calls.values()}, CANDLES)
    for arguments, formula in calls.items():
        expected = list(chain.from_iterable(reference(row, *arguments) for row in ROWS))
        pairs = enumerate(zip(swept[formula].to_list(), expected, strict=True))
        assert [(bar, *pair) for bar, pair in pairs if not near(*pair)] == [], formula


@pytest.mark.parametrize("name", [*WINDOWS, "ema", "rma"])
def test_every_length_of_a_window(name):
    """From a single bar to more bars than most of the symbols have between two holes."""
    calls = {(n,): f"{name}(close - open, {n})" for n in LENGTHS}

    assert_same(calls, lambda row, n: REFERENCES[name](gain(row), n))


@pytest.mark.parametrize("name", ["covariance", "correlation"])
def test_every_length_of_a_window_over_two_series(name):
    calls = {(n,): f"{name}(close, volume, {n})" for n in LENGTHS[1:]}

    assert_same(calls, lambda row, n: REFERENCES[name](row["close"], row["volume"], n))


def test_every_length_of_a_slope():
    assert_same({(n,): f"slope(close, {n})" for n in LENGTHS[1:]}, lambda row, n: REFERENCES["slope"](row["close"], n))


@pytest.mark.parametrize("name", ["count", "exist", "every"])
def test_every_length_of_a_condition(name):
    calls = {(n,): f"{name}(close > open, {n})" for n in LENGTHS}

    assert_same(calls, lambda row, n: REFERENCES[name](REFERENCES["greater"](row["close"], row["open"]), n))


@pytest.mark.parametrize("name", ["abs", "sign", "sqrt", "log", "exp", "floor", "ceil", "round"])
def test_numbers_of_both_signs(name):
    assert_same({(): f"{name}(close - open)"}, lambda row: REFERENCES[name](gain(row)))


def test_mod_takes_the_sign_of_the_divisor():
    assert_same({(): "mod(close, close - open)"}, lambda row: REFERENCES["mod"](row["close"], gain(row)))
    assert_same({(): "mod(close - open, open)"}, lambda row: REFERENCES["mod"](gain(row), row["open"]))


def test_powers():
    """Negative bases, zero and overflow among them."""
    calls = {(exponent,): f"(close - open) ^ ({exponent})" for exponent in (-1, 0, 0.5, 1, 2, 3, 400)}

    assert_same(calls, lambda row, exponent: REFERENCES["power"](gain(row), [exponent] * len(row["ts"])))


def test_rounding_to_digits():
    calls = {(digits,): f"round(close / 7, {digits})" for digits in (-1, 0, 1, 2)}

    def sevenths(row):
        return REFERENCES["divide"](row["close"], [7.0] * len(row["ts"]))

    assert_same(calls, lambda row, digits: REFERENCES["round"](sevenths(row), digits))


def test_at_least():
    conditions = "close > open, volume > 2400, low < 60"
    calls = {(n,): f"at_least({n}, {conditions})" for n in (1, 2, 3)}

    def reference(row, n):
        bars = len(row["ts"])
        up = REFERENCES["greater"](row["close"], row["open"])
        busy = REFERENCES["greater"](row["volume"], [2400.0] * bars)
        return REFERENCES["at_least"](n, up, busy, REFERENCES["less"](row["low"], [60.0] * bars))

    assert_same(calls, reference)


def test_sar_takes_its_settings_alone():
    """High and low are the candle's own."""
    settings = [(0.02, 0.02, 0.2), (0.05, 0.01, 0.1), (0.3, 0.1, 0.2)]
    calls = {each: f"sar({', '.join(map(str, each))})" for each in settings}

    assert_same(calls, lambda row, *each: REFERENCES["parabolic"](row["high"], row["low"], *each))


@pytest.mark.parametrize("function", ["max", "min"])
def test_many_arguments_take_no_more_than_their_number(function):
    """A rule that writes each argument out twice would take 2 to the power of them."""
    many = ", ".join(f"close + {n}" for n in range(100))

    expected = [101.0, None, 99.5] if function == "max" else [2.0, None, 0.5]
    assert series(f"{function}({many})", [2.0, None, 0.5]) == expected
    assert series(f"{function}(close, open, 1)", [2.0, 3.0, 0.5], open=[1.0, None, 4.0])[1] is None
