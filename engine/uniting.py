"""The matches of several formulas: a table for each, united when somebody looks at all of them together.

Formulas name different indicators. In one table each would leave the columns of all others empty, which for a hundred
formulas takes a hundred times the memory of what was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import polars as pl

from .deferring import Rows, Table


@dataclass(eq=False)
class UnitedTables(Rows):
    """Tables by formula (symbol, ts, swept params, indicators), each with symbols in the order of `places`."""

    tables: Mapping[str, Table]
    places: Mapping[str, int] = field(repr=False)

    @property
    def height(self) -> int:
        """How many matches all formulas have."""
        return sum(table.height for table in self.tables.values())

    @cached_property
    def frame(self) -> pl.DataFrame:
        """All matches, told apart by a column `formula`: symbols in their order, ascending ts, formulas in theirs."""
        return united(self.tables, self.places)


def united(tables: Mapping[str, Table], places: Mapping[str, int] | None = None) -> pl.DataFrame:
    """One table with a column `formula` behind symbol and ts; without `places` symbols ascend."""
    tagged = [_tagged(name, table.frame) for name, table in tables.items()]
    together = pl.concat(tagged, how="diagonal_relaxed")
    if together.is_empty():
        return together
    ascending = places is None or list(places) == sorted(places)
    by = pl.col("symbol") if ascending else pl.col("symbol").replace_strict(places, return_dtype=pl.UInt32)
    return together.sort(by, "ts", maintain_order=True)


def _tagged(formula: str, table: pl.DataFrame) -> pl.DataFrame:
    names = pl.repeat(formula, table.height, dtype=pl.String, eager=True)
    return table.clone().insert_column(2, names.alias("formula"))
