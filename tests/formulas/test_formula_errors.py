"""Faulty formulas and what is said about them, as golden cases that a reader can add to."""

from pathlib import Path

import pytest

from barsweep.errors import FormulaError
from barsweep.formulas import Language

CASES = Path(__file__).parent / "cases"
FILES = ("formula_errors.txt", "look_ahead.txt", "other_rows.txt")
RULER = "\n" + "-" * 40 + "\n"
COLUMNS = {**dict.fromkeys(["open", "high", "low", "close", "volume"], "number"), "sector": "text"}


def cases():
    """Formula and message of each case; the first block is for readers."""
    texts = [(CASES / file).read_text(encoding="utf-8").rstrip("\n") for file in FILES]
    parts = [block.partition("\n\n") for text in texts for block in text.split(RULER)[1:]]
    return [pytest.param(formula, message, id=formula.partition("\n")[0][:60]) for formula, _, message in parts]


@pytest.mark.parametrize(("formula", "message"), cases())
def test_message(formula, message):
    with pytest.raises(FormulaError) as caught:
        Language().check(formula, COLUMNS)

    assert str(caught.value) == message


def test_places_are_data():
    """Editors and web pages need no parsing of messages."""
    with pytest.raises(FormulaError) as caught:
        Language().check("x = close\ny = smaa(x, 3)\ny > hgih", COLUMNS)

    first, second = caught.value.problems
    assert (first.line, first.column, first.message) == (2, 5, "unknown function 'smaa'")
    assert (second.line, second.column, second.hint) == (3, 5, "did you mean high?")
    assert (caught.value.line, caught.value.column, caught.value.hint) == (2, 5, first.hint)
    assert isinstance(caught.value, ValueError)


def test_a_column_with_an_odd_name_is_suggested_as_it_is_written():
    with pytest.raises(FormulaError) as caught:
        Language().check("market_cap > 1", {"market cap": "number"})

    assert caught.value.hint == 'did you mean column("market cap")?'


def test_several_faulty_formulas_are_told_together():
    with pytest.raises(ExceptionGroup) as caught:
        Language().check_all({"one": "smaa(close) > 1", "two": "close > 1", "three": "close + true > 1"})

    assert [error.name for error in caught.value.exceptions] == ["one", "three"]
    assert str(caught.value.exceptions[0]).startswith("in formula 'one': unknown function")


def test_a_fault_in_a_library_is_reported_at_the_call(tmp_path):
    """With the library's line as a note."""
    file = tmp_path / "mine.formula"
    file.write_text("# Too much.\ndef twice(x) = x * too_much\n")
    language = Language()
    language.add_library(file)

    with pytest.raises(FormulaError) as caught:
        language.check("close > 2 and twice(close) > 3")

    problem = caught.value.problems[0]
    assert (problem.column, problem.message) == (15, "unknown name 'too_much'")
    assert problem.note == "in twice, mine.formula line 2: def twice(x) = x * too_much"


def test_a_library_may_not_take_a_name_that_is_there(tmp_path):
    file = tmp_path / "mine.formula"
    file.write_text("def sma(x) = x\n")

    with pytest.raises(FormulaError, match="'sma' is defined already"):
        Language().add_library(file)


def test_a_long_line_is_shown_around_the_place():
    """A generated formula of one line does not fill the screen."""
    source = " and ".join(f"close > {n}" for n in range(400)) + " and smaa(close) > 1"

    with pytest.raises(FormulaError) as caught:
        Language().check(source)

    _, line, carets, _ = str(caught.value).split("\n")
    assert len(line) < 160
    assert line[carets.index("^") : carets.index("^") + 4] == "smaa"


def test_definitions_that_call_each_other_without_bound_are_refused_at_once():
    levels = "\n".join(f"def f{n + 1}(x) = f{n}(x + 1) + f{n}(x + 2)" for n in range(30))

    with pytest.raises(FormulaError, match="the call of f30 comes to more than 10,000 operations") as caught:
        Language().check(f"def f0(x) = x\n{levels}\nf30(close) > 0")

    assert len(caught.value.problems) == 1
