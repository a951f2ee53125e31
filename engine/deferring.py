"""Tables that are made when somebody looks at them.

Of a hundred formulas most matches are never looked at, and the marks that kernels leave take far less memory than
columns of symbols and ts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, Self

import polars as pl

TEXT: Final = 16  # bytes of a text, or of where a long one stands


class Rows(ABC):
    """What can be looked at as a frame, or row by row."""

    @property
    @abstractmethod
    def frame(self) -> pl.DataFrame:
        """All rows."""

    @property
    def lazy(self) -> pl.LazyFrame:
        """The rows as a lazy frame."""
        return self.frame.lazy()

    def slice(self, offset: int, length: int | None = None) -> pl.DataFrame:
        """Some rows."""
        return self.frame.slice(offset, length)

    def row(self, index: int, *, named: bool) -> Mapping[str, Any]:
        """One row by name."""
        assert named
        return self.frame.row(index, named=True)


class Table(Rows):
    """A table of `height` rows, made at the first look; what it alone is made of, `size` bytes, goes then.

    >>> table = Table(2, 16, lambda: pl.DataFrame({"a": [1, 2]}))
    >>> table.height, table.then(lambda frame: frame.reverse()).frame["a"].to_list()
    (2, [2, 1])
    """

    def __init__(self, height: int, size: int, make: Callable[[], pl.DataFrame]) -> None:
        self.height, self._size = height, size
        self._make: Callable[[], pl.DataFrame] | None = make
        self._frame: pl.DataFrame | None = None

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        """A table that is there."""
        table = cls(frame.height, 0, lambda: frame)
        table._frame, table._make = frame, None
        return table

    @classmethod
    def joined(cls, tables: Sequence[Table]) -> Self:
        """The rows of all, one table after the other; there must be one."""
        made = cls(sum(table.height for table in tables), 0, partial(_joined, tables))
        return made.at_once() if all(table.is_made for table in tables) else made

    def then(self, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Table:
        """The table with its rows or columns changed, their number left."""
        made = Table(self.height, 0, lambda: change(self.frame))
        return made.at_once() if self.is_made else made

    def later(self, change: Callable[[pl.DataFrame], pl.DataFrame]) -> Table:
        """As `then`, but not before somebody looks, even where the table is there."""
        return Table(self.height, 0, lambda: change(self.frame))

    def at_once(self) -> Self:
        """Make it now."""
        assert self.frame.height == self.height
        return self

    @property
    def is_made(self) -> bool:
        """Whether somebody has looked."""
        return self._frame is not None

    @property
    def frame(self) -> pl.DataFrame:
        """The table. Of two threads that look first at the same time, both make it."""
        make = self._make  # before the frame is looked at: whoever takes it away has put the frame there
        if self._frame is None:
            assert make is not None
            self._frame = make()
        self._make = None
        return self._frame

    def __reduce__(self) -> tuple[Callable[[pl.DataFrame], Table], tuple[pl.DataFrame]]:
        return Table.of, (self.frame,)

    @property
    def size(self) -> int:
        """Bytes of the table, or of what it will be made of."""
        return self._size if self._frame is None else size_of(self._frame)


def _joined(tables: Sequence[Table]) -> pl.DataFrame:
    return pl.concat([table.frame for table in tables], how="vertical_relaxed")


def size_of(table: pl.DataFrame | None) -> int:
    """Bytes of a table."""
    return 0 if table is None else sum(map(_size_of_column, table.get_columns()))


def _size_of_column(column: pl.Series) -> int:
    """To ask Polars for those of texts goes over every row. The rows of a symbol share what long ones take besides."""
    return TEXT * len(column) if column.name == "symbol" else int(column.estimated_size())
