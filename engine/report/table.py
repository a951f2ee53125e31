"""The matches as columns of the page's table."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import polars as pl

from ...formulas.freezing import frozen
from ..results import BatchResult
from .packing import differences, packed, rounded, seconds_of


@frozen(slots=False)
class MatchTable:
    """The matches that a page shows: `frame` has those of `total` that were not cut off, their number in `~row`."""

    frame: pl.DataFrame
    total: int

    @cached_property
    def symbols(self) -> list[str]:
        """The symbols with matches, in the order of the table."""
        return self.frame["symbol"].unique(maintain_order=True).to_list()

    @property
    def intraday(self) -> bool:
        """Whether bars have times."""
        return self.frame.schema["ts"] != pl.Date

    def described(self) -> dict[str, Any]:
        """The columns beside symbol and ts, and their values."""
        others = self.frame.drop("symbol", "ts", "~row")
        places = {symbol: place for place, symbol in enumerate(self.symbols)}
        columns = {
            "symbol": [places[symbol] for symbol in self.frame["symbol"]],
            "ts": differences(seconds_of(self.frame["ts"])),
            "values": [column.to_list() for column in rounded(others)],
        }
        return {
            "rows": self.frame.height,
            "total": self.total,
            "columns": [{"name": name, "kind": _kind(dtype)} for name, dtype in others.schema.items()],
            "symbols": self.symbols,
            "data": packed(columns),
        }


def match_table(result: BatchResult, most: int, symbol: str | None = None) -> MatchTable:
    """The matches of a result, or of one of its symbols; of more than `most` the newest."""
    matches = result.lazy if symbol is None else result.lazy.filter(pl.col("symbol") == symbol)
    total = int(matches.select(pl.len()).collect().item())
    if total > most:
        matches = matches.with_row_index("~place").top_k(most, by="ts").sort("~place").drop("~place")
    return MatchTable(matches.collect().with_row_index("~row"), total)


def _kind(dtype: pl.DataType) -> str:
    if dtype == pl.Boolean:
        return "boolean"
    return "number" if dtype.is_numeric() else "text"
