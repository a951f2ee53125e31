"""Tiles: sixteen symbols side by side, so that a recursion along time runs sixteen wide.

A tile is a row of whole numbers, which compiled code reads by the places below: the first row of the block at hand, the
longest symbol's bars, how many marks (finding.py) the tiles before it have, then for each lane its symbol's first row
in the columns, its bars, and its number. An empty lane has no bars and the number that comes after the last symbol's.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .lanes import LANES

Whole = NDArray[np.int64]

ROW: Final = 8 * LANES
"""Bytes of a row of sixteen numbers."""
FIRST, LONGEST, BEFORE, BEGINS, LENGTHS, IDS = 0, 1, 2, *range(3, 3 + 3 * LANES, LANES)
TILE: Final = 3 + 3 * LANES
"""Words of a tile."""
MARK: Final = 2
"""Bytes of the mark of a row."""
MARKS_AT_ONCE: Final = 4
"""Marks that are looked through at once: so many fill a whole number. Tiles keep so many apart."""
BLOCK_ROWS: Final = 64
"""Rows of a block: few enough for the registers of a dozen values to stay in the cache, enough for calls to be few."""
LINE_NUMBERS: Final = 8
"""Numbers of a line of the cache."""
PAST_CACHE: Final = 2**22
"""Bytes of a column from which on it is written past the caches (unpacking.py)."""
NEVER: Final = 2**62
"""As many bytes as no column has."""
WAITING_ROWS: Final = LINE_NUMBERS
"""Rows of the arena in which the last eight numbers of every lane wait to be written with those of the next block."""
STAGED: Final = LINE_NUMBERS + BLOCK_ROWS
"""Numbers of a lane that are laid out at once: those that wait, and a block's."""
STAGED_ROWS: Final = STAGED // 2
"""Rows of the arena that half of the lanes take for that."""
SORT_BITS: Final = 11
"""Bits of a pass of sorting, at the most; what is counted of two passes then fits in half of the first cache."""
SORT_TABLES: Final = 2 * 4 * 2**SORT_BITS
"""Bytes of these counts."""
SORT_ROW: Final = 16
"""Bytes that sorting takes for each number: its word twice."""
LISTED_AT_ONCE: Final = 8
"""Cells of a register that are listed at once."""
WORD: Final = 8
"""Bytes of a word."""
ROLL_PLACE, ROLL_LIMIT, ROLL_NEXT, ROLL_SIZE, ROLL_HEADS = range(5)
"""Words of a roll (finding.py)."""
ENTRY: Final = 2
"""Words of an entry ahead of its values."""
OPERATION: Final = 4
"""Words of a step of a program: its function, operands, settings and memory."""
PLACED: Final = 4
"""Words of an operand of standing tiles: see sweeping.py."""


def tiles_of_like_length(starts: Whole) -> Whole:
    """Sixteen symbols to a tile, shortest first, so that little of a tile is padding: [tiles, TILE]."""
    lengths = np.diff(starts)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    count = -(-order.size // LANES)
    flat = np.zeros((3, count * LANES), np.int64)
    flat[2] = lengths.size
    flat[:, : order.size] = starts[:-1][order], lengths[order], order
    lanes = flat.reshape(3, count, LANES)
    tiles = np.zeros((count, TILE), np.int64)
    tiles[:, LONGEST] = lanes[1].max(axis=1, initial=0)
    marks = -(-tiles[:, LONGEST] // MARKS_AT_ONCE) * MARKS_AT_ONCE
    tiles[:, BEFORE] = np.cumsum(marks) - marks
    tiles[:, BEGINS:] = lanes.transpose(1, 0, 2).reshape(count, 3 * LANES)
    return tiles


def least_size(block: int) -> float:
    """The bytes of a column from which on it is written past the caches, in blocks of so many rows.

    >>> least_size(64) == PAST_CACHE, least_size(10) == NEVER
    (True, True)
    """
    return float(PAST_CACHE if block % LINE_NUMBERS == 0 and block <= BLOCK_ROWS else NEVER)


def count_of_marks(tiles: Whole) -> int:
    """How many marks the tiles take, with those that are read ahead."""
    return int((tiles[-1, BEFORE] + tiles[-1, LONGEST] if len(tiles) else 0) + 2 * MARKS_AT_ONCE)


def size_of_list(rows: int) -> int:
    """Bytes of a list of cells, two for each, of so many rows: how many there are, and what is written beyond them."""
    return 8 + 2 * (LANES * rows + LISTED_AT_ONCE)
