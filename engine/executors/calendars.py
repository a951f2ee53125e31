"""The ts at which any symbol has a bar, and the number of each."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...formulas.freezing import frozen
from ...formulas.kernels.compiler import machine_code
from .columns import Whole

Codes = NDArray[np.int32]

FEWEST_BITS: Final = 14
MOST_BITS: Final = 20
"""Of a place in a table of moments: where there are more of them, to sort takes less memory."""


@frozen(eq=False, slots=False)
class Calendar:
    """The ts that there are, numbered ascending from 0.

    A ts, as it is stored, is `origin` + slot / `inverse`; `codes` has the number of each slot's ts, `moments` the ts.
    At none there are more than `most` rows: one of each symbol, save where the policy keeps duplicates.
    """

    origin: int
    inverse: float
    codes: Codes
    moments: Whole
    most: int

    @property
    def dates(self) -> int:
        """How many there are."""
        return self.moments.size

    def ranges(self, count: int) -> list[tuple[int, int]]:
        """About so many runs of dates, for threads to share."""
        cuts = np.unique(np.linspace(0, self.dates, count + 1).astype(np.int64))
        return list(zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True))


def numbered_moments(ts: Sequence[Whole]) -> tuple[Whole, list[Codes]]:
    """The moments, or other whole numbers, that there are, in any order, and for each row the place of its own."""
    for bits in range(FEWEST_BITS, MOST_BITS + 1, 2):
        table = np.zeros((2**bits, 2), np.int64)
        numbers = _listed_in(table, ts)
        if numbers is not None:
            taken = table[table[:, 1] > 0]
            return taken[np.argsort(taken[:, 1]), 0], numbers
    moments = np.unique(np.concatenate(ts))
    return moments, [np.searchsorted(moments, each).astype(np.int32) for each in ts]


def _listed_in(table: Whole, ts: Sequence[Whole]) -> list[Codes] | None:
    """The rows' numbers with a table of moments, which is filled; None if that would be more than half full."""
    address = machine_code().address("list_moments")
    list_moments = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 7)(address)
    size, found, numbers = len(table), 0, []
    for each in ts:
        numbers.append(np.empty(each.size, np.int32))
        rest = table.ctypes.data, 65 - size.bit_length(), found, size // 2, numbers[-1].ctypes.data
        found = list_moments(each.ctypes.data, each.size, *rest)
        if found < 0:
            return None
    return numbers
