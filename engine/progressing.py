"""Telling a callback how far a job is: on the caller's thread, or on an event loop, where it may be asynchronous."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable

from ..errors import ProcessingEngineError
from .controlling import LOG, ProgressCallback


class Progress:
    """Counts finished symbols for a callback, which is called at once: monotone, ends at the total.

    The first error of the callback is logged; it is called on, and its later errors are dropped. A callback that has
    to be awaited is refused with ProcessingEngineError.
    """

    def __init__(self, callback: ProgressCallback | None) -> None:
        self._callback = callback
        self._done = 0.0
        self._told = -1
        self._failed = False
        self.total = 0
        self._assert_suitable()

    def advance(self, symbols: int, share: float = 1.0) -> None:
        """Count symbols that are done with `share` of their work."""
        self._done += symbols * share
        self._tell(min(self.total, int(self._done + 1e-6)))

    def finish(self) -> None:
        """Say that all is done, if that has not been said."""
        self._tell(self.total)

    def _tell(self, completed: int) -> None:
        if self._callback is None or completed <= self._told:
            return
        self._told = completed
        self._deliver(completed)

    def _deliver(self, completed: int) -> None:
        self._call(completed)

    def _call(self, completed: int) -> None:
        assert self._callback is not None
        try:
            answer = self._callback(completed, self.total)
            if inspect.isawaitable(answer):
                self._take(answer)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no fault of the job
            self._complain(error)

    def _complain(self, error: Exception) -> None:
        if not self._failed:
            fields = {"event": "callback failed", "error": f"{type(error).__name__}: {error}"}
            told = "the progress callback raised; it is called on, further errors are not logged"
            LOG.error(told, exc_info=error, extra=fields)
        self._failed = True

    def _assert_suitable(self) -> None:
        called = getattr(self._callback, "__call__", None)  # noqa: B004 - the method itself: it may be asynchronous
        if inspect.iscoroutinefunction(self._callback) or inspect.iscoroutinefunction(called):
            raise ProcessingEngineError("an async progress callback needs an event loop: use process_batch")

    def _take(self, answer: Awaitable[object]) -> None:
        close_unawaited(answer)
        raise ProcessingEngineError("the progress callback has to be awaited, which only process_batch does")


def close_unawaited(answer: Awaitable[object]) -> None:
    """Close a coroutine that is not awaited any more; one that has ended stays as it is."""
    if inspect.iscoroutine(answer):
        answer.close()
