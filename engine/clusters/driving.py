"""The driver's side: a thread for each order that is out, which waits for it as for work of its own.

So clocks, halving, cancel, progress and retries are those of batches that run here.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import field, replace
from pathlib import Path
from typing import Final, Protocol

from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen, mutable
from ..batching import Batch
from ..controlling import LOG, AbandonedError, JobFailedError, Ticket
from ..preparing import Prepared, Preparer
from ..splitting import Piece
from .cutting import Cut, cut_once
from .folders import identity_of
from .journal import ClusterJournal
from .orders import Order
from .parcels import read_piece, read_told
from .ranking import ClusterStaging
from .working import raise_told, times_begun

LOOK: Final = 0.1  # seconds between looks whether somebody still waits
UNUSUAL: Final = 60.0  # seconds that an order waits for a place before the log says so
SEEN: Final = 60.0  # seconds until another machine's file is to be seen here: NFS remembers what was not there


class Errand(Protocol):
    """An order that is out."""

    def wait(self, seconds: float) -> str | None:
        """What the worker answered; None while it has not. Raises ProcessingEngineError when the worker is lost."""
        ...

    def give_up(self) -> None:
        """Nobody waits any more: end it, if that can be done."""
        ...


class Cluster(Protocol):
    """Where orders are carried out. `folder` is one that the driver and every worker see; `slots` run at a time."""

    @property
    def folder(self) -> Path:
        """Where results are."""
        ...

    @property
    def slots(self) -> int:
        """How many orders run at the same time."""
        ...

    def send(self, text: str) -> Errand:
        """Have `working.carry_out(text, folder)` called somewhere."""
        ...

    def close(self) -> None:
        """Let go of what was opened."""
        ...


class NoPlaceError(JobFailedError):
    """Raised when no worker has begun anything of a job for its deadline."""


@mutable
class AtWork:
    """The orders of a job that workers have begun, and the seconds for which it waits while there are none."""

    patience: float
    _count: int = 0
    _last: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """A worker is at an order for the time of the block."""
        with self._lock:
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count, self._last = self._count - 1, time.monotonic()

    def assert_soon(self, since: float) -> None:
        """Raise NoPlaceError when an order has waited `since` then, and for too long no worker was at another."""
        if self._count == 0 and time.monotonic() - max(self._last, since) > self.patience:
            message = f"no worker of the cluster has begun a batch in {self.patience:g} s"
            raise NoPlaceError(
                f"{message}: is there one with room for it? deadline= of the engine says how long it waits"
            )


@frozen
class ClusterWork:
    """Carries out a job's batches on a cluster; `identity` tells its folder from others of the same path."""

    cluster: Cluster
    order: Order
    journal: ClusterJournal
    identity: str
    once: Cut
    at_work: AtWork

    @classmethod
    def of(cls, cluster: Cluster, prepared: Prepared, preparer: Preparer) -> ClusterWork:
        """Raises RepositoryError or ProcessingEngineError for what cannot be sent."""
        if prepared.asked is None:
            raise ProcessingEngineError("a cluster runs formulas: there is none, or a service of your own runs it")
        everything = prepared.selection.everything
        order = Order.of(prepared.asked, preparer.repository, preparer.service, preparer.tables, everything=everything)
        once = cut_once(cluster.folder, order, prepared.batches, preparer.limits.workers, preparer.memory.limit)
        journal, patience = ClusterJournal(cluster.folder), preparer.limits.deadline
        return cls(cluster, order, journal, identity_of(cluster.folder), once, AtWork(patience))

    def cut(self, prepared: Prepared) -> Prepared:
        """The job in the batches of the driver that began it."""
        return replace(prepared, batches=self.once.batches)

    def along(self, prepared: Prepared) -> Callable[[Batch, Ticket], Piece]:
        """What runs a batch of a plan without rankings."""

        def work(batch: Batch, ticket: Ticket) -> Piece:
            order = self.order.for_symbols(batch.symbols)
            with ticket.place("compute"):
                self.carry_out(order, ticket)
            return read_piece(self.cluster.folder, order.name, prepared.selection)

        return work

    def staging(self, prepared: Prepared) -> ClusterStaging:
        """The rounds of a plan with rankings."""
        return ClusterStaging(self, prepared)

    def carry_out(self, order: Order, ticket: Ticket) -> None:
        """See to it that an order's results are there."""
        folder, name, count = self.cluster.folder, order.name, len(order.symbols)
        if read_told(folder, name) is not None:
            self.journal.note("there", name, count)
            return
        ticket.look()
        before = times_begun(folder, name)
        self.journal.note("sent", name, count)
        errand = self.cluster.send(json.dumps({"name": name, "content": order.content, "folder": self.identity}))
        try:
            self._await_place(errand, ticket, name, before)
            with self.at_work.one_more():
                answer = self._answer(errand, ticket)
        except (AbandonedError, NoPlaceError):
            errand.give_up()
            self.journal.note("given up", name, count)
            raise
        told = json.loads(answer)
        if "error" in told:
            self.journal.note("failed", name, count, error=told["error"]["message"])
            raise_told(told["error"])
        self._await_result(name, ticket)
        self.journal.note("done", name, count, begun=times_begun(folder, name), **told)

    def _await_place(self, errand: Errand, ticket: Ticket, name: str, before: int) -> None:
        """Until a worker begins, the batch's clock stands still: others may use the cluster too; but not for good."""
        began, said = time.monotonic(), False
        with ticket.waiting():
            while errand.wait(LOOK) is None and times_begun(self.cluster.folder, name) == before:
                ticket.look()
                self.at_work.assert_soon(began)
                if not said and time.monotonic() - began > UNUSUAL:
                    told = "a batch has waited for a place on the cluster for %.0f s"
                    LOG.warning(told, UNUSUAL, extra={"event": "waiting for place", "seconds": UNUSUAL})
                    said = True

    def _answer(self, errand: Errand, ticket: Ticket) -> str:
        while True:
            answer = errand.wait(LOOK)
            ticket.look()
            if answer is not None:
                return answer

    def _await_result(self, name: str, ticket: Ticket) -> None:
        """See the result; raises JobFailedError when it never comes."""
        folder, until = self.cluster.folder, time.monotonic() + SEEN
        while read_told(folder, name) is None:
            if time.monotonic() > until:
                message = f"a batch is done, but for {SEEN:.0f} s its result has not been seen in {folder}"
                raise JobFailedError(
                    f"{message}: is this the folder that the workers write to, and is nobody cleaning it?"
                )
            ticket.pause(LOOK)
