"""One primitive alone over columns, for whoever has no tiles: the PolarsExecutor, and tests."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from .graphs import Graph
from .holding import HoldingGraph
from .machine import Floats, Machine
from .registers import lay_out
from .steps import Stores, TileProgram
from .tiles import BLOCK_ROWS, Whole, tiles_of_like_length


def run_primitive(
    name: str,
    columns: Sequence[Floats],
    starts: Whole,
    settings: Sequence[float],
    block: int = BLOCK_ROWS,
    *,
    holding: bool = False,
) -> tuple[Floats, ...]:
    """Run a primitive's kernels over every symbol and return its output columns, as long as the input columns.

    Columns: float64, NaN = undefined, symbol after symbol. Starts: [symbols + 1], each symbol's first row, and the end.
    Settings: in the order of the primitive's declaration. With `holding` the first column says, by 1, which bars are
    completed: recursions remember nothing of the others (holding.py).

    >>> run_primitive("sma", [np.array([1.0, 2.0, 4.0])], np.array([0, 3]), [2])[0].tolist()
    [nan, 1.5, 3.0]

    Raises:
        ValueError: a column's length is not starts[-1].
        ImportError: llvmlite is missing.
    """
    rows = int(starts[-1])
    sources = [np.ascontiguousarray(column, dtype=np.float64) for column in columns]
    for source in sources:
        if source.shape != (rows,):
            raise ValueError(f"a column has shape {source.shape}, but the symbols' bars end at {rows}")
    program, outputs = _program(name, len(sources), tuple(map(float, settings)), block, holding)
    results = tuple(np.empty(rows, np.float64) for _ in range(outputs))
    bits = np.empty(rows // 8 + 3, np.uint8)
    read = [sources[int(column)] for column in program.columns]
    written = [array for result in results for array in (result, bits)]
    Machine(program).run([*read, *written], tiles_of_like_length(np.asarray(starts, np.int64)))
    return results


@lru_cache(maxsize=256)
def _program(name: str, inputs: int, settings: tuple[float, ...], block: int, holding: bool) -> tuple[TileProgram, int]:
    graph = HoldingGraph() if holding else Graph()
    loaded = [graph.load(str(number)) for number in range(int(holding), inputs)]
    outputs = graph.outputs(name, loaded, settings)
    return lay_out(graph, Stores(outputs, (False,) * len(outputs)), block), len(outputs)
