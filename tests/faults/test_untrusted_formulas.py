"""A formula may be a stranger's: whatever it says, it is computed, or refused in plain words, within bounds."""

import re
import sys
from contextlib import nullcontext
from pathlib import Path

import polars as pl
import pytest
from faults.attempts import KINDS, LANGUAGES, attempt, candles, check, compute
from faults.largest import BOUNDS

import barsweep as bs
from barsweep.errors import BarsweepError, FormulaError, ProcessingEngineError
from barsweep.formulas import Language, limits, make_plan

LANGUAGE_PAGE = Path(__file__).parents[2] / "docs" / "language.md"
COLUMN = {None: "close", "qlib": "$close", "gtja191": "CLOSE"}
OF_OTHERS = {
    "faults told, and warnings": limits.MOST_PROBLEMS,
    "points of a sweep": limits.MOST_POINTS,
    "bars of the data in one of another timeframe": limits.MOST_BARS_IN_ONE,
}
"""Bounds that no formula meets by itself."""
WINDOW = {"qlib": "Mean({}, {})", "gtja191": "MEAN({}, {})"}


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.what)
def test_as_much_as_is_allowed(bound):
    text = bound.text(bound.most)

    checked = check(text)
    assert not isinstance(checked, FormulaError), checked
    assert make_plan({"value": checked}).nodes
    if not bound.needs_others:
        computed = [compute(text, executor=executor) for executor in ("tiles", "polars")]
        assert [each["value"].len() for each in computed] == [candles().height] * 2


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.what)
def test_more_than_that(bound):
    """One more is refused, in words that say how much is allowed, and where."""
    error = check(bound.text(bound.most + 1))

    assert isinstance(error, FormulaError)
    assert bound.message in str(error)


def test_the_page_of_the_language_lists_the_bounds():
    """Every bound that is tried here stands on the page, with its number, and no other."""
    section = LANGUAGE_PAGE.read_text(encoding="utf-8").partition("\n## Limits\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| ([^|]+) \| ([\d,]+) \|$", section, re.MULTILINE))

    assert rows == {what: f"{most:,}" for what, most in {**{b.what: b.most for b in BOUNDS}, **OF_OTHERS}.items()}


def test_every_bound_is_tried():
    tried = {bound.most for bound in BOUNDS} | {*OF_OTHERS.values()}

    assert {name: value for name, value in vars(limits).items() if name.isupper() and value not in tried} == {}


def test_faults_and_warnings_are_told_up_to_a_number():
    """Each costs a search for what was meant, so that the first fifty end the check."""
    error = check("\n".join(f"x{number} = nothing{number}" for number in range(3_000)) + "\n1")
    assert isinstance(error, FormulaError)
    warned = check("\n".join(f"x{number} = close + volume * {number + 1}" for number in range(900)) + "\n1")

    assert len(error.problems) == limits.MOST_PROBLEMS
    assert len(warned.warnings) == limits.MOST_PROBLEMS


def test_a_sweep_has_so_many_points():
    with pytest.raises(ProcessingEngineError, match="at most 10,000"):
        bs.scan("param n = 1\nparam m = 1\nclose > n + m", candles(), parameters={"n": range(101), "m": range(100)})
    with pytest.raises(ProcessingEngineError, match="has 10,001 values to try"):
        bs.scan("param n = 1\nclose > n", candles(), parameters={"n": range(10_001)})


def test_a_bar_of_another_timeframe_has_so_many_of_the_data():
    """Told before any candle is read: three years of seconds are few enough, four are not."""
    seconds = candles().with_columns(ts=pl.datetime(2024, 1, 1, 0, 0, pl.int_range(pl.len()), time_zone="UTC"))
    for years, refused in ((3, False), (4, True)):
        job = bs.ProcessingJob(None, f'close > timeframe("{years}y", close)', timeframe="1s")
        told = pytest.raises(ProcessingEngineError, match="more than 100,000,000 bars of 1s in one")
        with told if refused else nullcontext():
            bs.ProcessingEngine(seconds).run(job)


def test_recursion_is_refused():
    assert "calls itself" in str(check("def f(x) = f(x)\nf(close)"))
    assert "calls itself" in str(check("def f(x) = g(x)\ndef g(x) = f(x)\nf(close)"))


GROWING = {
    "functions that double": "\n".join(f"def f{n + 1}(x) = f{n}(x + 1) + f{n}(x * 2)" for n in range(35)),
    "large functions, called often": "def f0(x) = x\ndef f35(x) = "
    + " + ".join(f"x * {n}" for n in range(150))
    + "\n"
    + "\n".join(f"y{n} = f35(close + {n})" for n in range(2_000)),
    "outputs, looked back at": f"def f0(x) = x\ndef f35(x) = ({', '.join(f'a{n} = x + {n}' for n in range(100))})\n"
    + "\n".join(f"y{n} = f35(close)[{n}]" for n in range(3_000)),
    "forms within forms": "def f0(x) = x\ny0 = close\n"
    + "\n".join(f"y{n + 1} = bars_where(y{n} > y{n}[1], y{n}) + y{n}" for n in range(60))
    + "\ndef f35(x) = y60",
}


@pytest.mark.parametrize("what", GROWING)
def test_what_would_double_with_each_line_ends_early(what):
    start = "" if "def f0" in GROWING[what] else "def f0(x) = x\n"

    assert isinstance(check(f"{start}{GROWING[what]}\nf35(close)"), FormulaError)


def layers(count):
    """Forms within forms by names, none of which the text shows."""
    lines = "\n".join(f"  y{n + 1} = bars_where(x > 1, y{n})" for n in range(count))
    return f"def f(x) {{\n  y0 = x\n{lines}\n  y{count}\n}}\nf(close)"


def test_forms_within_each_other_by_names_count_as_well():
    error = check(layers(limits.DEEPEST_FORMS + 1))

    assert isinstance(error, FormulaError)
    assert "bars_where() stand at most 100 deep within each other" in str(error)
    for executor in ("tiles", "polars"):
        values = compute(layers(limits.DEEPEST_FORMS), executor=executor)["value"]
        assert values.equals(candles().select(pl.when(pl.col("close") > 1).then("close"))["close"])


def test_nesting_that_python_cannot_follow_is_a_fault_of_the_text():
    """Within all other bounds: a call's arguments are read inside it, and its body inside that."""
    bodies = "\n".join(f"def {n}(x) = {'sma(' * 150}{inner}{', 2)' * 150}" for n, inner in (("f", "x"), ("g", "f(x)")))
    limit = sys.getrecursionlimit()

    assert "nested too deeply" in str(check(f"{bodies}\n{'sma(' * 150}g(close){', 2)' * 150}"))
    assert sys.getrecursionlimit() == limit


@pytest.mark.parametrize("chain", ["a{0} + {0}", "nz(a{0}, {0})", "mod(a{0}, {0} + 2)", "a{0} > {0} ? a{0} : {0}"])
def test_a_deep_expression_is_cut_into_columns(chain):
    """One Polars expression of some thousand sums would take half a minute, which nobody could cancel."""
    body = "\n".join(f"  a{n + 1} = {chain.format(n)}" for n in range(200))
    checked = check(f"def f(x) {{\n  a0 = x\n{body}\n  a200\n}}\nf(close)")
    (stage,) = make_plan({"value": checked}).stages

    assert len(stage.program.levels) >= 200 / 24
    sizes = [
        len(step.expression.meta.tree_format(return_as_string=True)) for level in stage.program.levels for step in level
    ]
    assert max(sizes) < 100_000


ODD = {
    "NUL": "close > 1\0",
    "half a character": "close > '\ud800'",
    "half a character, named": "column('\udfff') > 1",
    "half a character, called": "f\ud800(close)",
    "look-alikes": "сlose > 1",  # a Cyrillic letter
    "text that turns around": "close > 1 \u202e# 1 < esolc",
    "escapes of terminals": "close > '\x1b[2J\x1b[31m",
    "a number beyond all": "close > 1e999",
    "a million digits": "close > " + "9" * 90_000,
    "digits of other scripts": "close > ٣",
    "marks": "e" + "\u0301" * 90_000,
    "only brackets": "(" * 100_000,
    "ten megabytes": "close > 1" + " " * 10_000_000,
    "a hundred thousand names": "a " * 50_000,
    "a long name": "a" * 99_000 + "(1)",
    "a long text": "sector == '" + "a" * 90_000 + "'",
    "a window of a billion": "sma(close, 1e9)",
    "a length without end": "highest(high, volume, max=1e300)",
    "a wide list": "close in [" + ", ".join(map(str, range(16_000))) + "]",
    "a chain of comparisons": " < ".join(["close"] * 14_000),
    "a long sum": " + ".join(["close"] * 14_000),
    "signs": "-" * 99_000 + "close",
    "nothing": "",
    "a comment": "# close > 1",
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("what", ODD)
def test_odd_texts_are_computed_or_told(what, language):
    """In every language; `attempt` lets nothing but errors of barsweep's own through."""
    attempt(ODD[what] if language is None else ODD[what][:20_000], language)


@pytest.mark.parametrize("language", ["qlib", "gtja191"])
def test_other_languages_have_the_same_bounds(language):
    column, window = COLUMN[language], WINDOW[language]
    deep = column
    for _ in range(150):
        deep = window.format(deep, 100_000)

    for text in (deep, "(" * 201 + column + ")" * 201, "-" * 201 + column, column + " " * 100_000):
        assert isinstance(check(text, language), FormulaError)
    assert not isinstance(check(window.format(column, 100_000), language), FormulaError)


def test_what_is_said_can_be_written_to_a_terminal():
    """A stranger's text is shown without what moves the cursor, turns the line around or cannot be encoded."""
    shown = str(check("close > '\x1b[31m\u202e\0' and (\n"))

    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "\N{REPLACEMENT CHARACTER}[31m" in shown
    assert "half a character (code 55296)" in str(check("sector == '\ud800'"))


VALUES = {
    "not a number": float("nan"),
    "infinite": float("inf"),
    "huge": 10**400,
    "huger than Python writes": 10**5_000,
    "negative and huge": -(10**400),
    "half a character": "\ud800",
    "a megabyte": "x" * 1_000_000,
    "NUL": "\0",
    "true": True,
    "nothing": None,
    "a list": [1, float("nan")],
    "a table": {"a": 1},
    "bytes": b"1",
    "complex": 1j,
}
DECLARED = ("14", "14 in 2..200", "14 in [14, 20]", '"a"', '"a" in ["a", "b"]', "true")


@pytest.mark.parametrize("declared", DECLARED)
@pytest.mark.parametrize("what", VALUES)
def test_values_for_params_are_taken_or_told(what, declared):
    """Whether they come from a job, from the front door, or straight from the language."""
    value, text = VALUES[what], f"param p = {declared}\nclose > 1 and p == p"
    for call in (
        lambda: bs.check(text, KINDS, {"p": value}),
        lambda: bs.evaluate(text, candles(), parameters={"p": value}),
        lambda: Language().check(text, KINDS, {"p": value}),
        lambda: bs.scan(text, candles(), parameters={"p": value, "q\ud800": 1}),
    ):
        try:
            call()
        except BarsweepError as error:
            assert len(str(error)) < 1_000  # noqa: PT017 - either will do


@pytest.mark.parametrize(
    "name", ["", "symbol", "ts", "\0", "\ud800", "é\u0301", "x" * 10_000, "'; drop table x", "../../x", "a\nb"]
)
def test_names_of_formulas_are_taken_or_told(name):
    try:
        made = bs.evaluate({name: "close + 1", "other": "close"}, candles())
    except BarsweepError as error:
        assert str(error).encode()  # noqa: PT017 - either will do
    else:
        assert (made[name] == made["other"] + 1).all()


LIBRARIES = {
    "not a text": b"\xff\xfe\x00\x00",
    "half a character": b"def f(x) = '\\ud800'".replace(b"\\ud800", b"\xed\xa0\x80"),
    "too long": b"#" * 200_000,
    "no definition": b"close > 1",
    "a name that is taken": b"def sma(x) = x",
    "empty": b"",
    "NUL": b"def f(x) = x\0",
    "another file": b"@/etc/passwd",
    "an import": b"import os",
}


@pytest.mark.parametrize("what", LIBRARIES)
def test_files_of_functions_are_taken_or_told(what, tmp_path):
    file = tmp_path / "mine.formula"
    file.write_bytes(LIBRARIES[what])

    if what == "empty":
        assert bs.FormulaService(libraries=[file]).check("close > 1").kind == "boolean"
    else:
        with pytest.raises(FormulaError):
            bs.FormulaService(libraries=[file])
