"""Showing a plan: what is read, how much history it takes, and every node in the order it is computed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from ..check.applying import shown_value
from ..check.checked import Checked
from ..freezing import frozen
from ..history import History, history
from ..nodes import Apply, Column, Constant, Elsewhere, Node, OtherBars, OtherSymbol, OtherTable, Pick, SomeBars
from ..units import FREE, unit_of
from .planning import Plan


@frozen
class NodeLine:
    """One node of a plan: its number, what it computes in terms of earlier numbers, its history, what it measures."""

    number: int
    text: str
    kind: str
    history: History
    unit: str = ""


@frozen(slots=False)
class Explanation:
    """A plan laid open. Print it, or read its parts."""

    sources: Mapping[str, str]
    columns: tuple[str, ...]
    symbols: tuple[str, ...]
    stages: tuple[str, ...]
    history: History
    nodes: tuple[NodeLine, ...]
    results: Mapping[str, int]
    indicators: Mapping[str, int]
    warnings: tuple[str, ...]
    executor: str = "polars"

    def __str__(self) -> str:
        facts = [
            f"reads     {', '.join(self.columns) or 'no column'}",
            *([f"symbols   {', '.join(self.symbols)}"] if self.symbols else []),
            f"stages    {' -> '.join(self.stages)}, executor {self.executor}",
            f"warm-up   {_bars(self.history.warmup, 'set by calendar or symbol')}{_until(self.history)}",
            f"reach     {_bars(self.history.reach, 'all earlier bars')}{_settled(self.history)}",
        ]
        width = max((len(line.text) for line in self.nodes), default=0)
        measures = max((len(line.unit or line.kind) for line in self.nodes), default=0)
        lines = [
            f"  {n.number:>3}  {n.text:<{width}}  {n.unit or n.kind:<{measures}}  {_shown(n.history)}"
            for n in self.nodes
        ]
        results = [f"result    {name}: node {number}" for name, number in self.results.items()]
        shown = [f"reports   {label}: node {number}" for label, number in self.indicators.items()]
        warned = [f"warning   {text}" for text in self.warnings]
        return "\n".join([*facts, "nodes", *lines, *results, *shown, *warned])


def explain_plan(plan: Plan, executor: str = "polars") -> Explanation:
    """Lay a plan open."""
    number = {node: count for count, node in enumerate(plan.nodes)}
    lines = tuple(NodeLine(number[n], _text(n, number), n.kind.value, history([n]), _measure(n)) for n in plan.nodes)
    return Explanation(
        sources={name: checked.source for name, checked in plan.formulas.items()},
        columns=tuple(sorted(plan.columns)),
        symbols=tuple(sorted(plan.symbols)),
        stages=tuple(f"{stage.direction} ({sum(map(len, stage.program.levels))} steps)" for stage in plan.stages),
        history=plan.history,
        nodes=lines,
        results={name: number[checked.result] for name, checked in plan.formulas.items()},
        indicators={label: number[node] for label, node in _indicators(plan.formulas).items()},
        warnings=tuple(w.render(c.source) for c in plan.formulas.values() for w in c.warnings),
        executor=executor,
    )


def _measure(node: Node) -> str:
    """What a number measures; empty for other kinds, and where nothing is known."""
    unit = unit_of(node)
    return "" if unit is None or unit is FREE else str(unit).removeprefix("a ")


def _indicators(formulas: Mapping[str, Checked]) -> dict[str, Node]:
    """Indicators by label; where formulas call different ones the same, with the formula's name."""
    nodes: dict[str, set[Node]] = defaultdict(set)
    for checked in formulas.values():
        for label, node in checked.indicators.items():
            nodes[label].add(node)
    return {
        label if len(nodes[label]) == 1 else f"{label} of {name}": node
        for name, checked in formulas.items()
        for label, node in checked.indicators.items()
    }


def _text(node: Node, number: Mapping[Node, int]) -> str:
    match node:
        case Constant():
            return "na" if node.value is None else shown_value(node.value)
        case Column():
            return node.name
        case Pick():
            return f"#{number[node.source]}.{node.output}"
        case Elsewhere():
            return _elsewhere(node, f"#{number[node.source]}", number)
        case Apply():
            return _call(node, number)


def _elsewhere(node: Elsewhere, source: str, number: Mapping[Node, int]) -> str:
    match node.place:
        case OtherBars(timeframe, forming):
            return f'timeframe("{timeframe}", {source}{", forming=true" if forming else ""})'
        case OtherSymbol(symbol):
            return f'symbol("{symbol}", {source})'
        case OtherTable(table):
            return f'table("{table}", {source})'
        case SomeBars(condition):
            return f"bars_where(#{number[condition]}, {source})"


def _call(node: Apply, number: Mapping[Node, int]) -> str:
    parts = [f"#{number[a]}" if a in number else str(a) for a in node.arguments]  # type: ignore[index]
    symbol = node.primitive.symbol
    if symbol == "[]":
        return f"{parts[0]}[{parts[1]}]"
    if symbol and len(parts) == 2:
        return f"{parts[0]} {symbol} {parts[1]}"
    if node.primitive.form_of:
        parts[-1] = f"max={parts[-1]}"
    return f"{symbol or node.primitive.form_of or node.primitive.name}({', '.join(parts)})"


def _bars(count: int | None, otherwise: str) -> str:
    return otherwise if count is None else f"{count} bars"


def _until(facts: History) -> str:
    return ", then until the first event" if facts.by_event else ""


def _settled(facts: History) -> str:
    if facts.reach is not None:
        return ""
    if facts.settles is None:
        return ", never settles"
    return f", settled after {facts.settles} bars (what came before weighs less than 1e-9)"


def _shown(facts: History) -> str:
    warmup = "?" if facts.warmup is None else str(facts.warmup)
    reach = "all" if facts.reach is None else str(facts.reach)
    return f"warm-up {warmup}, reach {reach}"


__all__ = ["Explanation", "NodeLine", "explain_plan"]
