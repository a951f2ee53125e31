"""Faulty texts and what is said about them, as golden cases that a reader can add to."""

from __future__ import annotations

from pathlib import Path

import pytest

from barsweep.errors import FormulaError
from barsweep.formulas.parse.foreign import OPERATORS, WORDS
from barsweep.formulas.parse.parsing import _tools, parse

CASES = Path(__file__).parent / "cases" / "syntax_errors.txt"
RULER = "\n" + "-" * 40 + "\n"


def cases() -> list[tuple[str, str]]:
    """Read formula, blank line, message; rulers divide the cases, and the first block is for readers."""
    blocks = CASES.read_text(encoding="utf-8").rstrip("\n").split(RULER)
    return [(formula, message) for formula, _, message in (block.partition("\n\n") for block in blocks[1:])]


@pytest.mark.parametrize(("formula", "message"), cases())
def test_message(formula: str, message: str) -> None:
    with pytest.raises(FormulaError) as caught:
        parse(formula)

    assert str(caught.value) == message


def test_no_message_speaks_of_the_grammar() -> None:
    """Terminals such as RPAR or SIGN are ours; a user never sees them."""
    terminals = {name for state in _tools()[0].states for name in state if name.isupper()}
    messages = " ".join(message for _, message in cases())

    assert len(terminals) > 20
    assert [name for name in sorted(terminals) if name in messages.split()] == []


@pytest.mark.parametrize("operator", sorted(OPERATORS))
def test_foreign_operators_get_their_hint(operator: str) -> None:
    source = f"{operator} a" if operator in {"!", "~"} else f"a {operator} b"
    with pytest.raises(FormulaError) as caught:
        parse(source)

    assert len(caught.value.problems) == 1
    assert caught.value.hint == OPERATORS[operator].hint
    problem = caught.value.problems[0]
    assert source[problem.start : problem.end] == operator


@pytest.mark.parametrize("word", sorted(WORDS))
def test_foreign_words_get_their_hint_only_where_the_text_is_faulty(word: str) -> None:
    assert parse(f"{word} > 1")
    with pytest.raises(FormulaError) as caught:
        parse(f"close > 1 {word} 2")

    assert caught.value.hint == WORDS[word]


def test_faults_of_all_statements_are_gathered() -> None:
    with pytest.raises(FormulaError) as caught:
        parse('x = sma(close, 20\ny = 3 4\ndef f(x) {\n  z = \n  x^2^3\n}\nf(x) && "open')

    assert [problem.line for problem in caught.value.problems] == [1, 2, 5, 7, 7]


def test_many_faults_are_cut() -> None:
    with pytest.raises(FormulaError) as caught:
        parse("a b\n" * 1000)

    assert len(caught.value.problems) == 50
