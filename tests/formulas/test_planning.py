"""Plans: shared nodes, history, stages, and what a user can see of them."""

import pytest

from barsweep.errors import FormulaError
from barsweep.formulas import Language, make_plan
from barsweep.formulas.plan.explaining import explain_plan

LANGUAGE = Language()


def checked(source, **parameters):
    return LANGUAGE.check(source, parameters=parameters)


@pytest.mark.parametrize(
    ("source", "warmup", "reach", "settles"),
    [
        ("close > 3", 0, 0, 0),
        ("sma(close, 20)", 19, 19, 19),
        ("sma(close, 20)[5] > sma(volume, 50)", 49, 49, 49),
        ("sma(sma(close, 10), 5)", 13, 13, 13),
        ("rsi(close, 14)", 14, None, 281),
        ("ema(close, 20)", 19, None, 208),
        ("cumulative(volume)", 0, None, None),
        ("macd(close).hist", 33, None, None),
        ("dmi(14).adx", 27, None, None),
        ("defined(sma(close, 20))", 0, 19, 19),
        ("percent_rank(close, 100)", 100, 100, 100),
        ('timeframe("1w", close)', None, None, None),
        ('symbol("SPY", close)', None, None, None),
    ],
)
def test_history(source, warmup, reach, settles):
    """Warm-up, reach and settling are three facts."""
    formula = checked(source)

    assert (formula.warmup, formula.reach, formula.settles) == (warmup, reach, settles)


def test_equal_expressions_are_one_node():
    """Within a formula, between formulas, and however they are written."""
    one = checked("sma(close, 20) > 3")
    two = checked("param n = 10\nm = SMA(c, n * 2)\nm > 4 and m[1] < 5")

    plan = make_plan({"one": one, "two": two})

    assert sum(1 for node in plan.nodes if getattr(getattr(node, "primitive", None), "name", "") == "sma") == 1
    assert checked("close + 1").result is checked("close + 1.0").result
    assert checked("close + 1").result is not checked("close + 2").result


def test_windows_share_their_halves():
    """sma(20) and sma(50) are made of the same blocks of 2, 4, 8 and 16."""
    alone = [len(make_plan({"f": checked(f"sma(close, {n})")}).stages[0].program.levels) for n in (20, 50)]
    both = make_plan({"a": checked("sma(close, 20)"), "b": checked("sma(close, 50)")})
    steps = sum(map(len, both.stages[0].program.levels))

    assert steps < sum(
        sum(map(len, make_plan({"f": checked(f"sma(close, {n})")}).stages[0].program.levels)) for n in (20, 50)
    )
    assert len(both.stages[0].program.levels) == max(alone)


@pytest.mark.parametrize(
    ("source", "directions"),
    [
        ("close > 1", ["time"]),
        ("rank(close) > 1", ["time", "across"]),
        ("sma(rank(close), 3) > 1", ["time", "across", "time"]),
        ("rank(sma(rank(close), 3)) > rank(close)", ["time", "across", "time", "across"]),
        ("rank(rank(close) * 2) > 1", ["time", "across"]),
    ],
)
def test_stages_have_one_direction(source, directions):
    """Time, across, time again, at any depth; elementwise work goes along."""
    assert [stage.direction for stage in make_plan({"f": checked(source)}).stages] == directions


def test_what_a_job_has_to_know():
    """Columns to load, other symbols, params with their values, what to report."""
    plan = checked('param n = 5 in 2..9\nfast = ema(close, n)\nfast > symbol("SPY", high) and rsi(volume) < 30', n=7)

    assert plan.columns == {"close", "high", "volume"}
    assert plan.symbols == {"SPY"}
    assert plan.parameters == {"n": 7}
    assert list(plan.indicators) == ["fast", 'symbol("SPY", high)', "rsi(volume)"]
    assert not plan.across
    assert checked("top(close, 3)").across


@pytest.mark.parametrize(
    ("source", "labels"),
    [
        ("close > highest(high, 50)[1]", ["highest(high, 50)[1]"]),
        ("close > highest(high, 5)[1] and close > highest(high, 5)", ["highest(high, 5)[1]", "highest(high, 5)"]),
        ("close > highest(high, 5)[1][2]", ["highest(high, 5)[1][2]"]),
        ("param k = 2; macd(close).hist[k - 1] > 0", ["macd(close).hist[k - 1]"]),
        ("(close > highest(high, 5) + 1)[3]", ["highest(high, 5)[3]"]),
        ("sma(highest(high, 5), 3)[1] > 2", ["highest(high, 5)[1]", "sma(highest(high, 5), 3)[1]"]),
        ("sma(highest(high, 5)[1], 3) > 2", ["highest(high, 5)[1]", "sma(highest(high, 5)[1], 3)"]),
        ("top = highest(high, 50)[1]\nclose > top", ["top"]),
        ("highest(high, 50)[1]", []),
    ],
)
def test_indicators_are_those_of_the_bar_that_is_looked_at(source, labels):
    assert list(checked(source).indicators) == labels


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n": 1}, "n must be a number from 2 to 9, this is 1"),
        ({"n": "x"}, "n must be a number from 2 to 9, this is 'x'"),
        ({"m": 3}, "no param 'm'"),
    ],
)
def test_parameters_are_held_to_their_range(parameters, message):
    with pytest.raises(FormulaError, match=message):
        checked("param n = 5 in 2..9\nsma(close, n) > 1", **parameters)


def test_parameters_go_to_the_formulas_that_have_them():
    both = {"a": "param n = 5\nsma(close, n) > 1", "b": "close > 1"}

    assert LANGUAGE.check_all(both, parameters={"n": 9})["a"].parameters == {"n": 9}
    with pytest.raises(FormulaError, match="no formula has a param 'k'"):
        LANGUAGE.check_all(both, parameters={"k": 9})


def test_a_warning_where_history_counts_other_bars_than_meant():
    (warning,) = checked('timeframe("1w", close)[1] > 3').warnings

    assert warning.message == "[1] counts bars of the data's own timeframe here"
    assert 'timeframe("1w", x[1])' in warning.hint


def test_explain_shows_the_plan():
    """Nodes, stages, warm-up, reach and columns, in a text that a user can read."""
    text = str(explain_plan(make_plan({"f": checked("close > sma(close, 20) and exrem(close > 5, low < 2)")})))

    assert text == (
        "reads     close, low\n"
        "stages    time (17 steps), executor polars\n"
        "warm-up   19 bars\n"
        "reach     all earlier bars, never settles\n"
        "nodes\n"
        "    0  close          price     warm-up 0, reach 0\n"
        "    1  sma(#0, 20)    price     warm-up 19, reach 19\n"
        "    2  #0 > #1        boolean   warm-up 19, reach 19\n"
        "    3  5              constant  warm-up 0, reach 0\n"
        "    4  #0 > #3        boolean   warm-up 0, reach 0\n"
        "    5  low            price     warm-up 0, reach 0\n"
        "    6  2              constant  warm-up 0, reach 0\n"
        "    7  #5 < #6        boolean   warm-up 0, reach 0\n"
        "    8  exrem(#4, #7)  boolean   warm-up 0, reach all\n"
        "    9  #2 and #8      boolean   warm-up 19, reach all\n"
        "result    f: node 9\n"
        "reports   sma(close, 20): node 1"
    )


def test_deep_and_wide_formulas_are_cut_into_columns():
    """A thousand terms are planned and computed: no expression grows without bound."""
    terms = " + ".join(f"close * {n}" for n in range(1, 151))
    doubled = "\n".join(f"x{n + 1} = max(x{n}, x{n} / 2) + 1" for n in range(60))
    plan = make_plan({"wide": checked(f"{terms} > 0"), "deep": checked(f"x0 = close\n{doubled}\nx60 > 0")})

    expressions = [step.expression for level in plan.stages[0].program.levels for step in level]
    assert max(len(expression.meta.root_names()) for expression in expressions) < 40


def test_a_checked_formula_is_shown_in_a_line():
    """Its nodes share their inputs: written out, they would fill pages."""
    doubled = "\n".join(f"x{n + 1} = x{n} + x{n} * 0.5" for n in range(40))
    formula = checked(f"x0 = close\n{doubled}\nx40 > 0")

    assert len(repr(formula)) < 2000
    assert repr(checked("close > 1").result) == "Apply(greater, 2 arguments)"


def test_definitions_that_double_at_every_level_stay_small():
    """Equal calls are inlined once."""
    levels = "\n".join(f"def f{n + 1}(x) = f{n}(x) + f{n}(x)" for n in range(30))

    plan = make_plan({"f": checked(f"def f0(x) = x + 1\n{levels}\nf30(close) > 0")})

    assert len(plan.nodes) < 40
