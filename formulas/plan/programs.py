"""A program: what the compiler hands to an executor. Columns to make, in levels that depend on earlier ones alone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TypeAlias

from ..freezing import frozen
from ..nodes import OtherSymbol, OtherTable, Place
from ..scope import Defined, KernelCall, PythonCall


@frozen
class ElsewhereCall:
    """A program run on other rows; its outputs join the rows at hand from which they are known.

    `condition` is the column that says which of the bars at hand count, where `place` is some of them.
    """

    names: tuple[str, ...]
    place: Place
    program: Program | FormingProgram
    condition: str | None = None


Step: TypeAlias = Defined | KernelCall | PythonCall | ElsewhereCall


@frozen
class Peek:
    """A primitive over the bars completed before each row and, as the last one, the bar so far.

    `program` computes it alone over the columns `inputs`; at a row it needs `reach` completed bars, None for all.
    Where it is `held`, kernels may do it in one go: their memory goes on at completed bars alone. Where it is
    `windowed`, they may take the program's place.
    """

    names: tuple[str, ...]
    inputs: tuple[str, ...]
    program: Program
    reach: int | None
    primitive: str
    settings: tuple[float, ...]
    held: bool
    windowed: bool
    is_condition: bool


@frozen
class FormingProgram:
    """Programs and peeks in order, the names of the outputs in the order asked for, and the columns that are read."""

    parts: tuple[Program | Peek, ...]
    outputs: tuple[str, ...]
    reads: frozenset[str]

    @property
    def kernels(self) -> frozenset[str]:
        """The primitives that compiled kernels alone compute; for others there are the programs."""
        programs = (part.program if isinstance(part, Peek) else part for part in self.parts)
        return frozenset[str]().union(*(program.kernels for program in programs))


@frozen
class Program:
    """Levels of steps, the names of the outputs in the order asked for, and the columns of the input that are read."""

    levels: tuple[tuple[Step, ...], ...]
    outputs: tuple[str, ...]
    reads: frozenset[str]

    @property
    def kernels(self) -> frozenset[str]:
        """The primitives that its steps call compiled kernels for, also on other timeframes and symbols."""
        names: set[str] = set()
        for step in itertools.chain.from_iterable(self.levels):
            if isinstance(step, KernelCall):
                names.add(step.primitive)
            elif isinstance(step, ElsewhereCall):
                names |= step.program.kernels
        return frozenset(names)

    def dead_after(self) -> list[list[str]]:
        """For each level the names that nothing reads any more afterwards, inputs apart."""
        last: dict[str, int] = {}
        for number, level in enumerate(self.levels):
            for step in level:
                last.update(dict.fromkeys(made_by(step), number))
        for number, level in enumerate(self.levels):
            for step in level:
                last.update((name, number) for name in read_by(step) if name in last)
        dead: list[list[str]] = [[] for _ in self.levels]
        for name in last.keys() - set(self.outputs):
            dead[last[name]].append(name)
        return dead


def made_by(step: Step) -> tuple[str, ...]:
    """The columns that a step makes."""
    return (step.name,) if isinstance(step, Defined | PythonCall) else step.names


def read_by(step: Step) -> frozenset[str]:
    """The columns that a step reads."""
    match step:
        case Defined():
            return frozenset([*step.expression.meta.root_names(), *step.by])
        case KernelCall() | PythonCall():
            return frozenset(step.inputs)
        case ElsewhereCall(place=OtherSymbol() | OtherTable()):
            return frozenset()
        case ElsewhereCall():
            return step.program.reads | ({step.condition} if step.condition else set())


def arrange(steps: Sequence[Step], outputs: Sequence[str]) -> Program:
    """Sort steps into levels, so that all steps of one level can be computed in one pass."""
    level_of: dict[str, int] = {}
    levels: list[list[Step]] = []
    reads: set[str] = set()
    for step in steps:
        needed = read_by(step)
        level = max((level_of[name] + 1 for name in needed if name in level_of), default=0)
        reads.update(name for name in needed if name not in level_of)
        level_of.update(dict.fromkeys(made_by(step), level))
        while len(levels) <= level:
            levels.append([])
        levels[level].append(step)
    reads.update(name for name in outputs if name not in level_of)
    return Program(tuple(map(tuple, levels)), tuple(outputs), frozenset(reads))
