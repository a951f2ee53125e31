"""What a running job listens to: cancel, timeouts, and who may work at the same time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Final, TypeAlias

from ..errors import ProcessingEngineError
from ..formulas.kernels.compiler import KernelsRefusedError
from ..formulas.kernels.machine import Stop
from .interrupting import Interruption
from .leaving import run_until_left
from .tallying import Tally

LOG: Final = logging.getLogger("barsweep")
GRACE: Final = 0.02  # seconds in which what is finished is still written after a cancel

LOOK: Final = 1.0  # seconds after which a gate looks whether it has become wider

ProgressCallback: TypeAlias = Callable[[int, int], object]
ProgressAsked: TypeAlias = ProgressCallback | bool | None
"""What callers may say about progress; True: a bar on a terminal or in a notebook, and nothing elsewhere."""


class AbandonedError(Exception):
    """Raised inside a batch's thread when nobody waits for the batch any more."""


class JobFailedError(ProcessingEngineError):
    """Raised inside a batch's thread for what every batch would meet: the job ends with it."""


FOR_EVERY_BATCH: Final = (JobFailedError, KernelsRefusedError)
"""What ends a job: other batches would meet it too."""


class Control:
    """One job's line to the outside: `cancel` may be called from any thread and from a signal handler.

    Hence no lock that could be held when the signal arrives: a flag, and a queue that is safe to re-enter. `thread` is
    the one that the job runs in, once it does.
    """

    def __init__(self) -> None:
        self.cancelled = False
        self.tally = Tally()
        self._cancelled_at = 0.0
        self.thread: threading.Thread | None = None
        self.events: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def cancel(self) -> None:
        """End the job: what is finished is returned."""
        self._cancelled_at = self._cancelled_at or time.monotonic()
        self.cancelled = True
        self.events.put(None)

    @property
    def is_overdue(self) -> bool:
        """Whether the job was cancelled, and who did it would wait too long for more to be written."""
        return self.cancelled and time.monotonic() - self._cancelled_at >= GRACE


class Gate:
    """Lets `places()` tickets in at a time. An abandoned one is taken out, although its thread cannot be stopped."""

    def __init__(self, places: Callable[[], int]) -> None:
        self._places = places
        self._inside: set[Ticket] = set()
        self._changed = threading.Condition()

    def enter(self, ticket: Ticket) -> None:
        """Wait for a place; raises AbandonedError when the ticket is abandoned meanwhile."""
        with self._changed:
            while not (ticket.abandoned.is_set() or len(self._inside) < self._places()):
                self._changed.wait(LOOK)
            ticket.look()
            self._inside.add(ticket)

    def leave(self, ticket: Ticket) -> None:
        """Give the place back, or stop waiting for one."""
        with self._changed:
            self._inside.discard(ticket)
            self._changed.notify_all()


class Ticket:
    """A batch's permission to work: its clock, which stands still while the batch waits at a gate.

    `last` says that the clock is the deadline's, after which nothing is tried again; `waited` counts the seconds for
    which the clock stood still. `thread` is the one that works.
    """

    def __init__(
        self, gates: Mapping[str, Gate], seconds: float, *, last: bool = False, tally: Tally | None = None
    ) -> None:
        self.last = last
        self.tally = tally or Tally()
        self.abandoned = threading.Event()
        self.stop = Stop()  # looked at by compiled code, which holds no interpreter lock
        self.waited = 0.0
        self.thread: threading.Thread | None = None
        self._gates, self._seconds, self._waiting = gates, seconds, False
        self._expires = time.monotonic() + seconds
        self._interruption: Interruption | None = None

    def start(self, work: Callable[[], None], name: str) -> None:
        """Let `work` run in a thread of its own. Nobody has to wait for it: a daemon keeps no process from ending."""
        self.thread = run_until_left(work, self.abandon, name)

    def look(self) -> None:
        """Raise AbandonedError when nobody waits for this batch any more."""
        if self.abandoned.is_set():
            raise AbandonedError

    def remaining(self) -> float | None:
        """Seconds left, or None while the clock stands still."""
        return None if self._waiting else self._expires - time.monotonic()

    def begin_anew(self) -> None:
        """Let the clock start again: one of several pieces of the work is done."""
        self._expires = time.monotonic() + self._seconds

    def pause(self, seconds: float) -> None:
        """Sleep, but wake up when the batch is abandoned."""
        self.abandoned.wait(seconds)
        self.look()

    def abandon(self) -> None:
        """Nobody waits any more: give the places to others at once, and interrupt what can be."""
        self.abandoned.set()
        self.stop.raise_flag()
        for gate in self._gates.values():
            gate.leave(self)
        if (interruption := self._interruption) is not None:
            interruption.begin()

    @contextmanager
    def interruptible(self, interrupt: Callable[[int], None] | None) -> Iterator[None]:
        """For the time of the block, let whoever abandons the batch call `interrupt` with its thread's number."""
        if interrupt is None:
            yield
            return
        interruption = self._interruption = Interruption(interrupt, threading.get_ident())
        try:
            self.look()  # who abandoned it before that has interrupted nothing
            yield
        finally:
            self._interruption = None
            interruption.left.set()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The clock stands still for the time of the block."""
        began = time.monotonic()
        self._waiting = True
        try:
            yield
        finally:
            waited = time.monotonic() - began
            self._expires += waited
            self.waited += waited
            self._waiting = False

    @contextmanager
    def place(self, gate: str) -> Iterator[None]:
        """Hold a place at the gate ("load" or "compute") for the time of the block."""
        with self.waiting():
            self._gates[gate].enter(self)
        try:
            yield
        finally:
            self._gates[gate].leave(self)
