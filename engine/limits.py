"""How much an engine does at a time, and for how long."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from ..errors import ProcessingEngineError
from .controlling import Gate

DEADLINE: Final = 10  # timeouts: enough to halve a batch of 500 symbols down to the culprit


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at a time, and for how long (seconds). The gates ("load", "compute") belong to the engine, not a job."""

    workers: int
    timeout: float
    deadline: float
    gates: Mapping[str, Gate]

    @classmethod
    def of(cls, max_workers: int | None, timeout: float, deadline: float | None) -> Self:
        """As given to an engine; raises ProcessingEngineError for what cannot be."""
        workers = whole("max_workers", max_workers if max_workers is not None else usable_cores(), least=1)
        patience = seconds("timeout", timeout)
        last = seconds("deadline", deadline if deadline is not None else DEADLINE * patience)
        return cls(workers, patience, last, {"load": Gate(workers), "compute": Gate(workers)})

    @property
    def in_flight(self) -> int:
        """Batches that hold memory at the same time: those that compute, and the next one."""
        return self.workers + 1


def whole(name: str, value: object, least: int) -> int:
    """A whole number that was given for `name`, checked."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ProcessingEngineError(f"{name} is {value!r}; a whole number from {least} is needed")
    return value


def seconds(name: str, value: object) -> float:
    """A time that was given for `name`, checked."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        raise ProcessingEngineError(
            f"{name} is {value!r}; it is a number of seconds above 0 (float('inf') for no limit)"
        )
    return value


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
