"""Where kernels write the values at the bars that they find: rolls (formulas.kernels.finding), and their sheets."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...formulas.freezing import frozen, mutable
from ...formulas.kernels.lanes import LANES
from ...formulas.kernels.tiles import (
    ENTRY,
    LONGEST,
    ROLL_HEADS,
    ROLL_NEXT,
    ROLL_PLACE,
    ROLL_SIZE,
    WORD,
    Whole,
)
from .blocks import block_of
from .rooms import Rooms

Floats = NDArray[np.float64]

SHEET: Final = 2**19
"""Numbers of a sheet, unless fewer suffice for all, or entries may be so large that much of it would stay empty."""
ENTRIES: Final = 8  # of the largest kind, for which a sheet has room


@mutable
class Roll:
    """What kernels write: `words`, and entries on `sheets`, of which the first `touched` were written to before."""

    words: Whole
    sheets: list[Floats]
    addresses: Whole
    touched: int

    @property
    def written(self) -> int:
        """How many sheets have entries."""
        return (int(self.words[ROLL_NEXT]) - self.addresses.ctypes.data) // WORD

    @property
    def size(self) -> int:
        """Bytes that the entries take; sheets have whole pages, and may have been written to further before."""
        last = self.written - 1
        if last < 0:
            return 0
        return last * int(self.words[ROLL_SIZE]) + int(self.words[ROLL_PLACE]) - int(self.addresses[last])


@frozen
class Rolls:
    """Sheets for the rolls of one program: those that were written to go to `rooms` when nobody reads them any more.

    A roll is given room for values at every bar, of which only what is written to takes memory: sheets of which no page
    was ever touched are kept apart, and of the others no more are taken than are likely to be needed, so that batches
    at work at the same time share what there is.
    """

    rooms: Rooms
    _untouched: list[Floats] = field(default_factory=list)
    _usual: dict[int, int] = field(default_factory=dict)  # how many sheets of a size the last roll wrote to

    @contextmanager
    def roll(self, tiles: Whole, block: int, rows: int, widths: Sequence[int]) -> Iterator[Roll]:
        """For as many conditions as there are widths, each with so many values at each of these rows that are found.

        Tiles are run over in blocks of so many rows.

        Afterwards it has the sheets alone that were written to, for as long as anybody has it.
        """
        blocks = int((-(-tiles[:, LONGEST] // block)).sum())
        largest = ENTRY + LANES * block * max(widths, default=0)
        size, count = _sheets_for(len(widths) * blocks * ENTRY + rows * sum(widths), largest)
        touched = list(self._idle(size, min(count, self._usual.get(size, count))))
        sheets = touched + [self._fresh(size) for _ in range(count - len(touched))]
        addresses = np.array([sheet.ctypes.data for sheet in sheets], np.int64)
        roll = Roll(_blank(addresses, size, len(widths)), sheets, addresses, len(touched))
        try:
            yield roll
        finally:
            self._settle(roll)

    def let_go(self) -> None:
        """Keep nothing of what nobody uses; what was written to is not kept here."""
        self._untouched.clear()

    def _settle(self, roll: Roll) -> None:
        written = roll.written
        for place, sheet in enumerate(roll.sheets[written:], written):
            if place < roll.touched:
                self.rooms.give(sheet)
            else:
                self._untouched.append(sheet)
        self._usual[roll.words[ROLL_SIZE] // WORD] = written
        roll.sheets = [self.rooms.lent(sheet) for sheet in roll.sheets[:written]]

    def _idle(self, size: int, most: int) -> Iterator[Floats]:
        for _ in range(most):
            sheet = self.rooms.idle(size)
            if sheet is None:
                return
            yield sheet

    def _fresh(self, size: int) -> Floats:
        with suppress(IndexError):  # there is none
            sheet = self._untouched.pop()
            if sheet.size == size:
                return sheet
        return block_of(size)


def head_of(condition: int) -> int:
    """The word with the address of a condition's first entry."""
    return ROLL_HEADS + 2 * condition


def _sheets_for(numbers: int, largest: int) -> tuple[int, int]:
    """The size and the count of sheets with room for entries of so many numbers, the largest of which has so many.

    >>> _sheets_for(1000, 100), _sheets_for(2**21, 100)
    ((1024, 1), (524288, 5))
    """
    size = _power(min(numbers, max(SHEET, ENTRIES * largest)))
    if size >= numbers:
        return size, 1
    return size, math.ceil(numbers / (size - largest))  # where an entry does not fit, the rest of a sheet stays empty


def _power(number: int) -> int:
    """The least power of two that is not smaller."""
    return 1 << max(0, number - 1).bit_length()


def _blank(addresses: Whole, size: int, conditions: int) -> Whole:
    """The words of a roll without an entry."""
    words = np.zeros(head_of(conditions), np.int64)
    words[ROLL_NEXT], words[ROLL_SIZE] = addresses.ctypes.data, WORD * size
    words[ROLL_HEADS + 1 :: 2] = words.ctypes.data + WORD * np.arange(ROLL_HEADS, words.size, 2)
    return words
