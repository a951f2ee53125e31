"""Tables put aside: written to files that are mapped into memory, so that the system may drop their pages at any time.

Who holds such a table holds an ordinary one. The file has no name any more while it is mapped: its place on the disk is
free as soon as nobody holds a part of the table, however the process ends.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

from ..data.temporary import temporary_folder
from ..errors import ProcessingEngineError

PREFIX: Final = "barsweep-"
OPENED: Final = Path("/proc/self/fd")  # where Linux has a path for every open file


class Spill:
    """Puts tables aside; safe to use from several threads. `size` counts the bytes that were written.

    >>> table = pl.DataFrame({"symbol": ["A", "B"], "value": [1.5, None]})
    >>> spill = Spill()
    >>> spill.aside(table).equals(table), spill.size > 0
    (True, True)
    """

    def __init__(self) -> None:
        self.size = 0
        self._lock = threading.Lock()

    def aside(self, table: pl.DataFrame) -> pl.DataFrame:
        """The same table, mapped from a file. Raises ProcessingEngineError where that cannot be written."""
        if table.is_empty():
            return table
        try:
            with _unnamed() as path:
                found = _written(table, path)
                written = path.stat().st_size
        except OSError as error:
            why = error.strerror or str(error)
            raise ProcessingEngineError(
                f"results are larger than memory_limit, and cannot be put aside in {self.folder}: {why}; give output= "
                "to write them elsewhere, set TMPDIR to a folder with more room, or raise memory_limit"
            ) from error
        self.count(written)
        return found

    def count(self, size: int) -> None:
        """Count bytes that somebody else has put aside."""
        with self._lock:
            self.size += size

    @property
    def folder(self) -> str:
        """Where files are made."""
        return temporary_folder()


@contextmanager
def _unnamed() -> Iterator[Path]:
    """A file without a name; elsewhere than on Linux it loses it when the block ends, but not what is mapped of it."""
    if OPENED.is_dir():
        with tempfile.TemporaryFile(prefix=PREFIX, dir=temporary_folder()) as file:
            yield OPENED / str(file.fileno())
        return
    number, name = tempfile.mkstemp(prefix=PREFIX, suffix=".arrow", dir=temporary_folder())
    os.close(number)
    path = Path(name)
    try:
        yield path
    finally:
        with suppress(PermissionError):  # Windows keeps the name while the file is mapped
            path.unlink()


def _written(table: pl.DataFrame, path: Path) -> pl.DataFrame:
    """Write a table as an uncompressed Arrow file, and map it."""
    arrow = table.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, arrow.schema) as writer:
        writer.write_table(arrow)
    with pa.memory_map(str(path)) as file:
        found = pl.from_arrow(pa.ipc.open_file(file).read_all())
    assert isinstance(found, pl.DataFrame)
    return found
