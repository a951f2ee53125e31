"""Files that are handed out: whole, or as they were before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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
