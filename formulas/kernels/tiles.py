"""Tiles: sixteen symbols side by side, so that a recursion along time runs sixteen wide.

A tile is a row of whole numbers, which compiled code reads by the places below: the first row of the block at hand, the
longest symbol's bars, then for each lane its symbol's first row in the columns, its bars, and its number. An empty lane
has no bars and the number that comes after the last symbol's.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from .lanes import LANES

Whole = NDArray[np.int64]

ROW: Final = 8 * LANES
"""Bytes of a row of sixteen numbers."""
FIRST, LONGEST, BEGINS, LENGTHS, IDS = 0, 1, 2, 2 + LANES, 2 + 2 * LANES
TILE: Final = 2 + 3 * LANES
"""Words of a tile."""
OPERATION: Final = 4
"""Words of a step of a program: its function, operands, settings and memory."""


def tiles_of_like_length(starts: Whole) -> Whole:
    """Sixteen symbols to a tile, shortest first, so that little of a tile is padding: [tiles, TILE]."""
    lengths = np.diff(starts)
    order = np.argsort(lengths, kind="stable")
    order = order[lengths[order] > 0]
    count = -(-order.size // LANES)
    tiles = np.zeros((count, 3, LANES), np.int64)
    tiles[:, 2] = lengths.size
    flat = tiles.transpose(1, 0, 2).reshape(3, -1).copy()
    flat[:, : order.size] = starts[:-1][order], lengths[order], order
    lanes = flat.reshape(3, count, LANES).transpose(1, 0, 2).reshape(count, 3 * LANES)
    longest = flat[1].reshape(count, LANES).max(axis=1, initial=0)
    return np.ascontiguousarray(np.column_stack([np.zeros(count, np.int64), longest, lanes]))
