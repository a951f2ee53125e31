"""Candles as the engine computes on them: whole symbols one after the other, known by the row where each starts.

To keep a symbol's name at each of its rows is what costs most in a table of candles: it is compared, copied and grouped
again at every step. So a name is kept once, with its first row; the column of names is made for those who ask for it.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from .framing import without
from .handing import column_of
from .numbers_of_rows import Numbers, Rows, rows_where
from .spans import Spans
from .texts import changes

FEW: Final = 1_000  # runs


@dataclass(frozen=True, eq=False)
class Candles:
    """Candles of whole symbols, sorted by (symbol, ts).

    `symbols` are those that have rows, ascending; symbol i has the rows from `starts[i]` up to `starts[i + 1]` of
    `table`, which holds ts (Date, or Datetime in UTC) and the value columns (float64 with null for undefined, Boolean,
    String), but no symbols. `keys` is the column of symbols where the source has it already.

    >>> from datetime import date
    >>> days = [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 2)]
    >>> candles = Candles.of(pl.DataFrame({"symbol": ["A", "A", "B"], "ts": days, "close": [1.0, 2.0, 3.0]}))
    >>> candles.symbols, candles.starts.tolist(), candles.table.columns
    (('A', 'B'), [0, 2, 3], ['ts', 'close'])
    >>> candles.slice(1, 2).frame.rows()
    [('B', datetime.date(2024, 1, 2), 3.0)]
    """

    symbols: tuple[str, ...]
    starts: NDArray[np.int64]
    table: pl.DataFrame
    keys: pl.Series | None = field(default=None, repr=False)

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Candles:
        """Find the runs of a frame with a column symbol (text), sorted by it and by ts.

        That symbols ascend is looked at, once a run; ValueError if they do not. That ts does is up to the caller.
        """
        candles = cls.found(frame)
        if candles is None:
            raise ValueError("the frame is not sorted by symbol")
        return candles

    @classmethod
    def found(cls, frame: pl.DataFrame) -> Candles | None:
        """As `of`; None where the frame is not sorted by symbol."""
        keys = frame["symbol"]
        starts = starts_of(keys)
        firsts = column_of("first", starts[:-1])
        if not ascend(keys.gather(firsts[:FEW]).cast(pl.String)):  # few show it where symbols alternate
            return None
        heads = keys.gather(firsts).cast(pl.String)
        if not ascend(heads):
            return None
        return cls(tuple(heads), starts, without(frame, "symbol"), keys if keys.dtype == pl.String else None)

    @property
    def ts(self) -> pl.Series:
        """When each bar began."""
        return self.table["ts"]

    @cached_property
    def ticks(self) -> NDArray[np.int64]:
        """Each bar's ts: days or microseconds since 1970."""
        kind = "datetime64[D]" if self.ts.dtype == pl.Date else "datetime64[us]"
        return self.ts.to_numpy().astype(kind, copy=False).view(np.int64)

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.table.height

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of bars of each symbol."""
        return np.diff(self.starts)

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The candles with a column symbol ahead of the others."""
        keys = self.keys
        if keys is None:
            names = pl.Series("symbol", self.symbols, dtype=pl.String)
            keys = names.gather(column_of("place", np.repeat(np.arange(len(names), dtype=np.uint32), self.lengths)))
        return pl.DataFrame([keys.alias("symbol"), *self.table.get_columns()])

    def by_symbol(self, rows: Rows) -> dict[str, int]:
        """How many of these rows each symbol has; only those that have any."""
        counts = np.diff(np.searchsorted(rows, self.starts))
        return {self.symbols[number]: int(counts[number]) for number in np.flatnonzero(counts)}

    @cached_property
    def numbering(self) -> dict[str, int]:
        """The number of each symbol, counted from 0 in their order."""
        return {symbol: number for number, symbol in enumerate(self.symbols)}

    def numbers_of(self, symbols: Iterable[str]) -> Numbers:
        """The numbers of those of these symbols that there are, ascending."""
        known = self.numbering
        asked = tuple(symbols)
        first = known.get(asked[0], 0) if asked else 0
        if self.symbols[first : first + len(asked)] == asked:  # a run of them, as batches are
            return np.arange(first, first + len(asked))
        return np.array(sorted({known[symbol] for symbol in asked if symbol in known}), dtype=np.int64)

    def named(self, numbers: Numbers) -> tuple[str, ...]:
        """The symbols with these numbers, which ascend."""
        if numbers.size and numbers[-1] - numbers[0] + 1 == numbers.size:
            return self.symbols[numbers[0] : numbers[-1] + 1]
        return tuple(self.symbols[number] for number in numbers)

    def slice(self, first: int, last: int) -> Candles:
        """The symbols from number `first` up to, not including, number `last`; nothing is copied."""
        symbols = self.symbols[first:last]
        starts = self.starts[first : first + len(symbols) + 1]
        if not symbols:
            return Candles((), np.zeros(1, dtype=np.int64), self.table.clear())
        row, height = int(starts[0]), int(starts[-1] - starts[0])
        keys = None if self.keys is None else self.keys.slice(row, height)
        return Candles(symbols, starts - row, self.table.slice(row, height), keys)

    def of_numbers(self, numbers: Numbers) -> Candles:
        """The symbols with these numbers, which ascend; symbols that stand side by side are one slice."""
        spans = Spans.of(self.starts, numbers)
        table, keys = pl.DataFrame(spans.take(self.table.get_columns())), self.keys
        symbols = self.named(numbers)
        starts = np.concatenate([[0], np.cumsum(spans.lengths)])
        return Candles(symbols, starts, table, None if keys is None else spans.take([keys])[0])

    def select(self, *columns: str) -> Candles:
        """The same rows with these columns beside ts alone."""
        return Candles(self.symbols, self.starts, self.table.select("ts", *columns), self.keys)


def ascend(names: pl.Series) -> bool:
    """Whether each name is greater than the one before."""
    return not (names.slice(1) <= names.slice(0, max(len(names) - 1, 0))).any()


def starts_of(symbols: pl.Series) -> NDArray[np.int64]:
    """The row at which each run of equal symbols starts, and the number of rows at the end."""
    if symbols.is_empty():
        return np.zeros(1, dtype=np.int64)
    heads = changes(symbols) if symbols.dtype == pl.String else rows_where(symbols.to_physical(), operator.ne)
    return np.concatenate([[0], heads, [len(symbols)]])
