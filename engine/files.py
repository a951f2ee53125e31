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
    """Where what a cancelled job has found goes: to a free name beside the target, which is for what is whole.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "found.csv"
    >>> unfinished(path).name, unfinished(path).write_text("some"), unfinished(path).name
    ('found.unfinished.csv', 4, 'found.unfinished-2.csv')
    """
    names = chain([".unfinished"], (f".unfinished-{number}" for number in count(2)))
    places = (target.with_stem(target.stem + name) for name in names)
    is_device = target.exists() and not target.is_file()
    return target if is_device else next(place for place in places if not place.exists())
