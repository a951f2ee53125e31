"""Files that are handed out: whole, or as they were before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from typing import BinaryIO

from ..data.writing import Aside
from ..errors import ProcessingEngineError


@contextmanager
def whole_file(target: Path) -> Iterator[BinaryIO]:
    """A file to write to, which gets its name, in the place of an older one, when the block ends well.

    What is no file, /dev/null or a pipe that somebody reads, is written to as it is. Raises ProcessingEngineError where
    it cannot be written.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "found.txt"
    >>> with whole_file(path) as file:
    ...     _ = file.write(b"whole")
    >>> path.read_text()
    'whole'
    """
    try:
        if target.exists() and not target.is_file():
            with target.open("wb") as file:
                yield file
            return
        with Aside(target) as aside:
            with aside.path.open("wb") as file:
                yield file
            aside.take_place()
    except OSError as error:
        raise ProcessingEngineError(f"{target} cannot be written: {error.strerror or error}") from error


def unfinished(target: Path) -> Path:
    """Where what a cancelled job has found goes: to a free name where there is a file already, which may be whole.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "found.csv"
    >>> unfinished(path).name, path.write_text("whole"), unfinished(path).name
    ('found.csv', 5, 'found.unfinished.csv')
    """
    names = chain([".unfinished"], (f".unfinished-{number}" for number in count(2)))
    places = (target.with_stem(target.stem + name) for name in names)
    return next(place for place in places if not place.exists()) if target.is_file() else target
