"""Telling a callback or a bar how far a job is: on the caller's thread, or, maybe awaited, on an event loop."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..errors import ProcessingEngineError
from .controlling import LOG, ProgressAsked, ProgressCallback
from .progress_bars import fitting_bar

T = TypeVar("T")


class Progress:
    """Counts finished symbols for a callback, which is called at once: monotone, ends at the total.

    A callback that has a method `found` is told there how many matches there are so far, before it is called. True
    asks for the bar that suits, which is closed when the work that it is `around` ends.
    The first error of the callback is logged; it is called on, and its later errors are dropped. A callback that has
    to be awaited, and what is none, is refused with ProcessingEngineError.
    """

    def __init__(self, asked: ProgressAsked) -> None:
        self._bar = fitting_bar() if asked is True else None
        self._callback: ProgressCallback | None = self._bar if isinstance(asked, bool) else asked
        self._matches = -1
        self._done = 0.0
        self._told = -1
        self._failed = False
        self.total = 0
        if self._callback is not None and not callable(self._callback):
            hint = "True asks for a bar, else it is called with how many symbols are done, and of how many"
            raise ProcessingEngineError(f"progress is {asked!r}: {hint}")
        self._assert_suitable()

    def around(self, work: Callable[[], T]) -> T:
        """What the work returns or raises; the bar, if there is one, is closed then."""
        try:
            return work()
        finally:
            if self._bar is not None:
                self._deliver(self._bar.close)

    def begin(self, total: int) -> None:
        """Say how many symbols there are; a bar appears, callbacks are called when there is something to tell."""
        self.total = total
        if self._bar is not None:
            self.advance(0)

    def advance(self, symbols: int, share: float = 1.0) -> None:
        """Count symbols that are done with `share` of their work."""
        self._done += symbols * share
        self._tell(min(self.total, int(self._done + 1e-6)))

    def found(self, matches: int) -> None:
        """Say how many matches there are so far, if that is news, to a callback that wants to know."""
        told = getattr(self._callback, "found", None)
        if told is not None and matches > self._matches:
            self._matches = matches
            self._deliver(told, matches)

    def finish(self, matches: int | None = None) -> None:
        """Say that all is done, and what was found, if that has not been said."""
        if matches is not None:
            self.found(matches)
        self._tell(self.total)

    def _tell(self, completed: int) -> None:
        if self._callback is None or completed <= self._told:
            return
        self._told = completed
        self._deliver(self._callback, completed, self.total)

    def _deliver(self, told: Callable[..., object], *numbers: int) -> None:
        self._call(told, *numbers)

    def _call(self, told: Callable[..., object], *numbers: int) -> None:
        try:
            answer = told(*numbers)
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
