"""Results that leave memory while the job runs: batches end in any order, their tables are written in the symbols'.

A batch's table is written as soon as those of all symbols before it are. One that is early waits. When too much waits,
no further batch is started until the one that all wait for has ended, or is started itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from .batching import Batch
from .splitting import size_of
from .stored import TableFile


@dataclass(slots=True)
class Stream:
    """Writes the tables of batches that hold `symbols`, ascending; at most about `room` bytes of them wait."""

    file: TableFile
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
                self.file.write(ready)

    def holds(self, batch: Batch) -> bool:
        """Whether the batch has to wait: its table would, and there is no room for it."""
        return self.waiting > self.room and self._places[batch.symbols[0]] != self._next
