"""From a job to signals: what is asked for is checked, laid open point by point, and evaluated at every bar.

1. `Asked.of` refuses what cannot be signals, and lays open a sweep: a formula for each point (engine/sweeps.py)
2. the engine evaluates them as values at every bar, where an undefined value stays undefined
3. `Asked.made_of` delays them within each symbol and cuts off what lies before the range
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from numbers import Integral
from typing import Final, Self

import polars as pl

from ...data.handing import column_of
from ...data.instants import Bounds
from ...data.options import shown
from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen
from ...formulas.limits import LONGEST_WINDOW, MOST_POINTS
from ..bar_places import BarPlaces
from ..evaluating import PlanEvaluator
from ..given import assert_kind
from ..jobs import NO_FORMULA, DateRange, ProcessingJob, Setting
from ..origin import Origin
from ..plans import require_condition
from ..preparing import Prepared
from ..results import SymbolError
from ..sources import CANDLE
from ..sweeps import Sweep, expanded
from .points import Point
from .positions import POSITION
from .table import Signals

ONLY: Final = "entry"  # the name of a formula that was given without one
RESERVED: Final = ("symbol", "ts", "ready", POSITION, *CANDLE)


@frozen
class Asked:
    """A job for signals. `job` is what is run; `given` is as it was asked for, `delay` in bars."""

    given: ProcessingJob
    job: ProcessingJob
    delay: int
    names: tuple[str, ...]
    points: tuple[Point, ...]

    @classmethod
    def of(cls, job: ProcessingJob, delay: int) -> Self:
        """Check what can be checked without looking at any candle; raises ProcessingEngineError."""
        assert_kind(job, ProcessingJob, "signals are those of a job, ProcessingJob(None, formulas)")
        if not isinstance(delay, Integral) or isinstance(delay, bool) or not 0 <= delay <= LONGEST_WINDOW:
            hint = "delay=1 acts on the bar after; a signal before its bar would look ahead"
            bounds = f"a whole number of bars from 0 to {LONGEST_WINDOW:,} is needed"
            raise ProcessingEngineError(f"delay is {shown(delay)}; {bounds}: {hint}")
        if job.latest or job.values or job.outputs != "result":
            raise ProcessingEngineError("signals are for every bar: latest, values and outputs='all' are for others")
        job = _named(job)
        sweep = expanded(job)
        _assert_names(job, sweep)
        # the first bars of a range act on signals of bars before it
        bounds = DateRange(None, job.bounds.end) if delay else job.bounds
        return cls(job, replace(sweep.job, date_range=bounds), int(delay), tuple(job.formulas), _points(job, sweep))

    def assert_conditions(self, prepared: Prepared) -> None:
        """Raise FormulaError for a formula that gives numbers."""
        assert isinstance(prepared.evaluator, PlanEvaluator), "values come of plans alone"
        for checked in prepared.evaluator.plan.formulas.values():
            require_condition(checked, "a signal")

    def made_of(
        self, values: pl.DataFrame, errors: Mapping[str, SymbolError], prepared: Prepared, origin: Origin
    ) -> Signals:
        """Signals of the values at every bar."""
        columns = [column for column in values.columns if column not in {"symbol", "ts"}]
        table = values.with_columns(pl.col(columns).cast(pl.Boolean))
        if self.delay:
            known = column_of("known", BarPlaces(table).within >= self.delay)
            table = table.with_columns(pl.when(known).then(pl.col(columns).shift(self.delay)).name.keep())
        start = self.given.bounds.start
        if self.delay and start is not None:
            dates = table.schema["ts"] == pl.Date
            table = table.filter(Bounds.read(start, None, dates=dates, tz=prepared.selection.zone).filter())
        return Signals(table, self.names, self.points, errors, origin)


def _named(job: ProcessingJob) -> ProcessingJob:
    """The job with every formula by name."""
    if not job.formulas:
        raise ProcessingEngineError(NO_FORMULA)
    if job.several:
        return job
    (formula,) = job.formulas.values()
    return replace(job, formula={formula.name or ONLY: formula})


def _assert_names(job: ProcessingJob, sweep: Sweep) -> None:
    swept = {name for point in sweep.points.values() for name in point.parameters}
    for kind, names in (("signal", job.formulas), ("swept parameter", swept)):
        for name in names:
            if name in RESERVED:
                raise ProcessingEngineError(f"no {kind} can be called {name!r}: signals have a column of that name")


def _points(job: ProcessingJob, sweep: Sweep) -> tuple[Point, ...]:
    """Every combination of the swept params, with the column of each formula there.

    A formula is computed for the values of its own params alone, and stands in the rows of all others' values too.
    """
    columns = {(point.formula, _key(point.parameters)): name for name, point in sweep.points.items()}
    own = {name: _swept_by(name, sweep) for name in job.formulas}
    values = _values(own)
    count = math.prod(map(len, values.values()))
    if count > MOST_POINTS:
        raise ProcessingEngineError(f"together the sweeps have {count:,} points, at most {MOST_POINTS:,} are computed")
    points = []
    for combination in itertools.product(*values.values()):
        parameters = dict(zip(values, combination, strict=True))
        keys = {name: _key({each: parameters[each] for each in own[name]}) for name in job.formulas}
        points.append(Point(parameters, {name: columns[name, key] for name, key in keys.items()}))
    return tuple(points)


def _swept_by(formula: str, sweep: Sweep) -> dict[str, list[Setting]]:
    """The params that are swept of a formula, with their values in order."""
    found: dict[str, list[Setting]] = {}
    for point in sweep.points.values():
        if point.formula == formula:
            for name, value in point.parameters.items():
                known = found.setdefault(name, [])
                if value not in known:
                    known.append(value)
    return found


def _values(own: Mapping[str, Mapping[str, Sequence[Setting]]]) -> dict[str, Sequence[Setting]]:
    """The values of each swept param, which are the same for all formulas that have it."""
    values: dict[str, Sequence[Setting]] = {}
    for swept in own.values():
        for name, each in swept.items():
            if values.setdefault(name, each) != each:
                raise ProcessingEngineError(
                    f"two formulas try different values of {name}: give it the same values, or two names"
                )
    return values


def _key(parameters: Mapping[str, Setting]) -> tuple[tuple[str, Setting], ...]:
    return tuple(sorted(parameters.items()))
