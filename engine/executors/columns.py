"""Columns as kernels read and write them: plain arrays with NaN for undefined, and Arrow's bits of validity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...data.handing import column_of, truths_of
from ...formulas.kernels.compiler import machine_code
from .blocks import block_of
from .rooms import LINE

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

CELL: Final = 8  # bytes of a number
NOTHING: Final[Floats] = np.empty(0)


def numbers_of(series: pl.Series) -> Floats:
    """A column for reading: contiguous float64, undefined = NaN; without a copy where nothing is undefined."""
    numbers = series if series.dtype == pl.Float64 else series.cast(pl.Float64)
    numbers = numbers.fill_null(np.nan) if numbers.null_count() else numbers
    return np.ascontiguousarray(numbers.to_numpy())


@dataclass(frozen=True, slots=True)
class Column:
    """A column to be written: numbers, or bits of truth, and bits of validity, which are set beforehand."""

    values: NDArray[np.generic]
    valid: NDArray[np.uint8]
    rows: int
    is_condition: bool

    @classmethod
    def several(cls, rows: int, conditions: Sequence[bool], numbers: Iterator[Floats] | None = None) -> list[Column]:
        """Room for columns of so many rows, each of numbers or of conditions; for the former `numbers`, if given.

        Else they stand in one piece of memory, which the system hands out several times as fast as many small ones.
        Bits are written two bytes at a time, which may reach beyond the last.
        """
        size, width, count = rows // 8 + 3, -(-rows // LINE) * LINE, len(conditions) - sum(conditions)
        if numbers is None:
            numbers = iter(block_of(width * count).reshape(-1, width)[:, :rows] if width else ())
        return [
            cls(
                np.zeros(size, np.uint8) if is_condition else next(numbers, NOTHING),
                np.full(size, 0xFF, np.uint8),
                rows,
                is_condition,
            )
            for is_condition in conditions
        ]

    @property
    def arrays(self) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        """What kernels write to."""
        return self.values, self.valid

    @property
    def numbers(self) -> Floats:
        """The values of a column of numbers; NaN is undefined."""
        return self.values.view(np.float64)

    def series(self, name: str) -> pl.Series:
        """The column as Polars has it, without a copy; undefined is null."""
        if self.is_condition:
            return truths_of(name, self.values.view(np.uint8), self.rows, self.valid)
        return column_of(name, self.values, self.valid)


@dataclass(slots=True)
class Together:
    """Numbers of several columns as long as each other, [columns, rows], NaN where undefined.

    They become columns together when one is asked for: with few rows that takes less than one alone would.
    """

    values: Floats
    _column: pl.Series | None = None

    def column(self, name: str, number: int) -> pl.Series:
        """One of them as Polars has it; undefined is null."""
        rows = self.values.shape[1]
        if self._column is None:
            self._column = pl.Series(name, self.values.reshape(-1), nan_to_null=True)
        return self._column.slice(number * rows, rows).alias(name)


@dataclass(frozen=True, slots=True)
class Picked:
    """A column's values at the bars found: in the order of finding; `texts` of all bars instead, where it is no number.

    Truths are 0 and 1.
    """

    name: str
    numbers: Floats = field(default_factory=lambda: NOTHING)
    is_condition: bool = False
    texts: pl.Series | None = None

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return self.numbers.nbytes if self.texts is None else int(self.texts.estimated_size())

    def listed(self, order: NDArray[np.uint32], rows: pl.Series) -> pl.Series:
        """The column at these rows; `order` has the place of each number."""
        if self.texts is not None:
            return self.texts[rows].alias(self.name)
        target = np.empty(self.numbers.size)
        addresses = order.ctypes.data, order.size, self.numbers.ctypes.data, target.ctypes.data
        column = column_of(self.name, target)
        if machine_code().list_numbers(*addresses):
            column = column.fill_nan(None)
        return column.cast(pl.Boolean) if self.is_condition else column


@dataclass(frozen=True, slots=True)
class Listed:
    """Bars that were found: `rows` of the candles (UInt32, ascending), `counts` by symbol, and the values there."""

    rows: pl.Series
    counts: Whole
    columns: list[pl.Series]


@dataclass(frozen=True, slots=True)
class Found:
    """Bars that were found, by their marks in `tiles` (formulas.kernels.finding); `counts` are by symbol."""

    marks: NDArray[np.uint16]
    tiles: Whole
    counts: Whole
    picked: Sequence[Picked] = ()

    @property
    def height(self) -> int:
        """How many bars there are."""
        return int(self.counts.sum())

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return self.marks.nbytes + sum(each.size for each in self.picked)

    def kept(self) -> Found:
        """With the numbers in memory of their own: those that kernels wrote are overwritten in their next run."""
        return replace(self, picked=[replace(each, numbers=each.numbers.copy()) for each in self.picked])

    def listed(self) -> Listed:
        """In the order of symbols and bars, in memory of its own."""
        order, rows = np.empty(self.height, np.uint32), np.empty(self.height, np.uint32)
        places = np.concatenate([[0], np.cumsum(self.counts)])
        arrays = self.tiles, self.marks, places, order, rows
        tiles, *others = (array.ctypes.data for array in arrays)
        machine_code().list_rows(tiles, len(self.tiles), *others)
        column = column_of("row", rows)
        return Listed(column, self.counts, [each.listed(order, column) for each in self.picked])


@dataclass(slots=True)
class Room:
    """Where kernels keep the values that they pick, and count them (formulas.kernels.finding).

    There is room for every bar, of which only what is found takes memory. It is kept from run to run: fresh memory
    would cost more than what is written to it.
    """

    values: list[Floats]
    kept: list[Whole]
    marks: NDArray[np.uint16]
    counts: Whole
    most: int = 0

    @classmethod
    def of(cls, rows: int, values: int) -> Room:
        """Room for so many values at every bar of so many rows."""
        kept = [np.zeros(1, np.int64) for _ in range(values)]
        return cls([np.empty(rows) for _ in range(values)], kept, np.zeros(0, np.uint16), np.zeros(0, np.int64))

    def arrays(self, marks: int, symbols: int) -> list[NDArray[np.generic]]:
        """What kernels write to; empty lanes count as one more symbol."""
        self.most = max(self.most, int(self.counts.sum()))
        self.marks, self.counts = np.zeros(marks, np.uint16), np.zeros(symbols + 1, np.int64)
        for count in self.kept:
            count[0] = 0
        values = (array for pair in zip(self.kept, self.values, strict=True) for array in pair)
        return [self.marks, self.counts, *values]

    @property
    def size(self) -> int:
        """Bytes that it takes: what was ever found in it, and the marks."""
        return CELL * max(self.most, int(self.counts.sum())) * len(self.values) + self.marks.nbytes

    def found(self, tiles: Whole, picked: Sequence[Picked]) -> Found:
        """What was found, in this room's memory; numbers are those of `picked` that are no texts, in their order."""
        counts, own = self.counts[:-1], iter(self.values)
        height = int(counts.sum())
        filled = [each if each.texts is not None else replace(each, numbers=next(own)[:height]) for each in picked]
        return Found(self.marks, tiles, counts, filled)
