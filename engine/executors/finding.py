"""What kernels have found in a batch, as they leave it, and put into the order of symbols and bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...data.handing import column_of
from ...formulas.freezing import frozen
from ...formulas.kernels.compiler import machine_code
from ...formulas.kernels.lanes import LANES
from ...formulas.kernels.tiles import LONGEST, MARKS_AT_ONCE, Whole, count_of_marks
from .rolls import Roll, head_of
from .rooms import Rooms


@frozen
class Picked:
    """A column of which the values at the bars found are wanted; `texts` of all bars, where it is no number.

    Truths are 0 and 1.
    """

    name: str
    is_condition: bool = False
    texts: pl.Series | None = None


@frozen
class Listed:
    """Bars that were found: `rows` of the candles (UInt32, ascending), `counts` by symbol, and the values there."""

    rows: pl.Series
    counts: Whole
    columns: list[pl.Series]


@frozen
class Found:
    """Bars that were found, by their marks in `tiles` (formulas.kernels.finding); `counted` are by symbol.

    The values are those of the condition with this number in `roll`, which other conditions share.
    """

    condition: int
    marks: NDArray[np.uint16]
    tiles: Whole
    counted: Whole  # empty lanes count as one more symbol
    picked: Sequence[Picked]
    roll: Roll

    @classmethod
    def nothing(
        cls, tiles: Whole, symbols: int, picked: Sequence[Sequence[Picked]], roll: Roll, rooms: Rooms
    ) -> list[Found]:
        """Of each condition, before kernels write to it."""
        count = count_of_marks(tiles)
        size = -(-count // MARKS_AT_ONCE)
        marks = (row.view(np.uint16)[:count] for row in rooms.several(size, len(picked)))
        counted = np.zeros((len(picked), symbols + 1), np.int64)
        return [cls(number, next(marks), tiles, counted[number], each, roll) for number, each in enumerate(picked)]

    @property
    def counts(self) -> Whole:
        """How many bars of each symbol there are."""
        return self.counted[:-1]

    @property
    def height(self) -> int:
        """How many bars there are."""
        return int(self.counts.sum())

    @property
    def size(self) -> int:
        """Bytes of what it has for itself: marks and roll lie in memory that all conditions share."""
        return sum(int(each.texts.estimated_size()) for each in self.picked if each.texts is not None)

    def listed(self) -> Listed:
        """In the order of symbols and bars, in memory of its own."""
        height, numbers = self.height, [each for each in self.picked if each.texts is None]
        targets, undefined = [np.empty(height) for _ in numbers], np.zeros(len(numbers), np.int64)
        rows = np.empty(height, np.uint32)
        self._put_in_place(rows, targets, undefined)
        column, made = column_of("row", rows), zip(targets, undefined.tolist(), strict=True)
        columns = [
            _numbers(each, *next(made)) if each.texts is None else each.texts[column].alias(each.name)
            for each in self.picked
        ]
        return Listed(column, self.counts, columns)

    def _put_in_place(self, rows: NDArray[np.uint32], targets: Sequence[NDArray[np.float64]], undefined: Whole) -> None:
        """Write each bar's row, its values of every series, and how many of these are undefined."""
        longest = int(self.tiles[-1, LONGEST]) if len(self.tiles) else 0
        order = np.empty(min(rows.size, LANES * longest), np.uint32)
        places = np.concatenate([[0], np.cumsum(self.counts)])
        entry = int(self.roll.words[head_of(self.condition)])
        addresses = np.array([target.ctypes.data for target in targets], np.int64)
        tiles, marks, order_at, rows_at = (array.ctypes.data for array in (self.tiles, self.marks, order, rows))
        into = len(targets), addresses.ctypes.data, undefined.ctypes.data
        machine_code().list_found(tiles, len(self.tiles), marks, places.ctypes.data, entry, order_at, rows_at, *into)


def _numbers(picked: Picked, values: NDArray[np.float64], undefined: int) -> pl.Series:
    """A column of values, of which so many are undefined."""
    column = column_of(picked.name, values)
    column = column.fill_nan(None) if undefined else column
    return column.cast(pl.Boolean) if picked.is_condition else column
