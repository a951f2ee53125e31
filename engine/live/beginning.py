"""Before the first bar arrives: formulas planned, past bars taken in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

import polars as pl

from ...data.candles import Candles
from ...data.frames import FrameRepository
from ...data.instants import TS
from ...data.layout import CANDLE_FIELDS, DTYPES, Kind
from ...data.options import TableOptions
from ...data.policies import CandlePolicy
from ...data.repository import CandleRepository
from ...formulas import Plan
from ...formulas.freezing import mutable
from ...formulas.kinds import Kind as NodeKind
from ..braking import EngineMemory
from ..controlling import LOG, Control, Ticket
from ..evaluating import PlanEvaluator
from ..executors import TileExecutor
from ..gathering import with_gathered
from ..jobs import ONLY, DateRange, ProcessingJob
from ..limits import Limits
from ..other_tables import opened_tables
from ..plans import Plans
from ..preparing import Prepared, Preparer
from ..referring import References
from ..service import FormulaService
from ..sources import columns_of, policy_of, span_of
from ..spilling import Spill
from ..splitting import Selection
from .arriving import Reader
from .members import Members
from .recomputing import RecomputedPlan
from .standing import StandingPlan, stands

Following: TypeAlias = StandingPlan | RecomputedPlan
PATIENCE: Final = 3600.0  # seconds that reading history may take
MEMORY: Final = 2**30  # bytes that a piece of history may take
RETRIES: Final = 3
VALUE: Final = "value"  # the column of a formula without a name, as `evaluate` calls it


@mutable
class Begun:
    """A plan that follows bars, its members, and what reads bars for it.

    `results` names each formula's column in what the plan makes, `selection` what a match is and shows. `columns` are
    those of the history, by which formulas were checked.
    """

    following: Following
    members: Members
    reader: Reader
    plan: Plan
    results: Mapping[str, str]
    selection: Selection
    columns: Mapping[str, Kind]

    def at_no_bar(self, column: str) -> pl.Series:
        """A column that the plan makes, of which there is no bar."""
        for name, checked in self.plan.formulas.items():
            if column == self.plan.results[name]:
                return pl.Series(column, [], checked.kind.dtype)
            for label, own in self.plan.indicators.get(name, {}).items():
                if column == own:
                    return pl.Series(column, [], checked.indicators[label].kind.dtype)
        raise KeyError(column)


def without_history(
    timeframe: str,
    columns: Mapping[str, Kind] | None = None,
    tz: str | None = None,
    policy: CandlePolicy | None = None,
) -> FrameRepository:
    """No bars, of these columns; by default the candle's. `tz` and `policy` are for the bars that come."""
    kinds = columns or dict.fromkeys(CANDLE_FIELDS, "number")
    schema = {"symbol": pl.String(), "ts": pl.Date(), **{name: DTYPES[kind] for name, kind in kinds.items()}}
    options: TableOptions = {"timeframe": timeframe, "tz": tz, "policy": policy}
    return FrameRepository(pl.DataFrame(schema=schema), name="the history", **options)


def begin(
    job: ProcessingJob, repository: CandleRepository, service: FormulaService, tables: Mapping[str, object] | None
) -> Begun:
    """Plan the job's formulas and take in the repository's bars. Raises what `scan` raises."""
    limits = Limits.of(1, PATIENCE, PATIENCE)
    with opened_tables(tables) as beside:
        preparer = Preparer(repository, service, limits, EngineMemory(MEMORY, Plans()), RETRIES, beside)
        prepared = preparer.prepare(job, everything=True)
        assert isinstance(prepared.evaluator, PlanEvaluator)
        following = _following(prepared, prepared.evaluator, limits)
        members = Members()
        plan = prepared.evaluator.plan
        if _reaches_all(plan):
            prepared = with_gathered(prepared, limits, Control(), Spill(), MEMORY)
        dates = _take_in(prepared, repository, following, members)
    reader = Reader(
        prepared.loader.request.columns,
        None if dates is None else pl.Date() if dates else TS,
        policy_of(repository),
        job.timeframe,
        members,
        _options(repository),
        None if job.requested is None else frozenset(job.requested),
    )
    results = {VALUE if name == ONLY else name: column for name, column in prepared.selection.results.items()}
    selection, columns = _conditions(prepared.selection, plan), dict(columns_of(repository, job.timeframe))
    return Begun(following, members, reader, plan, results, selection, columns)


def _following(prepared: Prepared, evaluator: PlanEvaluator, limits: Limits) -> Following:
    """Standing where kernels can do it; other symbols that formulas name are read here, from their first bar."""
    if isinstance(evaluator.executor, TileExecutor) and stands(evaluator.plan):
        return StandingPlan.of(evaluator.plan, evaluator.around)
    LOG.info(
        "bars are computed over those that the formulas reach: no state of kernels stands for these",
        extra={"event": "recomputed"},
    )
    others: Mapping[str, pl.DataFrame] = {}
    if prepared.references is not None:
        is_empty = span_of(prepared.loader.repository, prepared.job.timeframe) is None
        others = _none_of(prepared.references) if is_empty else prepared.references.load(limits, Control())
    return RecomputedPlan(evaluator.plan, evaluator.executor, evaluator.around, others)


def _none_of(references: References) -> dict[str, pl.DataFrame]:
    """Other symbols before their first bar."""
    columns = references.loader.request.columns
    schema = {"symbol": pl.String(), "ts": pl.Date(), **dict.fromkeys(columns, pl.Float64())}
    return {symbol: pl.DataFrame(schema=schema) for symbol in references.symbols}


def _take_in(prepared: Prepared, repository: CandleRepository, following: Following, members: Members) -> bool | None:
    """Read the history, tell the members, and warm the plan; answers whether ts are dates, None if there are none."""
    pieces = _history(prepared, repository)
    if prepared.evaluator.plan.across:  # type: ignore[attr-defined] # a PlanEvaluator: see begin
        together = [piece for piece in pieces if piece.height]
        pieces = iter([_joined(together)] if together else [])
    dates: bool | None = None
    for candles in pieces:
        dates = candles.ts.dtype == pl.Date
        places = members.places_of(candles.symbols)
        following.warm(candles, places)
        members.last[places] = candles.ticks[candles.starts[1:] - 1]
    return dates


def _reaches_all(plan: Plan) -> bool:
    return plan.reach is None or bool(plan.across)


def _history(prepared: Prepared, repository: CandleRepository) -> Iterator[Candles]:
    """The usable past bars, batch by batch; only those that the plan reaches, where that is not all of them."""
    loader, plan = prepared.loader, prepared.evaluator.plan  # type: ignore[attr-defined] # as above
    span = span_of(repository, loader.request.timeframe)
    if span is not None and not _reaches_all(plan):
        bounds = DateRange(span[1], None)
        loader = replace(loader, request=replace(loader.request, bounds=bounds, before=max(1, plan.reach or 0)))
    for batch in prepared.batches:
        loaded = loader.load(batch.symbols, Ticket({}, PATIENCE))
        for symbol, error in loaded.errors.items():
            fields = {"event": "symbol failed", "symbol": symbol, "kind": error.kind, "error": error.message}
            LOG.warning("%s: its history is not used: %s", symbol, error, extra=fields)
        if loaded.candles.height:
            yield loaded.candles


def _joined(pieces: Sequence[Candles]) -> Candles:
    """Batches ascend by symbol."""
    return Candles.of(pl.concat([piece.frame for piece in pieces], how="vertical_relaxed"))


def _conditions(selection: Selection, plan: Plan) -> Selection:
    """What is reported of a match; formulas that are numbers have none."""
    kinds = {name: checked.result.kind for name, checked in plan.formulas.items()}
    results = {name: column for name, column in selection.results.items() if kinds[name] is NodeKind.BOOLEAN}
    return replace(
        selection,
        results=results,
        indicators={name: dict(plan.indicators.get(name, {})) for name in results},
        everything=False,
    )


def _options(repository: CandleRepository) -> dict[str, Any]:
    """How history was read is how bars are read that are not as candles are kept here."""
    found = {name: getattr(repository, name, None) for name in ("tz", "label")}
    return {name: value for name, value in found.items() if value is not None}
