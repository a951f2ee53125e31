"""How far a condition is from being true, as a number of the plan.

Of a comparison that does not hold it is the gap between the two sides, measured in what that gap usually changes from
one bar to the next. So it has no unit: a price that lacks a cent and an RSI that lacks a point can be set in order.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ..declaring import PRIMITIVES
from ..functions import CHOICE, HISTORY, OPERATORS
from ..kinds import Kind
from ..nodes import NODE_TYPES, Apply, Constant, Elsewhere, Node
from ..parse import parse
from .environment import Environment
from .session import Session
from .values import is_missing

USUAL_BARS: Final = 20
"""Of so many bars the mean change of the gap is what is usual."""
GAP: Final = f"""
gap = x - y
holds ? 0 : abs(gap) / partial_mean(abs(gap - gap[1]), {USUAL_BARS})
"""
ORDERING: Final = frozenset(OPERATORS[sign] for sign in ("<", "<=", ">", ">="))
EQUAL, DIFFERS = OPERATORS["=="], OPERATORS["!="]
BOTH, EITHER, NOT, FILLED = OPERATORS["and"], OPERATORS["or"], OPERATORS["not"], PRIMITIVES["nz"]


def closeness(condition: Node, session: Session, *, wanted: bool = True) -> Node | None:
    """The number of usual moves that a condition is from being `wanted`; None where nothing can be measured.

    It is 0 where the condition is so already, and undefined where a side or the usual move is.
    """
    match condition:
        case Constant(value=value):
            return session.interner.constant(0, Kind.NUMBER) if value is wanted else None
        case Elsewhere(source=source, place=place):
            inner = closeness(source, session, wanted=wanted)
            return inner and session.interner.elsewhere(inner, place)
        case Apply():
            return _applied(condition, session, wanted)
        case _:
            return None


def sides(condition: Node) -> tuple[Node, Node] | None:
    """What a comparison compares; None of other conditions."""
    if not isinstance(condition, Apply) or condition.primitive not in {*ORDERING, EQUAL, DIFFERS}:
        return None
    left, right = (each for each in condition.arguments if isinstance(each, NODE_TYPES))
    return left, right


def _applied(node: Apply, session: Session, wanted: bool) -> Node | None:
    primitive, arguments = node.primitive, node.arguments
    if primitive in ORDERING or primitive is (EQUAL if wanted else DIFFERS):
        return _compared(node, session, wanted)
    first, *others = [each for each in arguments if isinstance(each, NODE_TYPES)]
    if primitive is HISTORY:
        inner = closeness(first, session, wanted=wanted)
        return inner and session.interner.apply(HISTORY, (inner, arguments[1]), Kind.NUMBER)
    if primitive is NOT:
        return closeness(first, session, wanted=not wanted)
    if primitive is FILLED:
        return closeness(first, session, wanted=wanted)
    if primitive is CHOICE:
        return _chosen(first, *others, session=session, wanted=wanted)
    if primitive not in {BOTH, EITHER}:
        return None
    several = [closeness(each, session, wanted=wanted) for each in (first, *others)]
    if (primitive is BOTH) is wanted:
        return None if None in several else _written("max(x, y)", session, x=several[0], y=several[1])
    known = [each for each in several if each is not None]
    return _written("min(x, y)", session, x=known[0], y=known[1]) if len(known) == 2 else next(iter(known), None)


def _compared(node: Apply, session: Session, wanted: bool) -> Node | None:
    compared = sides(node)
    assert compared is not None
    left, right = compared
    if left.kind is not Kind.NUMBER:  # a date or a time is not near: it comes when it comes
        return None
    holds = node if wanted else session.interner.apply(NOT, (node,), Kind.BOOLEAN)
    return _written(GAP, session, x=left, y=right, holds=holds)


def _chosen(condition: Node, x: Node, y: Node, *, session: Session, wanted: bool) -> Node | None:
    """Of a choice: what is measured of the side that is chosen. One that is undefined is not measured."""
    if is_missing(y) or is_missing(x):
        return closeness(x if is_missing(y) else y, session, wanted=wanted)
    either = [closeness(each, session, wanted=wanted) for each in (x, y)]
    return None if None in either else _written("c ? x : y", session, c=condition, x=either[0], y=either[1])


_parsed: Final = lru_cache(parse)


def _written(text: str, session: Session, **names: Node | None) -> Node:
    """A formula over nodes."""
    formula, environment = _parsed(text), Environment(session)
    environment.values.update({name: node for name, node in names.items() if node is not None})
    for statement in formula.statements:
        environment.assign(statement)  # type: ignore[arg-type] # these texts have no others
    value = environment.checker.value(formula.result)
    assert isinstance(value, NODE_TYPES)
    return value
