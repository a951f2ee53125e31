"""Whatever is written, there is a tree or a FormulaError, and soon."""

from __future__ import annotations

import pytest
from growth import assert_grows_with_length
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barsweep.errors import FormulaError
from barsweep.formulas.parse.parsing import parse

WORDS = (
    *("close", "open", "x", "n", "f(", "sma(", "macd(close)", "talib.cmo(", "param", "def", "step", "in", "and", "or"),
    *(
        "not",
        "true",
        "na",
        "if(",
        "then",
        "+",
        "-",
        "*",
        "/",
        "^",
        "**",
        "<",
        "<=",
        ">",
        "==",
        "!=",
        "=",
        ",",
        ".",
        "..",
    ),
    *(
        "?",
        ":",
        ";",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "1",
        "14",
        "2.5",
        ".5",
        "1e3",
        "'a'",
        '"b"',
        "'",
        '"',
        "#",
        "&&",
        "!",
    ),
    *("|", "%", "//", ":=", "<>", "$", "，", "≥", "−", "\n", " ", "\n\n", "\u00a0"),
)
PIECES = st.lists(st.sampled_from(WORDS), max_size=60)


def outcome(source: str) -> FormulaError | None:
    try:
        parse(source)
    except FormulaError as error:
        return error
    return None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PIECES.map(" ".join) | PIECES.map("".join) | st.text(max_size=200))
def test_nothing_but_formula_errors(source: str) -> None:
    error = outcome(source)
    if error is not None:
        assert error.problems
        assert str(error)
        assert all(0 <= problem.start <= len(source) for problem in error.problems)


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ax1 .+-*/^<>=!?:,;()[]{}'\"#\n&|%")))
def test_nothing_but_formula_errors_character_by_character(source: str) -> None:
    outcome(source)


@pytest.mark.parametrize(
    "piece",
    ["(", "f(", "[", "{", ")", "x]", "-", "not ", "a ? ", "a : ", "x\n(", "$ ", "a b\n", "a.b", "a.", "'\n", "\"", "1_",
     ".", ";", "//x\n", "x,", "f(a;", "def f(){", "def f()=1;", "#\ndef f()=1\n", "param step ", "param\n", "x=", "^2",
     "\n- ", "é\u0301", "1..", "a\n\n", " ", "()", "([)]", "x in [", "&&", "!"],
)  # fmt: skip
def test_time_grows_with_the_length(piece: str) -> None:
    """A long text of one piece repeated takes its length, not the square of it: measured side by side."""
    assert_grows_with_length(lambda length: outcome(piece * (length // len(piece))), 7_500, 30_000)


@pytest.mark.parametrize(
    ("head", "piece", "tail"),
    [
        ("f(", "x, ", "x)"),
        ("close in [", "1, ", "1]"),
        ("def f(", "x, ", "y = 1) = 1\n1"),
        ("def f(x) {\n", "y = x\n", "y }\n1"),
        ("", "x and ", "y"),
        ("", "x or ", "y"),
        ("", "x < ", "y"),
        ("x", "[1]", ""),
        ("", "x, ", "y = macd(close)\n1"),
        ("param n = 1 in [", "1, ", "2]\n1"),
    ],
)
def test_time_grows_with_a_list(head: str, piece: str, tail: str) -> None:
    assert_grows_with_length(lambda length: outcome(head + piece * (length // len(piece)) + tail), 7_500, 30_000)


def test_many_closers_of_the_wrong_kind() -> None:
    def closers(length: int) -> None:
        outcome("(" * (length // 2) + "]" * (length // 2))
        outcome("{" * (length // 3) + "\nparam" * (length // 10))

    assert_grows_with_length(closers, 7_500, 30_000)
