"""Options that several commands have in common."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from .formats import Format
from .sizes import Size

PARAMETER: Final = click.option(
    *("-p", "--parameter"), multiple=True, metavar="NAME=VALUE", help="Repeatable; 5..50 or 10,20 try several."
)
COLUMN: Final = click.option(
    "--column", multiple=True, metavar="NAME=COLUMN", help="Where a column is not recognised: close=Last, repeatable."
)
TABLE: Final = click.option("--table", help="The table or view of a DuckDB file that holds several.")
DATE_FORMAT: Final = click.option("--date-format", help="How dates in CSV are written: %m/%d/%Y.")
DECIMAL: Final = click.option("--decimal", help="The decimal mark of numbers in CSV: . or ,")
BESIDE: Final = click.option(
    "--beside",
    multiple=True,
    metavar="NAME=FILE",
    help='Another table for table("quarterly", x): quarterly=file.csv, repeatable.',
)
SESSION: Final = click.option("--session", help="When the exchange opens and closes: 09:30-16:00, in --tz.")
ZONE: Final = click.option("--tz", help="Time zone of times without one: America/New_York.")
DIALECT: Final = click.option("--dialect", help="The foreign language of the formula: qlib, alpha101, gtja191 ...")
ADJUST: Final = click.option("--adjust", help="Adjust prices: auto, adj_close or a factor column.")
POLICY: Final = click.option(
    "--policy", multiple=True, metavar="KIND=ACTION", help="What to do with faulty rows: duplicate_ts=drop, repeatable."
)
DATA: Final = click.argument("data", help="A .parquet, .csv or .duckdb file, a .store, or a folder.")
TIMEFRAME: Final = click.option(
    "--timeframe", default="1d", help="5m 1h 1d 1w 1mo ...; made from finer bars if need be."
)
FORMAT: Final = click.option(
    "--format",
    "how",
    type=click.Choice(Format, case_sensitive=False),
    help="Default: a table, or what --output's ending says.",
)
OUTPUT: Final = click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="A file instead of standard output."
)
EXECUTOR: Final = click.option("--executor", default="auto", help="What computes: auto or a name.")
WORKERS: Final = click.option(
    "--workers", type=click.IntRange(min=1), help="Threads that compute; all cores if not given."
)
MEMORY_LIMIT: Final = click.option(
    "--memory-limit", type=Size(), help="How much memory may be taken: 500MB, 2GB; a quarter of it all if not given."
)
FORMULA: Final = click.argument("formula", help='The formula, "@file.formula", or - for standard input.')


def reading(command: Callable[..., Any]) -> Callable[..., Any]:
    """All options about how a table of candles is read."""
    for option in (DECIMAL, DATE_FORMAT, TABLE, ZONE, COLUMN):
        command = option(command)
    return command


def questioning(command: Callable[..., Any]) -> Callable[..., Any]:
    """All options of a formula's question to candles: how these are read and put right, and what the formula names."""
    for option in (DIALECT, BESIDE, SESSION, POLICY, ADJUST, reading):
        command = option(command)
    return command
