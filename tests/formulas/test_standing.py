"""Tiles that stand: whoever has no bar keeps what it had, and new symbols find a place."""

import numpy as np
import pytest

from barsweep.formulas import primitives  # noqa: F401 - fills the registry
from barsweep.formulas.kernels import standing
from barsweep.formulas.kernels.calling import run_primitive
from barsweep.formulas.kernels.graphs import Graph
from barsweep.formulas.kernels.single_rows import ROOM, lay_out_standing
from barsweep.formulas.kernels.standing import StandingTiles
from barsweep.formulas.kernels.warming import lay_out_past, states_after

SYMBOLS, BARS = 40, 2 * ROOM + 9
CASES = [("sma", (20,)), ("ema", (5,)), ("highest", (33,)), ("median", (7,)), ("correlation", (10,))]


def graph_of(name, settings, inputs):
    graph = Graph()
    return graph, list(graph.outputs(name, [graph.load(str(number)) for number in range(inputs)], settings))


def columns(inputs, seed=3):
    """[inputs, symbols, bars], with holes."""
    rng = np.random.default_rng(seed)
    values = rng.normal(50, 5, (inputs, SYMBOLS, BARS)).round(1)
    values[rng.random(values.shape) < 0.05] = np.nan
    return values


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_any_order_of_arrival_gives_the_values_of_whole_columns(name, settings):
    """Symbols come in any company, from any bar on, and some only when others have long been there."""
    inputs = 2 if name == "correlation" else 1
    values = columns(inputs)
    starts = np.arange(SYMBOLS + 1) * BARS
    whole = run_primitive(name, [each.reshape(-1) for each in values], starts, settings)[0].reshape(SYMBOLS, BARS)
    graph, results = graph_of(name, settings, inputs)
    tiles = StandingTiles(lay_out_standing(graph, results))
    rng = np.random.default_rng(5)
    known, had, found = 3, np.zeros(SYMBOLS, np.int64), np.full((SYMBOLS, BARS), np.inf)
    tiles.seat(np.arange(known), tiles.fresh(known))
    while had.min() < BARS:
        if known < SYMBOLS and rng.random() < 0.4:
            tiles.seat(np.array([known]), tiles.fresh(1))
            known += 1
        here = np.flatnonzero((rng.random(known) < 0.8) & (had[:known] < BARS))
        if not here.size:
            continue
        rng.shuffle(here)
        bars = values[:, here, had[here]]
        tiles.look(here, bars * 2.0)

        found[here, had[here]] = tiles.push(here, bars)[0]
        had[here] += 1

    assert np.array_equal(found, whole, equal_nan=True)


@pytest.mark.parametrize(("name", "settings"), CASES)
def test_a_state_may_be_taken_anywhere_and_set_elsewhere(name, settings):
    """After past bars of any length it is what pushing them one by one leaves."""
    inputs = 2 if name == "correlation" else 1
    values = columns(inputs)
    lengths = np.random.default_rng(8).integers(0, BARS, SYMBOLS)
    graph, results = graph_of(name, settings, inputs)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    past = [np.concatenate([each[k, : lengths[k]] for k in range(SYMBOLS)]) for each in values]
    tiles = StandingTiles(lay_out_standing(graph, results))
    everywhere = np.arange(SYMBOLS)
    tiles.seat(everywhere, tiles.fresh(SYMBOLS))
    for bar in range(BARS):
        here = np.flatnonzero(lengths > bar)
        if here.size:
            tiles.push(here, values[:, here, bar])

    states = states_after(lay_out_past(graph, results), past, starts, tiles.fresh(1)[0])

    other = StandingTiles(lay_out_standing(graph, results))
    places = everywhere[::-1].copy()
    other.seat(places, states)
    for bar in (-1, -2):
        last = values[:, :, bar]
        assert np.array_equal(tiles.push(everywhere, last), other.push(places, last), equal_nan=True)


def test_several_threads_share_the_tiles(monkeypatch):
    """Each tile is run once a bar, by whoever is free."""
    monkeypatch.setattr(standing, "TILES_APART", 1)
    values, everywhere = columns(1), np.arange(SYMBOLS)
    graph, results = graph_of("ema", (5,), 1)
    program = lay_out_standing(graph, results)
    alone, together = StandingTiles(program), StandingTiles(program, workers=3)
    for tiles in (alone, together):
        tiles.seat(everywhere, tiles.fresh(SYMBOLS))

    for bar in range(BARS):
        expected = alone.push(everywhere, values[:, :, bar])
        assert np.array_equal(together.push(everywhere, values[:, :, bar]), expected, equal_nan=True)
