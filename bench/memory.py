"""The most memory that a process has had while something ran."""

from __future__ import annotations

import threading
from typing import Final, Self

import psutil

PAUSE: Final = 0.002  # seconds between two looks: far shorter than any batch lasts


class PeakMemory:
    """Looks at a process every few milliseconds; `peak` is the largest resident memory seen, in bytes.

    With `mapped` False, mapped files are apart, where the system tells them.
    """

    def __init__(self, process: psutil.Process | None = None, *, mapped: bool = True) -> None:
        self.process = process or psutil.Process()
        self.mapped = mapped
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def resident(self) -> int:
        """Bytes of the process in memory at this moment."""
        memory = self.process.memory_info()
        return int(memory.rss - (0 if self.mapped else getattr(memory, "shared", 0)))

    def _watch(self) -> None:
        while True:
            try:
                self.peak = max(self.peak, self.resident())
            except psutil.Error:  # the process has ended
                return
            if self._over.wait(PAUSE):
                return
