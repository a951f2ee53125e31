"""`barsweep check`, `explain` and `functions`: the language without a scan."""

from __future__ import annotations

import difflib
from typing import Annotated

import typer
from rich.table import Table

from ...formulas import Checked, Function
from ..service import FormulaService
from ..sources import columns_of
from .asking import Columns, Zone, opened, read_formula, read_settings
from .ending import Code, told_in_words
from .showing import messages, results

Source = Annotated[str, typer.Argument(help='The formula, "@file.formula", or - for standard input.')]
Parameters = Annotated[list[str] | None, typer.Option("--parameter", "-p", help="name=value, repeatable.")]


def check(
    formula: Source,
    data: Annotated[str | None, typer.Argument(help="Candles whose columns the formula may read.")] = None,
    parameter: Parameters = None,
    timeframe: Annotated[str, typer.Option(help="The timeframe of DATA to look at.")] = "1d",
    column: Columns = None,
    tz: Zone = None,
) -> None:
    """Check FORMULA without running it. Exit code 2 if it is faulty."""
    with told_in_words():
        kinds = None
        if data is not None:
            with opened(data, column, tz) as repository:
                kinds = dict(columns_of(repository, timeframe))
        checked = FormulaService().language.check(read_formula(formula), kinds, read_settings(parameter or ()))
    for warning in checked.warnings:
        messages().print(f"warning: {warning.render(checked.source)}", markup=False)
    typer.echo(f"ok: {described(checked)}")


def explain(formula: Source) -> None:
    """Show how FORMULA will be computed: nodes, stages, warm-up, reach, and the columns that are read."""
    with told_in_words():
        typer.echo(str(FormulaService().explain(read_formula(formula))))


def functions(name: Annotated[str | None, typer.Argument(help="One function, in full.")] = None) -> None:
    """List the functions of the language, or tell all about one."""
    known = FormulaService().language.functions
    if name is None:
        table = Table(box=None, header_style="bold", pad_edge=False)
        table.add_column("function", no_wrap=True)
        table.add_column("what it is")
        for function in sorted(known.values(), key=lambda each: each.name):
            table.add_row(function.signature, summary(function))
        results().print(table)
        return
    chosen = known.get(name.lower().partition("(")[0].strip())
    if chosen is None:
        near = difflib.get_close_matches(name.lower(), known, 3)
        hint = f"; did you mean {' or '.join(near)}?" if near else "; `barsweep functions` lists them"
        messages().print(f"there is no function {name!r}{hint}", markup=False)
        raise typer.Exit(Code.FAULTY_FORMULA)
    typer.echo(f"{chosen.signature}\n\n{chosen.doc}")


def summary(function: Function) -> str:
    """The first sentence of a function's documentation."""
    first = function.doc.strip().split("\n\n")[0].split("\n")[0]
    return first.strip()


def described(checked: Checked) -> str:
    """A sound formula in one line."""
    warmup = "depends on the calendar" if checked.warmup is None else f"{checked.warmup} bars"
    reach = "all earlier bars" if checked.reach is None else f"{checked.reach} bars"
    reads = ", ".join(sorted(checked.columns)) or "no column"
    return f"a {checked.kind} formula; warm-up {warmup}; reach {reach}; reads {reads}"
