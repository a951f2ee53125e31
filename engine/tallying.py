"""What happens in a job, counted while it runs: seconds of each stage, retries, batches that were halved."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from .tracing import Context, current_context, span


class Tally:
    """One job's counts and seconds; safe to use from several threads.

    Seconds are those of all threads together. A stage inside another counts for itself alone. Where OpenTelemetry is in
    use, each stage is a span as well.

    >>> tally = Tally()
    >>> with tally.stage("split"), tally.stage("compute"):
    ...     tally.count("retries")
    >>> sorted(tally.seconds), tally.counts["retries"]
    (['compute', 'split'], 1)
    """

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.counts: Counter[str] = Counter()
        self._context: Context = current_context()
        self._lock = threading.Lock()
        self._inner = threading.local()

    def count(self, what: str) -> None:
        """Count one more."""
        with self._lock:
            self.counts[what] += 1

    def spend(self, stage: str, seconds: float) -> None:
        """Count seconds, which are taken off the stage that this one lies in."""
        with self._lock:
            self.seconds[stage] += seconds
        self._inner.seconds = getattr(self._inner, "seconds", 0.0) + seconds

    @contextmanager
    def stage(self, name: str, **attributes: str | float) -> Iterator[None]:
        """Count the seconds of a block."""
        before, began = getattr(self._inner, "seconds", 0.0), time.perf_counter()
        self._inner.seconds = 0.0
        try:
            with self.span(name, **attributes):
                yield
        finally:
            seconds = time.perf_counter() - began
            inside, self._inner.seconds = self._inner.seconds, before
            with self._lock:
                self.seconds[name] += seconds - inside
            self._inner.seconds = before + seconds

    def span(self, name: str, **attributes: str | float) -> AbstractContextManager[Any]:
        """A span around a block whose seconds are not counted."""
        return span(name, attributes, self._context)

    @contextmanager
    def job(self, name: str) -> Iterator[None]:
        """The span of the whole job, in which those of its threads lie."""
        with self.span(name):
            self._context = current_context()
            yield
