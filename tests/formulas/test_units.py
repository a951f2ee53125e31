"""What numbers measure: told for every function by scaling, and warned of where it does not fit."""

import polars as pl
import pytest
from sweeping import CALLS, KINDS, LANGUAGE, random_candles, sweep

from barsweep.errors import FormulaError
from barsweep.formulas.declaring import PRIMITIVES
from barsweep.formulas.kinds import Kind
from barsweep.formulas.units import COUNT, FREE, RULES, unit_of

PRICE_FACTOR, VOLUME_FACTOR = 4.0, 8.0
PRICES = ("open", "high", "low", "close")
NO_SCALE = {"round", "round2", "floor", "ceil", "ceiling", "trunc", "intpart", "frac", "fracpart", "mod", "standing"}
"""Functions of numbers as they are written: rounding a price to cents has no meaning in another currency."""
OWN_NAMES = {call: name.rpartition(".")[2] for call, name in CALLS.items()}
ALL_CALLS = [call for call, name in OWN_NAMES.items() if name not in NO_SCALE and "volume > 2000" not in call]


def unit(call):
    return unit_of(LANGUAGE.check(call, KINDS).result)


@pytest.fixture(params=["polars", "tiles"])
def executor(request):
    return request.param


def test_values_scale_with_their_unit(executor):
    """Prices times 4 and volumes times 8: a price is 4 times as large, a ratio the same. Powers of two are exact."""
    candles = random_candles(12, lengths=(150, 60))
    scaled = candles.with_columns(*(pl.col(name) * PRICE_FACTOR for name in PRICES), pl.col("volume") * VOLUME_FACTOR)
    units = {call: unit(call) for call in ALL_CALLS}
    measured = {call: own for call, own in units.items() if own is not None and own is not FREE}
    plain, larger = (sweep({call: call for call in measured}, frame, executor=executor) for frame in (candles, scaled))

    wrong = []
    for call, own in measured.items():
        factor = PRICE_FACTOR ** float(own.price) * VOLUME_FACTOR ** float(own.volume)
        expected, found = plain[call] * factor, larger[call]
        known = expected.is_not_null()
        near = (found - expected).abs() <= 1e-9 * expected.abs() + 1e-12 * factor
        if not (found.is_not_null() == known).all() or not near.filter(known).all():
            wrong.append(call)

    assert wrong == []
    assert len(measured) > 300


def test_every_primitive_that_gives_a_number_has_a_rule():
    """So that a new one is not free by oversight."""
    numbers = {p.form_of or name for name, p in PRIMITIVES.items() if Kind.NUMBER in p.result.kinds or p.outputs}

    assert {name for name in numbers if name not in RULES} == set()
    assert set(RULES) <= set(PRIMITIVES)


@pytest.mark.parametrize(
    ("formula", "measure"),
    [
        ("sma(close, 20)", "a price"),
        ("100 * close / sma(close, 20)", "a ratio"),
        ("close * volume", "money"),
        ("sum(close * volume, 5) / sum(volume, 5)", "a price"),
        ("rsi(close, 14)", "a ratio"),
        ("obv()", "a volume"),
        ("bars_since(close > open)", "a count"),
        ("stdev(close, 20)", "a price"),
        ("variance(close, 20)", "a price^2"),
        ("supertrend().direction", "a ratio"),
        ("weekday", "a time"),
        ("close + volume", "a free"),
        ('timeframe("1d", close)', "a price"),
        ("close ^ 2 / close", "a price"),
        ("product(close, 3) / close", "a price^2"),
        ("close ^ 0.1 * close ^ 0.2 / close ^ 0.3", "a ratio"),
        ("highest(high, volume, max=9)", "a price"),
        ("beta(close, volume, 9) * volume", "a price"),
    ],
)
def test_what_formulas_measure(formula, measure):
    assert str(unit(formula)) == measure


@pytest.mark.parametrize(
    ("formula", "warning"),
    [
        ("close > volume", "compared: a price and a volume"),
        ("rsi(close) > sma(close, 5)", "compared: a ratio and a price"),
        ("close + volume > 3", "put together: a price and a volume"),
        ("(close > open ? close : volume) > 3", "the choice is between: a price and a volume"),
        ("def above(x) = x > volume\nabove(close)", "compared: a price and a volume"),
        ("atr(14) > natr(14)", "compared: a price and a ratio"),
        ("sum_bars(volume, close, 5) > 2", "compared: a volume and a price"),
    ],
)
def test_senseless_sums_and_comparisons_are_warned_of(formula, warning):
    checked = LANGUAGE.check(formula)

    assert [each.message for each in checked.warnings] == [warning]
    with pytest.raises(FormulaError, match=warning):
        LANGUAGE.check(formula, strict=True)


@pytest.mark.parametrize(
    "formula",
    [
        "close > sma(close, 20) and volume > 1.5 * sma(volume, 20) and rsi(close, 14) < 70",
        "close > 10 and close * volume > 1e6 and macd(close).hist > 0",
        "close > vwap() and close > bbands(close).upper and bars_since(close > open) < 5",
        "count(close > open, 10) / 10 > psy(12) / 100",
        "log(close) > log(open)",
        "close ^ 0.1 * close ^ 0.2 > close ^ 0.3",
        "max(close - open, 0) > 2 * atr(14)",
    ],
)
def test_sound_formulas_are_not(formula):
    assert LANGUAGE.check(formula).warnings == ()


def test_a_warning_says_why():
    checked = LANGUAGE.check("rsi(close) > sma(close, 5)")

    assert checked.warnings[0].hint == "rsi(close) is a ratio, sma(close, 5) is a price"


def test_counts_go_with_ratios():
    assert unit("count(close > open, 5)") == COUNT
