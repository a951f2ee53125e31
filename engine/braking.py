"""Holding batches back: while memory is short, or while results wait to be written.

What batches will need is estimated before they are cut. What they do need, with all that allocators keep and readers
read ahead, is looked at here: when the process has grown almost to the limit, one batch at a time is run, in halves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import psutil

from .batching import Batch
from .streaming import Stream

NEAR: Final = 0.75  # of the limit: what runs already still grows


def resident() -> int:
    """Bytes of this process in memory, mapped files apart where the system tells them."""
    memory = psutil.Process().memory_info()
    return int(memory.rss - getattr(memory, "shared", 0))


@dataclass(frozen=True, slots=True)
class MemoryWatch:
    """Compares the growth of this process since the watch was made with `limit` bytes.

    `kept` tells how many bytes of the growth are results, which are the caller's and grow whatever a batch does.
    """

    limit: int
    kept: Callable[[], int]
    before: int = field(default_factory=resident)

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
