"""Results that leave memory while the job runs: batches end in any order, their pieces are written in the symbols'.

A batch's piece is written as soon as those of all symbols before it are. One that is early waits. When too much waits,
no further batch is started until the one that all wait for has ended, or is started itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import field
from typing import Final

import numpy as np
import polars as pl

from ..data.candles import starts_of
from ..formulas.freezing import mutable
from .batching import Batch
from .deferring import size_of
from .splitting import Piece

PART: Final = 2**22  # bytes between two looks at a cancel; of smaller parts the file ends in a longer list


@mutable
class Stream:
    """Hands on the pieces of batches that hold `symbols`, ascending; at most about `room` bytes of them wait."""

    symbols: Iterable[str]
    room: int
    waiting: int = 0  # bytes
    _places: dict[str, int] = field(init=False)
    _next: int = 0
    _early: dict[int, tuple[tuple[str, ...], Piece | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = {symbol: place for place, symbol in enumerate(self.symbols)}

    def take(self, batch: Batch, piece: Piece | None) -> Iterator[tuple[Piece, Sequence[str]]]:
        """Take a batch's piece, None from one that failed; yields those whose turn it is, with their symbols."""
        self._early[self._places[batch.symbols[0]]] = (batch.symbols, piece)
        self.waiting += 0 if piece is None else piece.size
        while self._next in self._early:
            symbols, ready = self._early.pop(self._next)
            self._next += len(symbols)
            if ready is not None:
                size = ready.size
                yield ready, symbols
                self.waiting -= size

    def holds(self, batch: Batch) -> bool:
        """Whether the batch has to wait: its piece would, and there is no room for it."""
        return self.waiting > self.room and self._places[batch.symbols[0]] != self._next


def parts_of(table: pl.DataFrame, size: int = PART) -> Iterator[tuple[list[str], pl.DataFrame]]:
    """A table in which the rows of each symbol stand together, cut into parts of about `size` bytes with their symbols.

    >>> table = pl.DataFrame({"symbol": ["A", "A", "B", "C"]})
    >>> [(symbols, part.height) for symbols, part in parts_of(table, 1)]
    [(['A'], 2), (['B'], 1), (['C'], 1)]
    """
    rows = max(1, int(size * table.height / max(1, size_of(table))))
    keys = table["symbol"]
    starts = starts_of(keys)
    symbols, first = keys.gather(starts[:-1]).to_list(), 0
    while first < len(symbols):
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + rows, side="right")) - 1)
        begin, end = int(starts[first]), int(starts[last])
        yield symbols[first:last], table.slice(begin, end - begin)
        first = last
