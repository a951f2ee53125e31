"""Programs on other rows than those at hand: another timeframe, symbol or table, or some of the bars.

Whatever the rows, the program runs on them as on any candles, and its values join the bars from which they are known.
"""

from __future__ import annotations

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
    OWNER,
    in_session,
    join_known,
    join_other,
    join_published,
    made_of,
    on_timeframe,
    own_timeframe,
)
from .numbering import FRAME_COLUMNS, ready
from .surroundings import Surroundings

Columns: TypeAlias = list[pl.Series]


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


def _completed(call: ElsewhereCall, timeframe: str, frame: pl.DataFrame, around: Surroundings, run: Run) -> Columns:
    coarse = on_timeframe(frame, around, timeframe, _columns(call))
    references = {name: on_timeframe(each, around, timeframe) for name, each in around.references.items()}
    inner = replace(around, timeframe=Timeframe.parse(timeframe), references=references)
    made = _made(call, coarse, inner, run)
    return join_known(frame, made.select(OWNER, KNOWN, *_renamed(call)), call.names, around)


def _forming(call: ElsewhereCall, timeframe: str, frame: pl.DataFrame, around: Surroundings, run: Run) -> Columns:
    assert isinstance(call.program, FormingProgram)
    coarser, counting = made_of(own_timeframe(frame, around), timeframe), in_session(frame, around)
    rows = frame if counting is None else frame.filter(counting)
    bars = forming_bars(rows, coarser, _columns(call), around)
    made = run_forming(call.program, bars, replace(around, timeframe=coarser), run).select(_renamed(call))
    return made.get_columns() if counting is None else held(made, rows[SYMBOL], counting, frame)


def _some_bars(call: ElsewhereCall, frame: pl.DataFrame, around: Surroundings, run: Run) -> Columns:
    counting = frame[call.condition or ""].fill_null(value=False)
    bars = frame.filter(counting)
    made = _made(call, bars.select("symbol", TS, *_columns(call)), around, run)
    return held(made.select(_renamed(call)), bars[SYMBOL], counting, frame)


def held(values: pl.DataFrame, symbols: pl.Series, counting: pl.Series, frame: pl.DataFrame) -> Columns:
    """Each row shows the latest of the bars that count, undefined or not; before its symbol's first there is none.

    `values` and `symbols` are those of the bars that count.
    """
    place = counting.cast(pl.Int64).cum_sum() - 1
    place = place.set(place < 0, None)
    own = symbols.gather(place) == frame[SYMBOL]
    place = place.set(~own.fill_null(value=False), None)
    return [values[name].gather(place) for name in values.columns]


def _made(call: ElsewhereCall, rows: pl.DataFrame, around: Surroundings, run: Run) -> pl.DataFrame:
    assert isinstance(call.program, Program)
    return run(call.program, ready(rows, around.zone), around).head(rows.height)


def _columns(call: ElsewhereCall) -> list[str]:
    """The candle columns that the program reads."""
    return sorted(call.program.reads - set(FRAME_COLUMNS))


def _renamed(call: ElsewhereCall) -> list[pl.Expr]:
    pairs = zip(call.program.outputs, call.names, strict=True)
    return [pl.col(output).alias(name) for output, name in pairs]
