"""DuckDB opened so that a query can read what it was given, and nothing else."""

from __future__ import annotations

from typing import Final

import duckdb

OPTIMIZERS: Final = frozenset(
    {
        *("expression_rewriter", "filter_pullup", "filter_pushdown", "cte_filter_pusher", "cte_inlining"),
        *("regex_range", "in_clause", "deliminator", "outer_join_simplification", "unused_columns"),
    }
)
"""What says which rows and columns a query wants, whatever its tables hold. The others look at what they hold."""


def open_closed(memory_limit: int, zone: str, *, external_access: bool) -> duckdb.DuckDBPyConnection:
    """A database in memory whose settings cannot be changed any more.

    Without external access, queries cannot read or write files, load extensions or attach databases. The caller's
    variables are never tables. Nothing is written to disk where memory runs short.
    """
    access = str(external_access).lower()
    connection = duckdb.connect(
        config={
            "enable_external_access": access,
            "autoload_known_extensions": access,
            "autoinstall_known_extensions": access,
            "python_enable_replacements": "false",
            "temp_directory": "",
            "memory_limit": f"{memory_limit}B",
        }
    )
    connection.execute("set global TimeZone = $1", [zone])
    connection.execute("set lock_configuration = true")
    return connection


def open_for_planning(zone: str, *, external_access: bool) -> duckdb.DuckDBPyConnection:
    """A database of empty tables, where queries are planned by what they say alone."""
    connection = duckdb.connect(
        config={
            "enable_external_access": str(external_access).lower(),
            "python_enable_replacements": "false",
            "temp_directory": "",
            "threads": "1",
        }
    )
    known = {name for (name,) in connection.execute("select name from duckdb_optimizers()").fetchall()}
    connection.execute("set disabled_optimizers = $1", [",".join(sorted(known - OPTIMIZERS))])
    connection.execute("set global TimeZone = $1", [zone])
    connection.execute("set lock_configuration = true")
    return connection
