"""Rows of some symbols of a sorted table: found by symbol and time, then taken out with little copying."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .handing import column_of
from .instants import Bounds, Instant
from .numbers_of_rows import Numbers, Rows, are_among

LONG: Final = 256  # rows from which on a run is copied faster as a piece than row by row


@dataclass(frozen=True, eq=False)
class Spans:
    """Of the symbol with number `numbers[i]` the rows from `begins[i]` up to, not including, `ends[i]`; ascending.

    >>> spans = Spans.of(np.array([0, 2, 5, 9]), np.array([0, 2]))
    >>> spans.lengths.tolist(), spans.take([pl.Series("close", range(9))])[0].to_list()
    ([2, 4], [0, 1, 5, 6, 7, 8])
    """

    numbers: Numbers
    begins: Numbers
    ends: Numbers

    @classmethod
    def of(cls, starts: Numbers, numbers: Numbers | None = None) -> Spans:
        """All rows of the symbols with these numbers, or of all; `starts` as in `Candles`."""
        chosen = np.arange(len(starts) - 1) if numbers is None else numbers
        return cls(chosen, starts[chosen], starts[chosen + 1])

    @property
    def lengths(self) -> Numbers:
        """How many rows each symbol has."""
        return self.ends - self.begins

    def within(self, ts: pl.Series, bounds: Bounds, before: int | None) -> Spans:
        """The rows inside the bounds, and `before` rows more of each symbol ahead of them (None: all)."""
        begins, ends = self.begins, self.ends
        if bounds.last is None and (bounds.first is None or before is None):
            return self  # nothing is cut: no need to look at any time
        moments = ts.to_physical().to_numpy()
        if bounds.last is not None:
            ends = rows_below(moments, begins, ends, physical(bounds.last, ts.dtype) + 1)
        if bounds.first is not None and before is not None:
            begins = rows_below(moments, begins, np.maximum(begins, ends), physical(bounds.first, ts.dtype))
            begins = np.maximum(self.begins, begins - before)
        return Spans(self.numbers, begins, np.maximum(ends, begins))

    def only(self, kept: NDArray[np.bool_]) -> Spans:
        """Those that are kept."""
        return self if kept.all() else Spans(self.numbers[kept], self.begins[kept], self.ends[kept])

    def counts(self, rows: Rows) -> Numbers:
        """How many of these rows, which ascend, each symbol has."""
        if not len(rows):
            return np.zeros(len(self.begins), np.int64)
        return np.searchsorted(rows, self.ends) - np.searchsorted(rows, self.begins)

    def pieces(self) -> list[tuple[int, int]]:
        """Begin and end of the rows, where symbols that stand side by side are one piece."""
        if not len(self.begins):
            return []
        breaks = np.flatnonzero(self.begins[1:] != self.ends[:-1])
        begins = self.begins[np.concatenate([[0], breaks + 1])]
        return list(zip(begins.tolist(), self.ends[np.append(breaks, len(self.ends) - 1)].tolist(), strict=True))

    def rows(self) -> Numbers:
        """The numbers of all rows."""
        lengths = self.lengths
        shift = self.begins - (np.cumsum(lengths) - lengths)
        rows: Numbers = np.arange(int(lengths.sum())) + np.repeat(shift, lengths)
        return rows

    def take(self, columns: Iterable[pl.Series], without: Rows | None = None) -> list[pl.Series]:
        """The rows of each column, save those `without`. One piece is a slice, nothing is copied."""
        if without is not None and len(without):
            rows = self.rows()
            rows = rows[~are_among(rows, without)]
            return gathered(columns, rows)
        pieces = self.pieces()
        if len(pieces) == 1:
            begin, end = pieces[0]
            return [column.slice(begin, end - begin) for column in columns]
        if len(pieces) * LONG > self.lengths.sum():
            rows = self.rows()
            return gathered(columns, rows)
        return [joined(column, pieces) for column in columns]


def gathered(columns: Iterable[pl.Series], rows: Numbers) -> list[pl.Series]:
    """These rows of each column."""
    places = column_of("row", rows)
    return [column.gather(places) for column in columns]


def joined(column: pl.Series, pieces: Sequence[tuple[int, int]]) -> pl.Series:
    """The pieces of a column in one."""
    return pl.concat([column.slice(begin, end - begin) for begin, end in pieces] or [column.clear()], rechunk=True)


def physical(moment: Instant, dtype: pl.DataType) -> int:
    """A moment as the whole number by which a column of that kind stores it."""
    return int(pl.Series([moment], dtype=dtype).to_physical()[0])


def rows_below(moments: Numbers, begins: Numbers, ends: Numbers, limit: int) -> Numbers:
    """In each span, whose moments ascend, the first row that is not below the limit; searched in all spans at once."""
    low, high = begins.copy(), ends.copy()
    for _ in range(int((high - low).max(initial=0)).bit_length()):
        middle = (low + high) // 2
        open_spans = low < high
        below = open_spans & (moments[np.minimum(middle, len(moments) - 1)] < limit)
        low = np.where(below, middle + 1, low)
        high = np.where(open_spans & ~below, middle, high)
    return low
