"""Candles that are in memory, or mapped into it, as a whole: what was found in them once is remembered."""

from __future__ import annotations

import weakref
from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import polars as pl

from ..errors import RepositoryError
from .candles import Candles
from .checking import CheckedCandles, checked
from .inspecting import Inspection
from .instants import Bound, Bounds
from .loading import Loading
from .numbers_of_rows import Numbers
from .placing import Counts, Placed
from .policies import CandlePolicy, companions
from .remembering import remembered
from .spans import Spans
from .summaries import summary
from .tables import TableRepository

CHANGES: Final = 5  # of the source during one load, after which it is given up
CELL: Final = 8  # bytes of a number


class HeldRepository(TableRepository):
    """Candles of which every column is at hand. A load of bars as they are stored is only cut out of them.

    `share` are the bytes that copies of whole columns may take, None for no limit: a column that is not float64, or
    lies in pieces, is copied once and remembered where there is room for that, else brought into its kind load by load.
    """

    share: int | None = None

    def limit_memory(self, size: int) -> None:
        """Let copies of columns take so many bytes at most, beside what is handed out."""
        self.share = size

    @property
    @abstractmethod
    def placed(self) -> Placed:
        """All candles in their order, bars under the labels that they have in the source."""

    @abstractmethod
    def table(self, sources: Sequence[str]) -> pl.DataFrame:
        """The ts of all bars, which are their starts, and columns of the source."""

    @remembered
    def begun(self) -> Placed:
        """The candles with every bar labelled by its start."""
        return self.relabelled(self.placed)

    @remembered
    def inspection(self) -> Inspection:
        """The candles, and what was found wrong in their columns so far."""
        placed = self.begun
        times = replace(placed.candles, table=placed.candles.ts.rechunk().to_frame())
        # held weakly, for this is remembered: else all columns would stay until somebody collects cycles
        value = weakref.WeakMethod(self.value)
        return Inspection(times, lambda name: called(value, name), placed.repeated)

    def value(self, name: str) -> pl.Series:
        """A whole column as it is handed out; the source's own where that is float64 and needs no adjusting."""
        loading = Loading(self, self.stored, [name])
        return loading.adjusted(self.table(list(dict.fromkeys(loading.sources.values()))))[name].rechunk()

    @property
    def can_be_cut(self) -> bool:
        """Whether several loads are of the same candles as one: all are of what was read at first."""
        return True

    @property
    def reads_apart(self) -> bool:
        """Whether candles of some symbols are read without going over all others: they are cut out."""
        return True

    def load_checked(
        self,
        symbols: Sequence[str] | None,
        timeframe: str,
        start: Bound,
        end: Bound,
        columns: Sequence[str],
        before: int | None,
        policy: CandlePolicy,
    ) -> CheckedCandles:
        """As for every table; a column of bars as they are stored is looked at once, and then only cut."""
        seen = companions(columns, policy, self.layout.kinds())
        if not self.only_cuts(timeframe, seen):
            return super().load_checked(symbols, timeframe, start, end, columns, before, policy)
        bounds = Bounds.read(start, end, dates=self.dates, tz=self.zone_name)
        for _ in range(CHANGES):
            inspection = self.inspection
            candles = inspection.candles
            numbers = None if symbols is None else candles.numbers_of(symbols)
            spans = Spans.of(candles.starts, numbers).within(candles.ts, bounds, before)
            found = checked(inspection, spans, seen, columns, policy, self.counts_of(numbers))
            if self.inspection is inspection:  # else another thread has noticed meanwhile that the source is new
                return found
        raise RepositoryError(f"{self.where} changes faster than it is read", retryable=True)

    def are_at_hand(self, timeframe: str, columns: Sequence[str], policy: CandlePolicy) -> bool:
        """Whether a load only cuts out of what is there, once that was looked at; a class of the user's may do more."""
        loads_as_here = type(self).load_checked is HeldRepository.load_checked
        return loads_as_here and self.only_cuts(timeframe, companions(columns, policy, self.layout.kinds()))

    def only_cuts(self, timeframe: str, seen: Sequence[str]) -> bool:
        """Whether the load above only cuts where these columns are looked at."""
        asked = self.fitting(timeframe)
        if asked != self.stored or not self.loads_as_tables_do:
            return False
        loading = Loading(self, asked, seen)
        return loading.is_plain and self.has_room(loading.sources.values())

    def has_room(self, sources: Iterable[str]) -> bool:
        """Whether copies of those of these columns that have to be copied keep to the share."""
        names, of_column = list(dict.fromkeys(sources)), CELL * self.begun.candles.height
        if self.share is None or (1 + len(names)) * of_column <= self.share:
            return True
        columns = [self.begun.candles.ts, *self.table(names)]
        copied = [column for column in columns if self.adjusted_by or not is_handed_out(column)]
        return len(copied) * of_column <= self.share

    def counts_of(self, numbers: Numbers | None) -> Counts:
        """What was counted while the rows were ordered, of the symbols with these numbers or of all."""
        symbols, counts = self.placed.candles.symbols, self.placed.counts
        if not counts:
            return {}
        chosen = set(symbols if numbers is None else (symbols[number] for number in numbers))
        parts: Counts = {
            kind: {symbol: rows for symbol, rows in found.items() if symbol in chosen} for kind, found in counts.items()
        }
        return {kind: found for kind, found in parts.items() if found}

    def read(self, names: Sequence[str], symbols: Sequence[str] | None, around: Bounds) -> pl.DataFrame:
        """Slices; symbols that stand side by side are one slice."""
        candles = replace(self.begun.candles, table=self.table(list(dict.fromkeys(names))))
        if symbols is None:
            return candles.frame
        runs = runs_of(candles.numbers_of(symbols))
        return pl.concat([candles.slice(first, last).frame for first, last in runs] or [candles.slice(0, 0).frame])

    def place_rows(self, raw: pl.DataFrame) -> Placed:
        """Slices of what is ordered are in order; what was counted while it was ordered goes with its symbols."""
        candles = Candles.of(raw)
        return Placed(candles, self.counts_of(self.begun.candles.numbers_of(candles.symbols)))

    @remembered
    def labels(self) -> pl.DataFrame:
        """One row per symbol: symbol, the labels of its first and last bar, rows."""
        return summary(self.placed.candles)


def called(method: weakref.WeakMethod[Any], name: str) -> pl.Series:
    """What a method answers whose object is alive."""
    bound: Callable[[str], pl.Series] | None = method()
    assert bound is not None, "who looks at candles holds their repository"
    return bound(name)


def is_handed_out(column: pl.Series) -> bool:
    """Whether a column is handed out as it is, without a copy."""
    return column.n_chunks() <= 1 and (column.dtype == pl.Float64 or not column.dtype.is_numeric())


def runs_of(numbers: Numbers) -> list[tuple[int, int]]:
    """Ascending numbers as runs: the first of each, and the one behind its last.

    >>> runs_of(np.array([0, 1, 2, 5, 7, 8]))
    [(0, 3), (5, 6), (7, 9)]
    """
    if not len(numbers):
        return []
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    firsts, lasts = numbers[np.append(0, breaks + 1)], numbers[np.append(breaks, len(numbers) - 1)] + 1
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
