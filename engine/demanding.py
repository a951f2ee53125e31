"""What a plan demands of the memory, from what its executor holds for each bar."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from ..formulas import Stage
from ..formulas.kinds import Kind
from ..formulas.nodes import Apply, Node
from .batching import CELL, FOUND_OF, QUICK, bytes_of_bar
from .budgeting import Demand
from .evaluating import Evaluator, PlanEvaluator
from .executors import TileExecutor
from .splitting import Selection

if TYPE_CHECKING:
    from ..formulas.plan.layering import Layers

KEY_BYTES: Final = 24  # symbol and ts of a row
TS: Final = 8  # bytes
TS_NUMBER: Final = 4  # bytes of the number of a ts, where they may stand at no regular distances
GROUP: Final = 16  # bytes of the number of a bar's group, with what it is found by
VALID_OF: Final = 8  # bits of validity in a byte
COPIES: Final = 3  # of what is found: as kernels leave it, in order, and what of it is inside the range
FRAME_OF_ALL: Final = 4  # copies of a frame of all symbols that Polars makes while it ranks; measured


def demand_of(evaluator: Evaluator, selection: Selection, columns: int, sizes: Mapping[str, int]) -> Demand:
    """What the batches of these symbols need, of which so many columns are read."""
    results, in_tiles = _results(selection), is_tiled(evaluator)
    bar = bytes_of_bar(columns, results, in_tiles=in_tiles, everything=selection.everything)
    row = (KEY_BYTES + CELL * results) // (1 if selection.everything else FOUND_OF)
    demand = Demand(bar, sizes, reported=row * sum(sizes.values()))
    if not isinstance(evaluator, PlanEvaluator) or not evaluator.plan.across:
        return replace(demand, most=_most_found(evaluator, selection, columns) if selection.several else 0)
    from .executors.across_executor import AcrossExecutor  # noqa: PLC0415 - most formulas rank nothing

    if isinstance(evaluator.executor, AcrossExecutor):
        timeframe = evaluator.around.timeframe
        is_irregular = timeframe is None or timeframe.intraday
        whole = most_held(evaluator.executor.layers) + (TS_NUMBER if is_irregular else 0)
        return replace(demand, whole=whole, movable=KEY_BYTES + CELL * columns + row)
    made = sum(len(stage.made) for stage in evaluator.plan.stages)
    of_frame = FRAME_OF_ALL * (KEY_BYTES + TS + CELL * (columns + made))
    return replace(demand, whole=of_frame, way_out="; executor='tiles' holds less")


def _most_found(evaluator: Evaluator, selection: Selection, columns: int) -> int:
    """What a batch of several formulas holds for each bar if every bar is found.

    Each formula's table of matches has keys and params of its own; kernels leave marks and values, from which tables
    are made one batch after the other.
    """
    in_tiles = is_tiled(evaluator)
    most = bytes_of_bar(columns, 0, in_tiles=in_tiles, everything=False)
    values = CELL * sum(map(len, selection.indicators.values()))
    params = CELL * sum(len(tags.keys() - {"formula"}) for tags in selection.tags.values())
    tables = 0 if selection.everything else len(selection.results) * KEY_BYTES + params + values
    if not in_tiles:
        return most + tables
    found = TS + math.ceil(len(selection.results) / VALID_OF) + values
    left_to_be_made = selection.start is None and not selection.latest
    return most + found + (0 if left_to_be_made else tables)


def most_held(layers: Layers) -> int:
    """The bytes of each bar that are held for all symbols at once, at the most.

    While a layer runs, these are the columns that are there, are read by it or later, and those that it makes. Rankings
    read numbers, NaN where undefined: others are copied for them, and so are the candles' where some are undefined.
    """
    most, there, numbers, along = 0, frozenset[str](), frozenset[str](), frozenset[str]()
    for step, read in zip(layers.steps, (frozenset[str](), *layers.keeps), strict=False):
        if isinstance(step, Stage):
            made = {name: node.kind is not Kind.BOOLEAN for node, name in step.made.items()}
            beside, along = 0, along | made.keys()
        else:
            made = {ranking.column: True for ranking in step}
            copied = {source for ranking in step for source in ranking.sources} - numbers
            beside = CELL * len(copied) + GROUP * len({ranking.by for ranking in step} - {None})
        held = there & read | made.keys()
        most = max(most, CELL * len(held) + math.ceil(len(held & along) / VALID_OF) + beside)
        there |= made.keys()
        numbers |= {name for name, is_number in made.items() if is_number}
    return most


def is_tiled(evaluator: Evaluator) -> bool:
    """Whether kernels do the work."""
    return isinstance(evaluator, PlanEvaluator) and evaluator.in_tiles


def quick_rows(evaluator: Evaluator, selection: Selection, room: int) -> int:
    """Bars of a batch whose values kernels compute at once; 0 where others do a part of the work.

    It keeps to the `room`, in bytes, even if every bar is reported: few batches do not show what the next will need.
    """
    if not isinstance(evaluator, PlanEvaluator):
        return 0
    alone = isinstance(evaluator.executor, TileExecutor) and evaluator.executor.alone
    most = KEY_BYTES + CELL * COPIES * _results(selection)
    return min(QUICK // sum(map(_work, evaluator.plan.nodes)), room // most) if alone else 0


def _work(node: Node) -> int:
    """Values that are looked at for one: all of a window, by kernels that know no better."""
    settings = node.settings if isinstance(node, Apply) else ()
    return 1 + max((int(each) for each in settings if isinstance(each, int | float) and each > 0), default=0)


def _results(selection: Selection) -> int:
    indicators = 0 if selection.everything else sum(map(len, selection.indicators.values()))
    return len(selection.results) + indicators
