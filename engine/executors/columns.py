"""Columns as kernels read and write them: plain arrays with NaN for undefined, and Arrow's bits of validity."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


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
    def empty(cls, rows: int, is_condition: bool) -> Column:
        """Room for so many rows; bits are written two bytes at a time, which may reach beyond the last."""
        size = rows // 8 + 3
        values = np.zeros(size, np.uint8) if is_condition else np.empty(rows, np.float64)
        return cls(values, np.full(size, 0xFF, np.uint8), rows, is_condition)

    @property
    def arrays(self) -> tuple[NDArray[np.generic], NDArray[np.generic]]:
        """What kernels write to."""
        return self.values, self.valid

    def series(self, name: str) -> pl.Series:
        """The column as Polars has it, without a copy; undefined is null."""
        kind = pa.bool_() if self.is_condition else pa.float64()
        buffers = [pa.py_buffer(self.valid), pa.py_buffer(self.values)]
        return pl.Series(name, pa.Array.from_buffers(kind, self.rows, buffers))


@dataclass(slots=True)
class Found:
    """Bars that were found: `rows` of the candles, ascending, `counts` by symbol, and the values there.

    Kernels write each symbol's from the symbol's first row on, into room for all rows, of which only what is written
    takes memory; `gather` puts them together.
    """

    rows: Whole
    counts: Whole
    values: list[Floats]
    columns: list[pl.Series] = field(default_factory=list)

    @classmethod
    def empty(cls, rows: int, symbols: int, values: int) -> Found:
        """Room for every bar; empty lanes count as one more symbol."""
        return cls(
            np.empty(rows, np.int64), np.zeros(symbols + 1, np.int64), [np.empty(rows) for _ in range(values)]
        )

    @property
    def arrays(self) -> list[NDArray[np.generic]]:
        """What kernels write to."""
        return [self.rows, self.counts, *self.values]

    def gather(self, starts: Whole) -> None:
        """Put the symbols' bars together."""
        self.counts = self.counts[:-1]
        ends = np.cumsum(self.counts)
        place = np.arange(ends[-1] if ends.size else 0) + np.repeat(starts[:-1] - ends + self.counts, self.counts)
        self.rows = self.rows[place]
        self.values = [values[place] for values in self.values]
