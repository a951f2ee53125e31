"""Columns as kernels read and write them: plain arrays with NaN for undefined, and Arrow's bits of validity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from ...formulas.kernels.compiler import machine_code

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

LINE: Final = 8  # numbers in a line of the cache
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
    def several(cls, rows: int, conditions: Sequence[bool]) -> list[Column]:
        """Room for columns of so many rows, each of numbers or of conditions.

        The numbers stand in one piece of memory, which the system hands out several times as fast as many small ones.
        Bits are written two bytes at a time, which may reach beyond the last.
        """
        size, width = rows // 8 + 3, -(-rows // LINE) * LINE
        numbers = iter(np.empty(width * (len(conditions) - sum(conditions))).reshape(-1, width) if width else ())
        return [
            cls(
                np.zeros(size, np.uint8) if is_condition else next(numbers, NOTHING)[:rows],
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
        kind = pa.bool_() if self.is_condition else pa.float64()
        buffers = [pa.py_buffer(self.valid), pa.py_buffer(self.values)]
        return pl.Series(name, pa.Array.from_buffers(kind, self.rows, buffers))


@dataclass(slots=True)
class Found:
    """Bars that were found: `rows` of the candles (UInt32, ascending), `counts` by symbol, and the values there."""

    rows: pl.Series
    counts: Whole
    columns: list[pl.Series]


@dataclass(slots=True)
class Room:
    """Where kernels write what they find: rows and values symbol by symbol, tile by tile (formulas.kernels.finding).

    There is room for every bar, of which only what is found takes memory. It is kept from run to run: fresh memory
    would cost more than what is written to it.
    """

    rows: Whole
    values: list[Floats]
    counts: Whole
    places: Whole
    most: int = 0

    @classmethod
    def of(cls, rows: int, values: int) -> Room:
        """Room for every bar of so many rows."""
        nothing = np.zeros(0, np.int64)
        return cls(np.empty(rows, np.int64), [np.empty(rows) for _ in range(values)], nothing, nothing)

    def arrays(self, symbols: int) -> list[NDArray[np.generic]]:
        """What kernels write to; empty lanes count as one more symbol."""
        self.most = max(self.most, int(self.counts.sum()))
        self.counts, self.places = np.zeros(symbols + 1, np.int64), np.zeros(symbols + 1, np.int64)
        return [self.rows, self.counts, self.places, np.zeros(1, np.int64), *self.values]

    @property
    def size(self) -> int:
        """Bytes that it takes: what was ever found in it."""
        return CELL * max(self.most, int(self.counts.sum())) * (1 + len(self.values))

    def found(self) -> Found:
        """What was found in the order of the symbols, in memory of its own."""
        code, counts = machine_code(), self.counts[:-1]
        rows = np.empty(int(counts.sum()), np.uint32)
        where = self.places.ctypes.data, counts.ctypes.data, counts.size
        code.join_rows(self.rows.ctypes.data, *where, rows.ctypes.data)
        joined = [np.empty(rows.size) for _ in self.values]
        missing = [
            code.join_numbers(values.ctypes.data, *where, target.ctypes.data)
            for values, target in zip(self.values, joined, strict=True)
        ]
        series = [_numbers(values, undefined) for values, undefined in zip(joined, missing, strict=True)]
        return Found(pl.Series("row", rows), counts, series)


def _numbers(values: Floats, undefined: int) -> pl.Series:
    """An array as a series without a copy; NaN is null."""
    series = pl.Series("", pa.Array.from_buffers(pa.float64(), values.size, [None, pa.py_buffer(values)]))
    return series.fill_nan(None) if undefined else series
