"""A column of a store that is written part by part."""

from __future__ import annotations

import mmap
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import polars as pl
import pyarrow as pa

from .contents import DTYPES, Stored
from .writing import flush

STEP: Final = 2**26  # bytes
INLINE: Final = 12  # bytes of a text that Arrow's views have in themselves
BARE: Final = frozenset({"number", "date", "instant"})  # kinds whose values all take the same room


class GrowingColumn:
    """A column whose parts come one after the other, and lie in one piece in the end, as what is mapped has to.

    The first part waits, for most columns have no other. Numbers and times of several parts go to a file of bare values
    beside the column at once, so that memory holds one part of them; true and false, and texts, stay in memory.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "0.arrow"
    >>> column = GrowingColumn(path, "close", "number")
    >>> for part in ([1.0, None], [3.0]):
    ...     column.append(pl.Series(part))
    >>> _ = column.finish()
    >>> pl.read_ipc(path)["close"].to_list()
    [1.0, None, 3.0]
    """

    def __init__(self, path: Path, name: str, kind: str) -> None:
        self.path = path
        self.name = name
        self.kind = kind
        self._parts: list[pl.Series] = []
        self._known: list[pl.Series] = []  # of parts that are in the file, where their values are known
        self._bare: BinaryIO | None = None

    def append(self, part: pl.Series) -> None:
        """Add the values behind those that are there; raises OSError where they cannot be written."""
        if part.is_empty():
            return
        self._parts.append(own_texts(part) if self.kind == "text" else part.cast(DTYPES[self.kind]))
        if self.kind in BARE and (self._bare is not None or len(self._parts) > 1):
            self._move()

    def _move(self) -> None:
        """Bring what waits into the file."""
        if self._bare is None:
            self._bare = self.path.with_suffix(".values").open("wb+")
        for part in self._parts:
            self._known.append(part.is_not_null())
            values = part.to_physical()
            whole = values.fill_null(0) if values.null_count() else values
            self._bare.write(np.ascontiguousarray(whole.to_numpy()).data)
        self._parts.clear()

    def finish(self) -> Stored:
        """Write the column, flushed to disk, as one uncompressed Arrow file with all rows in one piece."""
        if self._bare is None:
            column = pl.concat(self._parts or [pl.Series(dtype=DTYPES[self.kind])])
            return written(self.path, as_arrow(column.alias(self.name).to_frame()), self.kind)
        self._bare.flush()
        values = mmap.mmap(self._bare.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            with self.path.open("wb") as file:
                write_arrow(pa.table({self.name: self._column(values)}), pa.PythonFile(InSteps(file, values), "w"))
        finally:
            with suppress(BufferError):  # the error of a failed write holds what is mapped: it goes with that
                values.close()
        self._bare.close()
        Path(self._bare.name).unlink()
        return flushed(self.path, self.kind)

    def _column(self, values: mmap.mmap) -> pa.Array:
        """The column whose bare values are these."""
        known = pl.concat(self._known, rechunk=True)
        bits = None if known.all() else pa.py_buffer(np.packbits(known.to_numpy(), bitorder="little"))
        kind = pl.Series(dtype=DTYPES[self.kind]).to_arrow().type
        return pa.Array.from_buffers(kind, len(known), [bits, pa.py_buffer(values)])

    def close(self) -> None:
        """Let go of what is open, also where the column was not finished."""
        if self._bare is not None:
            self._bare.close()


def own_texts(part: pl.Series) -> pl.Series:
    """Texts in memory of their own: a slice holds, and would write, the long ones of the whole that it was cut from."""
    texts = part.cast(pl.String)
    longest = texts.str.len_bytes().max()
    if longest is None or int(longest) <= INLINE:  # type: ignore[arg-type]
        return texts
    copied = pl.from_arrow(texts.to_arrow(compat_level=pl.CompatLevel.oldest()))
    assert isinstance(copied, pl.Series)
    return copied


def as_arrow(frame: pl.DataFrame) -> pa.Table:
    """Columns as Arrow, each in one piece."""
    return frame.rechunk().to_arrow(compat_level=pl.CompatLevel.newest())


def written(path: Path, table: pa.Table, kind: str) -> Stored:
    """Write columns, each in one piece, as one uncompressed Arrow file."""
    with pa.OSFile(str(path), "wb") as file:
        write_arrow(table, file)
    return flushed(path, kind)


def write_arrow(table: pa.Table, file: pa.NativeFile) -> None:
    """Write columns in one piece as an Arrow file."""
    with pa.ipc.new_file(file, table.schema) as writer:
        for batch in table.to_batches():
            writer.write_batch(batch)


def flushed(path: Path, kind: str) -> Stored:
    """What a file is to the list of contents, once it is on the disk."""
    flush(path)
    return Stored(path.name, path.stat().st_size, kind)


class InSteps:
    """A file to which what is mapped is written piece by piece, so that never all of it counts as this process's."""

    closed = False  # whoever writes to it asks

    def __init__(self, file: BinaryIO, mapped: mmap.mmap) -> None:
        self.file = file
        self.mapped = mapped

    def write(self, content: bytes | pa.Buffer) -> int:
        """Write all of it."""
        with memoryview(content) as whole:
            for begin in range(0, len(whole), STEP):
                self.file.write(whole[begin : begin + STEP])
                if hasattr(mmap, "MADV_DONTNEED"):  # it is on the disk as well: read pages may go
                    self.mapped.madvise(mmap.MADV_DONTNEED)
            return len(whole)

    def flush(self) -> None:
        """Everything goes on at once."""

    def close(self) -> None:
        """Whoever opened the file closes it."""
