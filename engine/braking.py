"""Holding batches back: while memory is short, or while results wait to be written.

What batches will need is estimated before they are cut. What they do need, with all that allocators keep and readers
read ahead, is looked at here: when the process has grown almost to the limit, one batch at a time is run, in halves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import psutil

from .batching import Batch
from .plans import Plans
from .streaming import Stream

NEAR: Final = 0.75  # of the limit: what runs already still grows
KEPT_OF: Final = 8  # one byte of so many may be kept from job to job


def resident() -> int:
    """Bytes of this process in memory, mapped files apart where the system tells them."""
    memory = psutil.Process().memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))


class EngineMemory:
    """What an engine's jobs may take together: `limit` bytes, measured from `before`.

    That is what the process took when a job begins while none runs: what the caller has put aside meanwhile is no
    growth. What the engine keeps for jobs to come (`plans`) is, and takes a part of the limit once a job has ended.
    """

    def __init__(self, limit: int, plans: Plans) -> None:
        self.limit, self.plans = limit, plans
        self.before = resident()

    def measure(self) -> None:
        """No job runs."""
        self.before = resident() - self.plans.kept

    def clear(self) -> None:
        """A job has ended."""
        self.plans.keep_within(self.limit // KEPT_OF)


@dataclass(frozen=True, slots=True)
class MemoryWatch:
    """Compares the growth of this process, which took `before` bytes, with `limit` bytes.

    `kept` tells how many bytes of the growth are results, which are the caller's and grow whatever a batch does.
    """

    limit: int
    kept: Callable[[], int]
    before: int

    def is_near(self) -> bool:
        """Whether the limit is near."""
        return resident() - self.before - self.kept() > NEAR * self.limit


@dataclass(frozen=True, slots=True)
class Brake:
    """Whether further batches may start."""

    memory: MemoryWatch | None = None
    stream: Stream | None = None

    def holds(self, batch: Batch) -> bool:
        """Whether the batch, the first of those that wait, has to wait until one of those that run has ended."""
        return (self.stream is not None and self.stream.holds(batch)) or self.is_short

    def halves(self, batch: Batch) -> bool:
        """Whether the batch should start in halves; a half is not halved again."""
        return len(batch.symbols) > 1 and not batch.is_half and self.is_short

    @property
    def is_short(self) -> bool:
        """Whether memory is short."""
        return self.memory is not None and self.memory.is_near()
