"""`barsweep scan`: find the bars at which a formula is true."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer

from ...data.repository import CandleRepository
from ...data.timeframes import Timeframe
from ...errors import FormulaError
from ...formulas.parse.parsing import parse
from ..executors import known_executor
from ..jobs import DateRange, ProcessingJob
from ..processing import ProcessingEngine
from ..results import BatchResult, counted
from ..service import FormulaService
from ..stored import ENDING
from ..sweeps import expanded
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
    kinds_of,
    opened,
    read_formula,
    read_session,
    read_sweep,
    read_symbols,
    read_tables,
    table_kinds,
)
from .ending import Code, told_in_words
from .learning import warn
from .misuse import UsageError, as_asked
from .showing import ROWS_SHOWN, Format, chosen_format, messages, to_terminal, write
from .watching import compile_first, interruptible, progress_bar
from .wording import symbol_error

ERRORS_SHOWN = 5

Latest = Annotated[bool, typer.Option("--latest", help="Only the universe's last bar; reads only what it needs.")]
Stale = Annotated[float | None, typer.Option(help="With --latest: admit symbols that are so many days behind.")]
Top = Annotated[int | None, typer.Option(min=1, help="Only so many: the first by --sort, without it the newest.")]
Sort = Annotated[str | None, typer.Option(help="A number formula; the largest come first. -x turns it round.")]


@dataclass(frozen=True, slots=True)
class Delivery:
    """Which matches are handed out, in which order, how, and where to."""

    sort: str | None
    top: int | None
    how: Format
    output: Path | None

    @property
    def meanwhile(self) -> Path | None:
        """The file, if it can be written while the scan runs: matches that are arranged have to be there first."""
        streams = self.how is Format.PARQUET and self.output is not None and self.output.suffix.lower() == ENDING
        return self.output if streams and self.sort is None and self.top is None else None

    def hand_out(self, result: BatchResult) -> None:
        """Write the matches, unless they are in their file already."""
        if result.output is not None:
            return
        matches = self.arranged(result.matches)
        # what goes into a pipe or a file is read by programs: they get every row
        short = self.how is Format.TABLE and self.output is None and self.top is None and to_terminal()
        short = short and matches.height > ROWS_SHOWN
        write(matches.head(ROWS_SHOWN) if short else matches, self.how, self.output)
        if self.top is not None and matches.height < result.counts["matches"]:
            which = "newest" if self.sort is None else f"first by {self.sort}"
            messages().print(f"the {which}: {matches.height:,} of {counted(result.counts['matches'], 'match')}")
        if short:
            messages().print(f"... and {matches.height - ROWS_SHOWN:,} more: --top N, --sort EXPR, --output FILE")

    def arranged(self, matches: pl.DataFrame) -> pl.DataFrame:
        """The matches in the order asked for. Without one, `top` means the newest."""
        if self.sort is not None:
            matches = matches.sort(self.sort, descending=True, nulls_last=True, maintain_order=True)
        elif self.top is not None:
            matches = matches.sort("ts", descending=True, maintain_order=True)
        return matches.head(self.top) if self.top is not None else matches


def scan(
    formula: Annotated[str, typer.Argument(help='The formula, "@file.formula", or - for standard input.')],
    data: Annotated[str, typer.Argument(help="A .parquet, .csv or .duckdb file, a .store, or a folder.")],
    symbols: Annotated[str | None, typer.Option(help="AAPL,MSFT or @file with one a line; all if not given.")] = None,
    start: Annotated[str | None, typer.Option(help="First day or time, 2016-01-31.")] = None,
    end: Annotated[str | None, typer.Option(help="Last day or time, inclusive.")] = None,
    timeframe: Annotated[str, typer.Option(help="5m 1h 1d 1w 1mo ...; made from finer bars if need be.")] = "1d",
    parameter: Parameters = None,
    latest: Latest = False,
    stale: Stale = None,
    top: Top = None,
    sort: Sort = None,
    format: Annotated[Format | None, typer.Option(help="Default: a table, or what --output's ending says.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="A file instead of standard output.")] = None,
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
    """Find the bars at which FORMULA is true in DATA.

    An --output that ends in .parquet is written while the scan runs, unless --sort or --top arrange the matches.

    Exit codes: 0 found, 1 nothing found, 2 faulty formula or command line, 3 data trouble, 130 interrupted (what is
    finished is shown).
    """
    with told_in_words():
        source, how = read_formula(formula), chosen_format(format, keep_source(data, output))
        values = {} if sort is None else {sort: sort if dialect else with_names_of(source, sort)}
        with as_asked():
            options: dict[str, Any] = {"latest": latest, "stale": stale, "values": values, "dialect": dialect}
            options["executor"] = known_executor(executor)
            chosen, bounds, settings = read_symbols(symbols), DateRange(start, end), read_sweep(parameter or ())
            bars, hours = Timeframe.parse(timeframe).text, read_session(session)
            job = ProcessingJob(chosen, source, bounds, bars, settings, session=hours, **options)
        told = {"tz": tz, "adjust": adjust, "table": table, "date_format": date_format, "decimal": decimal}
        result = _run(job, source, opened(data, column, **told), Delivery(sort, top, how, output), beside)
    raise typer.Exit(_code(result))


def keep_source(data: str, output: Path | None) -> Path | None:
    """The output, unless the matches would be written over the candles."""
    source = Path(data).expanduser()
    if output is not None and source.exists() and output.exists() and output.samefile(source):
        raise UsageError(f"--output {output} is the file with the candles: choose another one")
    return output


def with_names_of(formula: str, expression: str) -> str:
    """The expression behind the formula's statements, so that it may use their names."""
    try:
        return f"{formula[: parse(formula).result.span.start]}({expression})"
    except FormulaError:
        return expression  # the formula's own check tells what is wrong with it


def _run(
    job: ProcessingJob,
    formula: str,
    opening: AbstractContextManager[CandleRepository],
    delivery: Delivery,
    beside: list[str] | None,
) -> BatchResult:
    """Run the job, hand out what it found, and say how it went and what its formula may still get wrong."""
    with opening as repository:
        service = FormulaService()
        engine = ProcessingEngine(repository, service, tables=read_tables(beside))
        compile_first()
        with progress_bar() as progress, interruptible(engine.cancel):
            result = engine.run(job, progress, output=delivery.meanwhile)
        if not result.cancelled:  # who interrupts does not wait for a repository to say what columns it has
            sweep = expanded(job).job
            first = sweep.settings(next(iter(sweep.formulas.values())))
            warn(service.check(formula, kinds_of(repository, job.timeframe), first, table_kinds(beside), job.dialect))
    delivery.hand_out(result)
    _report(result)
    return result


def _report(result: BatchResult) -> None:
    """Say how the scan went."""
    say = messages().print
    for symbol, error in list(result.errors.items())[:ERRORS_SHOWN]:
        if error.kind != "cancelled":
            say(f"{symbol}: {error.kind}: {symbol_error(error)}")
    if result.cancelled:
        rest = sum(error.kind == "cancelled" for error in result.errors.values())
        missing = f"{rest:,} of {counted(len(result), 'symbol')} were not finished and are missing here"
        say(f"interrupted: {missing if len(result) else 'before it was known what symbols there are'}")
    say(result.summary())
    if result.defects:
        say("faulty rows: " + ", ".join(f"{kind} {rows:,}" for kind, rows in result.defects.items()))


def _code(result: BatchResult) -> Code:
    if result.cancelled:
        return Code.INTERRUPTED
    if result.counts["matches"]:
        return Code.FOUND
    nothing_usable = len(result) > 0 and all(each.error for each in result)
    return Code.DATA_TROUBLE if nothing_usable else Code.NOTHING_FOUND
