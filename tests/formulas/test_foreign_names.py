"""What is said to people who write another language's function."""

import re

import pytest
from sweeping import LANGUAGE

from barsweep.errors import FormulaError
from barsweep.formulas.check import foreign

WRITTEN = [
    "SUMMATION", "Average", "NthHighestLow", "MaxList", "BARSLAST", "Wilders", "LINEARREG", "StochK", "BBandTop", "HHV",
    "ts_max", "ts_delay", "crossOver", "Crosses_Under", "IIf", "absValue", "RateOfChange", "CountIf", "TrueAll",
    "SimpleHighest", "CommodityChannel", "DirectionMovement", "PercentR", "Heikin_Ashi_Open", "squeeze_momentum",
    "TS_Rank", "request.security", "fixnan", "weightedClose", "StdErr", "isNaN", "kdj", "switch",
]  # fmt: skip


@pytest.mark.parametrize("name", WRITTEN)
def test_the_hint_names_functions_that_there_are(name):
    hint = foreign.hint_for_foreign(name)

    named = re.findall(r"([a-z_0-9.]+)\(", hint)

    assert hint
    assert [
        each for each in named if each not in LANGUAGE.functions and each not in {"timeframe", "symbol", "if"}
    ] == []


def test_all_hints_name_functions_that_there_are():
    hints = {*foreign._FOREIGN.values()}
    named = {each for hint in hints for each in re.findall(r"([a-z_0-9.]+)\(", hint)} - {"timeframe", "symbol", "if"}

    assert len(foreign._FOREIGN) > 200
    assert {each for each in named if each not in LANGUAGE.functions} == set()
    assert {name for name in foreign._FOREIGN if name in LANGUAGE.functions.plain} == set()


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("SUMMATION(volume, 5) > 0", "here it is sum(x, n)"),
        ("REF(close, 1) > 0", "x[n] is the value n bars ago"),
        ("BBandTop(close, 20, 2) > 0", "bbands(x, n, k).upper"),
        ("xma(close, 5) > 0", "never centred"),
        ("tdx.xma(close, 5) > 0", "never centred"),
        ("refx(close, 1) > 0", "no bar knows the bars after it"),
        ("const(close) > 0", "no bar knows the bars after it"),
    ],
)
def test_the_message(formula, said):
    with pytest.raises(FormulaError, match=re.escape(said)):
        LANGUAGE.check(formula)
