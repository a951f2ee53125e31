"""Refusing what is sound, but too large to be planned and computed. What grows while it is read is refused there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .. import syntax
from ..limits import DEEPEST_PLAN, LONGEST_WINDOWS, MOST_LOOKS, MOST_VALUES
from ..nodes import Apply, Elsewhere, Node, inputs, walk
from ..syntax import Span
from .checked import Checked
from .elsewhere import too_many_looks
from .session import Session

STEPS: Final = (Apply, Elsewhere)
"""What is computed of what stands below it."""


def refuse_too_large(checked: Checked, formula: syntax.Formula, session: Session) -> None:
    """Raise FormulaError if the formula reports too many values, or takes too many operations on each other."""
    faults, whole = session.faults, formula.result.span
    values = max(len(checked.indicators), len(checked.lines))
    if values > MOST_VALUES:
        hint = "names and calls of indicators are reported: make several formulas of it"
        faults.add(whole, f"the formula has {values:,} values to report, at most {MOST_VALUES:,} are", hint)
    roots = [checked.result, *checked.indicators.values(), *checked.lines.values()]
    nodes = list(walk(roots))
    deepest, place = _deepest(nodes, checked, formula)
    if deepest > DEEPEST_PLAN:
        message = f"{deepest:,} operations stand on each other here, at most {DEEPEST_PLAN} do"
        faults.add(place, message, "a window over many bars takes the place of many steps")
    bars = sum(map(_window, nodes))
    if bars > LONGEST_WINDOWS:
        message = f"the formula's windows have {bars:,} bars together, at most {LONGEST_WINDOWS:,} are kept"
        faults.add(whole, message, "take fewer windows, or shorter ones")
    if session.looks and (looks := _looks(roots, session)) > MOST_LOOKS:
        faults.add(whole, *too_many_looks(looks))
    faults.raise_if_any()


def _looks(roots: Iterable[Node], session: Session) -> int:
    return sum(session.looks[node] for node in walk(roots, frames=False) if isinstance(node, Elsewhere))


def _deepest(nodes: Iterable[Node], checked: Checked, formula: syntax.Formula) -> tuple[int, Span]:
    """How many operations stand on each other at the most, and the first statement at which there are too many.

    Of `nodes` those that are read come before what reads them.
    """
    depth = _depths(nodes)
    assigned = [each for each in formula.statements if isinstance(each, syntax.Assignment)]
    for statement in assigned:
        node = checked.lines.get(statement.names[0].name)
        if node is not None and depth[node] > DEEPEST_PLAN:
            return depth[node], statement.span
    return max(depth.values()), formula.result.span


def _depths(nodes: Iterable[Node]) -> dict[Node, int]:
    depth: dict[Node, int] = {}
    for node in nodes:
        below = [depth[each] for each in inputs(node)]
        depth[node] = isinstance(node, STEPS) + (max(below) if below else 0)
    return depth


def _window(node: Node) -> int:
    """The bars that a node looks back at, if it does so at a fixed number of them."""
    if not isinstance(node, Apply) or node.primitive.reach is None:
        return 0
    return node.primitive.reach(*node.settings)
