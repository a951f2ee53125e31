"""A column of names in Parquet files, read as the numbers that stand for them: no text is made for any row.

Writers of Parquet keep few different texts as a list of them and a number for each row. To read and compare these
numbers takes a third of what texts take. It goes stretch by stretch, several at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import polars as pl
import pyarrow as pa

from .counting import PART
from .handing import handed
from .numbers_of_rows import Numbers
from .side_by_side import side_by_side

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

Coded: TypeAlias = tuple[pa.Array, Numbers, Numbers]

READERS: Final = 4
"""Threads, at the most."""
CODES: Final = 2**20
"""Numbers that a thread has in memory, and rows of a stretch, unless a single group of a file has more."""
MANY: Final = 2**12
"""Runs of so many numbers beyond which a thread looks by itself whether names ascend."""


class CodedNames:
    """The names in some files, whose groups of rows end at `ends` of all rows, as far as they have been read."""

    def __init__(self, files: Iterable[Path], column: str) -> None:
        self.files, self.column = tuple(files), column
        self.ends: list[int] = []

    def runs(self) -> Iterator[pl.DataFrame]:
        """The runs of names, as `counted_names` takes them. Raises what Arrow does where it cannot read a file so."""
        readers = min(READERS, pl.thread_pool_size())
        for part in self._parts():
            yield decoded(list(chain(*side_by_side([partial(each.runs, self.column) for each in part], readers))))

    def _parts(self) -> Iterator[list[Stretch]]:
        part, rows, enough = list[Stretch](), 0, 1  # the first alone: where symbols take turns it is the last
        for stretch in self._stretches():
            part.append(stretch)
            rows += stretch.rows
            if rows >= enough:
                yield part
                part, rows, enough = [], 0, PART
        yield part

    def _stretches(self) -> Iterator[Stretch]:
        from pyarrow.parquet import read_metadata  # noqa: PLC0415 - costs a start that other tables need not pay

        for file in self.files:
            metadata, groups, rows = read_metadata(file), list[int](), 0
            for number in range(metadata.num_row_groups):
                of_group = int(metadata.row_group(number).num_rows)
                self.ends.append(of_group + (self.ends[-1] if self.ends else 0))
                groups.append(number)
                rows += of_group
                if rows >= CODES or number + 1 == metadata.num_row_groups:
                    yield Stretch(file, metadata, groups, rows)
                    groups, rows = [], 0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some groups of rows of one file that follow each other; `metadata` are the file's, read once for all of them."""

    file: Path
    metadata: FileMetaData
    groups: Sequence[int]
    rows: int

    def runs(self, column: str) -> list[Coded]:
        """The runs of a column; not all of them where names do not ascend, which the first ones show."""
        from pyarrow.parquet import ParquetFile  # noqa: PLC0415 - as above

        found: list[Coded] = []
        with ParquetFile(self.file, metadata=self.metadata, read_dictionary=[column]) as opened:
            for batch in opened.iter_batches(CODES, row_groups=self.groups, columns=[column], use_threads=False):
                found.append(runs_of_codes(batch.column(column)))
                if len(found[-1][1]) > MANY and not decoded(found[-1:])["value"].is_sorted():
                    break
        return found


def runs_of_codes(names: pa.Array) -> Coded:
    """The names' list, the number of each run's name in it, and how many rows each run has."""
    if not isinstance(names, pa.DictionaryArray):
        raise pa.ArrowTypeError(f"{names.type} is not read as numbers that stand for texts")
    if names.null_count:
        return pa.nulls(1, pa.string()), np.array([0]), np.array([len(names)])
    codes = handed("code", names.indices).to_numpy()  # pyarrow's own to_numpy imports pandas
    heads = np.append(0, np.flatnonzero(codes[1:] != codes[:-1]) + 1)
    return names.dictionary, codes[heads], np.diff(heads, append=len(codes))


def decoded(runs: Sequence[Coded]) -> pl.DataFrame:
    """The runs with their names; those that follow each other with the same list are looked up together."""
    names, lengths = [pl.Series(dtype=pl.String)], [np.zeros(0, np.int64)]
    begin = 0
    for end in range(1, len(runs) + 1):
        texts = runs[begin][0]
        if end == len(runs) or not texts.equals(runs[end][0]):
            codes = np.concatenate([each[1] for each in runs[begin:end]])
            names.append(handed("value", texts).cast(pl.String)[codes])
            lengths += [each[2] for each in runs[begin:end]]
            begin = end
    return pl.DataFrame({"value": pl.concat(names), "len": np.concatenate(lengths)})
