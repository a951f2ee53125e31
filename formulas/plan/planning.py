"""Planning: one or several checked formulas become stages of programs.

A stage has one direction: along time, for each symbol apart, or across symbols at each ts. What a later stage or the
result needs of an earlier stage becomes a column.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal, TypeAlias

from ..check.checked import Checked
from ..freezing import frozen
from ..history import History, history
from ..kinds import Shape
from ..nodes import (
    FOREIGN,
    Apply,
    Column,
    Constant,
    Elsewhere,
    Node,
    OtherBars,
    OtherSymbol,
    OtherTable,
    columns_read,
    inputs,
    walk,
)
from .compiling import compile_nodes
from .programs import Program

Direction: TypeAlias = Literal["time", "across"]


@frozen(eq=False, slots=False)
class Stage:
    """A part of the plan with one direction.

    `made` are the nodes that leave the stage with their columns' names, `given` those that earlier stages made columns
    of. `keeps` are the columns that later stages and the results need.
    """

    direction: Direction
    keeps: frozenset[str]
    made: Mapping[Node, str]
    given: Mapping[Node, str]

    @cached_property
    def program(self) -> Program:
        """The stage for Polars, compiled when it is asked for; its outputs are the nodes of `made`, in their order."""
        return compile_nodes(tuple(self.made), self.given)


@frozen(slots=False)
class Plan:
    """Everything an executor has to do for some formulas, and where it puts the answers.

    `results` names each formula's column, `indicators` the columns of its indicators by label.
    """

    formulas: Mapping[str, Checked]
    stages: tuple[Stage, ...]
    results: Mapping[str, str]
    indicators: Mapping[str, Mapping[str, str]]

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """Every node of the plan, once."""
        return tuple(walk(_roots(self.formulas)))

    @cached_property
    def columns(self) -> frozenset[str]:
        """The candle columns that are read; only these need be loaded."""
        return columns_read(_roots(self.formulas))

    @cached_property
    def elsewhere(self) -> tuple[Elsewhere, ...]:
        """The nodes that are evaluated on other rows."""
        return tuple(node for node in self.nodes if isinstance(node, Elsewhere))

    @property
    def symbols(self) -> frozenset[str]:
        """Other symbols that are read, whatever the universe."""
        return frozenset(node.place.symbol for node in self.elsewhere if isinstance(node.place, OtherSymbol))

    @property
    def timeframes(self) -> frozenset[str]:
        """Other timeframes that are read; each must be made of whole bars of the data's own."""
        return frozenset(node.place.timeframe for node in self.elsewhere if isinstance(node.place, OtherBars))

    @property
    def tables(self) -> dict[str, frozenset[str]]:
        """Other tables that are read, with the columns of each."""
        found: dict[str, frozenset[str]] = {}
        for node in self.elsewhere:
            if isinstance(node.place, OtherTable):
                found[node.place.table] = found.get(node.place.table, frozenset()) | columns_read([node.source])
        return found

    @cached_property
    def history(self) -> History:
        """Warm-up, reach and settling of the whole plan."""
        return history(_roots(self.formulas))

    @property
    def reach(self) -> int | None:
        """How many bars before the first asked for have to be loaded; None: all."""
        return self.history.reach

    @property
    def warmup(self) -> int | None:
        """At most so many first bars of a symbol have no result."""
        return self.history.warmup

    @property
    def across(self) -> bool:
        """Whether a stage needs all symbols at once."""
        return any(stage.direction == "across" for stage in self.stages)


def make_plan(formulas: Mapping[str, Checked]) -> Plan:
    """Plan formulas together; what they share is computed once."""
    roots = _roots(formulas)
    stage_of = _stages(roots)
    made: dict[Node, str] = {}
    parts: list[_Part] = []
    leaving = _leaving(roots, stage_of)
    for number in range(max(stage_of.values(), default=0) + 1):
        wanted = [node for node in leaving if stage_of[node] == number]
        named = {node: _column_of(node, f"~{number}:{place}") for place, node in enumerate(wanted)}
        parts.append(_Part(named, dict(made)))
        made.update(named)
    results = {name: made[checked.result] for name, checked in formulas.items()}
    indicators = {
        name: {label: made[node] for label, node in checked.indicators.items()} for name, checked in formulas.items()
    }
    return Plan(dict(formulas), _with_keeps(parts, frozenset(made[root] for root in roots)), results, indicators)


@frozen
class _Part:
    """A stage before it is known what later ones need of it."""

    made: Mapping[Node, str]
    given: Mapping[Node, str]

    @property
    def reads(self) -> frozenset[str]:
        """The columns that are read: of the candles, on these or other bars of them, and of earlier stages."""
        own = list(walk(self.made, self.given, frames=False))
        others = [n.source for n in own if isinstance(n, Elsewhere) and n not in self.given and n not in FOREIGN]
        names = (self.given.get(node, node.name if isinstance(node, Column) else None) for node in own)
        return columns_read(others, FOREIGN).union(name for name in names if name is not None)


def _column_of(node: Node, name: str) -> str:
    """A candle column keeps its name."""
    return node.name if isinstance(node, Column) else name


def _roots(formulas: Mapping[str, Checked]) -> list[Node]:
    roots = [node for checked in formulas.values() for node in (checked.result, *checked.indicators.values())]
    return list(dict.fromkeys(roots))


def _stages(roots: list[Node]) -> dict[Node, int]:
    """The stage of each node: even ones go along time, odd ones across symbols; elementwise nodes go along."""
    stage_of: dict[Node, int] = {}
    for node in walk(roots, frames=False):
        below = max((stage_of[each] for each in inputs(node, frames=False)), default=0)
        stage_of[node] = below + ((_parity(node) - below) % 2 if _parity(node) is not None else 0)  # type: ignore[operator]
    return stage_of


def _parity(node: Node) -> int | None:
    """1 for across symbols, 0 for along time, None where either will do."""
    if isinstance(node, Elsewhere):
        return 0
    if not isinstance(node, Apply):
        return None
    match node.primitive.shape:
        case Shape.ACROSS:
            return 1
        case Shape.ELEMENTWISE:
            return None
        case _:
            return 0


def _leaving(roots: list[Node], stage_of: Mapping[Node, int]) -> list[Node]:
    """The nodes whose values leave their stage: results, and what a later stage reads."""
    leaving = dict.fromkeys(roots)
    for node in stage_of:
        for below in inputs(node, frames=False):
            if stage_of[below] < stage_of[node] and not isinstance(below, Column | Constant):
                leaving[below] = None
    return list(leaving)


def _with_keeps(parts: list[_Part], results: frozenset[str]) -> tuple[Stage, ...]:
    stages: list[Stage] = []
    needed = results
    for number, part in reversed(list(enumerate(parts))):
        direction: Direction = "across" if number % 2 else "time"
        stages.append(Stage(direction, needed, part.made, part.given))
        needed = (needed - set(part.made.values())) | part.reads
    return tuple(reversed(stages))
