"""Waiting for DuckDB so that a signal is heard."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import wait
from typing import Final, TypeVar

from ..running_jobs import in_thread

T = TypeVar("T")
PATIENCE: Final = 0.1  # seconds; on Windows a wait without end hears no signal


def heeding_signals(work: Callable[[], T], interrupt: Callable[[], None]) -> T:
    """Do `work` in a thread while this one waits; whatever is raised here meanwhile, Ctrl-C say, calls `interrupt`.

    DuckDB looks at no signal while it computes, and Python runs handlers on its main thread alone.
    """
    done = in_thread(work, "barsweep-query")
    try:
        while not wait([done], PATIENCE).done:
            pass
    except BaseException:
        interrupt()
        wait([done])
        raise
    return done.result()
