"""Rows that lie scattered over a table, gone over once and put into files by groups of symbols.

The files have no names and are mapped: their room on the disk is free again when nobody holds them, however the process
ends, and the system takes back the memory of their pages whenever it needs that.
"""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa

from .handing import column_of, repeated
from .temporary import temporary_folder

PREFIX: Final = "barsweep-"
CODE: Final = "~code"
SMALL: Final = 2**16  # symbols of a group whose numbers are sorted in one step for each of their two bytes


class Gathering:
    """Rows of some symbols by their groups; `size` are the bytes that were written.

    `groups` are of symbols, ascending all together. Each of the `pieces`, which come in the order of the table's rows,
    has the columns symbol, as text, and ts, and all have the same further columns. Raises OSError where the files
    cannot be written.

    >>> piece = pl.DataFrame({"symbol": ["B", "A", "C", None, "B"], "ts": [1, 1, 1, 2, 2], "close": [4.0, 5, 6, 7, 8]})
    >>> Gathering([["A", "B"], ["C"]], [piece]).rows(0, ["close"]).rows()
    [('A', 1, 5.0), ('B', 1, 4.0), ('B', 2, 8.0)]
    """

    def __init__(self, groups: Sequence[Sequence[str]], pieces: Iterable[pl.DataFrame]) -> None:
        self.groups = [list(group) for group in groups]
        self.size = 0
        sizes = np.array([len(group) for group in self.groups])
        self._names = pl.Enum([symbol for group in self.groups for symbol in group])
        self._group_of = np.repeat(np.arange(len(sizes)), sizes).astype(np.uint16)
        within = np.arange(len(self._group_of)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        self._code_of = within.astype(np.uint16 if sizes.max(initial=0) <= SMALL else np.uint32)
        self._files = self._written(pieces)

    def rows(self, group: int, names: Sequence[str]) -> pl.DataFrame:
        """The rows of a group, one symbol after the other, each symbol's as they are stored: symbol, ts and columns."""
        file = self._files[group]
        frame = pl.from_arrow(pa.ipc.open_stream(pa.py_buffer(file)).read_all())
        assert isinstance(frame, pl.DataFrame)
        codes = frame[CODE].to_numpy()
        ordered = frame.select("ts", *dict.fromkeys(names))[np.argsort(codes, kind="stable")]
        if hasattr(mmap, "MADV_DONTNEED"):  # else the process would seem to hold all that it has read
            file.madvise(mmap.MADV_DONTNEED)
        counts = np.bincount(codes, minlength=len(self.groups[group]))
        return ordered.insert_column(0, repeated("symbol", self.groups[group], counts))

    def _written(self, pieces: Iterable[pl.DataFrame]) -> list[mmap.mmap]:
        with ExitStack() as opened:
            folder = temporary_folder()
            files = [opened.enter_context(tempfile.TemporaryFile(prefix=PREFIX, dir=folder)) for _ in self.groups]
            writers: list[pa.RecordBatchStreamWriter] = []
            for piece in pieces:
                for group, rows in enumerate(self._by_group(piece)):
                    table = rows.to_arrow(compat_level=pl.CompatLevel.newest())
                    if len(writers) == group:
                        writers.append(opened.enter_context(pa.ipc.new_stream(files[group], table.schema)))
                    if rows.height:
                        writers[group].write_table(table)
            for writer, file in zip(writers, files, strict=True):
                writer.close()
                file.flush()
                self.size += file.tell()
            return [mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) for file in files]

    def _by_group(self, piece: pl.DataFrame) -> list[pl.DataFrame]:
        """A piece's rows of each group, with the numbers of their symbols in it; those of no group are not there."""
        names = piece["symbol"].cast(self._names, strict=False)
        known = piece if not names.null_count() else piece.filter(names.is_not_null())
        numbers = names.drop_nulls().to_physical().to_numpy()
        groups = self._group_of[numbers]
        coded = known.drop("symbol").with_columns(column_of(CODE, self._code_of[numbers]))
        ordered = coded[np.argsort(groups, kind="stable")]
        ends = np.cumsum(np.bincount(groups, minlength=len(self.groups)))
        return [ordered.slice(begin, end - begin) for begin, end in zip([0, *ends[:-1]], ends, strict=True)]


def in_few(groups: Sequence[Sequence[str]], most: int) -> list[list[str]]:
    """Groups that follow each other made one, where there are more than so many.

    >>> in_few([["A"], ["B"], ["C"]], 2)
    [['A', 'B'], ['C']]
    """
    each = -(-len(groups) // most)
    return [sum(map(list, groups[begin : begin + each]), list[str]()) for begin in range(0, len(groups), each)]
