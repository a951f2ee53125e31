"""The PolarsExecutor: programs of Polars expressions, level after level.

Most windows need no grouping: the rows whose window would begin in the symbol before are just the rows of the warm-up,
which the program masks. Recursions run over a dense symbol id, all of a level in one `.over` around a struct.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import partial

import polars as pl

from ...data.candles import Candles
from ...formulas import Program, Stage
from ...formulas.kernels.calling import run_primitive
from ...formulas.kernels.machine import Stop
from ...formulas.plan.programs import ElsewhereCall, Step
from ...formulas.scope import Defined, KernelCall, PythonCall
from ..controlling import AbandonedError
from .calling import call_python
from .columns import numbers_of
from .numbering import FRAME_COLUMNS, numbered, ready, starts
from .surroundings import Surroundings


class PolarsExecutor:
    """Runs a plan's stages with Polars. Works for every plan."""

    def start(self, candles: Candles, around: Surroundings) -> pl.DataFrame:
        """Number symbols and bars."""
        return numbered(candles.frame, candles.lengths, around.zone)

    def advance(self, stage: Stage, frame: pl.DataFrame, around: Surroundings, stop: Stop) -> pl.DataFrame:
        """Run one stage; only what is needed later stays. Polars cannot be stopped within a level."""
        run = self.run if stage.direction == "time" else run_program
        made = run(stage.program, frame, around, stop)
        sources = dict(zip(stage.made.values(), stage.program.outputs, strict=True))
        kept = sorted(stage.keeps - set(FRAME_COLUMNS))
        return made.select(*FRAME_COLUMNS, *(pl.col(sources.get(name, name)).alias(name) for name in kept))

    def run(self, program: Program, frame: pl.DataFrame, around: Surroundings, stop: Stop) -> pl.DataFrame:
        """The frame with the outputs of a program along time added."""
        return run_program(program, ready(frame, around.zone), around, stop).head(frame.height)


def run_program(program: Program, frame: pl.DataFrame, around: Surroundings, stop: Stop) -> pl.DataFrame:
    """The frame with the program's outputs added; columns that nothing reads any more are dropped on the way.

    Raises AbandonedError at the next level, or a user's function at the next symbol, if the flag is raised.
    """
    for level, dead in zip(program.levels, program.dead_after(), strict=True):
        if stop.raised:
            raise AbandonedError
        frame = _level(level, frame, around, stop).drop(dead)
    return frame


def _level(steps: Sequence[Step], frame: pl.DataFrame, around: Surroundings, stop: Stop) -> pl.DataFrame:
    plain: list[pl.Expr] = []
    grouped: dict[tuple[str, ...], list[pl.Expr]] = defaultdict(list)
    calls: list[pl.Series] = []
    for step in steps:
        match step:
            case Defined(by=()):
                plain.append(step.expression)
            case Defined():
                grouped[step.by].append(step.expression)
            case KernelCall():
                calls.extend(_kernel(step, frame))
            case PythonCall():
                calls.append(call_python(step, frame, starts(frame), stop))
            case ElsewhereCall():
                from .elsewhere import look_elsewhere  # noqa: PLC0415 - most formulas look at these bars alone

                calls.extend(look_elsewhere(step, frame, around, partial(run_program, stop=stop)))
    frame = frame.with_columns(*plain, *calls)
    for by, expressions in grouped.items():
        frame = _over(frame, by, expressions)
    return frame


def _over(frame: pl.DataFrame, by: tuple[str, ...], expressions: list[pl.Expr]) -> pl.DataFrame:
    """One `.over` around a struct costs a third of many."""
    if len(expressions) == 1:
        return frame.with_columns(expressions[0].over(by))
    return frame.with_columns(pl.struct(expressions).over(by).alias("~struct")).unnest("~struct")


def _kernel(call: KernelCall, frame: pl.DataFrame) -> list[pl.Series]:
    """Run a primitive's compiled kernels over each symbol's rows; ImportError where llvmlite is missing."""
    columns = [numbers_of(frame[name]) for name in call.inputs]
    results = run_primitive(call.primitive, columns, starts(frame), call.settings)
    return [pl.Series(name, values).fill_nan(None) for name, values in zip(call.names, results, strict=True)]
