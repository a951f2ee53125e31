"""`barsweep scan`: find the bars at which a formula is true."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import polars as pl
from click.exceptions import Exit

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
from .asking import kinds_of, opened, read_formula, read_session, read_sweep, read_symbols, read_tables, table_kinds
from .ending import Code, told_in_words
from .learning import warn
from .misuse import UsageError, as_asked
from .options import ADJUST, BESIDE, DIALECT, FORMULA, PARAMETER, SESSION, reading
from .showing import ROWS_SHOWN, Format, chosen_format, say, to_terminal, write
from .watching import compile_first, interruptible, progress_bar
from .wording import symbol_error

ERRORS_SHOWN = 5


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
            say(f"the {which}: {matches.height:,} of {counted(result.counts['matches'], 'match')}")
        if short:
            say(f"... and {matches.height - ROWS_SHOWN:,} more: --top N, --sort EXPR, --output FILE")

    def arranged(self, matches: pl.DataFrame) -> pl.DataFrame:
        """The matches in the order asked for. Without one, `top` means the newest."""
        if self.sort is not None:
            matches = matches.sort(self.sort, descending=True, nulls_last=True, maintain_order=True)
        elif self.top is not None:
            matches = matches.sort("ts", descending=True, maintain_order=True)
        return matches.head(self.top) if self.top is not None else matches


@click.command
@FORMULA
@click.argument("data", help="A .parquet, .csv or .duckdb file, a .store, or a folder.")
@click.option("--symbols", help="AAPL,MSFT or @file with one a line; all if not given.")
@click.option("--start", help="First day or time, 2016-01-31.")
@click.option("--end", help="Last day or time, inclusive.")
@click.option("--timeframe", default="1d", help="5m 1h 1d 1w 1mo ...; made from finer bars if need be.")
@PARAMETER
@click.option("--latest", is_flag=True, help="Only the universe's last bar; reads only what it needs.")
@click.option("--stale", type=float, help="With --latest: admit symbols that are so many days behind.")
@click.option("--top", type=click.IntRange(min=1), help="Only so many: the first by --sort, without it the newest.")
@click.option("--sort", help="A number formula; the largest come first. -x turns it round.")
@click.option(
    "--format",
    "how",
    type=click.Choice(Format, case_sensitive=False),
    help="Default: a table, or what --output's ending says.",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A file instead of standard output.")
@click.option("--executor", default="auto", help="What computes: auto or a name.")
@reading
@ADJUST
@SESSION
@BESIDE
@DIALECT
def scan(
    formula: str,
    data: str,
    symbols: str | None,
    start: str | None,
    end: str | None,
    timeframe: str,
    parameter: Sequence[str],
    stale: float | None,
    top: int | None,
    sort: str | None,
    how: Format | None,
    output: Path | None,
    executor: str,
    session: str | None,
    beside: Sequence[str],
    dialect: str | None,
    *,
    latest: bool,
    **told: Any,
) -> None:
    """Find the bars at which FORMULA is true in DATA.

    An --output that ends in .parquet is written while the scan runs, unless --sort or --top arrange the matches.

    Exit codes: 0 found, 1 nothing found, 2 faulty formula or command line, 3 data trouble, 130 interrupted (what is
    finished is shown).
    """
    with told_in_words():
        source, chosen = read_formula(formula), chosen_format(how, keep_source(data, output))
        values = {} if sort is None else {sort: sort if dialect else with_names_of(source, sort)}
        with as_asked():
            options: dict[str, Any] = {"latest": latest, "stale": stale, "values": values, "dialect": dialect}
            options["executor"] = known_executor(executor)
            wanted, bounds, settings = read_symbols(symbols), DateRange(start, end), read_sweep(parameter)
            bars, hours = Timeframe.parse(timeframe).text, read_session(session)
            job = ProcessingJob(wanted, source, bounds, bars, settings, session=hours, **options)
        result = _run(job, source, opened(data, **told), Delivery(sort, top, chosen, output), beside)
    raise Exit(_code(result))


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
    beside: Sequence[str],
) -> BatchResult:
    """Run the job, hand out what it found, and say how it went and what its formula may still get wrong."""
    with opening as repository:
        service = FormulaService()
        engine = ProcessingEngine(repository, service, tables=read_tables(beside))
        compile_first()
        with progress_bar() as progress, interruptible(engine.cancel):
            result = engine.run(job, progress, output=delivery.meanwhile)
        sweep = expanded(job).job
        first = sweep.settings(next(iter(sweep.formulas.values())))
        warn(service.check(formula, kinds_of(repository, job.timeframe), first, table_kinds(beside), job.dialect))
    delivery.hand_out(result)
    _report(result)
    return result


def _report(result: BatchResult) -> None:
    """Say how the scan went."""
    for symbol, error in list(result.errors.items())[:ERRORS_SHOWN]:
        if error.kind != "cancelled":
            say(f"{symbol}: {error.kind}: {symbol_error(error)}")
    if result.cancelled:
        rest = sum(error.kind == "cancelled" for error in result.errors.values())
        say(f"interrupted: {rest:,} of {counted(len(result), 'symbol')} were not finished and are missing here")
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
