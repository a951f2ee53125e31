"""`barsweep why`: the parts of a formula on one bar, and the symbols that lack a single condition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.exceptions import Exit

from ...data.repository import CandleRepository
from ...data.timeframes import Timeframe
from ..executors import known_executor
from ..jobs import DateRange, Formula
from ..results import counted
from ..why.matching import MatchExplanation, explain_match
from ..why.missing import near_misses
from . import unwind_on_interrupt
from .asking import read_session, read_sweep, read_symbols, read_tables
from .ending import Code, told_in_words
from .finding import keep_source
from .formats import Format, chosen_format
from .misuse import UsageError, as_asked
from .opening import opened, read_formula
from .options import DATA, EXECUTOR, FORMULA, PARAMETER, TIMEFRAME, questioning
from .saying import say
from .showing import tell_errors, write
from .watching import compile_first


@click.command
@FORMULA
@DATA
@click.argument("symbol", required=False, help="The symbol to look at.")
@click.argument("ts", required=False, help="The bar, 2016-01-31; the symbol's last if not given.")
@click.option("--near", is_flag=True, help="Symbols that lack one condition on the last bar.")
@click.option("--symbols", help="Among which to look or rank: AAPL,MSFT or @file.")
@click.option("--end", help="With --near: the last day or time.")
@TIMEFRAME
@PARAMETER
@click.option(
    "--format", "how", type=click.Choice(Format, case_sensitive=False), help="With --near: how rows are written."
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="With --near: a file for the rows.")
@EXECUTOR
@questioning
def why(
    formula: str,
    data: str,
    symbol: str | None,
    ts: str | None,
    symbols: str | None,
    end: str | None,
    timeframe: str,
    parameter: Sequence[str],
    how: Format | None,
    output: Path | None,
    executor: str,
    column: Sequence[str],
    policy: Sequence[str],
    session: str | None,
    beside: Sequence[str],
    dialect: str | None,
    *,
    near: bool,
    **told: str | None,
) -> None:
    """Show why FORMULA is true or not on a bar of SYMBOL: every part of it with its value.

    With --near, and without a symbol, show which symbols fail exactly one condition on the last bar, the closest first.

    Exit codes: 0 a match, or near misses; 1 no match, or none; 2 faulty formula or command line, 3 data trouble.
    """
    with told_in_words():
        _assert_one_question(symbol, near=near, others={"--end": end, "--format": how, "--output": output})
        with as_asked():
            options: dict[str, Any] = {"symbols": read_symbols(symbols), "timeframe": Timeframe.parse(timeframe).text}
            options |= {"executor": known_executor(executor), "session": read_session(session), "dialect": dialect}
            options["tables"] = read_tables(beside)
            for bound in (ts, end):
                DateRange(bound)  # which says what is wrong with it
        asked = Formula(read_formula(formula), "", read_sweep(parameter))
        compile_first()
        with opened(data, column, policy, **told) as repository:
            if symbol is None:
                chosen = chosen_format(how, keep_source(data, output))
                found = _near(asked, repository, chosen, output, end=end, **options)
            else:
                found = _bar(explain_match(asked, repository, symbol, ts, **options))
    raise Exit(Code.FOUND if found else Code.NOTHING_FOUND)


def _assert_one_question(symbol: str | None, *, near: bool, others: dict[str, object]) -> None:
    if (symbol is None) is not near:
        raise UsageError("name a symbol to look at one of its bars, or say --near for all symbols, not both")
    given = [option for option, value in others.items() if value is not None]
    if given and not near:
        raise UsageError(f"{given[0]} goes with --near")


def _bar(explained: MatchExplanation) -> bool:
    """Write why a bar matches; whether it does."""
    click.echo(str(explained))
    return explained.matches


def _near(formula: Formula, repository: CandleRepository, how: Format, output: Path | None, **options: Any) -> bool:
    """Write the near misses; whether there are any."""
    found = near_misses(formula, repository, **options)
    if how is Format.TABLE and output is None:
        click.echo(str(found))
    else:
        unwind_on_interrupt()
        write(found.frame, how, output)
    tell_errors(found.errors)
    if found.errors:
        say(f"{counted(len(found.errors), 'symbol')} could not be looked at")
    return len(found) > 0
