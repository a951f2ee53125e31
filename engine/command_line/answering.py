"""`barsweep why`: the parts of a formula on one bar, and the symbols that lack a single condition."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from ...data.repository import CandleRepository
from ...data.timeframes import Timeframe
from ..executors import known_executor
from ..jobs import Formula
from ..why.matching import MatchExplanation, explain_match
from ..why.missing import near_misses
from .asking import (
    Beside,
    Columns,
    DateFormat,
    Decimal,
    Dialect,
    Hours,
    Parameters,
    Table,
    Zone,
    opened,
    read_formula,
    read_session,
    read_sweep,
    read_symbols,
    read_tables,
)
from .ending import Code, told_in_words
from .misuse import UsageError, as_asked
from .scanning import keep_source
from .showing import Format, chosen_format, write
from .watching import compile_first


def why(
    formula: Annotated[str, typer.Argument(help='The formula, "@file.formula", or - for standard input.')],
    data: Annotated[str, typer.Argument(help="A .parquet, .csv or .duckdb file, a .store, or a folder.")],
    symbol: Annotated[str | None, typer.Argument(help="The symbol to look at.")] = None,
    ts: Annotated[str | None, typer.Argument(help="The bar, 2016-01-31; the symbol's last if not given.")] = None,
    near: Annotated[bool, typer.Option("--near", help="Symbols that lack one condition on the last bar.")] = False,
    symbols: Annotated[str | None, typer.Option(help="Among which to look or rank: AAPL,MSFT or @file.")] = None,
    end: Annotated[str | None, typer.Option(help="With --near: the last day or time.")] = None,
    timeframe: Annotated[str, typer.Option(help="5m 1h 1d 1w 1mo ...; made from finer bars if need be.")] = "1d",
    parameter: Parameters = None,
    format: Annotated[Format | None, typer.Option(help="With --near: how rows are written.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="With --near: a file for the rows.")] = None,
    executor: Annotated[str, typer.Option(help="What computes: auto or a name.")] = "auto",
    column: Columns = None,
    tz: Zone = None,
    table: Table = None,
    date_format: DateFormat = None,
    decimal: Decimal = None,
    adjust: Annotated[str | None, typer.Option(help="Adjust prices: auto, adj_close or a factor column.")] = None,
    session: Hours = None,
    beside: Beside = None,
    dialect: Dialect = None,
) -> None:
    """Show why FORMULA is true or not on a bar of SYMBOL: every part of it with its value.

    With --near, and without a symbol, show which symbols fail exactly one condition on the last bar, the closest first.

    Exit codes: 0 a match, or near misses; 1 no match, or none; 2 faulty formula or command line, 3 data trouble.
    """
    with told_in_words():
        _assert_one_question(symbol, near=near, others={"--end": end, "--format": format, "--output": output})
        with as_asked():
            options: dict[str, Any] = {"symbols": read_symbols(symbols), "timeframe": Timeframe.parse(timeframe).text}
            options |= {"executor": known_executor(executor), "session": read_session(session), "dialect": dialect}
            options["tables"] = read_tables(beside)
        asked = Formula(read_formula(formula), "", read_sweep(parameter or ()))
        told = {"tz": tz, "adjust": adjust, "table": table, "date_format": date_format, "decimal": decimal}
        compile_first()
        with opened(data, column, **told) as repository:
            if symbol is None:
                how = chosen_format(format, keep_source(data, output))
                found = _near(asked, repository, how, output, end=end, **options)
            else:
                found = _bar(explain_match(asked, repository, symbol, ts, **options))
    raise typer.Exit(Code.FOUND if found else Code.NOTHING_FOUND)


def _assert_one_question(symbol: str | None, *, near: bool, others: dict[str, object]) -> None:
    if (symbol is None) is not near:
        raise UsageError("name a symbol to look at one of its bars, or say --near for all symbols, not both")
    given = [option for option, value in others.items() if value is not None]
    if given and not near:
        raise UsageError(f"{given[0]} goes with --near")


def _bar(explained: MatchExplanation) -> bool:
    """Write why a bar matches; whether it does."""
    typer.echo(str(explained))
    return explained.matches


def _near(formula: Formula, repository: CandleRepository, how: Format, output: Path | None, **options: Any) -> bool:
    """Write the near misses; whether there are any."""
    found = near_misses(formula, repository, **options)
    if how is Format.TABLE and output is None:
        typer.echo(str(found))
    else:
        write(found.frame, how, output)
    return len(found) > 0
