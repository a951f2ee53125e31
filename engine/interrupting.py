"""Ending what a thread waits for, from another one: a query that nobody needs takes cores and memory from others."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Final

from .leaving import is_leaving

LOG: Final = logging.getLogger("barsweep")
FIRST_PAUSE: Final = 0.02  # seconds; doubled before every further try
TRIES: Final = 10  # twenty seconds in all


class Interruption:
    """For a block in which the thread of number `thread` calls a repository that `interrupt` ends the calls of."""

    def __init__(self, interrupt: Callable[[int], None], thread: int) -> None:
        self.left = threading.Event()
        self._interrupt, self._thread = interrupt, thread

    def begin(self) -> None:
        """Interrupt, and again until the block is left: between two queries an interrupt meets nothing."""
        if self._tried() and not is_leaving():
            threading.Thread(target=self._again, name="barsweep-interrupt", daemon=True).start()

    def _tried(self) -> bool:
        try:
            self._interrupt(self._thread)
        except Exception as error:  # the call is left to itself all the same
            fields = {"event": "not interrupted", "error": str(error)}
            LOG.warning("the repository could not be interrupted", exc_info=error, extra=fields)
            return False
        return True

    def _again(self) -> None:
        for attempt in range(TRIES):
            if self.left.wait(FIRST_PAUSE * 2**attempt) or not self._tried():
                return
