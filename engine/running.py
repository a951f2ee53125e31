"""Running batches: a few at a time, each against its clock, halved when it fails as a whole.

1. `Runner.run` starts batches in threads of their own, `in_flight` at a time: while the gate lets `workers` of them
   compute, one more loads (`_fill`).
   Where memory is short or results wait to be written, fewer are started (braking.py).
2. It sleeps until a batch reports, somebody cancels, or a clock runs out (`_listen`).
3. A finished batch is handed to `finished`. One that failed is halved until the culprits stand alone (`_failure`),
   save for what every batch would meet: that ends the job.
4. One whose clock ran out is abandoned, since neither Polars nor a user's service can be stopped; its halves run once
   each, until `deadline` seconds after the batch first began (`_expired`).

Threads are daemons, not a pool's: an abandoned one must neither hold a place nor keep the process from ending.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from queue import Empty
from typing import TYPE_CHECKING, Generic, TypeVar

from ..errors import BarsweepError, CandleError, FormulaError, RepositoryError
from .batching import Batch
from .braking import Brake
from .controlling import LOG, AbandonedError, Control, Gate, JobFailedError, Ticket
from .results import SymbolError
from .told import usable_cores, whole

if TYPE_CHECKING:
    from .clusters.driving import Cluster

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at a time, and for how long (seconds). The gates ("load", "compute") belong to the engine, not a job.

    `places` says how many batches may compute at this moment: nodes of a cluster come and go.
    """

    places: Callable[[], int]
    timeout: float
    deadline: float
    gates: Mapping[str, Gate]

    @classmethod
    def of(cls, places: int | Callable[[], int], timeout: float, deadline: float) -> Limits:
        """Limits with gates of their own."""
        count = places if callable(places) else lambda: places
        return cls(count, timeout, deadline, {"load": Gate(count), "compute": Gate(count)})

    @property
    def workers(self) -> int:
        """Batches that compute at the same time."""
        return self.places()

    @property
    def in_flight(self) -> int:
        """Batches that hold memory at the same time: those that compute, and the next one."""
        return self.workers + 1


def places_of(max_workers: int | None, cluster: Cluster | None) -> int | Callable[[], int]:
    """How many batches compute at the same time: as told, or all cores, or what the cluster has at the moment."""
    if max_workers is None and cluster is not None:
        return lambda: cluster.slots
    return whole("max_workers", usable_cores() if max_workers is None else max_workers, least=1)


class JobEndedError(Exception):
    """An indivisible job came to its end early; `error` is what befalls all its symbols."""

    def __init__(self, error: SymbolError) -> None:
        super().__init__(error.message)
        self.error = error


@dataclass
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

    def _fill(self) -> bool:
        if self.control.cancelled:
            self._cancel()
        while self._waiting and len(self._active) < self.limits.in_flight:
            if self._active and self.brake.holds(self._waiting[0]):
                break
            batch = self._waiting.popleft()
            if self.divisible and self.brake.halves(batch):
                batch, other = batch.halves()
                self._waiting.appendleft(other)
            self._start(batch)
        return bool(self._active)

    def _halve(self, batch: Batch) -> None:
        """Put the halves where they belong: batches are started in the order of their symbols."""
        self._waiting = deque(sorted([*batch.halves(), *self._waiting], key=lambda each: each.symbols[0]))

    def _start(self, batch: Batch) -> None:
        now = time.monotonic()
        batch = batch if batch.give_up else replace(batch, give_up=now + self.limits.deadline)
        assert batch.give_up is not None
        left = batch.give_up - now
        if left <= 0:
            self._give_up(batch, last=True)
            return
        ticket = Ticket(self.limits.gates, min(self.limits.timeout, left), last=left <= self.limits.timeout)
        self._active[ticket] = batch
        threading.Thread(target=self._work, args=(batch, ticket), name="barsweep-batch", daemon=True).start()

    def _work(self, batch: Batch, ticket: Ticket) -> None:
        try:
            value = self.work(batch, ticket)
        except AbandonedError:
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
            except Empty:
                return
            if event is not None:
                event()

    def _success(self, ticket: Ticket, value: T) -> None:
        batch = self._active.pop(ticket, None)
        if batch is not None:  # else it reported just after it was abandoned
            self._fill()  # first, so that the next one loads while this one's results are written
            self.finished(batch, value)

    def _failure(self, ticket: Ticket, error: BaseException) -> None:
        batch = self._active.pop(ticket, None)
        if batch is None:
            return
        if isinstance(error, JobFailedError):
            raise error
        if len(batch.symbols) == 1 or not self.divisible:
            self.failed(batch, describe(error))
            return
        batch = replace(batch, retried=batch.retried or isinstance(error, RepositoryError))
        LOG.info("a batch of %d symbols failed and is halved: %s", len(batch.symbols), error)
        self._halve(batch)

    def _watch_clocks(self) -> None:
        for ticket, batch in list(self._active.items()):
            seconds = ticket.remaining()
            if seconds is not None and seconds <= 0:
                del self._active[ticket]
                ticket.abandon()
                self._expired(batch, last=ticket.last)

    def _expired(self, batch: Batch, *, last: bool) -> None:
        if self.whole or len(batch.symbols) == 1 or last:
            self._give_up(batch, last=last)
            return
        LOG.info("a batch of %d symbols ran out of time and is halved", len(batch.symbols))
        self._halve(batch)

    def _give_up(self, batch: Batch, *, last: bool) -> None:
        timeout = f"not finished in time ({self.limits.timeout:g} s for a batch)"
        deadline = f"not finished before the deadline ({self.limits.deadline:g} s for a batch and its halves)"
        self._end(batch, SymbolError("timeout", deadline if last else timeout))

    def _cancel(self) -> None:
        batches = [*self._active.values(), *self._waiting]
        for ticket in self._active:
            ticket.abandon()
        self._active.clear()
        self._waiting.clear()
        for batch in batches:
            self._end(batch, SymbolError("cancelled", "cancelled"))

    def _end(self, batch: Batch, error: SymbolError) -> None:
        if self.whole:
            raise JobEndedError(error)
        self.failed(batch, error)


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
            LOG.error("a symbol could not be evaluated", exc_info=error)
            return SymbolError("evaluation", f"{type(error).__name__}: {error}")
