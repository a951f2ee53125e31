"""Candles of a table in which symbols lie side by side, taken out of it at once: see gathering.py.

In a folder with a file for each day, and in a table to which each day appends, whoever wants some symbols has to go
over all rows; whoever wants all of them, group after group, would do so for each group.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeGuard

import polars as pl

from ..errors import RepositoryError
from .gathering import Gathering
from .instants import Bounds
from .layout import Layout
from .loading import Loading
from .numbered import NumberedRepository
from .stored_bounds import inside
from .tables import TableRepository
from .temporary import temporary_folder
from .timeframes import Timeframe

CELL: Final = 8  # bytes
KEYS: Final = 2  # cells of a row's ts and of the number of its symbol, at the most
CELLS: Final = 2**23  # that are read and put into the file together, which takes some 300 MB
FREE: Final = 0.8  # of the disk's room, at the most


class NotGatheredError(RepositoryError):
    """The file cannot be written."""


def can_be_gathered(repository: object) -> TypeGuard[NumberedRepository]:
    """Whether loads of some symbols, which go over all rows, hand out what is in the pieces of the table.

    They do where reading and loading are the house's own: a class of the user's may make something else of the rows.
    """
    if not isinstance(repository, NumberedRepository) or not repository.loads_as_tables_do:
        return False
    read, pieces = (
        next(each for each in type(repository).__mro__ if name in vars(each)) for name in ("read", "pieces")
    )
    return read is pieces and repository.can_be_gathered


def has_room(rows: int, columns: int) -> bool:
    """Whether the disk has room for a file of so many rows and columns."""
    try:
        free = shutil.disk_usage(temporary_folder()).free
    except OSError:  # there is no such folder
        return False
    return CELL * (KEYS + columns) * rows <= FREE * free


def lies_inside(around: Bounds, others: Bounds) -> bool:
    """Whether nothing of what lies inside the bounds lies outside the others; both are in the same kind."""
    late_enough = others.first is None or (around.first is not None and others.first <= around.first)
    return late_enough and (others.last is None or (around.last is not None and others.last >= around.last))


class GatheredRepository(TableRepository):
    """Some columns of a table between two times, gone over once; loads of symbols of a group then read these alone.

    `columns` are named as in loads. These hand out what those of the source do, which is asked for what lies further
    back. So many `cells` are held at a time; `look` is called ahead of each such piece: it may raise to end that.
    Raises RepositoryError where the source changes meanwhile or cannot be read, NotGatheredError where the file cannot
    be written.
    """

    def __init__(
        self,
        source: NumberedRepository,
        groups: Sequence[Sequence[str]],
        columns: Iterable[str],
        around: Bounds,
        look: Callable[[], object] = lambda: None,
        cells: int = CELLS,
    ) -> None:
        super().__init__(tz=source.tz, label=source.label, policy=source.policy, symbol=source.single_symbol)
        self.source, self.around = source, around
        self.group_of = {symbol: number for number, group in enumerate(groups) for symbol in group}
        names = list(dict.fromkeys(Loading(source, source.stored, columns).sources.values()))
        self.gathering = self.gathered(groups, names, look, max(1, cells // (KEYS + len(names))))

    def gathered(
        self, groups: Sequence[Sequence[str]], names: Sequence[str], look: Callable[[], object], rows: int
    ) -> Gathering:
        """The rows of the source, as it is now; so many are read at a time."""
        found = self.source.fingerprint()

        def pieces() -> Iterator[pl.DataFrame]:
            for piece in self.source.pieces(names, self.around, rows):
                look()
                yield piece

        try:
            made = Gathering(groups, pieces())
        except OSError as error:
            why = f"{self.where}: its candles cannot be put into a temporary file: {error.strerror or error}"
            raise NotGatheredError(f"{why}; set TMPDIR to a folder with more room") from error
        if self.source.fingerprint() != found:
            raise RepositoryError(f"{self.where} was changed while it was read: try again", retryable=True)
        return made

    def read(self, names: Sequence[str], symbols: Sequence[str] | None, around: Bounds) -> pl.DataFrame:
        """The rows of these symbols that may be inside the bounds."""
        if not lies_inside(around, self.around):
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
