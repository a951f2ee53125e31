"""Loads from a table whose rows are numbered and stored symbol after symbol, as imported tables are.

Where each symbol's rows begin is then known from one count of the whole table, and the number of a row tells its
symbol: the names themselves, which cost more to read than a candle's numbers, are not read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Protocol

import numpy as np
import polars as pl

from .candles import Candles
from .checking import CheckedCandles, checked
from .inspecting import Inspection
from .instants import Bounds
from .loading import Loading
from .placing import late_rows
from .policies import CandlePolicy
from .spans import Numbers, Spans, physical, rows_below

ROW: Final = "~row"  # the name under which the numbers of rows are read


@dataclass(frozen=True, eq=False)
class Runs:
    """The symbols of a whole table, ascending; symbol i has the rows numbered from `starts[i]` to `starts[i + 1]`."""

    symbols: tuple[str, ...]
    starts: Numbers

    @classmethod
    def of(cls, counted: pl.DataFrame) -> Runs | None:
        """Runs, if the rows lie in that order and without gaps.

        `counted` has for each symbol its number of `rows`, of those with a time (`timed`), and its `head` and `tail`,
        the numbers of its first and last row; sorted by symbol.
        """
        head, tail = counted["head"].to_numpy(), counted["tail"].to_numpy()
        nameless = counted["symbol"].null_count()
        whole = not nameless and (counted["rows"] == counted["timed"]).all()
        if not (whole and len(head) and (tail - head + 1 == counted["rows"].to_numpy()).all()):
            return None
        if (head[1:] != tail[:-1] + 1).any():
            return None
        return cls(tuple(counted["symbol"]), np.append(head, tail[-1] + 1).astype(np.int64))

    def numbers_of(self, symbols: Iterable[str] | None) -> Numbers:
        """The numbers of those symbols that there are, ascending; None: of all."""
        if symbols is None:
            return np.arange(len(self.symbols))
        known = self.numbering
        return np.array(sorted({known[symbol] for symbol in symbols if symbol in known}), dtype=np.int64)

    @cached_property
    def numbering(self) -> Mapping[str, int]:
        """The number of each symbol."""
        return {symbol: number for number, symbol in enumerate(self.symbols)}


class NumberedTable(Protocol):
    """What is asked of a repository whose rows are numbered."""

    def read_numbered(self, names: Sequence[str], runs: Runs, numbers: Numbers, around: Bounds) -> pl.DataFrame:
        """Read ts, under that name and in its kind, the source's columns `names`, and `~row`; sorted by that.

        Of the symbols with these numbers all rows inside `around` must be there; further ones may be, and other symbols
        between them.
        """
        ...


@dataclass(frozen=True, eq=False)
class NumberedLoading:
    """One load from such a table: which columns are read, and under which names."""

    repository: NumberedTable
    runs: Runs
    loading: Loading

    def load(
        self, numbers: Numbers, bounds: Bounds, before: int | None, policy: CandlePolicy, kept: Sequence[str]
    ) -> CheckedCandles | None:
        """The candles of the symbols with these numbers, checked; None where rows do not lie as they were taken to."""
        first = bounds.first if before == 0 else self.loading.early_enough(bounds.first, before)
        raw = self.read(numbers, Bounds(first, bounds.last))
        if before and first is not None:
            raw = self.completed(raw, numbers, bounds, before)
        number = int(numbers[0])
        candles = self.candles(raw, number, int(numbers[-1]) + 1)
        late = late_rows(candles.ts, candles.starts)
        moments = candles.ts.to_physical()
        whole = bounds.last is not None or first is not None or self.is_whole(candles, numbers)
        if not whole or (moments.gather(late) < moments.gather(late - 1)).any():
            return None
        inspection = Inspection(candles, repeated=late - np.uint32(1))
        spans = Spans.of(candles.starts, numbers - number).within(candles.ts, bounds, before)
        return checked(inspection, spans, self.loading.columns, kept, policy, {})

    def read(self, numbers: Numbers, around: Bounds) -> pl.DataFrame:
        """The rows as stored."""
        return self.repository.read_numbered(list(self.loading.sources.values()), self.runs, numbers, around)

    def is_whole(self, candles: Candles, numbers: Numbers) -> bool:
        """Whether all rows of the symbols are there."""
        there = candles.lengths[numbers - numbers[0]]
        return bool((there == np.diff(self.runs.starts)[numbers]).all())

    def candles(self, raw: pl.DataFrame, first: int, last: int) -> Candles:
        """Candles of all symbols from number `first` up to, not including, `last`; some of them may have no rows."""
        starts = np.searchsorted(raw[ROW].to_numpy(), self.runs.starts[first : last + 1])
        symbols = self.runs.symbols[first:last]
        return Candles(symbols, starts.astype(np.int64), self.loading.adjusted(raw.drop(ROW)))

    def completed(self, raw: pl.DataFrame, numbers: Numbers, bounds: Bounds, before: int) -> pl.DataFrame:
        """Read symbols whole that have fewer bars ahead of the start than asked for, though they have earlier ones."""
        assert bounds.first is not None
        rows, begin = raw[ROW].to_numpy(), self.runs.starts[numbers]
        first = np.searchsorted(rows, begin)
        spans = Spans(numbers, first, np.searchsorted(rows, self.runs.starts[numbers + 1]))
        moments = raw["ts"].to_physical().to_numpy()
        limit = physical(bounds.first, raw.schema["ts"])
        ahead = rows_below(moments, spans.begins, spans.ends, limit) - spans.begins
        unseen = (spans.lengths == 0) | (np.append(rows, 0)[first] > begin)
        short = numbers[(ahead < before) & unseen]
        if not len(short):
            return raw
        whole = self.read(short, Bounds(None, bounds.last))
        others = raw.filter(~self.belonging(raw, short))
        return pl.concat([others, whole.filter(self.belonging(whole, short))], rechunk=True).sort(ROW)

    def belonging(self, raw: pl.DataFrame, numbers: Numbers) -> pl.Series:
        """Which rows are of the symbols with these numbers."""
        of_rows = np.searchsorted(self.runs.starts, raw[ROW].to_numpy(), side="right") - 1
        return pl.Series(np.isin(of_rows, numbers))
