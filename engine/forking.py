"""Processes that were made by fork: Polars' threads are not in them, and who waits for those waits for ever."""

from __future__ import annotations

import os
import threading
from typing import Final

import polars as pl

from ..errors import ProcessingEngineError

PATIENCE: Final = 5.0  # seconds; threads that live answer within a few milliseconds
IMPORTED_IN: Final = os.getpid()
_lively: set[int] = set()


def assert_threads_live() -> None:
    """Raise ProcessingEngineError in a forked process in which Polars would hang.

    It would not if Polars had not been used before the fork: so it is tried, once a process.
    """
    process = os.getpid()
    if process == IMPORTED_IN or process in _lively:
        return
    answered = threading.Event()

    def probe() -> None:
        frame = pl.DataFrame({"x": [2, 1], "y": [1, 2]})
        pl.collect_all([frame.lazy().sort("x"), frame.lazy().group_by("y").len()])
        answered.set()

    threading.Thread(target=probe, name="barsweep-probe", daemon=True).start()
    if not answered.wait(PATIENCE):
        raise ProcessingEngineError(
            "this process was forked from one that had used Polars, whose threads are not in it: "
            'start processes with multiprocessing.get_context("spawn")'
        )
    _lively.add(process)
