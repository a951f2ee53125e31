"""What a plan demands of the memory, from what its executor holds for each bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ..formulas import Stage
from .batching import CELL, FOUND_OF, bytes_of_bar
from .budgeting import Demand
from .evaluating import Evaluator, PlanEvaluator
from .executors import AcrossExecutor
from .splitting import Selection

KEY_BYTES: Final = 24  # symbol and ts of a row that is reported
TS: Final = 8  # bytes
FRAME_OF_ALL: Final = 4  # copies of a frame of all symbols that Polars makes while it ranks; measured


def demand_of(evaluator: Evaluator, selection: Selection, columns: int, sizes: Mapping[str, int]) -> Demand:
    """What the batches of these symbols need, of which so many columns are read."""
    results = len(selection.results) + sum(map(len, selection.indicators.values()))
    bar = bytes_of_bar(columns, results, in_tiles=is_tiled(evaluator), everything=selection.everything)
    row = KEY_BYTES + CELL * results
    reported = sum(sizes.values()) * (row if selection.everything else row // FOUND_OF)
    demand = Demand(bar, sizes, reported)
    if not isinstance(evaluator, PlanEvaluator) or not evaluator.plan.across:
        return demand
    if isinstance(evaluator.executor, AcrossExecutor):
        return replace(demand, whole=CELL * most_kept(evaluator.executor), movable=TS + CELL * columns + row)
    made = sum(len(stage.made) for stage in evaluator.plan.stages)
    of_frame = FRAME_OF_ALL * (KEY_BYTES + TS + CELL * (columns + made))
    return replace(demand, whole=of_frame, way_out="; executor='tiles' holds less")


def most_kept(executor: AcrossExecutor) -> int:
    """How many columns of numbers are kept between two layers, at the most, those that the second makes among them."""
    layers = executor.layers
    made = [len(step.made) if isinstance(step, Stage) else len(step) for step in layers.steps]
    return max(len(kept) + count for kept, count in zip(layers.keeps, made, strict=False))


def is_tiled(evaluator: Evaluator) -> bool:
    """Whether kernels do the work."""
    return isinstance(evaluator, PlanEvaluator) and evaluator.in_tiles
