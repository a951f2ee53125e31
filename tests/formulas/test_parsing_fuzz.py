"""Whatever is written, there is a tree or a FormulaError, and soon."""

from __future__ import annotations

import time

import pytest
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


@settings(max_examples=300, deadline=1000, suppress_health_check=[HealthCheck.too_slow])
@given(PIECES.map(" ".join) | PIECES.map("".join) | st.text(max_size=200))
def test_nothing_but_formula_errors(source: str) -> None:
    error = outcome(source)
    if error is not None:
        assert error.problems
        assert str(error)
        assert all(0 <= problem.start <= len(source) for problem in error.problems)


@settings(max_examples=200, deadline=1000)
@given(st.text(st.sampled_from("ax1 .+-*/^<>=!?:,;()[]{}'\"#\n&|%")))
def test_nothing_but_formula_errors_character_by_character(source: str) -> None:
    outcome(source)


@pytest.mark.parametrize(
    "piece",
    ["(", "f(", "[", "{", ")", "x]", "-", "not ", "a ? ", "a : ", "x\n(", "$ ", "a b\n", "a.b", "a.", "'\n", "\"", "1_",
     ".", ";", "//x\n", "x,", "f(a;", "def f(){", "def f()=1;", "#\ndef f()=1\n", "param step ", "param\n", "x=", "^2",
     "\n- ", "é\u0301", "1..", "a\n\n", " ", "()", "([)]", "x in [", "&&", "!"],
)  # fmt: skip
def test_time_is_bounded(piece: str) -> None:
    """A long text of one piece repeated takes its length, not the square of it."""
    source = piece * (30_000 // len(piece))
    begun = time.process_time()
    outcome(source)

    assert time.process_time() - begun < 2


def test_many_closers_of_the_wrong_kind() -> None:
    begun = time.process_time()
    outcome("(" * 15_000 + "]" * 15_000)
    outcome("{" * 10_000 + "\nparam" * 3_000)

    assert time.process_time() - begun < 4


def fastest(source: str) -> float:
    times = []
    for _ in range(7):
        begun = time.process_time()
        parse(source)
        times.append(time.process_time() - begun)
    return min(times)


def test_parsing_is_quick() -> None:
    """Measured on a quiet machine: 0.12 ms and 14 ms; the bounds leave room for a busy one."""
    condition = "close > sma(close, 20) and volume > 1.5 * sma(volume, 20) and rsi(close, 14) < 70"
    lines = "\n".join(f"x{row} = ema(close, {row + 2}) + sma(volume, 20)" for row in range(200))

    assert fastest(condition) < 0.002
    assert fastest(f"{lines}\nx1 > x2") < 0.060
