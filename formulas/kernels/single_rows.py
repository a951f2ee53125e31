"""Programs that run one row at a time: what nobody looks back at needs one row only.

A register with a history has room for some more rows, in which the row at hand moves on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from ..freezing import frozen
from .graphs import Graph, Loaded, Series, Source
from .registers import Layout, Value
from .steps import Operand, Remembered, Step, Stores
from .tiles import ROW

ROOM: Final = 32
"""Rows in which the row at hand moves on, before histories are moved back to the beginning."""


@frozen
class StandingProgram:
    """Steps for one row. Operands whose stride is not 0 move on with the row at hand.

    Outside arrays are numbered: first the `columns` that are read, then the `results`, so many, that are written.
    `back` moves histories by ROOM rows to where they began. `histories` and `memories` are as in TileProgram.
    """

    rows: int
    columns: tuple[str, ...]
    results: int
    steps: tuple[Step, ...]
    back: tuple[Step, ...]
    histories: tuple[tuple[int, int], ...]
    memories: tuple[Remembered, ...]
    constants: tuple[tuple[int, float], ...]

    @property
    def size(self) -> int:
        """Numbers of a symbol's state."""
        return sum(head for _, head in self.histories) + sum(each.rows for each in self.memories)


def lay_out_standing(graph: Graph, results: Sequence[Series]) -> StandingProgram:
    """Place everything for single rows."""
    return _StandingLayout(graph, results).standing(results)


class _StandingLayout(Layout):
    """Columns are written from outside ahead of the first step: no step may have used their registers before."""

    def __init__(self, graph: Graph, results: Sequence[Series]) -> None:
        super().__init__(graph, Stores(), ROOM, results)

    def standing(self, results: Sequence[Series]) -> StandingProgram:
        self.place()
        loaded = [(id(source), 0) for source in self.sources if isinstance(source, Loaded)]
        loads = [Operand(self.places[value], self.stride(value)) for value in loaded]
        outside = [Operand(number, 0, outside=True) for number in range(len(loads) + len(results))]
        come = map(_copied, outside, loads)
        leave = map(_copied, map(self.operand, results), outside[len(loads) :])
        steps = (*come, *self.steps, *leave)
        return StandingProgram(
            self.rows, self.columns, len(results), steps, tuple(self.keeping()),
            self.histories, tuple(self.memories), self.constants,
        )  # fmt: skip

    def place(self) -> None:
        """Columns first, in rows that nobody has yet."""
        for source in self.sources:
            if isinstance(source, Loaded):
                self.place_anew((id(source), 0))
        super().place()

    def step(self, place: int, source: Source, memory: dict[int, int]) -> None:
        if not isinstance(source, Loaded):
            super().step(place, source, memory)

    def operand(self, series: Series) -> Operand:
        value = (id(series.source), series.output)
        return replace(super().operand(series), stride=self.stride(value))

    def output(self, value: Value) -> Operand:
        return Operand(self.register(value), self.stride(value))

    def register(self, value: Value) -> int:
        if self.heads.get(value) or not self.free:
            self.place_anew(value)
        else:
            self.places[value] = self.free.pop()
        return self.places[value]

    def place_anew(self, value: Value) -> None:
        head = self.heads.get(value, 0)
        self.places[value] = (self.take(head + ROOM) + head) if head else self.take(1)

    def stride(self, value: Value) -> int:
        return ROW if self.heads.get(value) else 0


def _copied(source: Operand, target: Operand) -> Step:
    return Step("barsweep_copy", (source, target))
