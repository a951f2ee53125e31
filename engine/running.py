"""Running batches: a few at a time, each against its clock, halved when it fails as a whole.

1. `Runner.run` starts batches in threads of their own, `in_flight` at a time: while the gate lets `workers` of them
   compute, one more loads (`_fill`).
   Where memory is short or results wait to be written, fewer are started (braking.py).
2. It sleeps until a batch reports, somebody cancels, or a clock runs out (`_listen`).
3. A finished batch is handed to `finished`. One that failed is halved until the culprits stand alone (`_failure`),
   save for what every batch would meet: that ends the job.
4. One whose clock ran out is abandoned, since neither Polars nor a user's service can be stopped; its halves run once
   each, until `deadline` seconds after the batch first began (`_expired`). Time that it waited for a place is added.

Threads are daemons, not a pool's: an abandoned one must neither hold a place nor keep the process from ending.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import field, replace
from functools import partial
from queue import Empty
from typing import Generic, TypeVar

from ..errors import BarsweepError, CandleError, FormulaError, RepositoryError
from ..formulas.freezing import mutable
from .aside import CANCELLED, JobEndedError, too_late
from .batching import Batch
from .braking import Brake
from .controlling import FOR_EVERY_BATCH, LOG, AbandonedError, Control, Ticket
from .limits import Limits
from .results import SymbolError
from .whereabouts import whereabouts

T = TypeVar("T")


@mutable(slots=False)
class Runner(Generic[T]):
    """Runs `work` over batches. `finished` and `failed` are called on the thread that called `run`.

    With `whole`, a timeout or cancel raises JobEndedError: there is no use in a part of the results. Batches that are
    not `divisible` fail as a whole.
    """

    limits: Limits
    control: Control
    work: Callable[[Batch, Ticket], T]
    finished: Callable[[Batch, T], None]
    failed: Callable[[Batch, SymbolError], None]
    whole: bool = False
    divisible: bool = True
    brake: Brake = field(default_factory=Brake)
    _active: dict[Ticket, Batch] = field(default_factory=dict)
    _waiting: deque[Batch] = field(default_factory=deque)

    def run(self, batches: Sequence[Batch]) -> None:
        """Run all batches to their end, good or bad."""
        self._waiting.extend(batches)
        try:
            while self._fill():
                self._listen()
                self._watch_clocks()
                if self.control.cancelled:
                    self._cancel()
        finally:
            for ticket in self._active:
                ticket.abandon()
            self._active.clear()

    def _fill(self, beside: Sequence[Batch] = ()) -> bool:
        """Start what may start, and tell whether anything is at work.

        `beside` are batches that have ended, but whose results are not handed on yet.
        """
        if self.control.cancelled:
            self._cancel()
        while self._waiting and len(self._active) < self.limits.in_flight:
            while self.divisible and self.brake.halves(self._waiting[0]):
                self._waiting.extendleft(reversed(self._waiting.popleft().halves()))
            running = [*self._active.values(), *beside]
            if self.brake.holds(self._waiting[0], running) and running:
                break
            batch = self._waiting.popleft()
            self._start(batch)
        return bool(self._active)

    def _halve(self, batch: Batch) -> None:
        """Put the halves where they belong: batches are started in the order of their symbols."""
        self.control.tally.count("halved")
        self._waiting = deque(sorted([*batch.halves(), *self._waiting], key=lambda each: each.symbols[0]))

    def _start(self, batch: Batch) -> None:
        now = time.monotonic()
        batch = batch if batch.give_up else replace(batch, give_up=now + self.limits.deadline)
        assert batch.give_up is not None
        left = batch.give_up - now
        if left <= 0:
            self._end(batch, SymbolError("timeout", too_late(self.limits, "", last=True)))
            return
        seconds, last = min(self.limits.timeout, left), left <= self.limits.timeout
        ticket = Ticket(self.limits.gates, seconds, last=last, tally=self.control.tally)
        self._active[ticket] = batch
        ticket.start(partial(self._work, batch, ticket), "barsweep-batch")

    def _work(self, batch: Batch, ticket: Ticket) -> None:
        try:
            value = self.work(batch, ticket)
        except AbandonedError:  # nobody waits for this batch any more: it has its error
            return
        except BaseException as error:  # noqa: BLE001 - the thread's end; a Polars panic is no Exception
            self.control.events.put(partial(self._failure, ticket, error))
        else:
            self.control.events.put(partial(self._success, ticket, value))

    def _listen(self) -> None:
        """Handle the reports that there are, or return when the nearest clock runs out.

        All of them, so that no clock runs out for a batch that has reported while another's results were written.
        """
        left = [seconds for ticket in self._active if (seconds := ticket.remaining()) is not None]
        timeout = max(0.0, min([*left, 1.0]))
        for _ in range(max(1, self.control.events.qsize())):
            try:
                event = self.control.events.get(timeout=timeout)
            except Empty:  # a clock may have run out meanwhile: the caller looks
                return
            if event is not None:
                event()

    def _success(self, ticket: Ticket, value: T) -> None:
        batch = self._active.pop(ticket, None)
        if batch is not None:  # else it reported just after it was abandoned
            self._fill([batch])  # first, so that the next one loads while this one's results are written
            self.finished(batch, value)

    def _failure(self, ticket: Ticket, error: BaseException) -> None:
        batch = self._active.pop(ticket, None)
        if batch is None:
            return
        if isinstance(error, FOR_EVERY_BATCH):
            raise error
        if len(batch.symbols) == 1 or not self.divisible:
            self.failed(batch, describe(error))
            return
        batch = replace(_later(batch, ticket), retried=batch.retried or isinstance(error, RepositoryError))
        fields = {"event": "batch halved", "symbols": len(batch.symbols), "error": str(error)}
        LOG.info("a batch of %d symbols failed and is halved: %s", len(batch.symbols), error, extra=fields)
        self._halve(batch)

    def _watch_clocks(self) -> None:
        for ticket, batch in list(self._active.items()):
            seconds = ticket.remaining()
            if seconds is not None and seconds <= 0:
                del self._active[ticket]
                where = whereabouts(ticket.thread)
                ticket.abandon()
                self._expired(_later(batch, ticket), where, last=ticket.last)

    def _expired(self, batch: Batch, where: str, *, last: bool) -> None:
        what, left = f"a batch of {len(batch.symbols)} symbols ran out of time", f", in {where}" if where else ""
        fields = {"event": "left to itself", "symbols": len(batch.symbols), "where": where}
        LOG.warning("%s; its thread is left to itself%s", what, left, extra=fields)
        if self.whole or len(batch.symbols) == 1 or last:
            self._end(batch, SymbolError("timeout", too_late(self.limits, where, last=last)))
            return
        self._halve(batch)

    def _cancel(self) -> None:
        batches = [*self._active.values(), *self._waiting]
        for ticket in self._active:
            ticket.abandon()
        self._active.clear()
        self._waiting.clear()
        for batch in batches:
            self._end(batch, CANCELLED)

    def _end(self, batch: Batch, error: SymbolError) -> None:
        if self.whole:
            raise JobEndedError(error)
        self.failed(batch, error)


def _later(batch: Batch, ticket: Ticket) -> Batch:
    """The batch with the time that it waited for a place added to its own."""
    assert batch.give_up is not None
    return replace(batch, give_up=batch.give_up + ticket.waited)


def describe(error: BaseException) -> SymbolError:
    """What a failure of a batch means for a symbol that stands alone."""
    match error:
        case CandleError():
            return SymbolError("candles", str(error).removeprefix(f"{error.symbol}: "), error.rows, error.count)
        case RepositoryError():
            return SymbolError("repository", str(error))
        case FormulaError():
            return SymbolError("formula", str(error))
        case BarsweepError():
            return SymbolError("evaluation", str(error))
        case _:
            fields = {"event": "fault", "error": f"{type(error).__name__}: {error}"}
            LOG.error("a symbol could not be evaluated", exc_info=error, extra=fields)
            return SymbolError("evaluation", f"{type(error).__name__}: {error}")
