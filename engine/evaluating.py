"""From checked candles to result columns: by the plan's executor, by a service that only evaluates, or not at all."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import field
from functools import partial
from typing import Any, Protocol, cast

import polars as pl

from ..data.candles import Candles
from ..errors import BarsweepError, ProcessingEngineError
from ..formulas import Plan, Stage
from ..formulas.freezing import frozen
from .controlling import Ticket
from .executors import Executor, Surroundings, TileExecutor
from .figures import Figures
from .jobs import Formula, ProcessingJob, Setting
from .matching import split_found
from .results import SymbolError
from .running import describe
from .splitting import Piece, Selection, split, split_columns


class EvaluatingService(Protocol):
    """The least that a formula service must offer: the values of a formula on one symbol's candles."""

    def evaluate(self, formula: str, frame: pl.DataFrame, parameters: Mapping[str, Setting] | None) -> object:
        """One true, false or undefined for each row of `frame` (symbol, ts, the candle columns; ascending ts)."""


@frozen
class Evaluated:
    """A frame with symbol, ts and the result columns, the symbols that failed, and the seconds by symbol."""

    frame: pl.DataFrame
    errors: dict[str, SymbolError] = field(default_factory=dict)
    elapsed: dict[str, float] = field(default_factory=dict)


class Evaluator(Protocol):
    """Computes a batch."""

    def piece(self, candles: Candles, selection: Selection, ticket: Ticket) -> Piece:
        """Evaluate whole symbols and select what is reported of them."""


@frozen
class PlanEvaluator:
    """Runs a plan's stages one after the other; the whole batch is one columnar program."""

    plan: Plan
    executor: Executor
    around: Surroundings

    @property
    def in_tiles(self) -> bool:
        """Whether kernels do the work: batches may then be large."""
        return isinstance(self.executor, TileExecutor)

    def piece(self, candles: Candles, selection: Selection, ticket: Ticket) -> Piece:
        """All stages of a plan without cross-sectional ones; where tiles do it all, in one go."""
        if isinstance(self.executor, TileExecutor) and self.executor.in_one_go:
            return self._tiled(self.executor, candles, selection, ticket)
        with ticket.tally.stage("compute"):
            frame = self.advance(self.plan.stages, self.start(candles), ticket)
        with ticket.tally.stage("split"):
            return split(frame, selection)

    def _tiled(self, executor: TileExecutor, candles: Candles, selection: Selection, ticket: Ticket) -> Piece:
        if selection.everything:
            with ticket.tally.stage("compute"):
                columns = executor.columns(candles, tuple(selection.results.values()), self.around, ticket.stop)
            ticket.look()
            assert columns is not None, "only who abandons a batch stops its kernels"
            with ticket.tally.stage("split"):
                return split_columns(candles, columns, selection)
        with ticket.tally.stage("split"):
            find = partial(executor.find, candles, selection.wanted, self.around)
            return split_found(candles, selection, find, ticket)

    def start(self, candles: Candles) -> pl.DataFrame:
        """The frame before the first stage."""
        return self.executor.start(candles, self.around)

    def advance(self, stages: tuple[Stage, ...], frame: pl.DataFrame, ticket: Ticket) -> pl.DataFrame:
        """Run stages; look whether anybody still waits."""
        ticket.look()
        for stage in stages:
            made = self.executor.advance(stage, frame, self.around, ticket.stop)
            ticket.look()
            assert made is not None, "only who abandons a batch stops its kernels"
            frame = made
        return frame


@frozen
class CountingEvaluator:
    """Evaluates nothing: the candles are checked and counted."""

    def piece(self, candles: Candles, selection: Selection, ticket: Ticket) -> Piece:
        """Count the bars."""
        ticket.look()
        with ticket.tally.stage("split"):
            return split(candles.frame, selection)


@frozen
class ServiceEvaluator:
    """Calls a user's service symbol by symbol; what it raises concerns that symbol alone."""

    service: EvaluatingService
    job: ProcessingJob

    def piece(self, candles: Candles, selection: Selection, ticket: Ticket) -> Piece:
        """Evaluate every formula on every symbol's rows."""
        with ticket.tally.stage("compute"):
            evaluated = self.evaluate(candles.frame, ticket)
        with ticket.tally.stage("split"):
            piece = split(evaluated.frame, selection)
        piece.errors, piece.elapsed = evaluated.errors, Figures(evaluated.elapsed)
        return piece

    def evaluate(self, candles: pl.DataFrame, ticket: Ticket) -> Evaluated:
        """The frame with the formulas' results."""
        frames: list[pl.DataFrame] = []
        done = Evaluated(candles)
        for (symbol,), rows in candles.group_by(["symbol"], maintain_order=True):
            ticket.look()
            began = time.perf_counter()
            try:
                frames.append(self._symbol(rows))
            except Exception as error:  # noqa: BLE001 - a foreign service may raise anything; it is that symbol's error
                done.errors[str(symbol)] = describe(error)
            done.elapsed[str(symbol)] = time.perf_counter() - began
        columns = [pl.lit(None, pl.Boolean).alias(result_column(name)) for name in self.job.formulas]
        frame = pl.concat(frames) if frames else candles.clear().with_columns(columns)
        return Evaluated(frame, done.errors, done.elapsed)

    def _symbol(self, rows: pl.DataFrame) -> pl.DataFrame:
        found = {result_column(name): self._truth(formula, rows) for name, formula in self.job.formulas.items()}
        return rows.with_columns(**found)

    def _truth(self, formula: Formula, rows: pl.DataFrame) -> pl.Series:
        answer = self.service.evaluate(formula.source, rows, self.job.settings(formula))
        series = as_series(answer)
        if len(series) != rows.height:
            raise ProcessingEngineError(f"the formula service gave {len(series)} values for {rows.height} bars")
        if series.dtype not in {pl.Boolean, pl.Null}:
            raise ProcessingEngineError(f"the formula service gave {series.dtype}, a scan needs true or false")
        return series.cast(pl.Boolean)


def result_column(name: str) -> str:
    """The column of a formula's result in a service's frame."""
    return f"result of {name}"


def as_series(answer: object) -> pl.Series:
    """Values of any kind (Polars, pandas, Arrow, NumPy, list) as a Polars series."""
    if isinstance(answer, pl.Series):
        return answer
    try:
        return pl.Series(cast("Any", answer))
    except (TypeError, ValueError, BarsweepError) as error:
        raise ProcessingEngineError(
            f"the formula service gave {type(answer).__name__}, not a series: {error}"
        ) from error
