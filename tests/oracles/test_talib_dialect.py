"""Every function of the talib library against TA-Lib itself, over all clean symbols of the S&P 500, bar by bar.

Defined at the same bars and equal to 1e-8 of the value or of the terms that it is a difference of.
"""

import polars as pl
import pytest
import talib
from oracles.clean_symbols import clean_symbols
from oracles.talib_calls import calls, calls_of_averages, defaults, input_names, output_names, shortest_call
from oracles.talib_comparing import SCALES, compare

from barsweep.formulas import Language

LIBRARY = Language().functions.libraries["talib"]
FUNCTIONS = sorted(name.removeprefix("talib.").upper() for name in LIBRARY)
AVERAGING = [
    name for name in FUNCTIONS if any("matype" in parameter for parameter in defaults(name)) and name != "MAVP"
]
"""Functions with averages of any kind. (MAVP knows the mean alone.)"""

AVERAGES = range(14)
"""The kinds of moving averages, by TA-Lib's numbers."""

KAMA, MAMA = 6, 7
UNSETTLED = {"STOCHRSI": {KAMA, MAMA}}
"""Kinds that do not agree: where k stands at 100 for a while, these two move as TA-Lib's rounding of 100 has it."""


@pytest.fixture(scope="module")
def candles(shared_data):
    """The symbols whose every row is whole and in order."""
    number = pl.int_range(pl.len()).over("symbol")
    return clean_symbols(shared_data).with_columns(
        (pl.col("close") % 1).alias("share"), (2 + number * 7 % 29).cast(pl.Float64).alias("period")
    )


@pytest.fixture(scope="module")
def some(candles):
    """A dozen of these symbols."""
    return candles.filter(pl.col("symbol").is_in(candles["symbol"].unique(maintain_order=True)[::10].implode()))


def test_every_function_is_there():
    assert sorted(talib.get_functions()) == FUNCTIONS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_agrees_with_talib(function, candles, record_property):
    """At the defaults and at two other sets of parameters."""
    found = compare(calls(function), candles)
    record_property("figures", f"{function}: {found.bars} values, widest {found.widest:.1e}")

    assert found.wrong[:5] == []
    assert candles["symbol"].n_unique() > 100
    assert found.bars > 100_000


@pytest.mark.parametrize("function", AVERAGING)
def test_every_kind_of_average_agrees(function, some):
    kinds = [kind for kind in AVERAGES if kind not in UNSETTLED.get(function, ())]
    found = compare(calls_of_averages(function, kinds), some)

    assert found.wrong[:5] == []
    assert found.bars > 100_000


@pytest.mark.parametrize("function", [name for name in FUNCTIONS if shortest_call(name)])
def test_shortest_periods_agree(function, some):
    found = compare([shortest_call(function)], some)

    assert found.wrong[:5] == []
    assert found.bars > 10_000


@pytest.mark.parametrize("function", FUNCTIONS)
def test_is_called_as_talib_is(function):
    """The same inputs, parameters, defaults and names of outputs, in the same order."""
    mine = LIBRARY[f"talib.{function.lower()}"]
    outputs = output_names(function)

    names = [parameter.name.name for parameter in mine.definition.parameters]
    assert names == [*input_names(function), *defaults(function)]
    assert mine.outputs == (tuple(outputs) if len(outputs) > 1 else ())
    given = [p.default for p in mine.definition.parameters[len(input_names(function)) :]]
    texts = [mine.source[default.span.start : default.span.end] for default in given]
    assert [float(text) for text in texts] == list(map(float, defaults(function).values()))
    assert mine.doc


def test_every_scale_is_of_a_function():
    assert set(SCALES) <= set(talib.get_functions())
