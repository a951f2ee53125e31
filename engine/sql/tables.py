"""The tables that the engine fills for a query: matches of a formula, or all bars with computed columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Final, TypeAlias

import polars as pl

from ...formulas.freezing import frozen
from ..jobs import Formula

CANDLES: Final = "candles"
Schema: TypeAlias = Mapping[str, pl.DataType]


@frozen
class Matches:
    """The matches of one formula. `columns` has the engine's name for each column of the table.

    `across` says that values depend on which symbols are there, `latest` that only the universe's last bars count.
    """

    schema: Schema
    formula: Formula
    columns: Mapping[str, str]
    timeframe: str
    across: bool
    latest: bool = False
    stale: float | None = None

    @property
    def keeps_symbols(self) -> bool:
        """Whether all symbols are needed, whichever of them the query wants."""
        return self.across or self.latest


@frozen
class Bars:
    """All bars. `formulas` has one for each column but symbol and ts.

    Those of `across` depend on which symbols are there.
    """

    schema: Schema
    formulas: Mapping[str, Formula]
    timeframe: str
    across: frozenset[str] = field(default_factory=frozenset)


Filled: TypeAlias = Matches | Bars


def distinct(names: Iterable[str], same: Callable[[str], str] = str.lower) -> list[str]:
    """The names as columns of one table: for DuckDB large and small letters are the same.

    >>> distinct(["symbol", "Close", "close", "CLOSE"])
    ['symbol', 'Close', 'close_', 'CLOSE__']
    """
    taken: set[str] = set()
    found = list[str]()
    for name in names:
        own = name
        while same(own) in taken:
            own += "_"
        taken.add(same(own))
        found.append(own)
    return found
