"""Plans with cross-sectional stages: a ranking needs every symbol of a ts, so the plan runs stage by stage.

Time stages run over batches of symbols, cross-sectional ones over the whole universe. A symbol that fails before a
ranking is left out of the population and listed. A timeout or cancel ends the job: there is no ranking over a part.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import polars as pl

from ..formulas import Stage
from .assembling import Collected
from .batching import Batch
from .controlling import Control, Ticket
from .evaluating import PlanEvaluator
from .loading import Loaded
from .progressing import Progress
from .results import SymbolError
from .running import JobEndedError, Limits, Runner
from .splitting import Piece, split


@dataclass(slots=True)
class AcrossJob:
    """One run of a plan with cross-sectional stages."""

    collected: Collected
    evaluator: PlanEvaluator
    limits: Limits
    control: Control
    progress: Progress
    share: float = 1.0
    frames: list[pl.DataFrame] = field(default_factory=list)

    def run(self) -> None:
        """Load and run the first stage, then the others one by one, then split."""
        first, *others = self.evaluator.plan.stages
        self.share = 1 / (1 + len(others))
        began = time.perf_counter()
        try:
            whole = self._load(first)
            if whole.is_empty():
                return
            for stage in others:
                whole = self._across(stage, whole) if stage.direction == "across" else self._time(stage, whole)
        except JobEndedError as ended:
            errors = self.collected.total.errors
            symbols = itertools.chain.from_iterable(batch.symbols for batch in self.collected.prepared.batches)
            self.collected.fail([symbol for symbol in symbols if symbol not in errors], ended.error)
            return
        piece = split(whole, self.collected.prepared.selection)
        seconds = (time.perf_counter() - began) / max(1, whole.height)
        piece.elapsed = {symbol: length * seconds for symbol, (_, length) in _index(whole).items()}
        self.collected.add(piece)

    def _load(self, stage: Stage) -> pl.DataFrame:
        prepared = self.collected.prepared

        def work(batch: Batch, ticket: Ticket) -> pl.DataFrame:
            with ticket.place("load"):
                loaded = prepared.loader.load(batch.symbols, ticket, patient=not batch.retried)
            self.control.events.put(lambda: self._list(loaded))
            with ticket.place("compute"):
                return self.evaluator.advance((stage,), self.evaluator.start(loaded.candles), ticket)

        return self._run(prepared.batches, work)

    def _list(self, loaded: Loaded) -> None:
        """Symbols with unusable candles; a batch that is halved lists them again, to no effect."""
        new = {symbol: error for symbol, error in loaded.errors.items() if symbol not in self.collected.total.errors}
        self.collected.add(Piece(errors=new, defects=loaded.defects))

    def _time(self, stage: Stage, whole: pl.DataFrame) -> pl.DataFrame:
        spans = _index(whole)

        def work(batch: Batch, ticket: Ticket) -> pl.DataFrame:
            rows = [spans[symbol] for symbol in batch.symbols]
            with ticket.place("compute"):
                part = whole.slice(rows[0][0], sum(length for _, length in rows))
                return self.evaluator.advance((stage,), part, ticket)

        there = [tuple(symbol for symbol in batch.symbols if symbol in spans) for batch in self._batches()]
        return self._run([Batch(symbols) for symbols in there if symbols], work)

    def _across(self, stage: Stage, whole: pl.DataFrame) -> pl.DataFrame:
        """One task for the whole universe: it has the deadline for its timeout, and is never halved."""

        def work(_: Batch, ticket: Ticket) -> pl.DataFrame:
            with ticket.place("compute"):
                return self.evaluator.advance((stage,), whole, ticket)

        return self._run([Batch(tuple(_index(whole)))], work, divisible=False)

    def _run(
        self, batches: list[Batch], work: Callable[[Batch, Ticket], pl.DataFrame], *, divisible: bool = True
    ) -> pl.DataFrame:
        limits = self.limits if divisible else replace(self.limits, timeout=self.limits.deadline)
        Runner(limits, self.control, work, self._finished, self._failed, whole=True, divisible=divisible).run(batches)
        frames, self.frames = self.frames, []
        if not frames:
            raise JobEndedError(SymbolError("evaluation", "no symbol is left to rank"))
        filled = sorted((frame for frame in frames if frame.height), key=lambda frame: str(frame["symbol"][0]))
        return pl.concat(filled or frames[:1])

    def _finished(self, batch: Batch, frame: pl.DataFrame) -> None:
        self.frames.append(frame)
        self.progress.advance(len(batch.symbols), self.share)

    def _failed(self, batch: Batch, error: SymbolError) -> None:
        self.collected.fail_batch(batch, error)
        self.progress.advance(len(batch.symbols), self.share)

    def _batches(self) -> list[Batch]:
        return self.collected.prepared.batches


def _index(whole: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """Where each symbol's rows lie: offset and length."""
    lengths = dict(whole.group_by("symbol", maintain_order=True).len().iter_rows())
    ends = itertools.accumulate(lengths.values())
    return {symbol: (end - length, length) for (symbol, length), end in zip(lengths.items(), ends, strict=True)}
