"""Parameter sweeps: a formula with several values for a param is one formula for each point, all in one plan.

What the points share is computed once, and rows tell by columns of the params' names which point they belong to.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..errors import FormulaError, ProcessingEngineError
from ..formulas.freezing import frozen
from ..formulas.language import declared_parameters
from ..formulas.limits import MOST_POINTS
from .jobs import Formula, ProcessingJob, Setting, Values, as_settings, swept
from .results import KEYS


@frozen
class Point:
    """One formula of an expanded job: the formula that it was made of, and its values of the swept params."""

    formula: str
    parameters: Mapping[str, Setting]


@frozen
class Sweep:
    """A job with a formula for each point. `points` are by the names of the job's formulas."""

    job: ProcessingJob
    points: Mapping[str, Point]
    several: bool = False

    @property
    def tags(self) -> dict[str, dict[str, Setting]]:
        """For each formula of the job the columns, beside symbol and ts, that tell its rows from those of others."""
        named = {name: {"formula": point.formula} if self.several else {} for name, point in self.points.items()}
        return {name: {**named[name], **point.parameters} for name, point in self.points.items()}


def expanded(job: ProcessingJob) -> Sweep:
    """The job with every sweep laid open; a job without one as it is.

    Raises ProcessingEngineError where there are more than 10,000 points.
    """
    formulas = job.formulas
    spread = {name: _spread(job, formula) for name, formula in formulas.items()}
    if not any(spread.values()):
        return Sweep(job, {name: Point(name, {}) for name in formulas}, job.several)
    _refuse_too_many(spread)
    _refuse_names(spread)
    made: dict[str, Formula] = {}
    points: dict[str, Point] = {}
    for name, formula in formulas.items():
        for parameters in _products(spread[name]):
            point = _name(name if job.several or not parameters else "", parameters)
            # params that are not swept keep coming from the job, which knows which formula declares them
            made[point] = replace(formula, name=point, parameters={**_fixed(formula.parameters), **parameters})
            points[point] = Point(name, parameters)
    fixed = replace(job, formula=made, parameters=_fixed(job.parameters or {}))
    return Sweep(fixed, points, job.several)


def _spread(job: ProcessingJob, formula: Formula) -> dict[str, Sequence[Setting]]:
    """The swept params of a formula with their values: its own, and those of the job that it declares."""
    own, shared = swept(formula.parameters), swept(job.parameters or {})
    if shared:
        try:
            known = declared_parameters(formula.source, formula.dialect)
        except FormulaError:  # told when the formula is checked
            known = frozenset()
        unclaimed = shared.keys() - known
        if unclaimed and not job.several:
            known = known | unclaimed  # nobody else can have it: the check says so
        shared = {name: values for name, values in shared.items() if name in known}
    return {**shared, **own}


def _refuse_too_many(spread: Mapping[str, Mapping[str, Sequence[Setting]]]) -> None:
    count = sum(math.prod(len(each) for each in values.values()) for values in spread.values())
    if count > MOST_POINTS:
        raise ProcessingEngineError(
            f"the sweep has {count:,} points, at most {MOST_POINTS:,} are computed at once: take fewer values"
        )


def _refuse_names(spread: Mapping[str, Mapping[str, Sequence[Setting]]]) -> None:
    """The params become columns beside the table's own and those of the formulas."""
    for name in {name for values in spread.values() for name in values}:
        if name in KEYS or name in spread:
            raise ProcessingEngineError(f"the parameter {name} cannot be swept: the results have a column of that name")


def _products(values: Mapping[str, Sequence[Setting]]) -> list[dict[str, Setting]]:
    return [dict(zip(values, each, strict=True)) for each in itertools.product(*values.values())]


def _name(name: str, parameters: Mapping[str, Setting]) -> str:
    return " ".join([name, *(f"{parameter}={_shown(value)}" for parameter, value in parameters.items())]).strip()


def _shown(value: Setting) -> str:
    """20.0 is 20, as it was written."""
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def _fixed(parameters: Mapping[str, Setting | Values]) -> dict[str, Setting]:
    return as_settings({name: value for name, value in parameters.items() if name not in swept(parameters)})
