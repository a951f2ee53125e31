"""Programs on other rows than those at hand: another timeframe, symbol or table, or some of the bars.

Whatever the rows, the program runs on them as on any candles, and its values join the bars from which they are known.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias, assert_never

import polars as pl

from ...data.timeframes import Timeframe
from ...formulas.nodes import OtherBars, OtherSymbol, OtherTable, SomeBars
from ...formulas.plan.programs import ElsewhereCall, FormingProgram, Program
from ...formulas.scope import SYMBOL, TS
from .forming import Run, forming_bars, run_forming
from .joining import (
    KNOWN,
    calendar_zone,
    join_known,
    join_other,
    join_published,
    known_at,
    made_of,
    on_timeframe,
    own_timeframe,
)
from .numbering import FRAME_COLUMNS, ready
from .surroundings import Surroundings

Columns: TypeAlias = list[pl.Series]
Look: TypeAlias = Callable[[ElsewhereCall, pl.DataFrame, Surroundings, Run], Columns]


def look_elsewhere(call: ElsewhereCall, frame: pl.DataFrame, around: Surroundings, run: Run) -> Columns:
    """The call's columns at the rows of the frame; `run` runs a program on a numbered frame."""
    match call.place:
        case OtherBars(timeframe, forming):
            return (_forming if forming else _completed)(call, timeframe, frame, around, run)
        case OtherSymbol(symbol):
            made = _made(call, around.references[symbol], around, run)
            return join_other(frame, made.select(TS, *_renamed(call)), call.names)
        case OtherTable(table):
            made = _made(call, around.tables[table], around, run)
            return join_published(frame, made.select("symbol", TS, *_renamed(call)), call.names, around)
        case SomeBars():
            return _some_bars(call, frame, around, run)
        case _:
            assert_never(call.place)


def _completed(
    call: ElsewhereCall, timeframe: str, frame: pl.DataFrame, around: Surroundings, run: Run
) -> list[pl.Series]:
    own, zone = around.timeframe, around.zone
    coarse = on_timeframe(frame, own, timeframe, zone, _columns(call))
    references = {name: on_timeframe(each, own, timeframe, zone) for name, each in around.references.items()}
    inner = replace(around, timeframe=Timeframe.parse(timeframe), references=references)
    made = _made(call, coarse, inner, run)
    values = made.select(SYMBOL, KNOWN, *_renamed(call))
    return join_known(frame, values, call.names, known_at(frame, own, zone))


def _forming(
    call: ElsewhereCall, timeframe: str, frame: pl.DataFrame, around: Surroundings, run: Run
) -> list[pl.Series]:
    assert isinstance(call.program, FormingProgram)
    coarser = made_of(own_timeframe(frame, around.timeframe), timeframe)
    bars = forming_bars(frame, coarser, _columns(call), calendar_zone(frame, around.zone))
    made = run_forming(call.program, frame, bars, replace(around, timeframe=coarser), run)
    return [made[output].alias(name) for output, name in zip(call.program.outputs, call.names, strict=True)]


def _some_bars(call: ElsewhereCall, frame: pl.DataFrame, around: Surroundings, run: Run) -> list[pl.Series]:
    """Each row shows the latest of the bars that count, undefined or not; before a symbol's first there is none."""
    counts = frame[call.condition or ""].fill_null(value=False)
    bars = frame.select("symbol", TS, SYMBOL, *_columns(call)).filter(counts)
    made = _made(call, bars.drop(SYMBOL), around, run)
    place = counts.cast(pl.Int64).cum_sum() - 1
    place = place.set(place < 0, None)
    own = bars[SYMBOL].gather(place) == frame[SYMBOL]
    place = place.set(~own.fill_null(value=False), None)
    return [made[output].gather(place).alias(name) for output, name in zip(_outputs(call), call.names, strict=True)]


def _made(call: ElsewhereCall, rows: pl.DataFrame, around: Surroundings, run: Run) -> pl.DataFrame:
    assert isinstance(call.program, Program)
    return run(call.program, ready(rows, around.zone), around).head(rows.height)


def _columns(call: ElsewhereCall) -> list[str]:
    """The candle columns that the program reads."""
    return sorted(call.program.reads - set(FRAME_COLUMNS))


def _outputs(call: ElsewhereCall) -> tuple[str, ...]:
    return call.program.outputs


def _renamed(call: ElsewhereCall) -> list[pl.Expr]:
    pairs = zip(call.program.outputs, call.names, strict=True)
    return [pl.col(output).alias(name) for output, name in pairs]
