"""Rows that lie scattered over a table, gone over once and put into a file by groups of symbols.

The file has no name and is mapped: its room on the disk is free again when nobody holds it, however the process ends,
and the system takes back the memory of its pages whenever it needs that.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Final

import numpy as np
import polars as pl
import pyarrow as pa

from .handing import column_of, repeated
from .temporary import temporary_folder

PREFIX: Final = "barsweep-"
CODE: Final = "~code"
LINE: Final = 64  # bytes at whose multiples rows begin, as Arrow likes it


class Gathering:
    """Rows of some symbols by their groups; `size` are the bytes that were written.

    `groups` are of symbols, ascending all together, at most 65,536 in each. Each of the `pieces`, which come in the
    order of the table's rows, one at least, has the columns symbol, as text, and ts, and all have the same further
    columns. Raises OSError where the file cannot be written.

    >>> piece = pl.DataFrame({"symbol": ["B", "A", "C", None, "B"], "ts": [1, 1, 1, 2, 2], "close": [4.0, 5, 6, 7, 8]})
    >>> Gathering([["A", "B"], ["C"]], [piece]).rows(0, ["close"]).rows()
    [('A', 1, 5.0), ('B', 1, 4.0), ('B', 2, 8.0)]
    """

    def __init__(self, groups: Sequence[Sequence[str]], pieces: Iterable[pl.DataFrame]) -> None:
        self.groups = [list(group) for group in groups]
        self.size = 0
        sizes = np.array([len(group) for group in self.groups], dtype=np.int64)
        self._names = pl.Enum([symbol for group in self.groups for symbol in group])
        self._group_of = np.repeat(np.arange(len(sizes), dtype=np.uint16), sizes)
        within = np.arange(len(self._group_of)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        self._code_of = within.astype(np.uint16)
        self._places: list[list[tuple[int, int]]] = [[] for _ in self.groups]
        with tempfile.TemporaryFile(prefix=PREFIX, dir=temporary_folder()) as file:
            for piece in pieces:
                self._schema = self._write(self._by_group(piece), file)
            file.write(bytes(LINE))  # what is empty cannot be mapped
            file.flush()
            self._file = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)

    def rows(self, group: int, names: Sequence[str]) -> pl.DataFrame:
        """The rows of a group, one symbol after the other, each symbol's as they are stored: symbol, ts and columns."""
        whole, places = pa.py_buffer(self._file), self._places[group]
        batches = [pa.ipc.read_record_batch(whole.slice(place, size), self._schema) for place, size in places]
        frame = pl.from_arrow(pa.Table.from_batches(batches, self._schema))
        assert isinstance(frame, pl.DataFrame)
        codes = frame[CODE].to_numpy()
        ordered = frame.select("ts", *dict.fromkeys(names))[np.argsort(codes, kind="stable")]
        self._let_go(places)
        counts = np.bincount(codes, minlength=len(self.groups[group]))
        return ordered.insert_column(0, repeated("symbol", self.groups[group], counts))

    def _let_go(self, places: Iterable[tuple[int, int]]) -> None:
        """Let go of pages that were read: else the process would seem to hold all that it has ever looked at."""
        if hasattr(mmap, "MADV_DONTNEED"):
            for place, size in places:
                begin = place - place % mmap.PAGESIZE
                self._file.madvise(mmap.MADV_DONTNEED, begin, place + size - begin)

    def _write(self, parts: Iterator[pl.DataFrame], file: IO[bytes]) -> pa.Schema:
        """Append a piece's rows of each group, and remember where they are; what they have in common is handed out."""
        schema = None
        for group, rows in enumerate(parts):
            # not as views: each part would bring the texts of the whole piece along
            table = rows.to_arrow(compat_level=pl.CompatLevel.oldest())
            schema = table.schema
            for batch in table.to_batches():
                written = file.write(batch.serialize())
                self._places[group].append((self.size, written))
                self.size += written + file.write(bytes(-written % LINE))
        return schema

    def _by_group(self, piece: pl.DataFrame) -> Iterator[pl.DataFrame]:
        """A piece's rows of each group, with the numbers of their symbols in it; those of no group are not there."""
        names = piece["symbol"].cast(self._names, strict=False)
        known = piece.filter(names.is_not_null()) if names.null_count() else piece
        numbers = names.drop_nulls().to_physical().to_numpy()
        groups = self._group_of[numbers]
        coded = known.drop("symbol").with_columns(column_of(CODE, self._code_of[numbers]))
        ordered = coded[np.argsort(groups, kind="stable")]
        ends = np.cumsum(np.bincount(groups, minlength=len(self.groups)))
        for begin, end in zip([0, *ends[:-1]], ends, strict=True):
            yield ordered.slice(begin, end - begin)
