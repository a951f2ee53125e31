"""The end of the process, while threads still work that nobody waits for any more.

A daemon thread that comes back from C++ when the interpreter is already gone takes the whole process down with
"terminate called"; DuckDB's queries do. So all are stopped, or interrupted, and those that come back soon are awaited.
One that hangs does not keep the process.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 2.0  # seconds for all threads together

_working: dict[threading.Thread, Callable[[], None]] = {}
_left = threading.Event()


def run_until_left(work: Callable[[], None], abandon: Callable[[], None], name: str) -> threading.Thread:
    """Run `work` in a daemon thread; when the process ends before that, `abandon` is called, which is to end it."""

    def target() -> None:
        try:
            work()
        finally:
            _working.pop(threading.current_thread(), None)

    thread = threading.Thread(target=target, name=name, daemon=True)
    _working[thread] = abandon
    try:
        thread.start()
    except RuntimeError:  # no thread is to be had
        _working.pop(thread, None)
        raise
    if _left.is_set():
        abandon()
    return thread


def is_leaving() -> bool:
    """Whether the process is at its end, where no thread can begin."""
    return _left.is_set()


def leave() -> None:
    """Stop what still works, and wait for what comes back soon."""
    _left.set()
    for abandon in list(_working.values()):
        abandon()
    end = time.monotonic() + PATIENCE
    for thread in list(_working):
        thread.join(max(0.0, end - time.monotonic()))


atexit.register(leave)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_working.clear)  # a child has none of these threads
