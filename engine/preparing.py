"""Everything that happens once, before the first batch: check, plan, ask what there is, cut the universe.

A faulty formula, an unreachable repository or an impossible request raises here, before any candle is read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import partial
from typing import Final

from ..data.guessing import guess_at
from ..data.policies import CandlePolicy
from ..data.repository import CandleRepository
from ..data.timeframes import Timeframe
from ..errors import ProcessingEngineError
from ..formulas import Plan
from ..formulas.freezing import frozen
from .batching import Batch
from .braking import EngineMemory
from .budgeting import Demand
from .controlling import Ticket
from .demanding import demand_of
from .dividing import Work
from .evaluating import CountingEvaluator, EvaluatingService, Evaluator, PlanEvaluator, ServiceEvaluator, result_column
from .executors import Surroundings, made_of
from .gathering import ELSEWHERE, NO_ROOM, is_gathered, notes_of_source
from .given import assert_kind
from .jobs import NO_FORMULA, DateRange, ProcessingJob
from .limits import Limits
from .loading import KEYS, Loader, Request
from .other_tables import OtherTable, notes_of_rows
from .plans import Plans, bars_before, told_warnings, value_key
from .referring import References
from .results import SymbolError
from .retrying import Retries
from .service import FormulaService
from .sizing import estimate_bars
from .sources import (
    CANDLE,
    assert_numbers,
    assert_reachable,
    columns_of,
    interrupt_of,
    notes_of,
    notes_of_timeframe,
    policy_of,
    read_apart,
    span_of,
    symbols_of,
    zone_of,
)
from .splitting import Labels, Selection
from .sweeps import Sweep, expanded
from .tallying import Tally

GUESSES: Final = 5  # a guess at a misspelt symbol looks at the whole universe


@frozen
class Prepared:
    """A job that can run. `requested` is as asked, in that order; the batches hold the known symbols, ascending.

    `asked` is the job as it was given, of which a sweep makes several formulas. With `gathers`, candles are gathered
    ahead of the first batch.
    """

    job: ProcessingJob
    requested: tuple[str, ...]
    unknown: dict[str, SymbolError]
    loader: Loader
    evaluator: Evaluator
    selection: Selection
    batches: list[Batch]
    references: References | None = None
    asked: ProcessingJob | None = None
    notes: tuple[str, ...] = ()
    demand: Demand = field(default_factory=Demand)
    gathers: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """What sound formulas may still get wrong."""
        return told_warnings(self.evaluator.plan) if isinstance(self.evaluator, PlanEvaluator) else ()


@frozen
class Preparer:
    """Turns jobs into prepared ones, for one repository and one formula service.

    `apart` says that batches do not share the memory: each has the limit for itself.
    """

    repository: CandleRepository
    service: FormulaService | EvaluatingService
    limits: Limits
    memory: EngineMemory
    retries: int
    tables: Mapping[str, OtherTable] = field(default_factory=dict)
    apart: bool = False

    @property
    def plans(self) -> Plans:
        """What the engine remembers."""
        return self.memory.plans

    def prepare(self, job: ProcessingJob, tally: Tally | None = None, *, everything: bool = False) -> Prepared:
        """Check, plan and cut. `everything` asks for the values at every bar instead of the matches.

        Where the repository fails and that may pass, all of it is asked again: what was found out is remembered.
        Raises ProcessingEngineError for a job that could not keep to the memory, whatever was put aside.
        """
        assert_kind(job, ProcessingJob, 'an engine runs a job, ProcessingJob(None, "close > open")')
        tally = tally or Tally()
        with tally.stage("prepare"):
            prepare = partial(self._prepare, job, everything=everything)
            return Retries(self.retries, tally).ask(prepare, "asking the repository what there is")

    def _prepare(self, job: ProcessingJob, *, everything: bool) -> Prepared:
        Timeframe.parse(job.timeframe)
        if everything:
            _assert_columns(job)
        elif job.outputs != "result":
            message = f"outputs={job.outputs!r} is for evaluate; a scan reports named numbers by itself"
            raise ProcessingEngineError(message)
        assert_reachable(self.repository)
        prepared = self._prepared(job, everything=everything)
        newest = prepared.loader.request.bounds.start if job.latest else None
        own = (*notes_of(self.repository), *notes_of_timeframe(self.repository, job.timeframe, newest))
        batches, gathers = len(prepared.batches), prepared.gathers
        why = ELSEWHERE if self.apart else NO_ROOM
        of_batches = notes_of_source(prepared.loader, batches, self.limits.in_flight, gathers=gathers, why=why)
        return replace(prepared, notes=(*own, *of_batches, *prepared.notes))

    def _prepared(self, job: ProcessingJob, *, everything: bool) -> Prepared:
        if job.formulas and isinstance(self.service, FormulaService):
            return replace(self._planned(job, self.service, everything=everything), asked=job)
        if everything or job.values:
            raise ProcessingEngineError("this formula service only evaluates conditions; values need a FormulaService")
        if any(formula.dialect for formula in job.formulas.values()):
            raise ProcessingEngineError("this formula service has no dialects; they need a FormulaService")
        return self._served(job, self.service) if job.formulas else self._counted(job)

    def prepare_beside(self, job: ProcessingJob, tally: Tally, ticket: Ticket, *, everything: bool) -> Prepared:
        """As `prepare`, in a thread that may be given up; what the repository then still does is interrupted."""
        with ticket.interruptible(interrupt_of(self.repository)):
            return self.prepare(job, tally, everything=everything)

    def unprepared(self, job: ProcessingJob) -> Prepared:
        """A job about which the repository has not been asked, so that it cannot run: what its end needs to know."""
        requested = job.requested or ()
        tags = {name: {"formula": name} if job.several else {} for name in job.formulas}
        selection = Selection(dict.fromkeys(tags, ""), {name: {} for name in tags}, tags)
        loader = Loader(self.repository, Request(job.timeframe, job.bounds, (), 0), CandlePolicy(), 0)
        batches = [Batch(tuple(sorted(set(requested))))] if requested else []
        return Prepared(job, requested, {}, loader, CountingEvaluator(), selection, batches)

    def _planned(self, job: ProcessingJob, service: FormulaService, *, everything: bool) -> Prepared:
        kinds = columns_of(self.repository, job.timeframe)
        sweep = expanded(job)
        job = sweep.job
        tables = {name: table.columns for name, table in self.tables.items()}
        plan, executor = self.plans.of(service, job, kinds, tables, conditions=not everything)
        loader = self._loader(job, tuple(sorted(plan.columns)), bars_before(plan, job))
        own = Timeframe.parse(job.timeframe)
        for target in sorted(plan.timeframes):
            made_of(own, target)
        zone = (job.session.tz if job.session else None) or zone_of(self.repository)
        for name in plan.tables:
            self.tables[name].assert_told_apart(self.repository)
        rows = {name: self.tables[name].rows(columns, zone) for name, columns in plan.tables.items()}
        around = Surroundings(own, {}, zone, rows, job.session)
        evaluator = PlanEvaluator(plan, executor, around)
        others = set(map(value_key, job.values))
        results = {name: column for name, column in plan.results.items() if name not in others}
        selection = self._selection(job, results, _reported(plan, job), sweep, everything=everything)
        prepared = self._cut(job, loader, evaluator, selection)
        notes = tuple(note for name in rows for note in notes_of_rows(name, rows[name], prepared.requested))
        return replace(prepared, references=self._references(plan, job), notes=notes)

    def _served(self, job: ProcessingJob, service: EvaluatingService) -> Prepared:
        """A service that only evaluates may read any column, and any bar before the range."""
        loader = self._loader(job, tuple(columns_of(self.repository, job.timeframe)), None)
        results = {name: result_column(name) for name in job.formulas}
        selection = self._selection(job, results, {name: {} for name in results})
        return self._cut(job, loader, ServiceEvaluator(service, job), selection)

    def _counted(self, job: ProcessingJob) -> Prepared:
        columns = columns_of(self.repository, job.timeframe)
        loader = self._loader(job, tuple(name for name in CANDLE if name in columns), 0)
        return self._cut(job, loader, CountingEvaluator(), self._selection(job, {}, {}))

    def _loader(self, job: ProcessingJob, columns: tuple[str, ...], before: int | None) -> Loader:
        assert_numbers(self.repository, columns)
        bounds = self._bounds(job)
        before = before if bounds.start is not None or not job.latest else None
        request = Request(job.timeframe, bounds, columns, before)
        return Loader(self.repository, request, policy_of(self.repository), self.retries)

    def _bounds(self, job: ProcessingJob) -> DateRange:
        """For the latest bars, start at the last ts that there is: what lies before it comes by `before`."""
        if not job.latest:
            return job.bounds
        span = span_of(self.repository, job.timeframe)
        return DateRange(job.bounds.end or (span[1] if span else None), job.bounds.end)

    def _selection(
        self,
        job: ProcessingJob,
        results: Mapping[str, str],
        indicators: Labels,
        sweep: Sweep | None = None,
        *,
        everything: bool = False,
    ) -> Selection:
        sweep = sweep or expanded(job)
        origins = {name: point.formula for name, point in sweep.points.items()}
        return Selection(
            results, indicators, sweep.tags, origins, job.bounds.start, zone_of(self.repository), job.latest, everything
        )

    def _references(self, plan: Plan, job: ProcessingJob) -> References | None:
        if not plan.symbols:
            return None
        request = Request(job.timeframe, DateRange(None, job.bounds.end), tuple(sorted(plan.columns)), 0)
        loader = Loader(self.repository, request, policy_of(self.repository), self.retries)
        return References(tuple(sorted(plan.symbols)), loader)

    def _cut(self, job: ProcessingJob, loader: Loader, evaluator: Evaluator, selection: Selection) -> Prepared:
        known = symbols_of(self.repository, job.timeframe, job.requested)
        requested = tuple(known) if job.requested is None else job.requested
        symbols, unknown = _found(job.requested, known)
        sizes = estimate_bars(self.repository, symbols, loader.request)
        demand = demand_of(evaluator, selection, len(loader.request.columns), sizes)
        room, limits = self.memory.room(), self.limits
        if self.apart:  # elsewhere, what a ranking needs lies in files
            demand = replace(demand, whole=0)
        else:
            demand.assert_fits(self.memory.limit, room)
        work = Work(loader, evaluator, selection, limits.in_flight, demand.bar)
        if self.apart:
            batches = work.sent_away(sizes, self.memory.limit)
        else:
            batches = work.divided(sizes, demand.at_work(room - demand.held))
        all_over = len(batches) > limits.in_flight and not self.apart and not read_apart(self.repository)
        gathers = all_over and is_gathered(loader, sum(sizes.values()))
        return Prepared(job, requested, unknown, loader, evaluator, selection, batches, demand=demand, gathers=gathers)


def _assert_columns(job: ProcessingJob) -> None:
    """Refuse formulas whose values cannot be columns of one table."""
    if job.outputs != "result" and expanded(job).job is not job:
        message = f"outputs={job.outputs!r} goes with one value for each param: a line has one column"
        raise ProcessingEngineError(message)
    if job.outputs in {"parts", "distances"} and len(job.formulas) > 1:
        message = f"outputs={job.outputs!r} goes with one formula: the parts of others may say the same"
        raise ProcessingEngineError(message)
    if not job.formulas:
        raise ProcessingEngineError(NO_FORMULA)
    taken = [name for name in job.formulas if name in KEYS]
    if taken:
        raise ProcessingEngineError(f"no formula can be called {taken[0]!r}: the table has a column of that name")


def _reported(plan: Plan, job: ProcessingJob) -> dict[str, dict[str, str]]:
    """The columns beside each formula's matches by label: its indicators, and the job's values."""
    values = {name: plan.results[value_key(name)] for name in job.values}
    labels: dict[str, dict[str, str]] = {}
    for formula in job.formulas:
        own = plan.indicators.get(formula, {})
        for name, column in values.items():
            if own.get(name, column) != column:
                raise ProcessingEngineError(f"values has {name!r}, and so has the formula: rename one of the two")
        labels[formula] = {**own, **values}
    return labels


def _found(requested: Sequence[str] | None, known: Sequence[str]) -> tuple[Sequence[str], dict[str, SymbolError]]:
    """Of the symbols that were requested, None: all, those that are known, ascending, and errors of the others."""
    if requested is None:
        return sorted(dict.fromkeys(known)), {}
    there = frozenset(known)
    unknown = [symbol for symbol in dict.fromkeys(requested) if symbol not in there]
    return sorted(there.intersection(requested)), _unknown(unknown, known)


def _unknown(symbols: Sequence[str], known: Sequence[str]) -> dict[str, SymbolError]:
    """Errors of symbols that the repository has not; the first few with a guess at what was meant."""
    errors: dict[str, SymbolError] = {}
    for place, symbol in enumerate(symbols):
        hint = guess_at(symbol, known) if place < GUESSES else ""
        errors[symbol] = SymbolError("unknown symbol", f"the repository has no symbol {symbol!r}{hint}")
    return errors
