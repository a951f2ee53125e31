"""What an expression means while it is checked: a node, several named outputs, or a fault already reported."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

import polars as pl

from ..declaring import Primitive, Setting
from ..freezing import frozen
from ..kinds import Kind, Shape
from ..nodes import NODE_TYPES, Apply, Constant, Interner, Node
from ..syntax import Span


@frozen
class Outputs:
    """Several named series; `origin` is the function that gives them."""

    origin: str
    nodes: Mapping[str, Node]

    def describe(self) -> str:
        """Name the outputs, for messages."""
        return ", ".join(f".{name}" for name in self.nodes)


@frozen
class Faulty:
    """Stands for an expression with a fault, so that the rest can be checked and one fault is told once."""


FAULTY: Final = Faulty()
Value: TypeAlias = Node | Outputs | Faulty


class Given(NamedTuple):
    """An argument's value and where it stands."""

    value: Value
    span: Span


Bound: TypeAlias = Mapping[str, Given | Sequence[Given]]
"""Arguments by parameter."""


def is_missing(node: Node) -> bool:
    """Whether a node is the literal `na`."""
    return isinstance(node, Constant) and node.value is None


def folded(node: Apply, interner: Interner) -> Node:
    """The node's value where it is known before any data is read; else the node itself.

    The rule itself is asked, so that a constant has just the value that a series would have.
    """
    primitive = node.primitive
    below = [argument for argument in node.arguments if isinstance(argument, NODE_TYPES)]
    known = below and all(isinstance(each, Constant) for each in below)
    if primitive.shape is not Shape.ELEMENTWISE or primitive.scoped or not known:
        return node
    given = tuple((a.value, a.kind) if isinstance(a, Constant) else (a, None) for a in node.arguments)
    return interner.constant(_computed(primitive, given), node.kind)


def _plainly(primitive: Primitive, given: Sequence[tuple[Setting | None, Kind | None]]) -> Setting | None:
    """A primitive's value of numbers without asking its rule; None where that cannot be told so."""
    if primitive.plain is None or not all(kind is Kind.NUMBER and value is not None for value, kind in given):
        return None
    try:
        return primitive.plain(*(value for value, _ in given))
    except (ArithmeticError, ValueError):  # x / 0, sqrt(-1): the rule says what they are
        return None


@lru_cache(maxsize=4096)
def _computed(primitive: Primitive, given: tuple[tuple[Setting | None, Kind | None], ...]) -> Setting | None:
    """A primitive's value of constants: formulas say (n + 1) / 2 over and over. A setting has no kind."""
    value = _plainly(primitive, given)
    if value is None:
        literals = [value if kind is None else pl.lit(value, dtype=kind.dtype) for value, kind in given]
        value = pl.select(primitive.rule(*literals)).item()
    is_infinite = isinstance(value, float) and not -float("inf") < value < float("inf")
    return None if is_infinite else value


def read_date(text: str) -> float | None:
    """Days since 1970-01-01 of an ISO date; None if the text is none."""
    try:
        return float((dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days)
    except ValueError:  # the caller words what is wrong, with the place
        return None


def read_time(text: str) -> float | None:
    """Minutes since midnight of a time such as 09:30 or 09:30:15; None if the text is none."""
    try:
        moment = dt.time.fromisoformat(text)
    except ValueError:  # as above
        return None
    return moment.hour * 60 + moment.minute + moment.second / 60


READERS: Final = {Kind.DATE: (read_date, '"2016-02-03"'), Kind.TIME: (read_time, '"09:30"')}
"""How text is read where it is compared with a date or a time, and an example of such text."""
