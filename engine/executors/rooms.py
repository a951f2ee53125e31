"""Memory for columns between layers and for what is found, used again by the next layer, the next run, the next plan.

The system clears every page that it hands out, which costs a plan of many rankings a quarter of its time.
"""

from __future__ import annotations

import weakref
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...formulas.freezing import frozen
from .blocks import block_of

Floats = NDArray[np.float64]

PIECE: Final = 2**21
"""Numbers of a piece of memory that columns share: the system hands out a large one many times as fast as small ones.

All that stands in one piece is given back together. For fewer numbers pieces are smaller, by powers of two: so layers
that are not of one size use each other's.
"""
MOST_IDLE: Final = 2**30 // 8
"""Numbers that are kept at the most while nobody reads them."""
LINE: Final = 8  # numbers in a line of the cache


class _Lent:
    """A piece of memory; arrays that lie in it hold this, so that it is gone as soon as they all are."""

    def __init__(self, piece: Floats) -> None:
        self.__array_interface__: dict[str, Any] = piece.__array_interface__


@frozen
class Rooms:
    """Pieces of memory that come back by themselves when nothing that lies in them is used any more.

    No more is held than was ever used at once: ahead of a new piece, idle ones of other sizes go. They may come back in
    any thread, even while this one takes a piece: nothing here holds a lock.
    """

    _idle: defaultdict[int, list[Floats]] = field(default_factory=lambda: defaultdict(list))

    def several(self, rows: int, count: int) -> Iterator[Floats]:
        """Room for so many columns of so many rows, each of which begins with a line of the cache."""
        width = -(-rows // LINE) * LINE
        while width and count:
            size = max(width, min(PIECE, 1 << (width * count - 1).bit_length()))
            here = min(count, size // width)
            yield from self._piece(size)[: here * width].reshape(here, width)[:, :rows]
            count -= here
        yield from np.empty((count, 0))

    def lasting(self, rows: int, names: Sequence[str], lives: Mapping[str, int]) -> Iterator[Floats]:
        """As `several`, for columns of these names; only those that live equally long, by `lives`, share a piece."""
        own = [lives.get(name, -1) for name in names]
        apart = {life: self.several(rows, count) for life, count in Counter(own).items()}
        return (next(apart[life]) for life in own)

    @property
    def kept(self) -> int:
        """Bytes that nobody uses at this moment."""
        return 8 * self._numbers

    def keep_within(self, size: int) -> None:
        """Let go of so much of what nobody uses that no more than so many bytes are left."""
        self._drop(self._numbers - size // 8)

    @property
    def _numbers(self) -> int:
        return sum(size * len(pieces) for size, pieces in list(self._idle.items()))

    def idle(self, size: int) -> Floats | None:
        """A piece of this size that nobody uses, taken out; None if there is none."""
        with suppress(IndexError):  # none is idle
            return self._idle[size].pop()
        return None

    def lent(self, piece: Floats) -> Floats:
        """The piece, which comes here when nothing that lies in it is used any more."""
        lent = _Lent(piece)
        weakref.finalize(lent, self.give, piece).atexit = False
        return np.asarray(lent)

    def give(self, piece: Floats) -> None:
        """Keep a piece that nobody uses, unless too much is kept already."""
        if self._numbers + piece.size <= MOST_IDLE:
            self._idle[piece.size].append(piece)

    def _piece(self, size: int) -> Floats:
        piece = self.idle(size)
        if piece is None:
            self._drop(size)
            piece = block_of(size)
        return self.lent(piece)

    def _drop(self, numbers: int) -> None:
        """Let go of idle pieces, so many numbers of them if there are as many."""
        for size, pieces in list(self._idle.items()):
            while pieces and numbers > 0:
                with suppress(IndexError):  # another thread has taken it
                    pieces.pop()
                    numbers -= size
