"""`barsweep sql`: one SELECT in which scan('...') and bars('...') are tables."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click
import polars as pl
from click.exceptions import Exit

from ...data.repository import CandleRepository
from ...data.timeframes import Timeframe
from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen
from ..executors import known_executor
from ..results import counted
from ..sql.answers import SqlResult
from ..sql.connection import SqlConnection
from .asking import read_session, read_sweep, read_tables, read_values
from .ending import Code, told_in_words
from .finding import keep_source
from .formats import Format, chosen_format
from .misuse import UsageError, as_asked
from .opening import opened, read_formula
from .options import (
    ADJUST,
    COLUMN,
    DATA,
    DATE_FORMAT,
    DECIMAL,
    DIALECT,
    EXECUTOR,
    FORMAT,
    OUTPUT,
    PARAMETER,
    POLICY,
    SESSION,
    ZONE,
)
from .saying import say
from .showing import ROWS_SHOWN, tell_errors, to_terminal, write
from .watching import compile_first, interruptible, progress_bar


@frozen
class Asked:
    """A query as the line has it."""

    query: str
    values: dict[str, Any]
    parameters: dict[str, Any]
    options: dict[str, Any]


@click.command
@click.argument("query", help='The SELECT, "@file.sql", or - for standard input.')
@DATA
@click.option(
    "--table",
    multiple=True,
    help="Another table: meta=meta.csv, repeatable. A name alone: the table of the candles in a DuckDB file.",
)
@click.option("--value", multiple=True, metavar="NAME=VALUE", help="For $NAME in the query, repeatable.")
@PARAMETER
@click.option("--timeframe", help="5m 1h 1d 1w 1mo ...; that of the data if not given.")
@FORMAT
@OUTPUT
@EXECUTOR
@COLUMN
@ZONE
@DATE_FORMAT
@DECIMAL
@ADJUST
@POLICY
@SESSION
@DIALECT
@click.option("--external-access", is_flag=True, help="Let the query read files: read_csv('...').")
def sql(
    query: str,
    data: str,
    table: Sequence[str],
    value: Sequence[str],
    parameter: Sequence[str],
    timeframe: str | None,
    how: Format | None,
    output: Path | None,
    executor: str,
    column: Sequence[str],
    policy: Sequence[str],
    session: str | None,
    dialect: str | None,
    *,
    external_access: bool,
    **told: str | None,
) -> None:
    """Run one SELECT of DuckDB's SQL over DATA.

    scan('<formula>') is the table of a formula's matches, bars('name: <formula>') that of all bars with further
    columns, candles that of the candles.

    Exit codes: 0 rows found, 1 none, 2 faulty query, formula or command line, 3 data trouble, 130 interrupted.
    """
    with told_in_words():
        source, chosen = read_formula(query), chosen_format(how, keep_source(data, output))
        further, own = _tables(table)
        with as_asked():
            options: dict[str, Any] = {"tables": further, "dialect": dialect, "session": read_session(session)}
            options |= {"executor": known_executor(executor), "external_access": external_access}
            options["timeframe"] = None if timeframe is None else Timeframe.parse(timeframe).text
            asked = Asked(source, read_values(value), read_sweep(parameter), options)
        code = _run(asked, opened(data, column, policy, table=own, **told), chosen, output)
    raise Exit(code)


def _tables(given: Sequence[str] | None) -> tuple[dict[str, str], str | None]:
    """Further tables by name, and the table of a DuckDB file that holds the candles."""
    names = [each for each in given or () if "=" not in each]
    if len(names) > 1:
        raise UsageError(f"--table {names[0]} and --table {names[1]} both name the table of the candles")
    return read_tables([each for each in given or () if "=" in each]), next(iter(names), None)


def _run(asked: Asked, opening: AbstractContextManager[CandleRepository], how: Format, output: Path | None) -> Code:
    """Run the query, hand out its rows, and say how it went."""
    began, stopped = time.perf_counter(), list[bool]()
    with opening as repository, SqlConnection(repository, **asked.options) as connection:

        def stop() -> None:
            stopped.append(True)
            connection.interrupt()

        compile_first()
        try:
            with progress_bar() as progress, interruptible(stop):
                result = connection.sql(asked.query, asked.values, parameters=asked.parameters, progress=progress)
                rows = result.pl()
        except ProcessingEngineError:
            if not stopped:
                raise
            say("interrupted: a part of the rows is no answer, so none is shown")
            raise Exit(Code.INTERRUPTED) from None
    _hand_out(rows, how, output)
    _report(result, rows.height, time.perf_counter() - began)
    nothing_usable = result.counts["symbols"] > 0 and len(result.errors) == result.counts["symbols"]
    return Code.FOUND if rows.height else Code.DATA_TROUBLE if nothing_usable else Code.NOTHING_FOUND


def _hand_out(rows: pl.DataFrame, how: Format, output: Path | None) -> None:
    nested = [name for name, dtype in rows.schema.items() if dtype.is_nested()]
    if how is Format.CSV and nested:
        raise UsageError(
            f"CSV cannot hold {nested[0]}, which has several values in a row: say --format json or parquet"
        )
    short = how is Format.TABLE and output is None and to_terminal() and rows.height > ROWS_SHOWN
    write(rows.head(ROWS_SHOWN) if short else rows, how, output)
    if short:
        say(f"... and {rows.height - ROWS_SHOWN:,} more: LIMIT, or --output FILE")


def _report(result: SqlResult, rows: int, seconds: float) -> None:
    """Say how it went, and what formulas may still get wrong."""
    for warning in result.warnings:
        say(f"warning: {warning}")
    tell_errors(result.errors)
    failed = f"; {counted(len(result.errors), 'symbol')} with errors" if result.errors else ""
    say(f"{counted(rows, 'row')}; {seconds:.2f} s, {counted(result.counts['loaded'], 'bar')} read{failed}")
