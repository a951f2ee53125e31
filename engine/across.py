"""Plans with cross-sectional stages: a ranking needs every symbol of a ts, so the plan runs round by round.

Rounds along time run over batches of symbols, those across over the whole universe, cut into runs of dates. A symbol
that fails before a ranking is left out of the population and listed. A timeout or cancel ends the job: there is no
ranking over a part.
"""

from __future__ import annotations

import itertools
import operator
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from functools import partial
from typing import Any, TypeVar

from ..data.candles import Candles
from ..formulas.freezing import mutable
from .aside import JobEndedError, run_aside
from .batching import Batch
from .braking import Brake, JobMemory
from .collected import Collected
from .controlling import FOR_EVERY_BATCH, Control, Ticket
from .evaluating import PlanEvaluator
from .figures import Figures
from .limits import Limits
from .loading import Loaded
from .progressing import Progress
from .results import SymbolError
from .running import Runner, describe
from .splitting import Piece
from .staging import Portion, Staging, Task, staging_of

T = TypeVar("T")
MOVED_OF = 2
"""Candles and results that take more than one byte of so many of the room that there is are put aside."""


def _runs(across: Sequence[bool]) -> int:
    """How often all symbols are gone over: to load, for each ranking, between rankings, and to report."""
    between = itertools.pairwise(itertools.dropwhile(operator.not_, across))
    return 2 + sum(across) + sum(later and not earlier for earlier, later in between)


@mutable
class AcrossJob:
    """One run of a plan with cross-sectional stages. `parts` are the batches' symbols between rounds, ascending.

    Where candles and results of all symbols would take too much, they are `apart`: in mapped files while they wait.
    """

    collected: Collected
    evaluator: PlanEvaluator
    limits: Limits
    control: Control
    progress: Progress
    memory: JobMemory
    given: Staging | None = None
    parts: list[Any] = field(default_factory=list)
    staging: Staging = field(init=False)
    share: float = field(init=False)
    apart: bool = field(init=False)

    def __post_init__(self) -> None:
        self.staging = self.given or staging_of(self.evaluator)
        self.share = 1 / _runs(self.staging.across)
        demand = self.collected.prepared.demand
        self.apart = MOVED_OF * demand.movable * demand.bars > self.memory.engine.room() - demand.held

    def run(self) -> None:
        """Load, run the rounds one by one, and hand over what is reported when all of it is there."""
        began = time.perf_counter()
        try:
            pieces = self._rounds()
        except JobEndedError as ended:  # by the clock or by a cancel: it is the error of all that were not done
            errors = self.collected.total.errors
            symbols = itertools.chain.from_iterable(batch.symbols for batch in self.collected.prepared.batches)
            self.collected.fail([symbol for symbol in symbols if symbol not in errors], ended.error)
            return
        seconds = (time.perf_counter() - began) / max(1, sum(part.candles.height for part in self.parts))
        for part, piece in zip(self.parts, pieces, strict=True):
            piece.elapsed = Figures.of(part.candles.symbols, part.candles.lengths * seconds)
            self.collected.add(piece)

    def _rounds(self) -> list[Piece]:
        """Rounds along time that follow each other, loading and reporting are one task for each batch."""
        across = self.staging.across
        first = across.index(True)
        self.parts = [part for part in self._load(range(first)) if part.candles.height]
        if not self.parts:
            return []
        number = first
        while number < len(across):
            if across[number]:
                self._rank(number)
                number += 1
                continue
            end = next((later for later in range(number, len(across)) if across[later]), len(across))
            if end == len(across):
                break
            self.parts = self._over_parts(self._along(range(number, end)))
            number = end
        return self._report(range(number, len(across)))

    def _load(self, rounds: range) -> list[Portion]:
        prepared = self.collected.prepared

        def work(batch: Batch, ticket: Ticket) -> Portion:
            loaded, part = self.staging.load(batch, prepared.loader, rounds, self._kept, ticket)
            self.control.events.put(lambda: self._list(loaded))
            return part

        return self._run(prepared.batches, work)

    def _kept(self, candles: Candles) -> Candles:
        return replace(candles, table=self.collected.spill.aside(candles.table), keys=None) if self.apart else candles

    def _list(self, loaded: Loaded) -> None:
        """Symbols with unusable candles; a batch that is halved lists them again, to no effect."""
        new = {symbol: error for symbol, error in loaded.errors.items() if symbol not in self.collected.total.errors}
        self.collected.add(Piece(errors=new, defects=loaded.defects))

    def _along(self, rounds: range) -> Callable[[Portion, Ticket], Portion]:
        return lambda part, ticket: self.staging.advance(rounds, part, ticket)

    def _report(self, rounds: range) -> list[Piece]:
        selection, along = self.collected.prepared.selection, self._along(rounds)

        def work(part: Portion, ticket: Ticket) -> tuple[Portion, Piece]:
            with ticket.tally.stage("split"):
                piece = self.staging.report(along(part, ticket), selection, ticket)
            if self.apart or self.memory.engine.is_short():  # more was found than was thought
                piece.put_aside(self.collected.spill)
            return part, piece

        reported = self._over_parts(work)
        self.parts = [part for part, _ in reported]
        return [piece for _, piece in reported]

    def _over_parts(self, work: Callable[[Portion, Ticket], T]) -> list[T]:
        """Run over each part; a batch that is halved takes its slice of one."""
        place = {symbol: (part, number) for part in self.parts for number, symbol in enumerate(part.candles.symbols)}

        def compute(batch: Batch, ticket: Ticket) -> T:
            part, number = place[batch.symbols[0]]
            count = len(batch.symbols)
            with ticket.place("compute"), ticket.tally.stage("compute"):
                whole = count == len(part.candles.symbols)
                return work(part if whole else part.slice(number, number + count), ticket)

        return self._run([Batch(part.candles.symbols) for part in self.parts], compute)

    def _run(self, batches: list[Batch], work: Callable[[Batch, Ticket], T]) -> list[T]:
        """What `work` makes of the batches, in the order of their symbols."""
        made: list[tuple[str, T]] = []

        def finished(batch: Batch, answer: T) -> None:
            made.append((batch.symbols[0], answer))
            self.progress.advance(len(batch.symbols), self.share)

        def failed(batch: Batch, error: SymbolError) -> None:
            self.collected.fail_batch(batch, error)
            self.progress.advance(len(batch.symbols), self.share)

        brake = Brake(self.memory if self.given is None else None)  # halves would be other orders than before
        Runner(self.limits, self.control, work, finished, failed, whole=True, brake=brake).run(batches)
        if not made:
            raise JobEndedError(SymbolError("evaluation", "no symbol is left to rank"))
        return [answer for _, answer in sorted(made, key=lambda each: each[0])]

    def _ready(self, number: int, ticket: Ticket) -> list[Task]:
        """What a round across symbols consists of: to find that out goes over all rows."""
        with ticket.place("compute"):
            try:
                return self.staging.ranking(number, self.parts, self.limits.workers)
            except FOR_EVERY_BATCH:
                raise
            except Exception as error:
                raise JobEndedError(describe(error)) from error

    def _rank(self, number: int) -> None:
        """Tasks for the whole universe: they have the deadline for their timeout, and one that fails ends the job."""
        limits = replace(self.limits, timeout=self.limits.deadline)
        tasks = deque(run_aside(partial(self._ready, number), limits, self.control))
        symbols = sum(len(part.candles.symbols) for part in self.parts)
        share = self.share / len(tasks)

        def work(_: Batch, ticket: Ticket) -> None:
            task = tasks.popleft()
            with ticket.place("compute"), ticket.tally.stage("rank"):
                task(ticket)

        def failed(_: Batch, error: SymbolError) -> None:
            raise JobEndedError(error)

        def finished(_: Batch, __: None) -> None:
            self.progress.advance(symbols, share)

        batches = [Batch(()) for _ in tasks]
        Runner(limits, self.control, work, finished, failed, whole=True, divisible=False).run(batches)
