"""From past bars to the state in which they leave each symbol: what standing tiles begin with.

Symbols of a tile end at different bars. The tile is run up to the shortest one's end, whose state is taken out there,
then up to the next one's: what comes after a symbol's last bar never touches its state.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .graphs import Graph, Series
from .lanes import LANES
from .machine import Floats, Machine
from .registers import lay_out
from .steps import Stores, TileProgram
from .tiles import BLOCK_ROWS, IDS, LENGTHS, Whole, tiles_of_like_length


def lay_out_past(graph: Graph, results: Sequence[Series]) -> TileProgram:
    """A program that leaves the states of lay_out_standing(graph, results)."""
    return lay_out(graph, Stores(), BLOCK_ROWS, results)


def states_after(program: TileProgram, columns: Sequence[Floats], starts: Whole, fresh: Floats) -> Floats:
    """The states after the bars of columns, in the program's order: [symbols, size].

    Starts: [symbols + 1], each symbol's first row, and the end. `fresh` is the state of a symbol without a bar.
    """
    states = np.tile(fresh, (starts.size - 1, 1))
    machine = Machine(program)
    machine.point_to(columns)
    rows = state_rows(program)
    for tile in tiles_of_like_length(starts):
        lengths, ids = tile[LENGTHS : LENGTHS + LANES], tile[IDS : IDS + LANES]
        machine.begin(tile)
        first = 0
        for end in np.unique(lengths[lengths > 0]).tolist():
            for begin in range(first, end, program.block):
                machine.go_on(tile, begin, min(program.block, end - begin))
            first = end
            lanes = np.flatnonzero(lengths == end)
            states[ids[lanes]] = machine.rows[rows[None, :], lanes[:, None]]
    return states


def state_rows(program: TileProgram) -> Whole:
    """The arena's rows that are the state: histories, then memories."""
    histories = [np.arange(row - head, row) for row, head in program.histories]
    memories = [np.arange(each.row, each.row + each.rows) for each in program.memories]
    return np.concatenate([np.zeros(0, np.int64), *histories, *memories])
