"""The matches of several formulas: a table for each, united when somebody looks at all of them together.

Formulas name different indicators. In one table each would leave the columns of all others empty, which for a hundred
formulas takes a hundred times the memory of what was found: where the table is written, it is made in parts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Final

import polars as pl

from ..errors import ProcessingEngineError
from ..formulas.freezing import mutable
from .batching import CELL, cut
from .deferring import TEXT, Rows, Table
from .residing import free_memory

WRITTEN: Final = 2**22  # bytes of what was found that are written together; a cancel waits for them
UNITED: Final = 2**26  # bytes that they take in the table, at the most, most of them of columns of other formulas
PIECES: Final = 16  # of a table in memory, which is the slower to work on the more it has


@mutable(slots=False)
class UnitedTables(Rows):
    """Tables by formula (symbol, ts, swept params, indicators), each with symbols in the order of `places`.

    `found` has how many rows each symbol has in all of them together.
    """

    tables: Mapping[str, Table]
    places: Mapping[str, int] = field(repr=False)
    found: Mapping[str, int] = field(repr=False)

    @property
    def height(self) -> int:
        """How many matches all formulas have."""
        return sum(table.height for table in self.tables.values())

    @cached_property
    def frame(self) -> pl.DataFrame:
        """All matches, told apart by a column `formula`: symbols in their order, ascending ts, formulas in theirs.

        Raises ProcessingEngineError where they would take more memory than there is: each formula's own are there.
        """
        size = self.height * _bytes_of_row(_empty(self.tables))
        ascend = list(self.places) == sorted(self.places)
        self._assert_fits(size if ascend else 2 * size)  # put into another order, all is there twice for a moment
        if not ascend or not size:
            return united(self.tables, self.places)
        part = max(UNITED, size // PIECES)
        runs = united_in_parts(self.tables, dict(sorted(self.found.items())), part, part)
        return pl.concat(part for _, parts in runs for part in parts)

    def _assert_fits(self, size: int) -> None:
        if size <= UNITED or size <= (free := free_memory()):
            return
        raise ProcessingEngineError(
            f"the matches of {len(self.tables)} formulas in one table would take {size / 1e9:,.1f} GB, of which "
            f"{free / 1e9:,.1f} are free: {self.height:,} rows with a column for every indicator of all. "
            f"Look at one formula at a time with of(name), or write them with output="
        )


def united(tables: Mapping[str, Table], places: Mapping[str, int] | None = None) -> pl.DataFrame:
    """One table with a column `formula` behind symbol and ts; without `places` symbols ascend."""
    tagged = [_tagged(name, table.frame) for name, table in tables.items()]
    together = pl.concat(tagged, how="diagonal_relaxed")
    if together.is_empty():
        return together
    ascending = places is None or list(places) == sorted(places)
    by = pl.col("symbol") if ascending else pl.col("symbol").replace_strict(places, return_dtype=pl.UInt32)
    return together.sort(by, "ts", maintain_order=True)


def united_in_parts(
    tables: Mapping[str, Table], found: Mapping[str, int], size: int = UNITED, own: int = WRITTEN
) -> Iterator[tuple[Sequence[str], Iterator[pl.DataFrame]]]:
    """As `united`, where symbols ascend: runs of symbols with their rows, in parts of about `size` bytes.

    Of these, what was found takes no more than `own`, the rest are columns of other formulas. `found` has how many rows
    each symbol has in all tables together. A run has one part, and more where the only symbol in it has many rows.

    >>> tables = {"up": Table.of(pl.DataFrame({"symbol": ["A", "A", "B"], "ts": [1, 2, 1]}))}
    >>> runs = united_in_parts(tables, {"A": 2, "B": 1, "C": 0}, size=1)
    >>> [(symbols, [part["ts"].to_list() for part in parts]) for symbols, parts in runs]
    [(('A',), [[1], [2]]), (('B', 'C'), [[1]])]
    """
    empty = _empty(tables)
    whole, widest = _bytes_of_row(empty), max(_bytes_of_row(table.frame) for table in tables.values())
    most = max(1, min(size // whole, own // widest))
    runs = [batch.symbols for batch in cut(found, most)]
    last = pl.Series([symbols[-1] for symbols in runs], dtype=pl.String)
    ends = {name: [0, *table.frame["symbol"].search_sorted(last, "right")] for name, table in tables.items()}
    for number, symbols in enumerate(runs):
        places = {name: (places[number], places[number + 1]) for name, places in ends.items()}
        run = {name: tables[name].frame.slice(begin, end - begin) for name, (begin, end) in places.items()}
        yield symbols, _parts(run, empty, most)


def _empty(tables: Mapping[str, Table]) -> pl.DataFrame:
    """A table of all columns, without rows."""
    return pl.concat([_tagged(name, table.frame.clear()) for name, table in tables.items()], how="diagonal_relaxed")


def _bytes_of_row(table: pl.DataFrame) -> int:
    return sum(TEXT if kind == pl.String else CELL for kind in table.dtypes)


def _parts(run: Mapping[str, pl.DataFrame], empty: pl.DataFrame, most: int) -> Iterator[pl.DataFrame]:
    """The rows of a run of symbols in one table, or of one symbol in several of about so many rows, by ts."""
    longest = max(run.values(), key=len)
    before: dict[str, int] = {}
    if sum(map(len, run.values())) > most:
        middle = longest["ts"].slice(longest.height // 2, 1)
        before = {name: part["ts"].search_sorted(middle, "left").item() for name, part in run.items()}
    if not any(before.values()):
        tagged = [_tagged(name, part) for name, part in run.items() if part.height]
        whole = pl.concat([empty, *tagged], how="diagonal_relaxed").rechunk()  # pieces are sorted in twice the time
        yield whole.sort("symbol", "ts", maintain_order=True)
        return
    yield from _parts({name: part.head(before[name]) for name, part in run.items()}, empty, most)
    yield from _parts({name: part.slice(before[name]) for name, part in run.items()}, empty, most)


def _tagged(formula: str, table: pl.DataFrame) -> pl.DataFrame:
    names = pl.Series("formula", [formula]).new_from_index(0, table.height)
    return table.clone().insert_column(2, names)
