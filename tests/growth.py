"""How the work for an input grows with its length, told apart from whatever else the machine and the process do."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ATTEMPTS = 6
SLACK = 0.05
"""Seconds that a long input may take in any case."""


def assert_grows_with_length(work: Callable[[int], object], short: int, long: int) -> None:
    """`work(length)` takes about as much longer as its input is, not the square of it.

    Seconds are of this thread's processor, each length's least of several attempts in turns, without collections of
    garbage (one of them goes over all that earlier tests left, which takes longer than the work). Half the way to the
    square is allowed; more must be seen at every attempt.
    """
    allowed = (long / short) ** 1.5
    least = {short: float("inf"), long: float("inf")}
    for _ in range(ATTEMPTS):
        for length in least:
            least[length] = min(least[length], seconds(work, length))
        if least[long] <= allowed * least[short] + SLACK:
            return
    raise AssertionError(f"{long} take {least[long]:.3f} s, {short} take {least[short]:.3f} s")


def seconds(work: Callable[[int], object], length: int) -> float:
    with without_collections():
        begun = time.thread_time()
        work(length)
        return time.thread_time() - begun


@contextmanager
def without_collections() -> Iterator[None]:
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()
