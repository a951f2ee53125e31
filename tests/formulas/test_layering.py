"""Layers: what becomes a column, which is held for all symbols, and what is computed where it is needed."""

import itertools

import numpy as np
import pytest

from barsweep import FormulaService, function
from barsweep.formulas import Stage, make_plan
from barsweep.formulas.plan.layering import make_layers


@function()
def own(close: np.ndarray) -> np.ndarray:
    """A function that may take its time, and may fail."""
    return close


LANGUAGE = FormulaService(functions=[own]).language


def layers_of(*sources, indicators=False):
    plan = make_plan({f"f{n}": LANGUAGE.check(source) for n, source in enumerate(sources)})
    return make_layers(plan, indicators=indicators)


def columns_of(step):
    return list(step.made.values()) if isinstance(step, Stage) else [ranking.column for ranking in step]


def drawn(layers):
    """How many columns each step makes, those across symbols in brackets; and how many are kept after it."""
    made = [columns_of(step) for step in layers.steps]
    shown = [f"{len(m)}" if isinstance(s, Stage) else f"[{len(m)}]" for m, s in zip(made, layers.steps, strict=True)]
    names = set(itertools.chain.from_iterable(made))
    return " ".join(shown), [len(kept & names) for kept in layers.keeps]


@pytest.mark.parametrize(
    ("sources", "steps", "kept"),
    [
        (["rank(close) > 3"], "[1]", [1]),
        (["rank(sma(close, 5)) > 3"], "1 [1]", [1, 1]),
        (["rank(sma(close, 5)) > sma(close, 5)"], "1 [1]", [1, 2]),
        (["rank(sma(close, 5)) > 3 and close > ema(close, 9)"], "1 [1]", [1, 1]),
        (["rank(sma(close, 5) / close) > sma(close, 5)"], "1 [1]", [1, 1]),
        (["rank(rank(close) + rank(open)) > 3"], "[2] 1 [1]", [2, 1, 1]),
        (["rank(sma(rank(close), 5)) > 3", "rank(rank(close)) > 3"], "[1] 1 [2]", [1, 2, 2]),
        (["sma(rank(close), 5) > 3 and rank(open) > 3"], "[2]", [2]),
        (['rank(timeframe("1w", close) / close) > timeframe("1w", close)'], "2 [1]", [2, 2]),
        (['rank(close) > timeframe("1w", close)'], "[1]", [1]),
        (["rank(close, by=sma(close, 5)) > 3"], "1 [1]", [1, 1]),
    ],
)
def test_columns_are_what_rankings_read(sources, steps, kept):
    """What kernels compute they compute again; what they do not is computed once."""
    assert drawn(layers_of(*sources)) == (steps, kept)


def test_formulas_without_rankings_add_no_column():
    scans = [f"close > sma(close, {n}) and rsi(close, {n}) < 30" for n in range(5, 50)]

    assert drawn(layers_of("top(roc(close, 5), 10)", *scans)) == drawn(layers_of("top(roc(close, 5), 10)"))


def test_indicators_that_nobody_asks_for_are_not_kept():
    source = "line = sma(close, 5)\nrank(line) > 3"

    assert drawn(layers_of(source, indicators=True)) == ("1 [1]", [1, 2])
    assert drawn(layers_of(source)) == ("1 [1]", [1, 1])


@pytest.mark.parametrize(
    ("sources", "steps", "kept"),
    [
        (["rank(close) > 3", "own(close) > 3"], "1 [1]", [1, 2]),
        (["rank(own(close)) > 3", "own(close) > 3"], "1 [1]", [1, 2]),
        (["rank(own(close) + 1) > 3", "own(close) > 3"], "2 [1]", [2, 2]),
        (["rank(close) > 3", 'timeframe("1w", own(close)) > 3'], "1 [1]", [1, 2]),
        (["rank(rank(close)) > 3", "own(rank(close)) > 3"], "[1] 1 [1]", [1, 2, 2]),
        (["own(rank(close)) > 3"], "[1]", [1]),
    ],
)
def test_functions_of_users_come_ahead_of_the_rankings_that_follow(sources, steps, kept):
    """A symbol for which one fails is not ranked, whichever executor computes it; and none is called twice."""
    assert drawn(layers_of(*sources)) == (steps, kept)


def test_how_long_columns_live():
    """To the last step after which something reads them."""
    layers = layers_of("rank(sma(close, 5) + rank(sma(close, 9)))")
    made = [columns_of(step) for step in layers.steps]

    assert [layers.lives[name] for (name,) in made] == [0, 1, 2, 3]
