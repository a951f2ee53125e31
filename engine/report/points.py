"""The formulas that a job has tried: one, several by name, or the points of a sweep; each taken apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import polars as pl

from ...formulas.check.closeness import sides
from ...formulas.check.parts import Part, Parts
from ...formulas.freezing import frozen
from ...formulas.kinds import Kind
from ...formulas.language import declared_parameters
from ...formulas.nodes import Constant, Node
from ..jobs import DateRange, Formula, ProcessingJob, Setting
from ..origin import Origin
from ..service import FormulaService
from ..sweeps import expanded
from ..why.asking import Asked
from ..why.matching import unit


@frozen(slots=False)
class Point:
    """A formula with one value for each of its params. `name` is empty where the job has a single formula."""

    name: str
    settings: Mapping[str, Setting]
    asked: Asked

    @cached_property
    def parts(self) -> Parts:
        """The formula taken apart; raises FormulaError if it does not fit the candles any more."""
        return self.asked.parts()

    @property
    def key(self) -> tuple[object, ...]:
        """What tells its matches from those of others."""
        return (*([self.name] if self.name else []), *self.settings.values())

    @cached_property
    def names(self) -> dict[Node, str]:
        """The column of each node that is looked at."""
        return {node: name for name, node in self.parts.columns.items()}

    @property
    def lines(self) -> dict[str, Node]:
        """The numbers that are drawn: the formula's indicators by label."""
        return {label: node for label, node in self.parts.checked.indicators.items() if node.kind is Kind.NUMBER}

    def mine(self, matches: pl.DataFrame) -> pl.DataFrame:
        """Those of the matches that this formula found."""
        if self.name:
            matches = matches.filter(pl.col("formula") == self.name)
        for parameter, value in self.settings.items():
            matches = matches.filter(pl.col(parameter) == value)
        return matches

    def levels(self, line: Node) -> list[float]:
        """The constants that the formula compares a line with."""
        found = []
        for condition in self.parts.conditions:
            left, right = sides(condition.part.node) or (None, None)
            for own, other in ((left, right), (right, left)):
                if own is line and isinstance(other, Constant) and isinstance(other.value, float):
                    found.append(other.value)
        return list(dict.fromkeys(found))

    def described(self) -> dict[str, Any]:
        """What the page has to know of it."""
        checked = self.parts.checked
        return {
            "name": self.name,
            "settings": dict(self.settings),
            "parameters": checked.parameters,
            "source": checked.source,
            "dialect": self.asked.formula.dialect,
            "tree": _tree(self.parts.whole),
            "warnings": [warning.render(checked.source) for warning in checked.warnings],
        }


def points_of(origin: Origin) -> list[Point]:
    """The formulas of a result's job. None where a service of the user's evaluates them, whose text nobody knows."""
    if not isinstance(origin.service, FormulaService):
        return []
    sweep = expanded(origin.job)
    found = []
    for name, formula in sweep.job.formulas.items():
        point = sweep.points[name]
        engine = partial(origin.make_engine, formula_service=origin.service)
        asked = Asked(_single(sweep.job, formula), origin.repository, origin.service, origin.tables, engine)
        found.append(Point(point.formula if sweep.several else "", point.parameters, asked))
    return found


def busiest(points: Sequence[Point], matches: pl.DataFrame, most: int) -> list[Point]:
    """Of more points than `most` those with most matches, in their order."""
    if len(points) <= most:
        return list(points)
    counts: Counter[tuple[object, ...]] = Counter()
    for names in {tuple(point.settings) for point in points}:
        keys = [*(["formula"] if points[0].name else []), *names]
        counts.update({row[:-1]: row[-1] for row in matches.group_by(keys).len().iter_rows()})
    kept = sorted(range(len(points)), key=lambda place: -counts[points[place].key])[:most]
    return [points[place] for place in sorted(kept)]


def _single(job: ProcessingJob, formula: Formula) -> ProcessingJob:
    """A job of one formula, with those of the job's parameters that it declares."""
    declared = declared_parameters(formula.source, formula.dialect)
    own = {name: value for name, value in job.settings(formula).items() if name in declared}
    alone = replace(formula, name="", parameters=own)
    plain: dict[str, Any] = {
        "latest": False,
        "stale": None,
        "values": {},
        "parameters": None,
        "date_range": DateRange(),
    }
    return replace(job, formula=alone, **plain)


def _tree(part: Part) -> dict[str, Any]:
    """A part and those below it; what is empty is left out."""
    facts = {
        "t": part.text,
        "r": part.role.value,
        "k": part.node.kind.value,
        "u": unit(part.node),
        "d": part.definition,
        "w": part.where,
        "c": [_tree(child) for child in part.children],
    }
    return {name: fact for name, fact in facts.items() if fact}
