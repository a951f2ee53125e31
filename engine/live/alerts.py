"""Telling others of matches: a command, or a web address. It happens beside the work, and never holds it up."""

from __future__ import annotations

import queue
import shlex
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import urlsplit

import polars as pl

from ...errors import ProcessingEngineError
from ..controlling import LOG
from .journal import as_lines

PATIENCE: Final = 30.0  # seconds for one alert
MOST_WAITING: Final = 1_000  # alerts; of more the newest are dropped, and that is logged


class Alerts:
    """Hands matches, as lines of JSON, to each of the tellers; one that fails is logged, and the next goes on."""

    def __init__(self, tellers: Sequence[Callable[[str], None]]) -> None:
        self._tellers = tellers
        self._waiting: queue.Queue[str | None] = queue.Queue(MOST_WAITING)
        self._thread = threading.Thread(target=self._work, name="barsweep-alerts", daemon=True)
        if tellers:
            self._thread.start()

    def tell(self, matches: pl.DataFrame) -> None:
        """Matches that were found."""
        if not self._tellers or not matches.height:
            return
        try:
            self._waiting.put_nowait("".join(f"{line}\n" for line in as_lines(matches)))
        except queue.Full:  # whoever is told hangs; the scan must not
            LOG.error(
                "%d alerts wait already; this one is dropped",
                MOST_WAITING,
                extra={"event": "alert failed", "error": "too many wait"},
            )

    def close(self) -> None:
        """Wait until those that wait are told, for as long as one may take."""
        if self._tellers and self._thread.is_alive():
            with suppress(queue.Full):  # whoever is told hangs: those that wait are not told any more
                self._waiting.put(None, timeout=PATIENCE)
                self._thread.join(PATIENCE)

    def _work(self) -> None:
        while (text := self._waiting.get()) is not None:
            for tell in self._tellers:
                try:
                    tell(text)
                except (OSError, subprocess.SubprocessError) as error:  # the others are told all the same
                    LOG.error("an alert failed: %s", error, extra={"event": "alert failed", "error": str(error)})


def command(line: str) -> Callable[[str], None]:
    """Run a command, without a shell, with the matches on its standard input."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise ProcessingEngineError(f"{line!r} is no command: {error}") from error
    if not words:
        raise ProcessingEngineError("the command for alerts is empty")

    def tell(text: str) -> None:
        # the command is the user's own, from the line that started the watch
        subprocess.run(words, input=text.encode(), timeout=PATIENCE, check=True)  # noqa: S603

    return tell


def webhook(address: str) -> Callable[[str], None]:
    """Post the matches to a web address, as application/x-ndjson."""
    if urlsplit(address).scheme not in {"http", "https"} or not urlsplit(address).netloc:
        raise ProcessingEngineError(f"{address!r} is no web address: it begins with https:// or http://")

    def tell(text: str) -> None:
        headers = {"Content-Type": "application/x-ndjson", "User-Agent": "barsweep"}
        request = urllib.request.Request(address, text.encode(), headers)  # noqa: S310 - looked at above
        with urllib.request.urlopen(request, timeout=PATIENCE):  # noqa: S310
            pass

    return tell
