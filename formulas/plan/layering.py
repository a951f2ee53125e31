"""Plans with cross-sectional stages as kernels run them: what goes along time, then rankings of columns, and so on.

Layers are rankings whose inputs are columns; ahead of each goes a stage along time that makes those columns, and behind
the last one that makes the results. Columns between layers are held for all symbols at once, so there are no others:
what no ranking reads is computed where it is needed, twice if need be, for kernels take little longer than it takes to
write a column and to read it again. What they do not compute, a user's function say, is computed once and kept.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TypeAlias

from ..declaring import PRIMITIVES
from ..freezing import frozen
from ..kinds import Kind, Shape
from ..nodes import NODE_TYPES, Apply, Column, Elsewhere, Node, inputs, walk
from .planning import Plan, Stage
from .tiling import is_tiled


@frozen
class Ranking:
    """A kernel across symbols (formulas/kernels/sections.py), the columns it reads, and the one it makes."""

    column: str
    kernel: str
    sources: tuple[str, ...]
    by: str | None = None
    settings: tuple[float, ...] = ()
    is_condition: bool = False

    @property
    def reads(self) -> tuple[str, ...]:
        """Every column that it reads."""
        return self.sources if self.by is None else (*self.sources, self.by)


Step: TypeAlias = Stage | tuple[Ranking, ...]


@frozen(eq=False, slots=False)
class Layers:
    """Steps in order, along time and across symbols by turns, then a stage that makes every column of the results.

    `keeps[i]` are the columns that are there after step i and are read later.
    """

    steps: tuple[Step, ...]
    report: Stage
    keeps: tuple[frozenset[str], ...]

    @cached_property
    def lives(self) -> dict[str, int]:
        """The last step after which each column is still read."""
        return {name: number for number, kept in enumerate(self.keeps) for name in kept}


def make_layers(plan: Plan, *, indicators: bool = True) -> Layers:
    """Cut a plan into layers, which make its results, and if they are asked for, its indicators."""
    asked = plan.indicators.values() if indicators else ()
    wanted = {*plan.results.values(), *(name for columns in asked for name in columns.values())}
    names = {node: name for stage in plan.stages for node, name in stage.made.items()}
    made = {node: name for node, name in names.items() if name in wanted}
    return _cut(Stage("time", frozenset(wanted), made, {}), names)


def layers_of(stage: Stage) -> Layers:
    """The layers of one stage across symbols alone, whose report is what leaves the stage."""
    return _cut(Stage("time", stage.keeps, stage.made, stage.given), stage.made)


def _cut(report: Stage, names: Mapping[Node, str]) -> Layers:
    """The layers ahead of a report, as which all of it could be computed if there were no rankings.

    Nodes that become columns have the names that they have in `names`.
    """
    order = [node for node in walk(report.made, report.given, frames=False) if node not in report.given]
    layer, rankings, ahead = _layer_of(order), defaultdict[int, list[Node]](list), defaultdict[int, list[Node]](list)
    for node in filter(_is_across, order):
        rankings[layer[node]].append(node)
    for node, first in _columns(order, report.made, layer).items():
        ahead[first].append(node)
    fresh = (f"~layer:{number}" for number in itertools.count(1))
    columns, steps = dict(report.given), list[Step]()
    for number in sorted(rankings):
        made = {node: names.get(node) or next(fresh) for node in ahead[number]}
        if made:
            steps.append(Stage("time", frozenset(made.values()), made, dict(columns)))
        columns |= made
        ranked = {node: names.get(node) or next(fresh) for node in rankings[number]}
        steps.append(tuple(_ranking(node, name, columns) for node, name in ranked.items()))
        columns |= ranked
    report = Stage("time", report.keeps, report.made, columns)
    return Layers(tuple(steps), report, _keeps([*steps, report]))


def _layer_of(order: Sequence[Node]) -> dict[Node, int]:
    """How many rankings stand on each other below each node, which come before those that read them; itself counts."""
    layer: dict[Node, int] = {}
    for node in order:
        layer[node] = _is_across(node) + max((layer.get(each, 0) for each in inputs(node, frames=False)), default=0)
    return layer


def _columns(order: Sequence[Node], wanted: Mapping[Node, str], layer: Mapping[Node, int]) -> dict[Node, int]:
    """The nodes that become columns, and ahead of which layer: rankings apart, which have layers of their own."""
    behind = 1 + max(layer.values(), default=0)
    users = _calls_of_users(order)
    read = {below for node in order if _is_across(node) for below in inputs(node) if not isinstance(below, Column)}
    first: dict[Node, int] = {}
    last: dict[Node, int] = {}
    found: dict[Node, int] = {}

    def need(node: Node, number: int) -> None:
        first[node], last[node] = min(number, first.get(node, number)), max(number, last.get(node, number))

    for node in reversed(order):
        if node in wanted:
            need(node, behind)
        if node in users:  # a symbol for which it fails has no place in the rankings that follow
            need(node, layer[node] + 1)
        needed = {layer[node]} if _is_across(node) else {first[node], last[node]}
        if not _is_across(node) and (node in read or (len(needed) > 1 and not _is_computed_again(node))):
            found[node] = first[node]
            needed = {first[node]}
        for below, number in itertools.product(inputs(node, frames=False), needed):
            need(below, number)
    return dict(reversed(found.items()))


def _calls_of_users(order: Sequence[Node]) -> set[Node]:
    """The nodes that call users' functions, be it on other rows; these may fail for some symbols."""
    calling: set[Node] = set()
    above: set[Node] = set()  # and whatever reads them
    for node in walk(order):
        own = isinstance(node, Apply) and PRIMITIVES.get(node.primitive.name) is not node.primitive
        if own or (isinstance(node, Elsewhere) and node.source in above):
            calling.add(node)
        if own or not above.isdisjoint(inputs(node)):
            above.add(node)
    return calling


def _is_computed_again(node: Node) -> bool:
    """Whether a node is computed wherever it is needed: by kernels, or it is no column, having several outputs."""
    return is_tiled(node) or isinstance(node, Column) or (isinstance(node, Apply) and len(node.primitive.outputs) > 1)


def _ranking(node: Node, name: str, columns: Mapping[Node, str]) -> Ranking:
    """A node across symbols as a ranking of columns."""
    assert isinstance(node, Apply)
    read = [each.name if isinstance(each, Column) else columns[each] for each in inputs(node)]
    *_, by, _ = node.arguments
    group = read.pop() if isinstance(by, NODE_TYPES) else None
    settings = tuple(float(each) for each in node.settings if each is not None)
    return Ranking(name, node.primitive.name, tuple(read), group, settings, node.kind is Kind.BOOLEAN)


def _is_across(node: Node) -> bool:
    return isinstance(node, Apply) and node.primitive.shape is Shape.ACROSS


def _keeps(steps: list[Step]) -> tuple[frozenset[str], ...]:
    """For each step but the last the columns that are there and that later ones read."""
    keeps: list[frozenset[str]] = []
    needed: frozenset[str] = frozenset()
    for step in reversed(steps[1:]):
        made = step.made.values() if isinstance(step, Stage) else (ranking.column for ranking in step)
        needed = needed.difference(made) | _reads(step)
        keeps.append(needed)
    return tuple(reversed(keeps))


def _reads(step: Step) -> frozenset[str]:
    """The columns of earlier steps that a step reads, and some of the candles."""
    if isinstance(step, Stage):
        return frozenset(step.given[node] for node in walk(step.made, step.given) if node in step.given)
    return frozenset(name for ranking in step for name in ranking.reads)
