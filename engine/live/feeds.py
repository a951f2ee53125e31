"""Where bars come from while they come: a source that grows, or lines of JSON."""

from __future__ import annotations

import io
import json
import queue
import threading
import time
from collections.abc import Iterator
from typing import BinaryIO, Final, Protocol

import polars as pl

from ...data.repository import CandleRepository
from ...errors import RepositoryError
from ..controlling import LOG
from ..other_tables import close
from .arrived import Arrived
from .scanner import LiveScanner

GATHERED: Final = 0.05  # seconds without a line after which those that came are run
LONGEST: Final = 0.25  # seconds after which they are run although lines still come
PATIENCE: Final = 600.0  # seconds in which a source that is there may be faulty: a large file is perhaps being copied
MOST_LINES: Final = 50_000  # that are run together


class Feed(Protocol):
    """Something that bars come from."""

    def arrivals(self, scanner: LiveScanner, stop: threading.Event) -> Iterator[Arrived]:
        """What the scanner says of the bars, as they come, until `stop` is set or there are no more."""
        ...


class GrowingSource:
    """A repository that is asked every so many seconds for bars after the last ones; closed in between."""

    def __init__(self, repository: CandleRepository, every: float) -> None:
        self.repository, self.every = repository, every

    def arrivals(self, scanner: LiveScanner, stop: threading.Event) -> Iterator[Arrived]:
        """What comes; while the source cannot be read, which is logged, nothing does.

        Raises RepositoryError where it stays faulty for minutes.
        """
        failures, read = 0, time.monotonic()
        while not stop.is_set():
            arrived = None
            try:
                arrived = scanner.catch_up(self.repository)
                failures, read = 0, time.monotonic()
            except RepositoryError as error:
                failures += 1
                if time.monotonic() - read > PATIENCE and not error.retryable:
                    raise
                fields = {"event": "retry", "doing": "asking for new bars", "attempt": failures, "pause": self.every}
                told = {**fields, "error": str(error)}
                LOG.warning("the source cannot be read, next try in %g s: %s", self.every, error, extra=told)
            finally:
                close(self.repository)  # whoever writes to it may need it for himself
            if arrived is not None:
                yield arrived
            yield scanner.due()
            stop.wait(self.every)


class Lines:
    """Lines of JSON, each a bar: {"symbol": "A", "ts": "2024-01-05T09:30:00Z", "close": 1.5, ...}.

    What comes together is run together. A line that is no bar is logged, and the others are run. `missed`, a
    repository, has bars that may have come before the first line; they are run first.
    """

    def __init__(self, stream: BinaryIO, missed: CandleRepository | None = None) -> None:
        self._stream, self._missed = stream, missed
        self._waiting: queue.Queue[bytes | None] = queue.Queue(MOST_LINES)

    def arrivals(self, scanner: LiveScanner, stop: threading.Event) -> Iterator[Arrived]:
        """What comes, until the stream ends: then also what waits."""
        threading.Thread(target=self._read, name="barsweep-lines", daemon=True).start()
        if self._missed is not None:
            try:
                arrived = scanner.catch_up(self._missed)
            finally:
                close(self._missed)  # as above
            yield arrived
        number, ended = 0, False
        while not (ended or stop.is_set()):
            lines, ended = self._gather()
            if lines:
                yield from pushed(scanner, lines, number)
                number += len(lines)
            yield scanner.due()
        if ended:
            yield scanner.flush()

    def _read(self) -> None:
        for line in self._stream:
            self._waiting.put(line)
        self._waiting.put(None)

    def _gather(self) -> tuple[list[bytes], bool]:
        """Lines that came in one go, and whether they were the last."""
        lines: list[bytes] = []
        began = time.monotonic()
        while len(lines) < MOST_LINES and time.monotonic() - began < LONGEST:
            try:
                line = self._waiting.get(timeout=GATHERED)
            except queue.Empty:  # what came is all for now
                return lines, False
            if line is None:
                return lines, True
            lines.append(line)
        return lines, False


def pushed(scanner: LiveScanner, lines: list[bytes], before: int) -> Iterator[Arrived]:
    """What the scanner says of the bars; a line whose bar it cannot take is logged, and the others are run."""
    bars = read_lines(lines, before)
    if not bars.height:
        return
    try:
        arrived = scanner.push(bars)
    except RepositoryError as error:
        if len(lines) == 1:
            _leave_out(before + 1, str(error))
            return
        half = len(lines) // 2  # which one it is shows in halves of halves
        yield from pushed(scanner, lines[:half], before)
        yield from pushed(scanner, lines[half:], before + half)
    else:
        yield arrived


def read_lines(lines: list[bytes], before: int = 0) -> pl.DataFrame:
    """Bars of lines of JSON. `before` so many have come earlier: lines are counted in messages."""
    try:
        return pl.read_ndjson(io.BytesIO(b"".join(lines)), infer_schema_length=None)
    except pl.exceptions.PolarsError:  # one of the lines is none: which, shows one by one
        return _one_by_one(lines, before)


def _one_by_one(lines: list[bytes], before: int) -> pl.DataFrame:
    bars = []
    for number, line in enumerate(lines, start=before + 1):
        if not line.strip():
            continue
        try:
            bar = json.loads(line)
        except ValueError as error:  # the other lines are run
            _leave_out(number, f"no JSON: {error}")
            continue
        if isinstance(bar, dict):
            bars.append(bar)
        else:
            _leave_out(number, "it holds no names and values")
    return pl.DataFrame(bars, infer_schema_length=None, strict=False)


def _leave_out(number: int, why: str) -> None:
    LOG.warning("line %d is no bar: %s", number, why, extra={"event": "line left out", "line": number, "error": why})
