"""`barsweep scan`: find the bars at which a formula is true."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.exceptions import Exit

from ...data.looking import open_ahead
from .ending import told_in_words
from .options import (
    DATA,
    EXECUTOR,
    FORMAT,
    FORMULA,
    MEMORY_LIMIT,
    OUTPUT,
    PARAMETER,
    TIMEFRAME,
    WORKERS,
    questioning,
)


@click.command
@FORMULA
@DATA
@click.option("--symbols", help="AAPL,MSFT or @file with one a line; all if not given.")
@click.option("--start", help="First day or time, 2016-01-31.")
@click.option("--end", help="Last day or time, inclusive.")
@TIMEFRAME
@PARAMETER
@click.option("--latest", is_flag=True, help="Only the universe's last bar; reads only what it needs.")
@click.option("--stale", type=float, help="With --latest: admit symbols that are so many days behind.")
@click.option("--top", type=click.IntRange(min=1), help="Only so many: the first by --sort, without it the newest.")
@click.option("--sort", help="A number formula; the largest come first. -x turns it round.")
@FORMAT
@OUTPUT
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="A page to look at as well, out.html: table, charts, reasons.",
)
@click.option("--guard", is_flag=True, help="In CSV, an apostrophe before texts that spreadsheets would run.")
@EXECUTOR
@WORKERS
@MEMORY_LIMIT
@questioning
def scan(
    formula: str,
    data: str,
    column: Sequence[str],
    tz: str | None,
    table: str | None,
    date_format: str | None,
    decimal: str | None,
    adjust: str | None,
    policy: Sequence[str],
    **asked: Any,
) -> None:
    """Find the bars at which FORMULA is true in DATA.

    An --output that ends in .parquet is written while the scan runs, unless --sort or --top arrange the matches.

    Exit codes: 0 found, 1 nothing found, 2 faulty formula or command line, 3 data trouble, 130 interrupted (what is
    finished is shown).
    """
    told = {"tz": tz, "table": table, "date_format": date_format, "decimal": decimal, "adjust": adjust}
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # they would spin at first, and nobody multiplies matrices here
    open_ahead(data)
    with told_in_words():
        from .opening import opened, read_formula  # noqa: PLC0415 - help needs none of the large libraries

        source = read_formula(formula)
        with opened(data, column, policy, **told) as repository:
            from .finding import Asked, find  # noqa: PLC0415 - meanwhile a database is looked at on another thread

            code = find(repository, data, Asked(source, **asked))
    raise Exit(code)
