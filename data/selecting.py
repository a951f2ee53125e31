"""What is selected from a database, which rows of it, and in which order they are handed out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from ..errors import RepositoryError
from .connecting import quoted
from .instants import Bounds
from .layout import Layout
from .numbered import ROW
from .options import assert_option
from .stored_bounds import stored_bounds


def assert_selection(table: object, query: object, settings: object) -> None:
    """Raise RepositoryError unless at most one of a table and a query is named, and DuckDB's settings are by name."""
    assert_option("table", table, str | None, "the name of a table is needed")
    assert_option("query", query, str | None, "the text of a query is needed")
    assert_option("settings", settings, Mapping | None, 'a mapping is needed, {"threads": 2}')
    if table is not None and query is not None:
        raise RepositoryError("give either table= or query=, not both")


def selected(names: Iterable[str], types: Mapping[str, pl.DataType]) -> list[str]:
    """Columns as they are selected: numbers as double, so that decimals and huge integers cost nothing later."""
    return [
        f"cast({quoted(name)} as double) as {quoted(name)}" if types[name].is_numeric() else quoted(name)
        for name in names
    ]


def where_clause(
    layout: Layout, symbol: str, slack: Callable[[], dt.timedelta], symbols: Sequence[str] | None, around: Bounds
) -> tuple[str, list[Any]]:
    """The where clause of these symbols and bounds, and its values; `symbol` is that of a table without a column."""
    parts, values = list[str](), list[Any]()
    if symbols is not None and layout.symbol is None:
        parts.append("true" if symbol in symbols else "false")
    elif symbols is not None and layout.symbol is not None:
        column = f"cast({quoted(layout.symbol)} as varchar)"
        parts.append(f"{column} between ? and ? and {column} in (select unnest(?::varchar[]))")
        values += [min(symbols, default=""), max(symbols, default=""), list(symbols)]
    limits = stored_bounds(around, slack, layout.types[layout.ts])
    for limit, comparison in zip(limits, (">=", "<="), strict=True):
        if limit is not None:
            parts.append(f"{quoted(layout.ts)} {comparison} ?")
            values.append(limit)
    return ("where " + " and ".join(parts) if parts else ""), values


def in_stored_order(found: pl.DataFrame) -> pl.DataFrame:
    """Rows by their number, which goes.

    With several threads DuckDB 2.0 hands out filtered rows in the order in which blocks are done, although
    preserve_insertion_order is true. To sort here what is out of order is quicker than to ask for `order by rowid`.
    """
    ordered = found if found[ROW].is_sorted() else found.sort(ROW)
    return ordered.drop(ROW)
