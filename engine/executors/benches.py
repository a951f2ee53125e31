"""Where threads work on sections: room for a block, and for what kernels need (formulas/kernels/sections.py)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from ...formulas.freezing import frozen
from ...formulas.kernels.tiles import SORT_ROW, SORT_TABLES
from .calendars import Codes
from .columns import Floats, Whole

BLOCK_CELLS: Final = 32_000
"""Numbers of a block: what is gathered of them, 20 bytes each, fits in the second cache."""
LEAST_DATES: Final = 8  # of a block: a line of the cache holds so many numbers of a symbol
MOST_DATES: Final = 4096  # of a block, before each of which all symbols are looked at
LINE: Final = 64  # bytes
LARGE_PAGE: Final = 2**21
ADVISED: Final = 2**22  # bytes of an array for which NumPy asks for large pages


@frozen(eq=False)
class Bench:
    """Room for a block of sections, and for what kernels need; kept, for fresh memory costs more than what it is for.

    `apart` is for groups: which there are, and series, values and indices of one after the other.
    """

    block: int
    fills: Whole
    numbers: tuple[Floats, Floats]
    values: Floats
    cells: Codes
    groups: Codes
    scratch: NDArray[np.uint8]
    apart: tuple[NDArray[Any], ...]

    @classmethod
    def of(cls, dates: int, most: int) -> Self:
        """For any kernel over so many dates, at each of which there are so many numbers at the most."""
        block = min(max(BLOCK_CELLS // most, LEAST_DATES), MOST_DATES, dates)
        size, whole, number = (block + 1) * (most + 1), np.int64, np.float64
        room = _rooms(
            (block + 1, whole),
            *[(size, number)] * 3,
            (block * most + 1, np.int32),
            (size, np.int32),
            (SORT_TABLES + SORT_ROW * most, np.uint8),
            *[(most, kind) for kind in (whole, number, number, number, whole)],
        )
        fills, x, y, values, cells, groups, scratch, *apart = room
        values[block * (most + 1)] = np.nan  # of rows that are in no section
        return cls(block, fills, (x, y), values, cells, groups, scratch, tuple(apart))


def _rooms(*wanted: tuple[int, Any]) -> Iterator[NDArray[Any]]:
    """Arrays of these sizes and kinds side by side, in large pages where the system has them.

    Rows are put into a dozen sections at a time: in small pages, each of these would be in another one.
    """
    bytes_of = [-(-size * np.dtype(kind).itemsize // LINE) * LINE for size, kind in wanted]
    page = LARGE_PAGE if sum(bytes_of) > LARGE_PAGE // 2 else LINE  # else most of one would be cleared for nothing
    memory = np.empty(max(sum(bytes_of) + page, ADVISED if page == LARGE_PAGE else 0), np.uint8)
    begin = -memory.ctypes.data % page
    for (size, kind), width in zip(wanted, bytes_of, strict=True):
        yield memory[begin : begin + width].view(kind)[:size]
        begin += width
