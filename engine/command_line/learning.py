"""`barsweep check`, `explain` and `functions`: the language without a scan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

import typer
from rich.table import Table as Grid

from ...formulas import Checked, Function
from ...formulas.check.guessing import hint_for_function
from ..service import FormulaService
from .asking import (
    Beside,
    Columns,
    DateFormat,
    Decimal,
    Table,
    Zone,
    kinds_of,
    opened,
    read_formula,
    read_settings,
    table_kinds,
)
from .ending import Code, told_in_words
from .manual import page
from .showing import messages, results
from .telling import history_of, in_full

Source = Annotated[str, typer.Argument(help='The formula, "@file.formula", or - for standard input.')]
Parameters = Annotated[list[str] | None, typer.Option("--parameter", "-p", help="name=value, repeatable.")]
Candles = Annotated[str | None, typer.Argument(help="Candles whose columns the formula may read.")]
Bars = Annotated[str | None, typer.Option(help="The timeframe to look at; by default the stored one.")]


def check(
    formula: Source,
    data: Candles = None,
    parameter: Parameters = None,
    timeframe: Bars = None,
    column: Columns = None,
    tz: Zone = None,
    table: Table = None,
    date_format: DateFormat = None,
    decimal: Decimal = None,
    strict: Annotated[bool, typer.Option("--strict", help="Take warnings for faults.")] = False,
    beside: Beside = None,
) -> None:
    """Check FORMULA without running it. Exit code 2 if it is faulty."""
    with told_in_words():
        kinds = kinds_in(data, timeframe, column, tz=tz, table=table, date_format=date_format, decimal=decimal)
        source, settings = read_formula(formula), read_settings(parameter or ())
        checked = FormulaService().check(source, kinds, settings, table_kinds(beside), strict=strict)
    warn(checked)
    typer.echo(f"ok: {described(checked)}")


def explain(
    formula: Source,
    data: Candles = None,
    parameter: Parameters = None,
    timeframe: Bars = None,
    column: Columns = None,
    tz: Zone = None,
    table: Table = None,
    date_format: DateFormat = None,
    decimal: Decimal = None,
    beside: Beside = None,
) -> None:
    """Show how FORMULA will be computed: nodes, stages, warm-up, reach, and the columns that are read."""
    with told_in_words():
        source, settings, service = read_formula(formula), read_settings(parameter or ()), FormulaService()
        kinds = kinds_in(data, timeframe, column, tz=tz, table=table, date_format=date_format, decimal=decimal)
        tables = table_kinds(beside)
        explanation = service.explain(source, kinds, settings, tables)
    warn(service.check(source, kinds, settings, tables))
    typer.echo(str(replace(explanation, warnings=())))


def kinds_in(
    data: str | None, timeframe: str | None, column: list[str] | None, **options: str | None
) -> dict[str, str] | None:
    """The columns of DATA, if it was given."""
    if data is None:
        return None
    with opened(data, column, **options) as repository:
        return kinds_of(repository, timeframe)


def warn(checked: Checked) -> None:
    """Write what a sound formula may still get wrong to standard error."""
    for warning in checked.warnings:
        messages().print(f"warning: {warning.render(checked.source)}")


def functions(
    name: Annotated[str | None, typer.Argument(help="A function, in full; or a library.")] = None,
    markdown: Annotated[bool, typer.Option(help="The whole manual, as a page.")] = False,
) -> None:
    """List the functions of the language or of one of its libraries, or tell all about a function."""
    language = FormulaService().language
    known = language.functions
    wanted = (name or "").lower().partition("(")[0].strip()
    if markdown and (not wanted or wanted in known.libraries):
        typer.echo(page(language, wanted), nl=False)
    elif not wanted or wanted in known.libraries:
        list_functions(known.libraries[wanted].values() if wanted else [known[each] for each in known.plain])
        if not wanted:
            results().print(f"\nlibraries, listed by `barsweep functions NAME`: {', '.join(sorted(known.libraries))}")
    elif wanted in known:
        typer.echo(in_full(language, known[wanted]))
    else:
        messages().print(f"there is no function {name!r}; {hint_for_function(wanted, known, {})}")
        raise typer.Exit(Code.FAULTY_FORMULA)


def list_functions(several: Iterable[Function]) -> None:
    """A table of functions, with what each is in a sentence."""
    table = Grid(box=None, header_style="bold", pad_edge=False)
    table.add_column("function", no_wrap=True)
    table.add_column("what it is")
    for function in sorted(several, key=lambda each: each.name):
        table.add_row(function.signature, summary(function))
    results().print(table)


def summary(function: Function) -> str:
    """The first sentence of a function's documentation."""
    first = function.doc.strip().split("\n\n")[0].split("\n")[0]
    return first.strip()


def described(checked: Checked) -> str:
    """A sound formula in one line."""
    reads = ", ".join(sorted(checked.columns)) or "no column"
    return f"a {checked.kind} formula; {history_of(checked)}; reads {reads}"
