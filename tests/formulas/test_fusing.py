"""Two kernels in one: the same bits as one after the other, and only where nobody else reads what is between them."""

import numpy as np
import pytest

from barsweep.formulas.kernels import fusing, registers
from barsweep.formulas.kernels.fusing import FUSED, PAIRS, with_fused
from barsweep.formulas.kernels.graphs import Graph
from barsweep.formulas.kernels.machine import Machine
from barsweep.formulas.kernels.registers import lay_out
from barsweep.formulas.kernels.steps import Matches, Stores
from barsweep.formulas.kernels.tiles import tiles_of_like_length

STARTS = np.array([0, 70, 70, 71, 400])
SPECIAL = [np.nan, 0.0, -0.0, 1.0, -1.0, 1e308, -1e308, 1e-308, 0.5, 3.0]


def names(program):
    return [step.symbol.removeprefix("barsweep_") for step in program.steps]


def computed(graph, series):
    """The numbers of a series over columns of special ones, to the bit, and the kernels that made them."""
    chance = np.random.default_rng(7)
    program = lay_out(graph, Stores((series,), (False,)))
    columns = [chance.permutation(np.resize(SPECIAL, STARTS[-1])) for _ in program.columns]
    valid, numbers = np.full(STARTS[-1] // 8 + 3, 0xFF, np.uint8), np.full(STARTS[-1], -7.0)
    Machine(program).run([*columns, numbers, valid], tiles_of_like_length(STARTS))
    return np.where(np.isnan(numbers), np.nan, numbers).tobytes(), names(program)


def asked(read, reader, place, graph):
    """`reader` over columns, and at that place `read` over columns."""
    inner, outer = fusing.KERNELS[read], fusing.KERNELS[reader]
    settings = dict.fromkeys((*inner.settings, *outer.settings), 0.3)
    pair = next((key for key, kernel in FUSED.items() if kernel.name == read), None)
    if pair is not None:  # three in one
        result = asked(*pair, graph)
    else:
        columns = [graph.load(f"read {number}") for number in range(inner.inputs)]
        result = graph.call(read, *columns, **{name: settings[name] for name in inner.settings})
    columns = [graph.load(f"reader {number}") for number in range(outer.inputs - 1)]
    columns.insert(place, result)
    return graph.call(reader, *columns, **{name: settings[name] for name in outer.settings})


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: "-".join(map(str, pair)))
def test_two_in_one_have_the_bits_of_both(pair, monkeypatch):
    answers = []
    for changed in (with_fused, lambda sources, _: {id(source): source for source in sources}):
        graph = Graph()
        monkeypatch.setattr(registers, "with_fused", changed)
        answers.append(computed(graph, asked(*pair, graph)))
    (fused, steps), (apart, others) = answers

    assert fused == apart
    assert FUSED[pair].name in steps
    assert FUSED[pair].name not in others
    assert len(steps) < len(others)


def change(graph):
    """What rises and falls of a column are made of, as `rsi` makes them."""
    close = graph.load("close")
    return graph.call("subtract", close, close.ago(1))


def test_what_is_soon_done_twice_is_done_by_each_reader():
    graph = Graph()
    up = graph.call("larger", change(graph), graph.constant(0.0))
    down = graph.call("larger", graph.call("negate", change(graph)), graph.constant(0.0))

    made = names(lay_out(graph, Stores((up, down), (False, False))))

    assert {"larger_0_subtract", "larger_0_negate_subtract"} < set(made)
    assert not {"subtract", "negate", "larger"} & set(made)


def leaves(graph, read):
    return Stores((graph.call("abs", read), read), (False, False))


def is_found(graph, read):
    return Stores(matches=(Matches.of(graph.call("greater", read, graph.constant(0.0)), (graph.call("abs", read),)),))


def is_looked_back_at(graph, read):
    return Stores((graph.call("abs", read.ago(3)),), (False,))


def is_read_by_another(graph, read):
    return Stores((graph.call("abs", read), graph.call("sqrt", read)), (False, False))


@pytest.mark.parametrize("somebody_else", [leaves, is_found, is_looked_back_at, is_read_by_another])
def test_what_somebody_else_reads_stays(somebody_else):
    graph = Graph()
    read = change(graph)

    made = names(lay_out(graph, somebody_else(graph, read)))

    assert {"subtract", "abs"} < set(made)


def test_a_kernel_that_reads_both_of_its_inputs_there_reads_a_register():
    graph = Graph()
    read = change(graph)

    made = names(lay_out(graph, Stores((graph.call("divide", read, read),), (False,))))

    assert {"subtract", "divide"} < set(made)


def test_what_goes_on_with_bars_to_come_is_laid_out_as_for_single_rows():
    """Its registers and memories are told by their order, which those of rows share."""
    graph = Graph()
    size = graph.call("abs", change(graph))

    assert {"subtract", "abs"} < set(names(lay_out(graph, Stores(), held=[size])))
