"""Matches as lines of JSON in a file, each exactly once, whenever the process was killed.

A scanner's state is saved now and then, with the length of the journal at that moment. After a restart bars since then
are run again; matches that the journal has behind that place are not written a second time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self, TypeAlias

import polars as pl

from ...errors import ProcessingEngineError

Key: TypeAlias = tuple[str, str, str]
"""Symbol, ts as text, formula."""


class Journal:
    """A file that lines are added to. Raises ProcessingEngineError when it cannot be written or is no journal."""

    def __init__(self, path: Path, since: int = 0) -> None:
        """`since` is the length that it had when the state was saved that work goes on from."""
        self.path, self._since = path, since
        try:
            self._file = path.open("a+b")
        except OSError as error:
            raise ProcessingEngineError(f"{path} cannot be written: {error.strerror or error}") from error
        try:
            self._known = {_key(line) for line in self._after(since)}
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._file.close()
            raise ProcessingEngineError(f"{path} is no journal of matches that can be added to: {error}") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    @property
    def since(self) -> int:
        """What to tell the next journal of this file, once a state is saved.

        The end of the file; where matches have not come again that were written before a restart, it is the place
        behind which they are.
        """
        return self._since if self._known else self._file.tell()

    def add(self, matches: pl.DataFrame) -> pl.DataFrame:
        """Write matches that are not there yet, and answer with these. They are on the disk then."""
        lines = as_lines(matches)
        keys = [_key(json.loads(line)) for line in lines] if self._known else []
        if keys:
            new = [key not in self._known for key in keys]
            self._known.difference_update(keys)  # a bar is run once, so its match does not come a third time
            matches, lines = (
                matches.filter(pl.Series(new)),
                [line for line, is_new in zip(lines, new, strict=True) if is_new],
            )
        if lines:
            self._file.write("".join(f"{line}\n" for line in lines).encode())
            self._file.flush()
            os.fsync(self._file.fileno())
        return matches

    def close(self) -> None:
        """Add nothing more."""
        self._file.close()

    def _after(self, since: int) -> Iterator[dict[str, str]]:
        """The matches behind a place; a last line that was being written when the process ended is cut off."""
        content = self.path.read_bytes()
        if len(content) < since:
            raise ValueError(f"it has {len(content)} bytes, and had {since} when the state was saved")
        whole = content.rfind(b"\n") + 1
        yield from map(json.loads, content[since:whole].splitlines())
        self._file.truncate(whole)
        self._file.seek(0, os.SEEK_END)


def as_lines(matches: pl.DataFrame) -> list[str]:
    """Each match as a line of JSON; times are ISO text."""
    return matches.write_ndjson().splitlines() if matches.height else []


def _key(match: dict[str, str]) -> Key:
    return match["symbol"], match["ts"], match.get("formula", "")
