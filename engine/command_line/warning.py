"""What a command that runs for long says of warnings: the first few of each kind."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ..controlling import LOG
from .saying import say

MOST: Final = 5
COUNTED: Final = frozenset({"bar refused", "file left out"})
"""Events that are told elsewhere."""


class Said(logging.Handler):
    """Says what is logged as a warning or worse."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.times: Counter[str] = Counter()

    def emit(self, record: logging.LogRecord) -> None:
        """Say it, unless enough of its kind was said."""
        event = str(getattr(record, "event", ""))
        if event in COUNTED:
            return
        self.times[event] += 1
        if self.times[event] <= MOST:
            more = "; further ones like it are not shown" if self.times[event] == MOST else ""
            say(f"warning: {record.getMessage()}{more}")


@contextmanager
def warnings_said() -> Iterator[None]:
    """Say warnings while the block runs."""
    said = Said()
    LOG.addHandler(said)
    try:
        yield
    finally:
        LOG.removeHandler(said)
