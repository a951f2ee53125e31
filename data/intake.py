"""The candles of a source taken in part by part, so that no more than a part of them is in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeAlias

import polars as pl

from ..errors import RepositoryError
from .cutting import cut_symbols
from .gathered import GatheredRepository, NotGatheredError, can_be_gathered, has_room
from .held import HeldRepository
from .instants import Bound, Instant
from .loading import Loading
from .repository import GroupingRepository
from .tables import LOG, TableRepository

Progress: TypeAlias = Callable[[int, int], object]
"""Told how many symbols of how many are brought in."""

CELLS: Final = 2**24  # of a part, which takes about 300 MB while it is read and written
SYMBOLS: Final = 10_000  # of a part: they are asked for by name
KEYS: Final = 3  # cells of a row's ts and of its symbol, which takes as much as two


class Intake:
    """What a repository holds from `start` to `end`, in parts of whole symbols, ascending. They are gone through once.

    Symbols at fault are left out, each with the reason in `faulty`. The other figures, as in `ImportedCandles`, are of
    the parts so far. Raises RepositoryError where no symbol is left, and where the source changes on the way.
    """

    def __init__(
        self, repository: TableRepository, start: Bound = None, end: Bound = None, progress: Progress | None = None
    ) -> None:
        self.repository = self.loaded = repository
        self.range = start, end
        self.progress = progress
        self.found = repository.fingerprint()
        self.columns = tuple(repository.columns(repository.stored.text))
        self.rows = self.symbols = 0
        self.first: Instant | None = None
        self.last: Instant | None = None
        self.defects: Counter[str] = Counter()
        self.faulty: dict[str, str] = {}

    def __iter__(self) -> Iterator[pl.DataFrame]:
        done = given = 0
        parts = self.parts()
        total = sum(map(len, parts))
        if self.progress is not None:
            self.progress(0, total)
        if len(parts) > 1:
            self.loaded = self.gathered(parts)
        for symbols in parts:
            frame = self.sound(symbols, alone=len(parts) == 1)
            if frame is not None:
                given += 1
                self.count(frame)
                yield frame
                del frame  # nobody needs it while the next one is read
            done += len(symbols)
            if self.progress is not None:
                self.progress(done, total)
        if self.repository.nameless:
            self.defects["nameless"] = self.repository.nameless
        if not given:
            raise RepositoryError(next(iter(self.faulty.values())), faulty=self.faulty)

    def parts(self) -> list[list[str]]:
        """The symbols of each part: one at least, also where there are none."""
        repository = self.repository
        timeframe = repository.stored.text
        sizes = repository.rows(timeframe) or {}
        if not repository.can_be_cut:
            return [list(sizes)]
        most = CELLS // (KEYS + len(self.columns))
        borders = repository.borders(timeframe) if isinstance(repository, GroupingRepository) else frozenset()
        return list(cut_symbols(sizes, most, SYMBOLS, borders)) or [[]]

    def gathered(self, parts: Sequence[Sequence[str]]) -> TableRepository:
        """The source, or its candles where they do not lie symbol after symbol, gone over once, if there is room."""
        source = self.repository
        rows = sum((source.rows(source.stored.text) or {}).values())
        if not can_be_gathered(source) or not has_room(rows, len(self.columns)):
            return source
        around = Loading(source, source.stored, self.columns).around(*self.range, 0)
        try:
            return GatheredRepository(source, parts, self.columns, around)
        except NotGatheredError as error:  # it takes longer, then
            LOG.warning("%s", error, extra={"event": "not gathered", "error": str(error)})
            return source

    def sound(self, symbols: list[str], *, alone: bool) -> pl.DataFrame | None:
        """The candles of those of these symbols that are not at fault; None where all are."""
        # a part that is alone is asked for as a whole: also rows without a symbol or a time are told then
        wanted = None if alone else symbols
        while True:
            try:
                return self.load(wanted) if alone else self.unchanged(wanted)
            except RepositoryError as error:
                if not error.faulty:
                    raise
                self.faulty |= error.faulty
                wanted = [symbol for symbol in symbols if symbol not in self.faulty]
                if not wanted:
                    return None

    def unchanged(self, symbols: list[str] | None) -> pl.DataFrame:
        """As `load`; RepositoryError where the source is not the one that was found: parts of two would be mixed."""
        try:
            frame = self.load(symbols)
        except RepositoryError:
            self.refuse_change()  # which then is why
            raise
        self.refuse_change()
        return frame

    def refuse_change(self) -> None:
        """Raise RepositoryError where the source is not the one that was found."""
        held = isinstance(self.repository, HeldRepository)  # all parts are of what was read at first
        if not held and self.repository.fingerprint() != self.found:
            where = self.repository.where
            raise RepositoryError(f"{where} was changed while it was read: try again", retryable=True)

    def load(self, symbols: list[str] | None) -> pl.DataFrame:
        """The candles of these symbols; what was found while their rows were placed is counted."""
        loading = Loading(self.loaded, self.loaded.stored, self.columns)
        try:
            frame = loading.frame(symbols, *self.range, 0).select("symbol", "ts", *loading.columns)
        except OSError as error:
            raise RepositoryError(f"{self.repository.where} cannot be read: {error.strerror or error}") from error
        for kind, found in loading.counts.items():
            self.defects[kind] += sum(found.values())
        return frame

    def count(self, frame: pl.DataFrame) -> None:
        """Add a part's figures to those of the parts before."""
        if frame.is_empty():
            return
        first, last = frame["ts"].min(), frame["ts"].max()
        self.first = first if self.first is None else min(self.first, first)  # type: ignore[assignment, type-var]
        self.last = last if self.last is None else max(self.last, last)  # type: ignore[assignment, type-var]
        self.rows += frame.height
        self.symbols += frame["symbol"].n_unique()
