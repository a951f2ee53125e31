"""What `barsweep scan` does: the job that was asked for is run, and what it found handed out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from ...data.repository import CandleRepository
from ...data.timeframes import Timeframe
from ...errors import FormulaError, ProcessingEngineError
from ...formulas.freezing import frozen
from ...formulas.parse.parsing import parse
from ..executors import known_executor
from ..files import unfinished
from ..jobs import DateRange, ProcessingJob
from ..processing import ProcessingEngine
from ..report.showing import as_page
from ..results import BatchResult, counted
from ..service import FormulaService
from ..sources import span_of, timeframe_of
from ..stored import ENDING
from ..sweeps import expanded
from .asking import kinds_of, read_session, read_sweep, read_symbols, read_tables, table_kinds
from .ending import Code
from .formats import Format, chosen_format
from .misuse import UsageError, as_asked
from .saying import say
from .showing import ROWS_SHOWN, tell_errors, to_terminal, warn, write
from .watching import compile_first, interruptible, progress_bar
from .wording import in_options

MEGABYTE = 1e6


@frozen
class Delivery:
    """Which matches are handed out, in which order, how, and where to."""

    sort: str | None
    top: int | None
    how: Format
    output: Path | None
    guard: bool = False
    report: Path | None = None

    def __post_init__(self) -> None:
        if self.guard and self.how is not Format.CSV:
            raise UsageError("--guard is for CSV: give --format csv, or an --output that ends in .csv")

    @property
    def meanwhile(self) -> Path | None:
        """The file, if it can be written while the scan runs: matches that are arranged have to be there first."""
        streams = self.how is Format.PARQUET and self.output is not None and self.output.suffix.lower() == ENDING
        return self.output if streams and self.sort is None and self.top is None else None

    def place(self, result: BatchResult) -> Path | None:
        """The file that has the matches, or gets them: beside the one that was asked for if the scan was cut short."""
        if result.output is None and self.output is not None and result.cancelled:
            return unfinished(self.output)
        return result.output or self.output

    def hand_out(self, result: BatchResult) -> None:
        """Write the matches, unless they are in their file already."""
        place = self.place(result)
        if result.output is None:
            self.write(result, place)
        if self.output is not None and place is not None and place.resolve() != self.output.resolve():
            kept = "stays as it was" if self.output.exists() else "is not written"
            say(f"{self.output} {kept}; what was finished is in {place}")

    def write(self, result: BatchResult, place: Path | None) -> None:
        """Write the matches to a file or to standard output, as many as are wanted, and say where there are more."""
        matches = self.arranged(result.matches)
        # what goes into a pipe or a file is read by programs: they get every row
        short = self.how is Format.TABLE and place is None and self.top is None and to_terminal()
        short = short and matches.height > ROWS_SHOWN
        write(matches.head(ROWS_SHOWN) if short else matches, self.how, place, guard=self.guard)
        if self.top is not None and matches.height < result.counts["matches"]:
            which = "newest" if self.sort is None else f"first by {self.sort}"
            say(f"the {which}: {matches.height:,} of {counted(result.counts['matches'], 'match')}")
        if short:
            say(f"... and {matches.height - ROWS_SHOWN:,} more: --top N, --sort EXPR, --output FILE")

    def draw(self, result: BatchResult) -> None:
        """Write the page, if one is asked for, of all matches; while the candles can still be read."""
        if self.report is None or result.cancelled:
            return
        size = result.report(self.report).stat().st_size
        say(f"report: {self.report}, {size / MEGABYTE:.1f} MB")

    def arranged(self, matches: pl.DataFrame) -> pl.DataFrame:
        """The matches in the order asked for. Without one, `top` means the newest."""
        if self.sort in matches.columns:  # it is not where a job was cancelled before it was planned
            matches = matches.sort(str(self.sort), descending=True, nulls_last=True, maintain_order=True)
        elif self.top is not None:
            matches = matches.sort("ts", descending=True, maintain_order=True)
        return matches.head(self.top) if self.top is not None else matches


@frozen
class Asked:
    """What the line said, as it was written; candles apart. The formula is read already."""

    formula: str
    symbols: str | None
    start: str | None
    end: str | None
    timeframe: str
    parameter: Sequence[str]
    latest: bool
    stale: float | None
    top: int | None
    sort: str | None
    how: Format | None
    output: Path | None
    executor: str
    session: str | None
    beside: Sequence[str]
    dialect: str | None
    report: Path | None
    guard: bool
    workers: int | None
    memory_limit: int | None

    def delivery(self, data: str) -> Delivery:
        """What is done with the matches."""
        how, report = (
            chosen_format(self.how, keep_source(data, self.output)),
            keep_source(data, self.report, "--report"),
        )
        with as_asked():
            page = None if report is None else as_page(report)
        return Delivery(self.sort, self.top, how, self.output, self.guard, page)

    def job(self) -> ProcessingJob:
        """The job; UsageError where it cannot be."""
        sort, dialect = self.sort, self.dialect
        values = {} if sort is None else {sort: sort if dialect else with_names_of(self.formula, sort)}
        with as_asked():
            options: dict[str, Any] = {"latest": self.latest, "stale": self.stale, "values": values, "dialect": dialect}
            options["executor"] = known_executor(self.executor)
            symbols, bounds = read_symbols(self.symbols), DateRange(self.start, self.end)
            bars, hours = Timeframe.parse(self.timeframe).text, read_session(self.session)
            return ProcessingJob(
                symbols, self.formula, bounds, bars, read_sweep(self.parameter), session=hours, **options
            )


def find(repository: CandleRepository, data: str, asked: Asked) -> Code:
    """Find the matches in the candles of `data`, hand them out and say how it went."""
    delivery = asked.delivery(data)
    return _code(_run(asked, asked.job(), repository, delivery))


def keep_source(data: str, output: Path | None, option: str = "--output") -> Path | None:
    """The output, unless it would be written over the candles, or cannot be written."""
    source = Path(data).expanduser()
    if output is not None and source.exists() and output.exists() and output.samefile(source):
        raise UsageError(f"{option} {output} is the file with the candles: choose another one")
    if output is not None and not output.resolve().parent.is_dir():
        raise ProcessingEngineError(f"{output} cannot be written: there is no folder {output.parent}")
    return output


def with_names_of(formula: str, expression: str) -> str:
    """The expression behind the formula's statements, so that it may use their names."""
    try:
        return f"{formula[: parse(formula).result.span.start]}({expression})"
    except FormulaError:
        return expression  # the formula's own check tells what is wrong with it


def _run(asked: Asked, job: ProcessingJob, repository: CandleRepository, delivery: Delivery) -> BatchResult:
    """Run the job, hand out what it found, and say how it went and what its formula may still get wrong."""
    service = FormulaService()
    tables, memory = read_tables(asked.beside), asked.memory_limit
    engine = ProcessingEngine(repository, service, asked.workers, memory_limit=memory, tables=tables)
    compile_first()
    with progress_bar() as progress, interruptible(engine.cancel):
        result = engine.run(job, progress, output=delivery.meanwhile)
    if not result.cancelled:  # what was interrupted may be a repository that does not answer: it is not asked again
        sweep = expanded(job).job
        first = sweep.settings(next(iter(sweep.formulas.values())))
        kinds, others = kinds_of(repository, job.timeframe), table_kinds(asked.beside)
        warn(service.check(asked.formula, kinds, first, others, job.dialect))
    delivery.hand_out(result)
    delivery.draw(result)
    _report(result, repository)
    return result


def _report(result: BatchResult, repository: CandleRepository) -> None:
    """Say how the scan went; which files were left out has been told when they were opened."""
    told = {f"left out: {why}" for why in getattr(repository, "left_out", {}).values()}
    tell_errors(result.errors)
    if result.cancelled:
        rest = sum(error.kind == "cancelled" for error in result.errors.values())
        missing = f"{rest:,} of {counted(len(result), 'symbol')} were not finished and are missing here"
        say(f"interrupted: {missing if len(result) else 'before it was known what symbols there are'}")
    for note in result.notes:
        if note not in told:
            say(in_options(note))
    if not (result.counts["bars"] or result.errors or result.cancelled):
        say(_why_none(repository, result.origin.job.timeframe))
    say(result.summary())
    if result.defects:
        say("faulty rows: " + ", ".join(f"{kind} {rows:,}" for kind, rows in result.defects.items()))


def _why_none(repository: CandleRepository, timeframe: str) -> str:
    """Why there was no bar to look at."""
    span, stored = span_of(repository, timeframe), timeframe_of(repository)
    if span is not None:
        return "no bar lies in the range: the data has those from {} to {}".format(*span)
    whole = span_of(repository, stored)
    if whole is None:
        return "the data has no bars at all"
    return "no bar of {} is whole: the data has those of {}, from {} to {}".format(timeframe, stored, *whole)


def _code(result: BatchResult) -> Code:
    if result.cancelled:
        return Code.INTERRUPTED
    if result.counts["matches"]:
        return Code.FOUND
    nothing_usable = len(result) > 0 and all(each.error for each in result)
    return Code.DATA_TROUBLE if nothing_usable else Code.NOTHING_FOUND
