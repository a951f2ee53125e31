"""`barsweep check`, `explain` and `functions`: the language without a scan."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import click
from click.exceptions import Exit

from ...errors import FormulaError
from ...formulas import Checked, Function, Plan
from ...formulas.check.guessing import hint_for_function
from ...formulas.plan.explaining import explain_plan
from ..executors import chosen
from ..jobs import Formula, ProcessingJob
from ..plans import Kinds, plan_job
from ..service import FormulaService
from ..sweeps import expanded
from .asking import kinds_of, read_sweep, table_kinds
from .ending import Code, told_in_words
from .manual import page
from .misuse import as_asked
from .opening import opened, read_formula
from .options import BESIDE, DIALECT, FORMULA, PARAMETER, reading
from .saying import say
from .showing import ROWS_SHOWN, grid, results, warn
from .telling import history_of, in_full

DATA: Final = click.argument("data", required=False, help="Candles whose columns the formula may read.")
TIMEFRAME: Final = click.option("--timeframe", help="The timeframe to look at; by default the stored one.")
NAME: Final = "value"
WIDEST: Final = 60
"""So much of a line of functions is for the call, the rest for what it is."""


@click.command
@FORMULA
@DATA
@PARAMETER
@TIMEFRAME
@reading
@click.option("--strict", is_flag=True, help="Take warnings for faults.")
@BESIDE
@DIALECT
def check(
    formula: str,
    data: str | None,
    parameter: Sequence[str],
    timeframe: str | None,
    beside: Sequence[str],
    dialect: str | None,
    *,
    strict: bool,
    **options: Any,
) -> None:
    """Check FORMULA without running it. Exit code 2 if it is faulty."""
    with told_in_words():
        with as_asked():
            source = read_formula(formula)
        kinds = kinds_in(data, timeframe, **options)
        plan = planned(source, parameter, kinds, table_kinds(beside), dialect)
        if strict:
            assert_no_warnings(plan.formulas)
    warn(*plan.formulas.values())
    for line in verdicts(plan.formulas):
        click.echo(line)


@click.command
@FORMULA
@DATA
@PARAMETER
@TIMEFRAME
@reading
@BESIDE
@DIALECT
def explain(
    formula: str,
    data: str | None,
    parameter: Sequence[str],
    timeframe: str | None,
    beside: Sequence[str],
    dialect: str | None,
    **options: Any,
) -> None:
    """Show how FORMULA will be computed.

    That is nodes, stages, warm-up, reach, and the columns that are read. A stage goes along time or across symbols;
    its steps are the operations on whole columns that it takes in Polars.
    """
    with told_in_words():
        with as_asked():
            source = read_formula(formula)
        kinds = kinds_in(data, timeframe, **options)
        plan = planned(source, parameter, kinds, table_kinds(beside), dialect)
    warn(*plan.formulas.values())
    click.echo(str(replace(explain_plan(plan, chosen("auto")), warnings=())))


def planned(
    formula: str,
    parameter: Sequence[str],
    kinds: Mapping[str, str] | None,
    tables: Mapping[str, Kinds],
    dialect: str | None = None,
) -> Plan:
    """The plan of a formula; of one whose params have several values the plan of all of them."""
    with as_asked():
        asked = Formula(formula, NAME, read_sweep(parameter), dialect)
        job = expanded(ProcessingJob(None, asked)).job
    return plan_job(FormulaService(), job, kinds, tables, conditions=False)


def kinds_in(data: str | None, timeframe: str | None, **options: Any) -> dict[str, str] | None:
    """The columns of DATA, if it was given; with the `options` of `opened`."""
    if data is None:
        return None
    with opened(data, **options) as repository:
        return kinds_of(repository, timeframe)


def assert_no_warnings(formulas: Mapping[str, Checked]) -> None:
    """Raise FormulaError for the first formula that there is a warning of."""
    for name, checked in formulas.items():
        if checked.warnings:
            raise FormulaError(checked.warnings, checked.source, name if len(formulas) > 1 else None)


@click.command
@click.argument("name", required=False, help="A function, in full; or a library.")
@click.option("--markdown", is_flag=True, help="The whole manual, as a page.")
def functions(name: str | None, *, markdown: bool) -> None:
    """List the functions, or tell all about one.

    Without NAME those of the language are listed, with a library's name those of the library.
    """
    language = FormulaService().language
    known = language.functions
    wanted = (name or "").lower().partition("(")[0].strip()
    if markdown and (not wanted or wanted in known.libraries):
        click.echo(page(language, wanted), nl=False)
    elif not wanted or wanted in known.libraries:
        list_functions(known.libraries[wanted].values() if wanted else [known[each] for each in known.plain])
        if not wanted:
            results().print(f"\nlibraries, listed by `barsweep functions NAME`: {', '.join(sorted(known.libraries))}")
    elif wanted in known:
        click.echo(in_full(language, known[wanted]))
    else:
        say(f"there is no function {name!r}; {hint_for_function(wanted, known, {})}")
        raise Exit(Code.FAULTY_FORMULA)


def list_functions(several: Iterable[Function]) -> None:
    """A table of functions, with what each is in a sentence."""
    table = grid()
    table.add_column("function", max_width=WIDEST)
    table.add_column("what it is")
    for function in sorted(several, key=lambda each: each.name):
        table.add_row(function.signature, summary(function))
    results().print(table)


def summary(function: Function) -> str:
    """The first sentence of a function's documentation."""
    first = function.doc.strip().split("\n\n")[0].split("\n")[0]
    return first.strip()


def verdicts(formulas: Mapping[str, Checked]) -> Iterator[str]:
    """A line for a sound formula, or one for each of those that a sweep makes of it, as far as they are shown."""
    if list(formulas) == [NAME]:
        yield f"ok: {described(formulas[NAME])}"
        return
    yield f"ok with each of {len(formulas):,} settings"
    for name, checked in itertools.islice(formulas.items(), ROWS_SHOWN):
        yield f"  {name}: {described(checked)}"
    if len(formulas) > ROWS_SHOWN:
        yield f"  ... and {len(formulas) - ROWS_SHOWN:,} more"


def described(checked: Checked) -> str:
    """A sound formula in one line."""
    reads = ", ".join(sorted(checked.columns)) or "no column"
    return f"a {checked.kind} formula; {history_of(checked)}; reads {reads}"
