"""Candles of a table in which symbols lie side by side, taken out of it at once: see gathering.py.

In a folder with a file for each day, and in a table to which each day appends, whoever wants some symbols has to go
over all rows; whoever wants all of them, group after group, would do so for each group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol, runtime_checkable

import polars as pl

from ..errors import RepositoryError
from .gathering import Gathering, in_few
from .instants import Bounds
from .layout import Layout
from .loading import Loading
from .stored_bounds import inside
from .tables import TableRepository
from .temporary import temporary_folder
from .timeframes import Timeframe

PIECE: Final = 2**21  # rows that are read and put into files together
MOST_FILES: Final = 256  # open at a time


@runtime_checkable
class ScatteredRepository(Protocol):
    """A table that can be gone over in the order of its rows."""

    @property
    def can_be_gathered(self) -> bool:
        """Whether each load of some symbols goes over all rows, and a piece of rows can be told by their numbers."""
        ...

    def pieces(self, names: Sequence[str], around: Bounds, size: int) -> Iterator[pl.DataFrame]:
        """All rows that may be inside the bounds, in their order, from at most so many at a time, one piece at least.

        Their symbol is text, their ts as stored, the columns `names` the source's.
        """
        ...


class GatheredRepository(TableRepository):
    """Some columns of a table, gone over once; loads of symbols of a group then read these alone.

    `columns` are named as in loads, hand out what those of the source do. `look` is called for each piece that
    is read: it may raise to end that. Raises RepositoryError where the source changes meanwhile or cannot be read, and
    where the files cannot be written.
    """

    def __init__(
        self,
        source: TableRepository,
        groups: Sequence[Sequence[str]],
        columns: Iterable[str],
        around: Bounds,
        look: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(tz=source.tz, label=source.label, policy=source.policy, symbol=source.single_symbol)
        self.source, self.around = source, around
        few = in_few(groups, MOST_FILES)
        self.group_of = {symbol: number for number, group in enumerate(few) for symbol in group}
        names = Loading(source, source.stored, columns).sources.values()
        self.gathering = self.gathered(few, list(dict.fromkeys(names)), look)

    def gathered(self, groups: Sequence[Sequence[str]], names: Sequence[str], look: Callable[[], object]) -> Gathering:
        """The rows of the source, as it is now."""
        source, found = self.source, self.source.fingerprint()
        assert isinstance(source, ScatteredRepository)

        def pieces() -> Iterator[pl.DataFrame]:
            for piece in source.pieces(names, self.around, PIECE):
                look()
                yield piece

        try:
            made = Gathering(groups, pieces())
        except OSError as error:
            raise RepositoryError(
                f"{self.where}: its candles cannot be gathered in {temporary_folder()}: {error.strerror or error};"
                " set TMPDIR to a folder with more room, or import them into a store"
            ) from error
        if source.fingerprint() != found:
            raise RepositoryError(f"{self.where} was changed while it was read: try again", retryable=True)
        return made

    def read(self, names: Sequence[str], symbols: Sequence[str] | None, around: Bounds) -> pl.DataFrame:
        """The rows of these symbols that may be inside the bounds."""
        if not self.around.hold(around):
            return self.source.read(names, symbols, around)
        wanted = self.group_of.keys() if symbols is None else [name for name in symbols if name in self.group_of]
        groups = sorted({self.group_of[symbol] for symbol in wanted})
        found = [self.gathering.rows(group, names) for group in groups or [0]]
        rows = found[0] if len(found) == 1 else pl.concat(found, rechunk=True)
        limits = inside(around, lambda: self.source.slack, pl.col("ts"), rows.schema["ts"])
        if not groups or len(wanted) < sum(len(self.gathering.groups[group]) for group in groups):
            limits.append(pl.col("symbol").is_in(list(wanted)))
        return rows.filter(limits) if limits else rows

    @property
    def reads_apart(self) -> bool:
        """Whether candles of some symbols are read without going over all others."""
        return True

    # All else is as the source knows it.

    @property
    def where(self) -> str:
        """The source's name in messages."""
        return self.source.where

    def types(self) -> Mapping[str, pl.DataType]:
        """The source's columns."""
        return self.source.layout.types

    @property
    def layout(self) -> Layout:
        """Which of the source's columns is what."""
        return self.source.layout

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of results should know about the source's candles."""
        return self.source.notes

    @property
    def adjusted_by(self) -> str | None:
        """The column that adjusts the prices."""
        return self.source.adjusted_by

    @property
    def labels(self) -> pl.DataFrame:
        """One row per symbol of the source."""
        return self.source.labels

    @property
    def stored(self) -> Timeframe:
        """The source's timeframe."""
        return self.source.stored

    @property
    def dates(self) -> bool:
        """Whether bars carry dates, not times."""
        return self.source.dates
