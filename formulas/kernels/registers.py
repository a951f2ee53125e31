"""Where a graph's values lie: registers, histories, memories and lists in one arena of rows of sixteen numbers.

1. what the results need stays, in the order of the graph                                       `_needed`
2. a value that somebody looks back at gets a register with so much history                      `_readers`
3. the others share registers: one is free again when its last reader has run                    `_Layout.release`
4. a result leaves as soon as all that it is made of is there                                    `_Layout.leaving`
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final, TypeAlias

from .declaring import Kernel
from .graphs import Fixed, Graph, Loaded, Operation, Series, Source
from .tiles import ROW, size_of_list

COMPARISONS: Final = frozenset({"greater", "less", "at_most", "no_less"})
"""Kernels that are true where the test of that name in finding.py is passed."""
Value: TypeAlias = tuple[int, int]  # the id of a source, and which of its outputs


@dataclass(frozen=True, slots=True)
class Operand:
    """`at`: a row of the arena, or the number of an outside array. `stride`: bytes from bar to bar."""

    at: int
    stride: int = ROW
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """A kernel, by name, with what it reads and writes; `memory` is its first row in the arena."""

    symbol: str
    operands: tuple[Operand, ...]
    settings: tuple[float, ...] = ()
    memory: int = 0


@dataclass(frozen=True, slots=True)
class Test:
    """One of the tests of finding.py, and the series that it reads."""

    name: str
    inputs: tuple[Series, ...]


@dataclass(frozen=True)
class Matches:
    """Bars to be found: where `condition` is true, with the values of some series there."""

    condition: Series
    values: tuple[Series, ...]

    @property
    def series(self) -> list[Series]:
        """Every series that is read for it."""
        return [*(series for test in self.tests for series in test.inputs), *self.values]

    @cached_property
    def tests(self) -> tuple[Test, ...]:
        """What a bar has to pass: the parts of an `and`, of which each has to be true, and comparisons by their sides.

        So neither is made a condition of, unless somebody else reads it.
        """
        found: dict[Hashable, Test] = {}
        waiting = [self.condition]
        while waiting:
            part = waiting.pop()
            source = part.source
            if part.lag or not isinstance(source, Operation) or source.kernel.name not in {"both", *COMPARISONS}:
                found.setdefault(part.key, Test("true", (part,)))
            elif source.kernel.name == "both":
                waiting += reversed(source.inputs)
            else:
                found.setdefault(part.key, Test(source.kernel.name, source.inputs))
        return tuple(found.values())


@dataclass(frozen=True, slots=True)
class TileProgram:
    """Steps for each block, `begins` and `ends` for each tile, over an arena of `rows`.

    Outside arrays are numbered: first the columns that are read, then two for each stored series (numbers or bits of
    truth, bits of validity), then for each of `matches` the marks, their count by symbol, and for each value how many
    are kept so far, and these.
    `constants` are rows that are set once.
    """

    rows: int
    block: int
    columns: tuple[str, ...]
    begins: tuple[Step, ...]
    steps: tuple[Step, ...]
    ends: tuple[Step, ...]
    constants: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class Stores:
    """What leaves a program: whole columns, of numbers or of conditions, and matches."""

    columns: tuple[Series, ...] = ()
    conditions: tuple[bool, ...] = ()
    matches: tuple[Matches, ...] = ()

    @property
    def series(self) -> list[Series]:
        """Every series that leaves."""
        found = [series for each in self.matches for series in each.series]
        return [*self.columns, *found]


def lay_out(graph: Graph, stores: Stores, block: int) -> TileProgram:
    """Place everything for blocks of `block` rows."""
    return _Layout(graph, stores, block).program()


class _Layout:
    def __init__(self, graph: Graph, stores: Stores, block: int) -> None:
        self.stores, self.block = stores, block
        self.sources = _needed(graph.sources, stores.series)
        self.order = {id(source): place for place, source in enumerate(self.sources)}
        self.heads, self.last = _readers(self.sources, self.order)
        self.leaves: dict[Value, int] = {}
        self.columns = tuple(source.column for source in self.sources if isinstance(source, Loaded))
        self.places: dict[Value, int] = {}
        self.free: list[int] = []
        self.fixed = {(id(source), 0) for source in self.sources if isinstance(source, Fixed)}
        self.rows = 0
        self.steps: list[Step] = []
        self.ends: list[Step] = []
        self.memories: list[tuple[int, int]] = []
        self.tallies: list[int] = []
        self.listed = self.take(-(-size_of_list(block) // ROW)) if stores.matches else 0

    def program(self) -> TileProgram:
        waiting = self.leaving()
        constants = [(self.take(1), source) for source in self.sources if isinstance(source, Fixed)]
        self.places.update({(id(source), 0): row for row, source in constants})
        memory = self.memory_rows()
        for place, source in enumerate(self.sources):
            self.step(place, source, memory)
            for leave in waiting.pop(place, ()):
                leave()
            self.release(place, [value for value, ready in self.leaves.items() if ready == place], leaving=True)
        kept = [(self.places[value], head) for value, head in self.heads.items() if head]
        self.steps += [Step("barsweep_keep", (Operand(row - head),), (float(head),)) for row, head in kept]
        begins = [Step("barsweep_fill", (Operand(row - head),), (float(head), math.nan)) for row, head in kept]
        size = sum(rows for _, rows in self.memories)
        clear = [Step("barsweep_fill", (Operand(self.memories[0][0]),), (float(size), 0.0))] if size else []
        numbers = tuple((row, source.number) for row, source in constants)
        return TileProgram(
            self.rows, self.block, self.columns, (*begins, *clear), tuple(self.steps), tuple(self.ends), numbers
        )

    def memory_rows(self) -> dict[int, int]:
        """The first row of each recursion's memory; all of them stand together, so that one step clears them.

        With them stand the counts of what is found.
        """
        found: dict[int, int] = {}
        self.tallies = [self.take(1) for _ in self.stores.matches]
        self.memories += [(row, 1) for row in self.tallies]
        for source in self.sources:
            if isinstance(source, Operation) and (rows := _memory(source)):
                found[id(source)] = row = self.take(rows)
                self.memories.append((row, rows))
        return found

    def step(self, place: int, source: Source, memory: dict[int, int]) -> None:
        match source:
            case Fixed():
                return
            case Loaded():
                column = Operand(self.columns.index(source.column), outside=True)
                self.steps.append(Step("barsweep_pack", (column, Operand(self.register((id(source), 0))))))
            case Operation():
                inputs = tuple(map(self.operand, source.inputs))
                self.release(place, [(id(each.source), each.output) for each in source.inputs])
                made = [(id(source), output) for output in range(source.kernel.outputs)]
                outputs = tuple(Operand(self.register(value)) for value in made)
                row = memory.get(id(source), 0)
                self.steps.append(Step(source.kernel.symbol, (*inputs, *outputs), source.settings, row))
                self.release(place, [value for value in made if value not in self.last and value not in self.leaves])

    def leaving(self) -> dict[int, list[Callable[[], None]]]:
        """After each place in the order, how the results leave that are ready then."""
        slots = itertools.count(len(self.columns))
        found: dict[int, list[Callable[[], None]]] = defaultdict(list)
        for series, is_condition in zip(self.stores.columns, self.stores.conditions, strict=True):
            outside = (next(slots), next(slots))
            found[self.ready([series])].append(partial(self.unpack, series, outside, is_condition=is_condition))
        for each in self.stores.matches:
            numbers = [next(slots) for _ in range(2 + 2 * len(each.values))]
            found[self.ready(each.series)].append(partial(self.find, each, numbers))
        return found

    def ready(self, several: Sequence[Series]) -> int:
        """The place after which all are there; they are held until then."""
        place = max(self.order[id(each.source)] for each in several)
        for each in several:
            value = (id(each.source), each.output)
            self.heads[value] = max(self.heads.get(value, 0), each.lag)
            self.leaves[value] = max(self.leaves.get(value, 0), place)
        return place

    def unpack(self, series: Series, slots: tuple[int, int], *, is_condition: bool) -> None:
        outside = tuple(Operand(slot, outside=True) for slot in slots)
        symbol = "barsweep_unpack_truth" if is_condition else "barsweep_unpack"
        self.steps.append(Step(symbol, (self.operand(series), *outside)))

    def find(self, matches: Matches, slots: Sequence[int]) -> None:
        marks, counts, *kept = (Operand(slot, outside=True) for slot in slots)
        tally, listed = self.tallies.pop(), Operand(self.listed)
        for number, test in enumerate(matches.tests):
            symbol = f"barsweep_{'narrow' if number else 'begin'}_{test.name}"
            self.steps.append(Step(symbol, (*map(self.operand, test.inputs), marks)))
        self.steps.append(Step("barsweep_count", (marks,), memory=tally))
        if kept:
            self.steps.append(Step("barsweep_enlist", (marks, listed)))
        for series, count, values in zip(matches.values, kept[::2], kept[1::2], strict=True):
            self.steps.append(Step("barsweep_pick", (self.operand(series), listed, count, values)))
        self.ends.append(Step("barsweep_tally", (counts,), memory=tally))

    def operand(self, series: Series) -> Operand:
        row = self.places[id(series.source), series.output]
        return Operand(row, 0) if isinstance(series.source, Fixed) else Operand(row - series.lag)

    def register(self, value: Value) -> int:
        """The block's first row of a value's register."""
        head = self.heads.get(value, 0)
        if head == 0 and self.free:
            self.places[value] = self.free.pop()
        else:
            self.places[value] = self.take(head + self.block) + head
        return self.places[value]

    def release(self, place: int, values: Iterable[Value], *, leaving: bool = False) -> None:
        """Registers that nobody reads after this place are free; a kernel's inputs for its own results, too.

        A kernel reads a row before it writes it. What is about to leave has to wait for that.
        """
        for value in dict.fromkeys(values):
            last = max(self.last.get(value, place), self.leaves.get(value, 0))
            held = not leaving and self.leaves.get(value) == place
            if last == place and not held and not self.heads.get(value) and value not in self.fixed:
                self.free.append(self.places[value])

    def take(self, rows: int) -> int:
        self.rows += rows
        return self.rows - rows


def _needed(sources: Sequence[Source], results: Iterable[Series]) -> list[Source]:
    """The sources that the results need, in their order."""
    wanted = {id(series.source) for series in results}
    for source in reversed(sources):
        if id(source) in wanted and isinstance(source, Operation):
            wanted.update(id(each.source) for each in source.inputs)
    return [source for source in sources if id(source) in wanted]


def _readers(sources: Sequence[Source], order: dict[int, int]) -> tuple[dict[Value, int], dict[Value, int]]:
    """For each value how far its readers look back at the most, and the place of the last one."""
    heads: dict[Value, int] = {}
    last: dict[Value, int] = {}
    reads = [(order[id(s)], each) for s in sources if isinstance(s, Operation) for each in s.inputs]
    for place, series in reads:
        value = (id(series.source), series.output)
        heads[value] = max(heads.get(value, 0), series.lag)
        last[value] = max(last.get(value, 0), place)
    return heads, last


def _memory(source: Operation) -> int:
    return source.kernel.states(**dict(zip(source.kernel.settings, source.settings, strict=False)))


__all__ = ["Kernel", "Matches", "Operand", "Step", "Stores", "TileProgram", "lay_out"]
