"""Watching: bars come from a feed, matches go to whoever is told, and the state is saved on the way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

import polars as pl

from ...formulas.freezing import mutable
from .alerts import Alerts
from .feeds import Feed
from .journal import Journal
from .scanner import LiveScanner

SAVED_EVERY: Final = 10.0  # seconds


@mutable
class Watched:
    """What has come so far."""

    bars: int = 0
    matches: int = 0
    refused: int = 0
    waiting: int = 0


@mutable
class Watch:
    """One watch: `show` is called with matches that are new, after they are in the journal, if there is one.

    With `state`, a file, the scanner is saved every few seconds and at the end: a watch that was killed goes on.
    """

    scanner: LiveScanner
    feed: Feed
    show: Callable[[pl.DataFrame], None]
    journal: Journal | None = None
    alerts: Alerts | None = None
    state: Path | None = None
    every: float = SAVED_EVERY

    def run(self, stop: threading.Event) -> Watched:
        """Until `stop` is set, or nothing more can come.

        Where matches could not be delivered, the state stays as it was before them: they come again.
        """
        watched = Watched()
        self.save()
        try:
            self._follow(stop, watched)
        finally:
            if self.alerts is not None:
                self.alerts.close()
        return watched

    def save(self) -> None:
        """Write the state, if there is a file for it, with the place in the journal that it belongs to."""
        if self.state is not None:
            self.scanner.save(self.state, {"journal": 0 if self.journal is None else self.journal.since})

    def _follow(self, stop: threading.Event, watched: Watched) -> None:
        saved, delivered = time.monotonic(), True
        try:
            for arrived in self.feed.arrivals(self.scanner, stop):
                watched.bars += arrived.bars
                watched.refused += arrived.refused.height
                watched.waiting = arrived.waiting
                if arrived.bars:
                    delivered = False
                    watched.matches += self._deliver(arrived.matches)
                    delivered = True
                if time.monotonic() - saved > self.every:
                    self.save()
                    saved = time.monotonic()
        finally:
            if delivered:
                self.save()

    def _deliver(self, matches: pl.DataFrame) -> int:
        if matches.height and self.journal is not None:
            matches = self.journal.add(matches)
        if matches.height:
            self.show(matches)
            if self.alerts is not None:
                self.alerts.tell(matches)
        return matches.height
