"""Holding batches back: while memory is short, or while results wait to be written.

What batches will need is estimated before they are cut (budgeting.py). What they do need, with all that allocators keep
and readers read ahead, is looked at here: a batch starts when there is room for it beside those that run, and where it
needs more than was thought, so will the next ones. One that is too large is halved; one always runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field
from typing import Final

from ..formulas.freezing import frozen, mutable
from .batching import Batch
from .budgeting import Demand
from .plans import Plans
from .residing import give_back, memory_at_hand, resident
from .streaming import Stream

USUAL_OF: Final = 4  # of the memory that there is
USUAL_APART: Final = 2**30  # bytes for a batch elsewhere, of whose machine nothing is known
NEAR: Final = 0.85  # of the limit: beyond it, results are put aside, and no batch starts beside another
KEPT_OF: Final = 8  # one byte of so many may be kept from job to job
IDLE_OF: Final = 2  # from one byte of so many on, allocators are asked to give back what they keep
SMALL_OF: Final = 8  # jobs that take less than one byte of so many are not measured at every batch
LEAST_OF: Final = 64  # batches that take less than one byte of so many are not halved
LIBRARIES: Final = 64_000_000  # bytes of what the first job imports and compiles
MOST_WRONG: Final = 4.0  # times an estimate: what exceeds it that far is something else's memory


def limit_or_usual(given: int | None, *, apart: bool = False) -> int:
    """The limit that was given; else a quarter of the memory, and where batches run `apart`, no more than 1 GiB."""
    if given is not None:
        return given
    usual = memory_at_hand() // USUAL_OF
    return min(usual, USUAL_APART) if apart else usual


class EngineMemory:
    """What an engine's jobs may take together: `limit` bytes, measured from `before`.

    That is what the process took when a job begins while none runs: what the caller has put aside meanwhile, frames
    that were handed out among it, is no growth. What the engine keeps for jobs to come (`plans`) is, and takes a part
    of the limit once a job has ended. `apart` are bytes that the repository may take for itself.
    """

    def __init__(self, limit: int, plans: Plans, apart: int = 0) -> None:
        self.limit, self.plans, self.apart = limit, plans, apart
        self.before = resident()
        self.most = 0

    def measure(self) -> None:
        """No job runs."""
        self.before = resident() - self.plans.kept
        self.most = 0

    def clear(self) -> None:
        """A job has ended."""
        self.plans.keep_within(self.limit // KEPT_OF)

    def grown(self) -> int:
        """Bytes by which the process has grown; `most` remembers the most that was seen.

        What lies in the plans' rooms does not count as far as it may be kept: batches to come take it, or it goes when
        the limit is near.
        """
        grown = resident() - self.before
        self.most = max(self.most, grown)
        if grown > self.limit // IDLE_OF:
            give_back()
            grown = resident() - self.before
        rooms = self.plans.rooms
        if grown > NEAR * self.limit and rooms.kept:
            rooms.keep_within(0)
            grown = resident() - self.before
        return grown - min(rooms.kept, self.limit // KEPT_OF)

    def is_short(self) -> bool:
        """Whether hardly anything is left of the limit."""
        return self.grown() > NEAR * self.limit

    def room(self) -> int:
        """Bytes that batches and their results may take from now on."""
        return max(self.limit // KEPT_OF, self.limit - self.apart - LIBRARIES - self.grown())


@mutable
class JobMemory:
    """What one job takes of it; `held` tells what results take that wait in memory.

    `factor` is how many times as much as the demand tells a batch takes.
    """

    engine: EngineMemory
    demand: Demand
    held: Callable[[], int]
    floor: int = field(init=False)
    factor: float = field(init=False)
    _seen: int = 0
    _promised: int = 0
    _needs: dict[tuple[str, ...], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.floor = self.engine.grown() + LIBRARIES
        self.factor = self.demand.surely

    def needs(self, batch: Batch) -> int:
        """Bytes that a batch will take, by all that is known by now."""
        return int(self.factor * self._told(batch))

    def _told(self, batch: Batch) -> int:
        """What was thought beforehand: asked for once, since it goes through all symbols of the batch."""
        known = self._needs.get(batch.symbols)
        if known is None:
            known = self._needs[batch.symbols] = self.demand.of(batch)
        return known

    def look(self) -> None:
        """Measure; batches call it where they hold most."""
        self._seen = max(self._seen, self.engine.grown())

    def admits(self, batch: Batch, running: Iterable[Batch]) -> bool:
        """Whether there is room for a batch beside those that run."""
        self._learn()
        promised, wanted, limit = sum(map(self.needs, running)), self.needs(batch), self.engine.limit
        self._promised = promised
        taken = self.held() + promised
        if SMALL_OF * (taken + wanted) > limit:
            taken = max(self.engine.grown(), LIBRARIES + taken)
        fits = taken + wanted <= NEAR * limit
        self._promised += wanted if fits or not promised else 0  # one always runs
        return fits

    def is_too_large(self, batch: Batch) -> bool:
        """Whether a batch would not fit though it ran alone."""
        limit = self.engine.limit
        if LEAST_OF * self._told(batch) < limit:
            return False
        return self.needs(batch) > NEAR * limit - max(self.engine.grown(), self.held())

    def _learn(self) -> None:
        """Where batches took more than was thought, the next ones will."""
        if LEAST_OF * self._promised > self.engine.limit:
            wrong = (self._seen - self.floor - self.held()) / self._promised
            self.factor = min(max(MOST_WRONG, self.factor), self.factor * max(1.0, wrong))
        self._seen = 0


@frozen
class Brake:
    """Whether further batches may start."""

    memory: JobMemory | None = None
    stream: Stream | None = None

    def holds(self, batch: Batch, running: Iterable[Batch]) -> bool:
        """Whether the batch, the first of those that wait, has to wait until one of those that run has ended."""
        if self.stream is not None and self.stream.holds(batch):
            return True
        return self.memory is not None and not self.memory.admits(batch, running)

    def halves(self, batch: Batch) -> bool:
        """Whether the batch should start in halves."""
        return len(batch.symbols) > 1 and self.memory is not None and self.memory.is_too_large(batch)
