"""Several calls at once, whose threads keep no process from ending: what is read may hang."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def side_by_side(calls: Sequence[Callable[[], T]], threads: int) -> list[T]:
    """What each call answers, in their order; this thread makes them, and so many together with it.

    Raises what the first one raised that failed; no further one is begun then.

    >>> side_by_side([lambda: 1, lambda: 2, lambda: 3], threads=2)
    [1, 2, 3]
    """
    answers: dict[int, T] = {}
    errors: dict[int, Exception] = {}
    left, lock = enumerate(calls), threading.Lock()

    def work() -> None:
        while not errors:
            with lock:
                number, call = next(left, (0, None))
            if call is None:
                return
            try:
                answers[number] = call()
            except Exception as error:  # noqa: BLE001 - raised below, by the thread that asked
                errors[number] = error

    others = _started([threading.Thread(target=work, name="barsweep-reading", daemon=True) for _ in calls[1:threads]])
    work()
    for thread in others:
        thread.join()
    if errors:
        raise errors[min(errors)]
    return [answers[number] for number in range(len(calls))]


def _started(threads: Sequence[threading.Thread]) -> list[threading.Thread]:
    """Those that could be started."""
    started: list[threading.Thread] = []
    for thread in threads:
        try:
            thread.start()
        except RuntimeError:  # the system hands out no more: those that run do the work
            break
        started.append(thread)
    return started
