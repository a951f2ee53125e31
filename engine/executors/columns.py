"""Columns as kernels read and write them: plain arrays with NaN for undefined, and Arrow's bits of validity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...data.handing import column_of, truths_of
from ...formulas.freezing import frozen, mutable
from .blocks import block_of
from .rooms import LINE

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

NOTHING: Final[Floats] = np.empty(0)


def numbers_of(series: pl.Series) -> Floats:
    """A column for reading: contiguous float64, undefined = NaN; without a copy where nothing is undefined."""
    numbers = series if series.dtype == pl.Float64 else series.cast(pl.Float64)
    numbers = numbers.fill_null(np.nan) if numbers.null_count() else numbers
    return np.ascontiguousarray(numbers.to_numpy())


@frozen
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


@mutable
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
