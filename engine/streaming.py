"""Results that leave memory while the job runs: batches end in any order, their tables are written in the symbols'.

A batch's table is written as soon as those of all symbols before it are. One that is early waits. When too much waits,
no further batch is started until the one that all wait for has ended, or is started itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import polars as pl

from ..data.candles import starts_of
from .batching import Batch
from .splitting import size_of

PART: Final = 2**22  # bytes that are written between two looks at whether somebody has cancelled


@dataclass(slots=True)
class Stream:
    """Hands tables of batches that hold `symbols`, ascending, to `write`; at most about `room` bytes of them wait."""

    write: Callable[[pl.DataFrame], None]
    symbols: Iterable[str]
    room: int
    waiting: int = 0  # bytes
    _places: dict[str, int] = field(init=False)
    _next: int = 0
    _early: dict[int, tuple[int, pl.DataFrame | None]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = {symbol: place for place, symbol in enumerate(self.symbols)}

    def take(self, batch: Batch, table: pl.DataFrame | None) -> None:
        """Take a batch's table, None from one that failed, and write those whose turn it is."""
        self._early[self._places[batch.symbols[0]]] = (len(batch.symbols), table)
        self.waiting += size_of(table)
        while self._next in self._early:
            symbols, ready = self._early.pop(self._next)
            self._next += symbols
            self.waiting -= size_of(ready)
            if ready is not None:
                self.write(ready)

    def holds(self, batch: Batch) -> bool:
        """Whether the batch has to wait: its table would, and there is no room for it."""
        return self.waiting > self.room and self._places[batch.symbols[0]] != self._next


def parts_of(table: pl.DataFrame, size: int = PART) -> Iterator[pl.DataFrame]:
    """Whole symbols of a table in which the rows of each stand together, so many that a part has about `size` bytes.

    >>> [part["symbol"].to_list() for part in parts_of(pl.DataFrame({"symbol": ["A", "A", "B", "C"]}), 1)]
    [['A', 'A'], ['B'], ['C']]
    """
    rows = max(1, int(size * table.height / max(1, size_of(table))))
    ends = starts_of(table["symbol"])[1:]
    begin = 0
    while begin < table.height:
        fitting = int(np.searchsorted(ends, begin + rows, side="right"))
        first = int(np.searchsorted(ends, begin, side="right"))
        end = int(ends[max(first, fitting - 1)])
        yield table.slice(begin, end - begin)
        begin = end
