"""Formulas taken apart: which parts they have, how these decide, and where they are looked at."""

import pytest

from barsweep.errors import FormulaError
from barsweep.formulas import Language
from barsweep.formulas.check.parting import DEEPEST, MOST_PARTS, bare

LANGUAGE = Language()


def apart(source, dialect=None, **parameters):
    columns = dict.fromkeys(("open", "high", "low", "close", "volume", "vwap"), "number")
    return LANGUAGE.take_apart(source, columns, parameters, dialect=dialect)


def drawn(part, depth=0):
    """Role and text of each part, children further in, as a list of lines."""
    asides = [f"= {part.definition}" if part.definition else "", f"({part.where})" if part.where else ""]
    line = " ".join(filter(None, ["  " * depth + part.role.value, part.text, *asides]))
    return [line, *(below for child in part.children for below in drawn(child, depth + 1))]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("close", ["value close"]),
        ("close > 3", ["comparison close > 3", "  value close"]),
        (
            "(close > sma(close, 20)) and not (volume < 5)",
            [
                "all (close > sma(close, 20)) and not (volume < 5)",
                "  comparison close > sma(close, 20)",
                "    value close",
                "    value sma(close, 20)",
                "  not not (volume < 5)",
                "    comparison volume < 5",
                "      value volume",
            ],
        ),
        (
            "20 < rsi(close) < 70",
            [
                "all 20 < rsi(close) < 70",
                "  comparison 20 < rsi(close)",
                "    value rsi(close)",
                "  comparison rsi(close) < 70",
                "    value rsi(close)",
            ],
        ),
        (
            "at_least(2, close > 1, open > 1, high > 1)",
            [
                "at least at_least(2, close > 1, open > 1, high > 1)",
                "  comparison close > 1",
                "    value close",
                "  comparison open > 1",
                "    value open",
                "  comparison high > 1",
                "    value high",
            ],
        ),
        (
            "close > 1 and open > 1 and high > 1 or low > 1",
            [
                "any close > 1 and open > 1 and high > 1 or low > 1",
                "  all close > 1 and open > 1 and high > 1",
                "    comparison close > 1",
                "      value close",
                "    comparison open > 1",
                "      value open",
                "    comparison high > 1",
                "      value high",
                "  comparison low > 1",
                "    value low",
            ],
        ),
        (
            "up = close > open; fast = ema(close, 12); up and fast > 1 or up",
            [
                "any up and fast > 1 or up",
                "  all up and fast > 1",
                "    comparison up = close > open",
                "      value close",
                "      value open",
                "    comparison fast > 1",
                "      value fast = ema(close, 12)",
                "  condition up = close > open",
            ],
        ),
        (
            "(close > open)[2]",
            [
                "condition (close > open)[2]",
                "  comparison close > open (2 bars ago)",
                "    value close (2 bars ago)",
                "    value open (2 bars ago)",
            ],
        ),
        (
            'close > timeframe("1w", sma(close + 1, 10)[1])',
            [
                'comparison close > timeframe("1w", sma(close + 1, 10)[1])',
                "  value close",
                '  value timeframe("1w", sma(close + 1, 10)[1])',
                "    value sma(close + 1, 10)[1] (on 1w bars)",
                "      value sma(close + 1, 10) (on 1w bars, 1 bar ago)",
                "        value close + 1 (on 1w bars, 1 bar ago)",
                "          value close (on 1w bars, 1 bar ago)",
            ],
        ),
        (
            "bars_where(volume > 5, close > 2)",
            [
                "condition bars_where(volume > 5, close > 2)",
                "  comparison volume > 5",
                "    value volume",
                "  comparison close > 2 (on some of the bars)",
                "    value close (on some of the bars)",
            ],
        ),
        (
            "line, signal, hist = macd(close + 1); hist > 0 and bbands(close).upper > line",
            [
                "all hist > 0 and bbands(close).upper > line",
                "  comparison hist > 0",
                "    value hist = macd(close + 1)",
                "      value close + 1",
                "        value close",
                "  comparison bbands(close).upper > line",
                "    value bbands(close).upper",
                "    value line = macd(close + 1)",
                "      value close + 1",
                "        value close",
            ],
        ),
        (
            "def twice(x) = x * 2\nparam n = 3\ntwice(close + n) > 4 ? true : open > 1",
            [
                "condition twice(close + n) > 4 ? true : open > 1",
                "  comparison twice(close + n) > 4",
                "    value twice(close + n)",
                "      value close + n",
                "        value close",
                "  comparison open > 1",
                "    value open",
            ],
        ),
    ],
)
def test_parts(source, expected):
    assert drawn(apart(source).whole) == expected


def test_parts_of_foreign_text_are_what_is_written():
    """Not what the dialect makes of it: a comparison of Qlib's is never undefined, which takes a call around it."""
    found = apart("$close > Mean($close, 5)", "qlib")

    assert drawn(found.whole) == [
        "comparison $close > Mean($close, 5)",
        "  value $close",
        "  value Mean($close, 5)",
    ]
    assert found.whole.node is found.checked.result


def test_parts_on_a_table():
    columns, tables = {"close": "number"}, {"quarterly": {"eps": "number"}}
    found = LANGUAGE.take_apart('close > 10 * table("quarterly", eps + 1)', columns, tables=tables)

    assert [part.where for part in found.whole.walk() if part.text == "eps + 1"] == ["in table quarterly"]


def test_named_arguments_of_forms():
    found = apart('symbol(x=close + 1, symbol="SPY") > 1')

    assert drawn(found.whole)[2] == "    value close + 1 (of SPY)"


def test_conditions_know_what_they_have_to_be():
    found = apart("close > 1 and not (open > 1 or not (high > 1)) and crosses_above(close, open)")

    assert [(each.part.text, each.wanted) for each in found.conditions] == [
        ("close > 1", True),
        ("open > 1", False),
        ("high > 1", True),
        ("crosses_above(close, open)", True),
    ]
    assert found.conditions[1].text == "not (open > 1)"


@pytest.mark.parametrize("source", ["close > 1 and open > 1 and false", "close > 1 or open > 1 or true"])
def test_constants_decide_with_the_conditions(source):
    """What is not shown decides as well: the whole is one condition then."""
    assert [each.part.text for each in apart(source).conditions] == [source]


def test_params_have_the_values_that_were_asked_for():
    part = next(
        part for part in apart("param n = 3; sma(close, n) > 1", n=5).whole.walk() if part.text == "sma(close, n)"
    )

    assert part.node is apart("sma(close, 5)").whole.node


def test_columns_tell_parts_apart():
    """Names are texts; what says the same elsewhere has its place beside it, what is the same stands once."""
    names = list(apart("close > close[1] and (close > 2)[1] and sma(close, 3) > sma(close, 3)[1]").columns)

    assert len(names) == len(set(names))
    assert {"close", "close 1 bar ago", "close[1]"} & set(names) == {"close", "close[1]"}  # the same node, named once
    assert names.count("sma(close, 3)") == 1


@pytest.mark.parametrize("text", ["(a) + (b)", "f(x)", "()", "a", "(a", "((a)) > (b)"])
def test_brackets_that_are_needed_stay(text):
    assert bare(text) == text


def test_brackets_around_everything_go():
    assert bare("((close > open))") == "close > open"


def test_endless_formulas_are_taken_apart_as_far_as_anybody_reads():
    long = apart(" and ".join(f"close > {number}" for number in range(2100)))
    deep = apart("\n".join(["x0 = close", *(f"x{n} = x{n - 1} + 1" for n in range(1, 200)), "x199 > 1"]))
    wide = apart("\n".join(["x0 = close", *(f"x{n} = x{n - 1} + x{n - 1}" for n in range(1, 40)), "x39 > 1"]))

    assert [(part.role, part.node) for part in long.whole.walk()] == [("condition", long.checked.result)]
    assert len(apart(" and ".join(f"close > {number}" for number in range(900))).conditions) == 900
    assert sum(1 for _ in deep.whole.walk()) <= DEEPEST + 2
    assert sum(1 for _ in wide.whole.walk()) < MOST_PARTS


def test_faults_are_told_as_by_check():
    with pytest.raises(FormulaError, match="unknown function 'smaa'"):
        apart("smaa(close) > 1")
