"""Tiles: sixteen symbols side by side, so that a recursion along time runs sixteen wide.

A tile is a row of whole numbers, which compiled code reads by the places below: the first row of the block at hand, the
longest symbol's bars, then for each lane its symbol's first row in the columns, its bars, its number, and the bars of
the lanes before it. An empty lane has no bars and the number that comes after the last symbol's.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .lanes import LANES

Whole = NDArray[np.int64]

ROW: Final = 8 * LANES
"""Bytes of a row of sixteen numbers."""
FIRST, LONGEST, BEGINS, LENGTHS, IDS, OFFSETS = 0, 1, *range(2, 2 + 4 * LANES, LANES)
TILE: Final = 2 + 4 * LANES
"""Words of a tile."""
BLOCK_ROWS: Final = 64
"""Rows of a block: few enough for the registers of a dozen values to stay in the cache, enough for calls to be few."""
SORT_BITS: Final = 11
"""Bits of a pass of sorting, at the most; what is counted of two passes then fits in half of the first cache."""
SORT_TABLES: Final = 2 * 4 * 2**SORT_BITS
"""Bytes of these counts."""
SORT_ROW: Final = 24
"""Bytes that sorting takes for each number: its key, and its word twice."""
OPERATION: Final = 4
"""Words of a step of a program: its function, operands, settings and memory."""


def tiles_of_like_length(starts: Whole) -> Whole:
    """Sixteen symbols to a tile, shortest first, so that little of a tile is padding: [tiles, TILE]."""
    lengths = np.diff(starts)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    count = -(-order.size // LANES)
    flat = np.zeros((4, count * LANES), np.int64)
    flat[2] = lengths.size
    flat[:3, : order.size] = starts[:-1][order], lengths[order], order
    lanes = flat.reshape(4, count, LANES)
    lanes[3] = np.cumsum(lanes[1], axis=1) - lanes[1]
    tiles = np.zeros((count, TILE), np.int64)
    tiles[:, LONGEST] = lanes[1].max(axis=1, initial=0)
    tiles[:, BEGINS:] = lanes.transpose(1, 0, 2).reshape(count, 4 * LANES)
    return tiles
