"""What a check gives: a sound formula as a plan node, and what a job has to know of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property

from ...errors import Problem
from ..declaring import Setting
from ..freezing import frozen
from ..history import History, history, is_across
from ..kinds import Kind
from ..nodes import Elsewhere, Node, OtherSymbol, OtherTable, Place, columns_read, walk
from .tunable import Tunable


@frozen(repr=False, slots=False)
class Checked:
    """A formula that is sound: its result as a plan node, and what a job has to know of it.

    `lines` are its named values; of one with several outputs each, as `m.line`.
    """

    source: str
    result: Node
    indicators: Mapping[str, Node]
    tunables: tuple[Tunable, ...] = ()
    warnings: tuple[Problem, ...] = ()
    lines: Mapping[str, Node] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Checked({self.source!r}, {self.kind})"

    @property
    def kind(self) -> Kind:
        """What the result holds; matches are looked for where it is boolean."""
        return self.result.kind

    @property
    def parameters(self) -> dict[str, Setting]:
        """The values of the formula's params."""
        return {tunable.name: tunable.value for tunable in self.tunables}

    @cached_property
    def _nodes(self) -> tuple[Node, ...]:
        return tuple(walk([self.result, *self.indicators.values()]))

    @property
    def columns(self) -> frozenset[str]:
        """The candle columns that are read."""
        return columns_read([self.result, *self.indicators.values()])

    @property
    def symbols(self) -> frozenset[str]:
        """The other symbols that are read, by symbol("SPY", x)."""
        return frozenset(place.symbol for place in self._places if isinstance(place, OtherSymbol))

    @property
    def tables(self) -> frozenset[str]:
        """The other tables that are read, by table("quarterly", x)."""
        return frozenset(place.table for place in self._places if isinstance(place, OtherTable))

    @property
    def _places(self) -> list[Place]:
        return [node.place for node in self._nodes if isinstance(node, Elsewhere)]

    @property
    def across(self) -> bool:
        """Whether all symbols are needed at once."""
        return any(map(is_across, self._nodes))

    @cached_property
    def history(self) -> History:
        """Warm-up, reach and settling of result and indicators together."""
        return history([self.result, *self.indicators.values()])

    @property
    def warmup(self) -> int | None:
        """At most so many first bars have no result; None where a calendar or another symbol decides."""
        return history([self.result]).warmup

    @property
    def reach(self) -> int | None:
        """How many earlier bars influence a value; None: all."""
        return self.history.reach

    @property
    def settles(self) -> int | None:
        """After how many bars what came before weighs less than 1e-9; None: never."""
        return self.history.settles
