"""How much an engine does at a time, and for how long."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final, Self

from ..data.options import shown
from ..errors import ProcessingEngineError
from ..formulas.freezing import frozen
from .controlling import Gate

if TYPE_CHECKING:
    from .clusters.driving import Cluster

LARGEST: Final = 2**63 - 1  # a number of anything that fits into a machine's word
DEADLINE: Final = 10  # timeouts: enough to halve a batch of 500 symbols down to the culprit


@frozen
class Limits:
    """How much at a time, and for how long (seconds). The gates ("load", "compute") belong to the engine, not a job.

    `places` says how many batches may compute at this moment: nodes of a cluster come and go.
    """

    places: Callable[[], int]
    timeout: float
    deadline: float
    gates: Mapping[str, Gate]

    @classmethod
    def of(cls, places: int | Callable[[], int], timeout: float, deadline: float | None = None) -> Self:
        """As given to an engine, with gates of their own; raises ProcessingEngineError for what cannot be."""
        count = places if callable(places) else lambda: places
        patience = seconds("timeout", timeout)
        last = seconds("deadline", deadline if deadline is not None else DEADLINE * patience)
        return cls(count, patience, last, {"load": Gate(count), "compute": Gate(count)})

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


def whole(name: str, value: object, least: int) -> int:
    """A whole number that was given for `name`, checked."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= LARGEST:
        raise ProcessingEngineError(f"{name} is {shown(value)}; a whole number from {least} is needed")
    return value


def seconds(name: str, value: object) -> float:
    """A time that was given for `name`, checked."""
    endless = isinstance(value, float) and value == math.inf
    if not isinstance(value, int | float) or isinstance(value, bool) or (not 0 < value <= LARGEST and not endless):
        raise ProcessingEngineError(
            f"{name} is {shown(value)}; it is a number of seconds above 0 (float('inf') for no limit)"
        )
    return value


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
