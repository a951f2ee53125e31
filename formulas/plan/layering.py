"""Plans with cross-sectional stages as kernels run them: what goes along time, then rankings of columns, and so on.

A stage across symbols may hold rankings of rankings, and elementwise parts before, between and after them. Here it
becomes layers: rankings whose inputs are columns, and between two layers a stage along time that makes those columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ..kinds import Kind, Shape
from ..nodes import NODE_TYPES, Apply, Column, Node, inputs, walk
from .planning import Plan, Stage


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, eq=False)
class Layers:
    """Steps in order, along time and across symbols by turns, then a stage that makes every column of the results.

    `keeps[i]` are the columns that are read after step i.
    """

    steps: tuple[Step, ...]
    report: Stage
    keeps: tuple[frozenset[str], ...]


def make_layers(plan: Plan) -> Layers:
    """Cut a plan into layers."""
    layering = _Layering()
    for stage in plan.stages:
        if stage.direction == "across":
            layering.rank(stage)
        else:
            layering.pending.update(stage.made)
    wanted = {*plan.results.values(), *(name for columns in plan.indicators.values() for name in columns.values())}
    made = {node: name for stage in plan.stages for node, name in stage.made.items() if name in wanted}
    report = Stage("time", frozenset(wanted), made, dict(layering.given))
    return Layers(tuple(layering.steps), report, _keeps([*layering.steps, report]))


def layers_of(stage: Stage) -> Layers:
    """The layers of one stage across symbols alone, whose report is what leaves the stage."""
    layering = _Layering(dict(stage.given))
    layering.rank(stage)
    report = Stage("time", stage.keeps, stage.made, dict(layering.given))
    return Layers(tuple(layering.steps), report, _keeps([*layering.steps, report]))


@dataclass(slots=True)
class _Layering:
    """`given` are the nodes that the steps so far make columns of, `pending` those that the next stage has to make."""

    given: dict[Node, str] = field(default_factory=dict)
    pending: dict[Node, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    fresh: int = 0

    def rank(self, stage: Stage) -> None:
        """Add a stage across symbols: its rankings layer by layer; what is left of it is pending."""
        known = {**self.given, **self.pending}
        order = list(walk(stage.made, known, frames=False))
        depth: dict[Node, int] = {}
        for node in order:
            below = 0 if node in known else max((depth.get(each, 0) for each in inputs(node)), default=0)
            depth[node] = below + (node not in known and _is_across(node))
        for level in range(1, max(depth.values(), default=0) + 1):
            nodes = [node for node in order if depth[node] == level and _is_across(node) and node not in known]
            self.layer([node for node in nodes if isinstance(node, Apply)], stage.made)
        self.pending.update((node, name) for node, name in stage.made.items() if node not in self.given)

    def layer(self, nodes: Iterable[Apply], names: Mapping[Node, str]) -> None:
        """Rankings that read columns; those that are no columns yet are made before."""
        nodes = list(nodes)
        sources = dict.fromkeys(source for node in nodes for source in inputs(node))
        self.pending.update((each, self.name(names.get(each))) for each in sources if self.column(each) is None)
        self.flush()
        rankings = [self.ranking(node, self.name(names.get(node))) for node in nodes]
        self.given.update((node, ranking.column) for node, ranking in zip(nodes, rankings, strict=True))
        self.steps.append(tuple(rankings))

    def flush(self) -> None:
        """A stage that makes what is pending, if anything is."""
        made: dict[Node, str] = {n: name for n, name in self.pending.items() if not isinstance(n, Column)}
        if made:
            self.steps.append(Stage("time", frozenset(made.values()), made, dict(self.given)))
        self.given.update(made)
        self.pending.clear()

    def column(self, node: Node) -> str | None:
        """The node's column: made, about to be made, or the candles' own."""
        own = node.name if isinstance(node, Column) else None
        return self.given.get(node) or self.pending.get(node) or own

    def ranking(self, node: Apply, name: str) -> Ranking:
        columns = list(map(self.column, inputs(node)))
        *_, by, _ = node.arguments
        group = columns.pop() if isinstance(by, NODE_TYPES) else None
        sources = tuple(column for column in columns if column is not None)
        settings = tuple(float(each) for each in node.settings if each is not None)
        return Ranking(name, node.primitive.name, sources, group, settings, node.kind is Kind.BOOLEAN)

    def name(self, known: str | None) -> str:
        """The name by which the plan knows a column, or a new one."""
        self.fresh += 1
        return known or f"~layer:{self.fresh}"


def _is_across(node: Node) -> bool:
    return isinstance(node, Apply) and node.primitive.shape is Shape.ACROSS


def _keeps(steps: list[Step]) -> tuple[frozenset[str], ...]:
    """For each step but the last the columns that later ones read."""
    keeps: list[frozenset[str]] = []
    needed: frozenset[str] = frozenset()
    for step in reversed(steps[1:]):
        needed |= _reads(step)
        keeps.append(needed)
    return tuple(reversed(keeps))


def _reads(step: Step) -> frozenset[str]:
    """The columns of earlier steps that a step reads, and some of the candles."""
    if isinstance(step, Stage):
        return frozenset(step.given[node] for node in walk(step.made, step.given) if node in step.given)
    return frozenset(name for ranking in step for name in ranking.reads)
