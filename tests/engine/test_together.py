"""Formulas of one job share kernels and registers: each finds what it finds alone, and what Polars finds."""

import random

import pytest

import barsweep as bs
from barsweep.data import sample_candles
from barsweep.formulas.kernels.abreast import in_company
from barsweep.formulas.kernels.graphs import Graph, Operation

CANDLES = sample_candles(40, 300)
COLUMNS = ("close", "open", "high", "low", "volume")
CALLS = ("{x}", "ema({x}, {n})", "rma({x}, {n})", "sma({x}, {n})", "ema(ema({x}, {n}), 3)", "rsi({x}, {n})")
SHAPES = ("{x} > {y}", "crosses_above({x}, {y})", "{x} < {y} * 1.01", "not ({x} > {y})", "defined({x}) and {x} >= {y}")


def assert_each_as_alone(formulas):
    together = bs.scan(formulas, CANDLES, executor="tiles")
    for name, formula in formulas.items():
        found = together.of(name)
        assert found.equals(bs.scan(formula, CANDLES, executor="tiles").matches), formula
        by_polars = bs.scan(formula, CANDLES, executor="polars").matches
        assert found.select("symbol", "ts").equals(by_polars.select("symbol", "ts")), formula


def test_a_match_leaves_before_its_values_are_overwritten():
    """Both averages run side by side, and the second one reads the close for the last time."""
    assert_each_as_alone({"a": "close > ema(close, 10)", "b": "ema(close, 20) > 50"})


def test_three_side_by_side():
    formulas = {"a": "volume > 1 and high > ema(close, 10)", "b": "ema(high, 20) > 50", "c": "ema(volume, 5) > 1000"}
    assert_each_as_alone(formulas)


def a_series(chosen):
    lag = chosen.choice(["", "", "[1]", "[3]"])
    return chosen.choice(CALLS).format(x=chosen.choice(COLUMNS), n=chosen.randint(2, 20)) + lag


def a_condition(chosen):
    condition = chosen.choice(SHAPES).format(x=a_series(chosen), y=a_series(chosen))
    return condition if chosen.random() < 0.6 else f"({condition}) {chosen.choice(['and', 'or'])} {a_condition(chosen)}"


@pytest.mark.parametrize("seed", range(12))
def test_any_formulas_together(seed):
    chosen = random.Random(seed)
    assert_each_as_alone({f"f{number}": a_condition(chosen) for number in range(chosen.randint(2, 8))})


@pytest.mark.parametrize("seed", range(40))
def test_whoever_is_read_comes_first(seed):
    chosen, graph = random.Random(seed), Graph()
    series = [graph.load(column) for column in COLUMNS]
    for _ in range(chosen.randint(1, 90)):
        x, y = (chosen.choice(series[-chosen.choice([3, 10, 50]) :]) for _ in range(2))
        name = chosen.choice(["ema", "ema", "rma", "add", "greater", "cumulative"])
        inputs = (x, y) if name in {"add", "greater"} else (x,)
        settings = {"n": float(chosen.randint(2, 9))} if name in {"ema", "rma"} else {}
        series.append(graph.call(name, *inputs, **settings).ago(chosen.choice([0, 0, 1])))

    groups = in_company(graph.sources)

    placed = set()
    for group in groups:
        reads = {id(each.source) for source in group if isinstance(source, Operation) for each in source.inputs}
        assert reads <= placed
        assert len(group) == 1 or len({source.kernel for source in group}) == 1
        placed |= set(map(id, group))
    assert sorted(placed) == sorted(map(id, graph.sources))
    assert sum(map(len, groups)) == len(graph.sources)
