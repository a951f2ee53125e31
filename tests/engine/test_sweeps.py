"""Parameter sweeps: the points' results are those of each point alone, told apart by columns, from one plan."""

import datetime as dt

import numpy as np
import polars as pl
import pytest
from sweeping import random_candles

import barsweep as bs
from barsweep.engine import plans
from barsweep.engine.sweeps import expanded

CANDLES = random_candles(31, lengths=(90, 40, 120))
CROSS = "param fast = 3\nparam slow = 8\nema(close, fast) > sma(close, slow)"


@pytest.mark.parametrize("executor", ["tiles", "polars"])
def test_a_swept_scan_is_the_scans_of_its_points(executor):
    swept = bs.scan(
        CROSS, CANDLES, parameters={"fast": range(2, 5), "slow": [8, 13]}, timeframe="1h", executor=executor
    )

    assert swept.matches.columns[:4] == ["symbol", "ts", "fast", "slow"]
    assert swept.matches.select("symbol", "ts").equals(swept.matches.select("symbol", "ts").sort("symbol", "ts"))
    for fast in (2, 3, 4):
        for slow in (8, 13):
            alone = bs.scan(CROSS, CANDLES, parameters={"fast": fast, "slow": slow}, timeframe="1h", executor=executor)
            part = swept.matches.filter(pl.col("fast") == fast, pl.col("slow") == slow).drop("fast", "slow")
            assert part.equals(alone.matches)
    assert len(swept["S0"].matches) == swept.matches.filter(pl.col("symbol") == "S0").height


def test_a_match_knows_its_parameters():
    swept = bs.scan("param n = 2\nclose > close[n]", CANDLES, parameters={"n": [1, 2]}, timeframe="1h")

    match = swept["S0"].matches[0]
    assert match.parameters["n"] in {1, 2}
    assert match.formula is None


def test_several_formulas_are_swept_by_the_params_they_declare():
    formulas = {"a": "param n = 2\nclose > sma(close, n)", "b": "close > open"}

    swept = bs.scan(formulas, CANDLES, parameters={"n": [2, 3]}, timeframe="1h")

    assert swept.matches.columns[:4] == ["symbol", "ts", "formula", "n"]
    assert sorted(swept.matches.select("formula", "n").unique().rows(), key=str) == [("a", 2), ("a", 3), ("b", None)]
    alone = bs.scan(formulas, CANDLES, parameters={"n": 2}, timeframe="1h").matches
    assert swept.matches.filter(pl.col("formula") == "b").height == alone.filter(pl.col("formula") == "b").height


@pytest.mark.parametrize("executor", ["tiles", "polars"])
def test_values_have_a_row_for_each_point(executor):
    source, start = "param n = 2\nsma(close, n)", dt.date(2024, 1, 2)

    table = bs.evaluate(source, CANDLES, parameters={"n": np.array([2, 5])}, executor=executor, start=start)

    assert table.columns == ["symbol", "ts", "n", "value"]
    for n in (2, 5):
        alone = bs.evaluate(source, CANDLES, parameters={"n": n}, executor=executor, start=start)
        assert table.filter(pl.col("n") == n).drop("n").equals(alone)


def test_a_sweep_is_one_plan(monkeypatch):
    """What the points share is computed once."""
    made = []
    really = plans.make_plan
    monkeypatch.setattr(plans, "make_plan", lambda checked: made.append(really(checked)) or made[-1])

    bs.scan(CROSS, CANDLES, parameters={"fast": range(2, 30)}, timeframe="1h")

    (plan,) = made
    assert sum(repr(node).startswith("Apply(sma") for node in plan.nodes) == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n": []}, "n has 0 values"),
        ({"n": range(20_000)}, "n has 20,000 values"),
        ({"n": range(1, 200), "m": range(1, 200)}, "39,601 points"),
        ({"n": [1, "x", [2]]}, "a number, True, False or a text"),
    ],
)
def test_faulty_sweeps_are_refused(parameters, message):
    with pytest.raises(bs.ProcessingEngineError, match=message):
        expanded(bs.ProcessingJob(None, "param n = 1\nparam m = 1\nclose > close[n] + m", parameters=parameters))


def test_an_unknown_parameter_is_named():
    with pytest.raises(bs.FormulaError, match="'k'"):
        bs.scan("param n = 2\nclose > close[n]", CANDLES, parameters={"k": [1, 2]}, timeframe="1h")


def test_a_value_outside_the_params_range_is_refused():
    with pytest.raises(bs.FormulaError, match=r"2\.\.5"):
        bs.scan("param n = 2 in 2..5\nclose > close[n]", CANDLES, parameters={"n": [2, 9]}, timeframe="1h")


def test_points_are_not_formulas_that_can_be_asked_for():
    found = bs.scan("param n = 10; close > sma(close, n)", CANDLES, parameters={"n": [5, 10]})

    with pytest.raises(KeyError, match=r"no formula 10; the only one has no name; points of a sweep .* apart by n in"):
        found.of(10)
