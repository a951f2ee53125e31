"""Libraries that are called by name: `talib.avgdev(close, 14)`."""

import subprocess
import sys
from importlib import resources

import pytest
from sweeping import series

from barsweep.errors import FormulaError
from barsweep.formulas import Language
from barsweep.formulas.libraries import cut_definitions
from barsweep.formulas.parse import parse_library

FILES = sorted(path for path in resources.files("barsweep.formulas").joinpath("library").rglob("*.formula"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_definitions_cut_apart_are_those_of_the_file(file):
    """Each by itself, on its own lines, with its comment: what parsing the whole file gives."""
    source = file.read_text(encoding="utf-8")
    whole = parse_library(source, file.name).definitions
    cut = list(cut_definitions(source))

    assert [name for name, _ in cut] == [definition.name.name for definition in whole]
    for (_, text), expected in zip(cut, whole, strict=True):
        (found,) = parse_library(text, file.name).definitions
        assert found.doc == expected.doc
        assert found.doc
        assert text.count("\n", 0, found.span.start) == source.count("\n", 0, expected.span.start)
        at, there = found.span, expected.span
        assert text[at.start : at.end] == source[there.start : there.end]


def test_a_function_is_called_by_its_library_in_any_case():
    closes = [1.0, 2.0, 6.0, 4.0]

    assert series("talib.avgdev(close, 2)", closes) == series("TALIB.AvgDev(close, 2)", closes) == [None, 0.5, 2.0, 1.0]


@pytest.mark.parametrize(
    "call", ["ma(close, 3, 99)", "bbands(close, 3, matype=-1).upperband", "stoch(slowd_matype=14).slowk"]
)
def test_an_unknown_kind_of_average_has_no_values(call):
    assert series(f"talib.{call}", [1.0, 2.0, 6.0, 4.0, 5.0] * 4) == [None] * 20


def test_parts_of_a_library_are_not_listed():
    functions = Language().functions

    assert not [name for name in functions if "._" in name]
    assert functions["talib._share"].signature == "talib._share(part, whole, nothing=0)"


@pytest.mark.parametrize(
    ("formula", "hint"),
    [
        ("tailb.avgdev(close, 3)", "there is no library 'tailb'"),
        ("talib.avgdve(close, 3)", "did you mean talib.avgdev(real=close, timeperiod=14)?"),
        ("avgdev(close, 3)", "write talib.avgdev(real=close, timeperiod=14)"),
    ],
)
def test_unknown_names_are_told_where_to_look(formula, hint):
    with pytest.raises(FormulaError) as caught:
        Language().check(formula)

    assert hint in caught.value.problems[0].hint


def test_a_call_that_needs_one_more_condition_is_refused():
    """It used to fail while running."""
    with pytest.raises(FormulaError, match="lacks its condition"):
        Language().check("at_least(1)")


def test_importing_reads_no_formula_file_and_a_check_only_what_it_needs():
    """Nothing is read until a function is looked for; a library by name not before it is named."""
    code = """
import sys
opened = []
sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == "open" else None)
import barsweep
from barsweep.formulas import Language
language = Language()
language.check("close > open")
assert not [name for name in opened if name.endswith(".formula")], opened
language.check("close > rsi(close, 14)")
assert not [name for name in opened if "/talib/" in name and name.endswith(".formula")], opened
language.check("close > talib.avgdev(close, 14)")
assert [name for name in opened if "/talib/" in name and name.endswith(".formula")]
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["timeframe", "table", "talib.foo", "rsi"])
def test_what_means_something_cannot_be_defined(name):
    with pytest.raises(FormulaError, match="is a function of the library"):
        Language().check(f"def {name}(x) = x\nclose > 1")


def test_messages_show_the_beginning_of_very_long_names():
    with pytest.raises(FormulaError) as caught:
        Language().check("a" * 90_000 + "(close)")

    assert len(caught.value.problems[0].message) < 120
