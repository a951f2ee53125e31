"""The PolarsExecutor: programs of Polars expressions, level after level.

Most windows need no grouping: the rows whose window would begin in the symbol before are just the rows of the warm-up,
which the program masks. Recursions run over a dense symbol id, all of a level in one `.over` around a struct.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...data.candles import Candles, starts_of
from ...data.timeframes import Timeframe
from ...formulas import Program, Stage
from ...formulas.kernels.calling import run_primitive
from ...formulas.kernels.machine import Stop
from ...formulas.plan.programs import Step, SymbolCall, TimeframeCall
from ...formulas.scope import BAR, LOCAL, SYMBOL, TS, Defined, KernelCall, PythonCall
from .calling import call_python
from .columns import numbers_of
from .joining import KNOWN, join_known, join_other, known_at, on_timeframe
from .surroundings import Surroundings

FRAME_COLUMNS: Final = ("symbol", TS, SYMBOL, BAR, LOCAL)
"""What every frame between stages has: the symbol's name, ts, dense symbol id, row within the symbol, exchange time."""


class PolarsExecutor:
    """Runs a plan's stages with Polars. Works for every plan."""

    def start(self, candles: Candles, around: Surroundings) -> pl.DataFrame:
        """Number symbols and bars."""
        return numbered(candles.frame, candles.lengths, around.zone)

    def advance(self, stage: Stage, frame: pl.DataFrame, around: Surroundings, _: Stop) -> pl.DataFrame:
        """Run one stage; only what is needed later stays. Polars cannot be stopped."""
        along = stage.direction == "time"
        made = self.run(stage.program, frame, around) if along else run_program(stage.program, frame, around)
        sources = dict(zip(stage.made.values(), stage.program.outputs, strict=True))
        kept = sorted(stage.keeps - set(FRAME_COLUMNS))
        return made.select(*FRAME_COLUMNS, *(pl.col(sources.get(name, name)).alias(name) for name in kept))

    def run(self, program: Program, frame: pl.DataFrame, around: Surroundings) -> pl.DataFrame:
        """The frame with the outputs of a program along time added."""
        # Polars computes with a column of one row as with a constant, and rounds differently there
        # (and takes two equal rows for one; those of Arrow are two)
        padded = pl.DataFrame(pl.concat([frame, frame]).to_arrow()) if frame.height == 1 else frame
        return run_program(program, prepared(padded, around.zone), around).head(frame.height)


def prepared(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """The frame with a dense, truly sorted symbol id, the row within the symbol, and exchange time.

    Rows must be sorted by (symbol, ts); every symbol's rows stand together.
    """
    return numbered(frame, np.diff(starts_of(frame["symbol"])), zone)


def numbered(frame: pl.DataFrame, lengths: NDArray[np.int64], zone: str) -> pl.DataFrame:
    """As `prepared`, where the symbols' lengths are known."""
    ids = pl.Series(np.repeat(np.arange(lengths.size, dtype=np.uint32), lengths)).set_sorted()
    begins = np.repeat(np.cumsum(lengths) - lengths, lengths)
    bars = pl.Series(BAR, np.arange(frame.height, dtype=np.int64) - begins)
    is_instant = isinstance(frame.schema[TS], pl.Datetime) and frame.schema[TS].time_zone is not None
    if frame.schema[TS] == pl.Date:
        local = pl.col(TS).cast(pl.Datetime("us"))
    else:
        local = pl.col(TS).dt.convert_time_zone(zone) if is_instant and zone != "UTC" else pl.col(TS)
    return frame.with_columns(ids.alias(SYMBOL), bars, local.alias(LOCAL))


def run_program(program: Program, frame: pl.DataFrame, around: Surroundings) -> pl.DataFrame:
    """The frame with the program's outputs added; columns that nothing reads any more are dropped on the way."""
    for level, dead in zip(program.levels, program.dead_after(), strict=True):
        frame = _level(level, frame, around).drop(dead)
    return frame


def _level(steps: Sequence[Step], frame: pl.DataFrame, around: Surroundings) -> pl.DataFrame:
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
                calls.append(call_python(step, frame, starts(frame)))
            case TimeframeCall():
                calls.extend(_timeframe(step, frame, around))
            case SymbolCall():
                calls.extend(_symbol(step, frame, around))
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


def starts(frame: pl.DataFrame) -> NDArray[np.int64]:
    """The first row of each symbol, and the number of rows."""
    first = frame.select(pl.arg_where(pl.col(BAR) == 0)).to_series().to_numpy().astype(np.int64)
    return np.append(first, frame.height)


def _timeframe(call: TimeframeCall, frame: pl.DataFrame, around: Surroundings) -> list[pl.Series]:
    own, target, zone = around.timeframe, call.timeframe, around.zone
    coarse = on_timeframe(frame, own, target, zone, sorted(call.program.reads - set(FRAME_COLUMNS)))
    references = {name: on_timeframe(each, own, target, zone) for name, each in around.references.items()}
    inner = Surroundings(Timeframe.parse(target), references, zone)
    made = run_program(call.program, prepared(coarse, zone), inner)
    values = made.select(SYMBOL, KNOWN, *_renamed(call))
    return join_known(frame, values, call.names, known_at(frame, own, zone))


def _symbol(call: SymbolCall, frame: pl.DataFrame, around: Surroundings) -> list[pl.Series]:
    made = run_program(call.program, prepared(around.references[call.symbol], around.zone), around)
    return join_other(frame, made.select(TS, *_renamed(call)), call.names)


def _renamed(call: TimeframeCall | SymbolCall) -> list[pl.Expr]:
    pairs = zip(call.program.outputs, call.names, strict=True)
    return [pl.col(output).alias(name) for output, name in pairs]
