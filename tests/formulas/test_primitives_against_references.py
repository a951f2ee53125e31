"""Every primitive through parser, planner and executor against its plain-Python reference, over candles with holes."""

import math
from itertools import chain

import pytest
from references.registry import REFERENCES
from sweeping import LANGUAGE, random_candles, sweep

from barsweep.formulas import Primitive

CANDLES = random_candles(11, lengths=(1, 2, 90, 37, 130), holes=0.06)
PRICES = ("open", "high", "low", "close", "volume")
# Series that formulas below are written with, by the name that a case gives them.
DERIVED = {
    "gain": ("close - open", lambda row: REFERENCES["subtract"](row["close"], row["open"])),
    "up": ("close > open", lambda row: REFERENCES["greater"](row["close"], row["open"])),
    "busy": ("volume > 2400", lambda row: REFERENCES["greater"](row["volume"], [2400.0] * len(row["volume"]))),
    "soft": ("low < 60", lambda row: REFERENCES["less"](row["low"], [60.0] * len(row["low"]))),
    "width": ("2 * (high - low)", lambda row: [None if v is None else 2 * v for v in subtract(row, "high", "low")]),
}
OPERATORS = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "less": "<",
    "at_most": "<=",
    "greater": ">",
    "no_less": ">=",
    "equal": "==",
    "differs": "!=",
    "both": "and",
    "either": "or",
}
LENGTHS = (1, 2, 5, 14, 60)
WINDOWS = "sum sma variance mean_deviation highest lowest highest_bar lowest_bar median rank_over percent_rank"

ALONG = [
    *((name, (series, n)) for name in WINDOWS.split() for series in ("close", "gain") for n in LENGTHS),
    *((name, ("close", n)) for name in ("ema", "rma") for n in LENGTHS),
    *((name, ("close", "volume", n)) for name in ("covariance", "correlation") for n in LENGTHS[1:]),
    *(("slope", (series, n)) for series in ("close", "gain") for n in LENGTHS[1:]),
    *((name, (condition, n)) for name in ("count", "exist", "every") for condition in ("up", "busy") for n in LENGTHS),
    ("cumulative", ("gain",)),
    ("trailing_band", ("close", "width", "close")),
    ("bars_since", ("busy",)),
    ("value_when", ("busy", "close")),
    *((name, ("busy", "gain")) for name in ("highest_since", "lowest_since", "sum_since")),
    ("count_since", ("busy", "up")),
    ("exrem", ("up", "busy")),
    *((name, ("close", "open")) for name in ("add", "subtract", "multiply", "less", "at_most", "greater", "no_less")),
    *((name, ("close", "open")) for name in ("equal", "differs")),
    *((name, ("close", "gain")) for name in ("divide", "mod")),
    ("mod", ("gain", "open")),
    *((name, ("up", "busy")) for name in ("both", "either")),
    *((name, ("gain",)) for name in ("negate", "abs", "sign", "sqrt", "log", "exp", "floor", "ceil", "round")),
    ("not", ("up",)),
    *((name, ("close", "open", "low")) for name in ("max", "min")),
    ("if", ("up", "close", "volume")),
    ("defined", ("close",)),
    ("nz", ("close",)),
    ("nz", ("close", "open")),
    *(("at_least", (n, "up", "busy", "soft")) for n in (1, 2, 3)),
]
ACROSS = [("rank", ("gain",)), ("zscore", ("gain",)), ("demean", ("close",)), *(("top", ("gain", n)) for n in (1, 2))]
APART = {
    "sar": "its settings come without high and low, below",
    "power": "needs other magnitudes, below",
    "bar_index": "needs ts",
    "session_bar": "needs ts",
    "ago": "needs ts",
    "ago_bars": "written x[n], below",
}


def subtract(row, x, y):
    return REFERENCES["subtract"](row[x], row[y])


def written(name, arguments):
    """The call as the language writes it."""
    texts = [f"({DERIVED[a][0]})" if a in DERIVED else str(a) for a in arguments]
    if name in OPERATORS:
        return f" {OPERATORS[name]} ".join(texts)
    return f"{'-' if name == 'negate' else name}({', '.join(texts)})"


def told(name, arguments, row):
    """What the reference says of one symbol's columns."""
    values = [DERIVED[a][1](row) if a in DERIVED else row.get(a, a) for a in arguments]
    return REFERENCES[name](*values)


def rows(candles, key):
    return [{name: part[name].to_list() for name in candles.columns} for part in candles.partition_by(key)]


def joined(parts):
    return list(chain.from_iterable(parts))


def near(mine, expected):
    if mine is None or expected is None or isinstance(expected, bool):
        return mine is expected
    return math.isclose(mine, expected, rel_tol=1e-11, abs_tol=1e-11)


def assert_same(formula, mine, expected):
    wrong = [(bar, a, b) for bar, (a, b) in enumerate(zip(mine, expected, strict=True)) if not near(a, b)]
    assert not wrong, f"{formula}: {len(wrong)} bars differ, the first are (bar, ours, reference) {wrong[:3]}"


def together(name, arguments, key="symbol"):
    parts = [told(name, arguments, row) for row in rows(CANDLES, key)]
    if name == "trailing_band":
        return {output: joined(part[k] for part in parts) for k, output in enumerate(("line", "direction"))}
    return {"": joined(parts)}


@pytest.fixture(scope="module")
def swept():
    """Every case in one sweep: formula -> values."""
    calls = {}
    for name, arguments in ALONG + ACROSS:
        for output in ("line", "direction") if name == "trailing_band" else ("",):
            formula = written(name, arguments) + (f".{output}" if output else "")
            calls[formula] = formula
    return sweep(calls, CANDLES)


@pytest.mark.parametrize("name", sorted({name for name, _ in ALONG}))
def test_along_time(name, swept):
    """Undefined at the same bars, else equal up to rounding."""
    for arguments in [arguments for case, arguments in ALONG if case == name]:
        for output, expected in together(name, arguments).items():
            formula = written(name, arguments) + (f".{output}" if output else "")
            assert_same(formula, swept[formula].to_list(), expected)


@pytest.mark.parametrize(("name", "arguments"), ACROSS)
def test_across_symbols(name, arguments, swept):
    """The population is what is defined at the same ts, in the order of the symbols."""
    formula = written(name, arguments)
    by_ts = CANDLES.with_columns(mine=swept[formula]).sort("ts", "symbol")

    expected = [value for row in rows(by_ts, "ts") for value in told(name, arguments, row)]

    assert_same(formula, by_ts["mine"].to_list(), expected)


def test_rank_in_percent_and_demean_by_group():
    mine = sweep({"rank": "rank(close, percent=true)", "demean": "demean(close, by=sector)"}, CANDLES)
    by_ts = CANDLES.with_columns(mine["rank"], mine["demean"]).sort("ts", "symbol")
    parts = rows(by_ts, "ts")

    ranks = [value for row in parts for value in REFERENCES["rank"](row["close"], True)]
    demeaned = [value for row in parts for value in REFERENCES["demean"](row["close"], row["sector"])]

    assert_same("rank", by_ts["rank"].to_list(), ranks)
    assert_same("demean", by_ts["demean"].to_list(), demeaned)


@pytest.mark.parametrize(("start", "step", "most"), [(0.02, 0.02, 0.2), (0.05, 0.01, 0.1), (0.3, 0.1, 0.2)])
def test_sar(start, step, most):
    formula = f"sar({start}, {step}, {most})"

    mine = sweep({"sar": formula}, CANDLES)["sar"].to_list()

    expected = [REFERENCES["sar"](row["high"], row["low"], start, step, most) for row in rows(CANDLES, "symbol")]
    assert_same(formula, mine, joined(expected))


@pytest.mark.parametrize("exponent", [-1, 0, 0.5, 1, 2, 3, 400])
def test_power(exponent):
    """Negative bases, zero and overflow among them."""
    mine = sweep({"power": f"(close - open) ^ ({exponent})"}, CANDLES)["power"].to_list()

    bases = [value for row in rows(CANDLES, "symbol") for value in subtract(row, "close", "open")]
    assert_same(f"^ {exponent}", mine, REFERENCES["power"](bases, [exponent] * len(bases)))


@pytest.mark.parametrize("n", [0, 1, 7])
def test_history(n):
    mine = sweep({"x": f"close[{n}]"}, CANDLES)["x"].to_list()

    assert_same(f"[{n}]", mine, joined(REFERENCES["ago_bars"](row["close"], n) for row in rows(CANDLES, "symbol")))


@pytest.mark.parametrize("digits", [-1, 0, 1, 2])
def test_round(digits):
    mine = sweep({"x": f"round(close / 7, {digits})"}, CANDLES)["x"].to_list()

    sevenths = [value for row in rows(CANDLES, "symbol") for value in row["close"]]
    sevenths = REFERENCES["divide"](sevenths, [7.0] * len(sevenths))
    assert_same("round", mine, REFERENCES["round"](sevenths, digits))


def test_time_of_the_bar():
    calls = {"bar_index": "bar_index", "session_bar": "session_bar", "ago": 'ago(close, "2d")'}
    mine = sweep(calls, CANDLES)
    parts = rows(CANDLES, "symbol")

    for name in ("bar_index", "session_bar"):
        assert_same(name, mine[name].to_list(), joined(REFERENCES[name](row["ts"]) for row in parts))
    expected = joined(REFERENCES["ago"](row["close"], row["ts"], "2d") for row in parts)
    assert_same("ago", mine["ago"].to_list(), expected)


def test_every_primitive_has_a_reference_that_is_used():
    """A primitive without a plain-Python reference is a primitive that only agrees with itself."""
    primitives = {name for name, function in LANGUAGE.functions.items() if isinstance(function, Primitive)}
    calendar = {"year", "month", "day", "weekday", "hour", "minute", "date", "time"}
    used = {name for name, _ in ALONG + ACROSS} | set(APART)

    assert primitives - calendar <= set(REFERENCES)
    assert primitives - calendar <= used
