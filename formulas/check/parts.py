"""A part of a formula: one expression of its text, with what decides its truth."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple, TypeAlias

from ..freezing import frozen
from ..nodes import Node, OtherBars, OtherSymbol, OtherTable, Place, SomeBars
from .checked import Checked

At: TypeAlias = tuple[int | Place, ...]
"""Where a part stands, the outermost first: so many bars ago, or on other rows."""


class Role(StrEnum):
    """How a part's truth follows from those of its children; of a comparison and of other values it does not."""

    ALL = "all"
    ANY = "any"
    NOT = "not"
    AT_LEAST = "at least"
    COMPARISON = "comparison"
    CONDITION = "condition"
    VALUE = "value"


@frozen
class Part:
    """One expression of a formula.

    `text` is what is written, `definition` what a name stands for, `where` on which other bars it is looked at.
    `needed` is how many children of an `AT_LEAST` have to be true.
    """

    text: str
    role: Role
    node: Node
    children: tuple[Part, ...] = ()
    definition: str = ""
    where: str = ""
    needed: int = 0

    def walk(self) -> Iterator[Part]:
        """This part and those below it, each before its children."""
        yield self
        for child in self.children:
            yield from child.walk()

    def conditions(self, *, wanted: bool = True) -> Iterator[Condition]:
        """The conditions that decide, as far as `and`, `or`, `not` and `at_least` lead down to them."""
        if self.role in {Role.ALL, Role.ANY, Role.NOT, Role.AT_LEAST}:
            for child in self.children:
                yield from child.conditions(wanted=wanted is (self.role is not Role.NOT))
        else:
            yield Condition(self, wanted)


class Condition(NamedTuple):
    """A part whose truth decides, and what it has to be; False stands behind a `not`."""

    part: Part
    wanted: bool

    @property
    def text(self) -> str:
        """What has to hold."""
        return self.part.text if self.wanted else f"not ({self.part.text})"


@frozen(slots=False)
class Parts:
    """A sound formula taken apart: `whole` is its result, `conditions` decide whether that is true.

    For each of them `distances`, if they are asked for, has the number of the plan that says how far it is from what it
    has to be (closeness.py).
    """

    checked: Checked
    whole: Part
    conditions: tuple[Condition, ...]
    distances: tuple[Node | None, ...]

    @cached_property
    def columns(self) -> dict[str, Node]:
        """A name for each node of parts, indicators and distances: its text, with a number where two say the same."""
        named = [(f"{part.text} {part.where}".strip(), part.node) for part in self.whole.walk()]
        named += self.checked.indicators.items()
        named += [
            (f"distance of {condition.text}", node)
            for condition, node in zip(self.conditions, self.distances, strict=False)
            if node is not None
        ]
        return dict(_told_apart(named))


def _told_apart(named: Iterable[tuple[str, Node]]) -> Iterator[tuple[str, Node]]:
    seen: set[Node] = set()
    taken = {"symbol", "ts"}
    for name, node in named:
        if node not in seen:
            other = next(f"{name}{mark}" for mark in _marks() if f"{name}{mark}" not in taken)
            seen.add(node)
            taken.add(other)
            yield other, node


def _marks() -> Iterator[str]:
    yield ""
    yield from (f" ({number})" for number in itertools.count(2))


def where_in_words(at: At) -> str:
    """On which bars a part is looked at, in words; empty on the one at hand."""
    return ", ".join(filter(None, map(_step, at)))


def _step(step: int | Place) -> str:
    match step:
        case int():
            return "" if step == 0 else f"{step} bar{'s' if step > 1 else ''} ago"
        case OtherBars():
            return f"on {step.timeframe} bars"
        case OtherSymbol():
            return f"of {step.symbol}"
        case OtherTable():
            return f"in table {step.table}"
        case SomeBars():
            return "on some of the bars"
