"""The worker's side of plans with rankings: rounds over tables of earlier rounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from ...data.candles import Candles, starts_of
from ...formulas import Stage
from ...formulas.scope import BAR, SYMBOL, TS
from ..controlling import Ticket
from ..evaluating import PlanEvaluator
from ..figures import Figures
from ..preparing import Prepared
from ..splitting import split
from .parcels import read_table, write_piece, write_table, write_told


def carry_out_round(content: Mapping[str, Any], prepared: Prepared, ticket: Ticket, folder: Path, name: str) -> None:
    """Carry out an order of a plan with rankings: rounds along time, a ranking, or the report."""
    evaluator = prepared.evaluator
    assert isinstance(evaluator, PlanEvaluator)
    stages = evaluator.plan.stages
    if "ranking" in content:
        _rank(content, evaluator, stages[content["ranking"]], ticket, folder, name)
    elif "report" in content:
        frame = _rows_of(folder, content["inputs"], content["symbols"])
        piece = split(frame, prepared.selection)
        piece.elapsed = Figures(dict.fromkeys(piece.bars, 0.0))
        write_piece(folder, name, piece)
    else:
        chosen = tuple(stages[number] for number in content["rounds"])
        _along(content, prepared, evaluator, chosen, ticket, folder, name)


def _along(
    content: Mapping[str, Any],
    prepared: Prepared,
    evaluator: PlanEvaluator,
    stages: tuple[Stage, ...],
    ticket: Ticket,
    folder: Path,
    name: str,
) -> None:
    errors, defects = {}, {}
    if content["inputs"]:
        frame = _rows_of(folder, content["inputs"], content["symbols"])
    else:
        with ticket.place("load"):
            loaded = prepared.loader.load(content["symbols"], ticket)
        errors = {symbol: asdict(error) for symbol, error in loaded.errors.items()}
        defects = loaded.defects
        frame = evaluator.start(loaded.candles)
    frame = evaluator.advance(stages, frame, ticket) if frame.height else frame
    candles = Candles.of(frame.select("symbol", TS))
    ticks = frame[TS].to_physical()
    write_table(folder, name, frame)
    told = {
        "symbols": candles.symbols,
        "lengths": candles.lengths.tolist(),
        "first": ticks.min() or 0,
        "last": ticks.max() or 0,
        "errors": errors,
        "defects": defects,
    }
    write_told(folder, name, told)


def _rank(
    content: Mapping[str, Any], evaluator: PlanEvaluator, stage: Stage, ticket: Ticket, folder: Path, name: str
) -> None:
    """All symbols' rows of a run of ts, numbered for the ranking; behind it they have their own numbers back."""
    first, before = content["run"]
    inside = pl.col(TS).to_physical().is_between(first, before, closed="left")
    tables = [read_table(folder, each).lazy().filter(inside) for each in content["inputs"]]
    frame = pl.concat(pl.collect_all(tables), how="vertical").sort("symbol", TS)
    own = frame.select(BAR, SYMBOL)
    starts = starts_of(frame["symbol"])
    lengths = np.diff(starts)
    numbered = frame.with_columns(
        pl.Series(BAR, np.arange(frame.height) - np.repeat(starts[:-1], lengths)),
        pl.Series(SYMBOL, np.repeat(np.arange(lengths.size, dtype=np.uint32), lengths)),
    )
    made = evaluator.advance((stage,), numbered, ticket) if frame.height else numbered
    write_table(folder, name, made.with_columns(own.get_columns()))
    write_told(folder, name, {"rows": made.height})


def _rows_of(folder: Path, inputs: Sequence[str], symbols: Sequence[str]) -> pl.DataFrame:
    """The rows of some symbols, from the tables of several orders, in their order."""
    mine = pl.col("symbol").is_in(list(symbols))
    tables = pl.collect_all([read_table(folder, each).lazy().filter(mine) for each in inputs])
    frame = pl.concat(tables, how="vertical").sort("symbol", TS)
    starts = starts_of(frame["symbol"])
    lengths = np.diff(starts)
    return frame.with_columns(pl.Series(SYMBOL, np.repeat(np.arange(lengths.size, dtype=np.uint32), lengths)))
