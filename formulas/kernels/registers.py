"""Where a graph's values lie: registers, histories, memories and lists in one arena of rows of sixteen numbers.

1. what the results need stays, in the order of the graph                                       graphs.py
   of some kernels that read one another two become one                                          fusing.py
2. a value that somebody looks back at gets a register with so much history                      `_readers`
3. the others share registers: one is free again when its last reader has run                    `Layout.release`
4. a result leaves as soon as all that it is made of is there                                    `Layout.leaving`
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Final, TypeAlias

from .abreast import counts_of, in_company, symbol_of
from .fusing import with_fused
from .graphs import Fixed, Graph, Loaded, Operation, Series, Source, needed
from .steps import Matches, Operand, Remembered, Step, Stores, TileProgram
from .tiles import BLOCK_ROWS, ROLL_HEADS, ROW, STAGED_ROWS, WAITING_ROWS, least_size, size_of_list

Value: TypeAlias = tuple[int, int]  # the id of a source, and which of its outputs


FEWEST_ROWS: Final = 16
"""Rows of a block: of so few the registers of two dozen values stay in the nearest cache."""
STEPS_OF_KEPT: Final = 4  # steps, at each of a block's rows, beside which one kept row takes hardly any time


def lay_out(graph: Graph, stores: Stores, block: int | None = None, held: Sequence[Series] = ()) -> TileProgram:
    """Place everything for blocks of `block` rows, or of as many as fit (`fitting_rows`).

    `held` are series that are computed though they do not leave.
    """
    return Layout(graph, stores, block, held).program()


def fitting_rows(steps: int, kept: int, stores: Stores) -> int:
    """Rows of a block: as few as keeping history allows, which is moved once for each; more where columns are written.

    >>> fitting_rows(40, 20, Stores()), fitting_rows(30, 200, Stores()), fitting_rows(30, 800, Stores())
    (16, 32, 64)
    """
    if stores.columns:
        return BLOCK_ROWS
    wanted = STEPS_OF_KEPT * kept // max(1, steps)
    return next((rows for rows in (FEWEST_ROWS, 2 * FEWEST_ROWS) if wanted <= rows), BLOCK_ROWS)


class Layout:
    """A layout in the making."""

    def __init__(self, graph: Graph, stores: Stores, block: int | None, held: Sequence[Series] = ()) -> None:
        sources = needed(graph.sources, [*stores.series, *held])
        if not held:  # what is held is also laid out for rows (single_rows.py), where nothing is gained, and as here
            found = with_fused(sources, {id(each.source) for each in stores.series})
            stores = stores.mapped(lambda series: replace(series, source=found[id(series.source)]))
            sources = needed([found[id(source)] for source in sources], stores.series)
        self.stores = stores
        self.groups = in_company(sources)
        self.sources = [source for group in self.groups for source in group]
        self.order = {id(source): place for place, source in enumerate(self.sources)}
        self.after = {id(source): self.order[id(group[-1])] for group in self.groups for source in group}
        self.heads, self.last = _readers(self.sources, self.order)
        self.leaves: dict[Value, int] = {}
        self.columns = tuple(source.column for source in self.sources if isinstance(source, Loaded))
        self.places: dict[Value, int] = {}
        self.free: list[int] = []
        self.fixed = {(id(source), 0) for source in self.sources if isinstance(source, Fixed)}
        self.rows = 0
        self.steps: list[Step] = []
        self.ends: list[Step] = []
        self.memories: list[Remembered] = []
        for series in held:
            self.hold(series, len(self.sources))
        for series in stores.series:
            self.look_back(series)
        self.block = block or fitting_rows(len(self.sources), sum(self.heads.values()), stores)
        self.listed = self.take(-(-size_of_list(self.block) // ROW)) if stores.matches else 0
        self.staged = self.take(STAGED_ROWS) if stores.columns else 0

    def program(self) -> TileProgram:
        """The program."""
        self.place()
        kept = self.histories
        self.steps += self.keeping()
        begins = [_filled(row - head, head, math.nan) for row, head in kept]
        begins += [_filled(first, rows, fresh) for fresh, first, rows in self.pieces_of_memory()]
        steps = tuple(begins), tuple(self.steps), tuple(self.ends)
        return TileProgram(self.rows, self.block, self.columns, *steps, self.constants, kept, tuple(self.memories))

    def keeping(self) -> list[Step]:
        """What makes the last rows of a block history of the next: one step for all registers that have some."""
        kept = self.histories
        registers = tuple(Operand(row - head) for row, head in kept)
        settings = float(len(kept)), *(float(head) for _, head in kept)
        return [Step("barsweep_keep", registers, settings)] if kept else []

    def place(self) -> None:
        """Place all registers, memories and steps."""
        waiting = self.leaving()
        self.places.update({(id(source), 0): self.take(1) for source in self.sources if isinstance(source, Fixed)})
        memory = self.memory_rows()
        for group in self.groups:
            places = [self.order[id(source)] for source in group]
            for place, source in zip(places, group, strict=True):
                self.step(place, source, memory)
            self.join(len(group))
            for place in places:
                for leave in waiting.pop(place, ()):
                    leave()
                self.release(place, [value for value, ready in self.leaves.items() if ready == place], leaving=True)

    def join(self, count: int) -> None:
        """Make the last steps, which are of one kernel and need not wait for each other, as few as can be."""
        if count == 1:
            return
        steps = self.steps[-count:]
        del self.steps[-count:]
        for many in counts_of(count):
            several, steps = steps[:many], steps[many:]
            distances = {after.memory - before.memory for before, after in itertools.pairwise(several)}
            assert len(distances) < 2, "memories of one kind stand one behind the other"
            symbol = symbol_of(several[0].symbol, many)
            operands = tuple(operand for step in several for operand in step.operands)
            settings = tuple(number for step in several for number in step.settings)
            self.steps.append(Step(symbol, operands, settings, several[0].memory))

    @property
    def constants(self) -> tuple[tuple[int, float], ...]:
        """Rows that are set once."""
        found = [source for source in self.sources if isinstance(source, Fixed)]
        return tuple((self.places[id(source), 0], source.number) for source in found)

    @property
    def histories(self) -> tuple[tuple[int, int], ...]:
        """The registers that keep earlier rows: the first row of the block, and how many are kept."""
        return tuple((self.places[value], head) for value, head in self.heads.items() if head)

    def memory_rows(self) -> dict[int, int]:
        """The first row of each recursion's memory. Those that begin alike stand together: one step clears them."""
        found: dict[int, int] = {}
        remembering = [source for source in self.sources if isinstance(source, Operation) and _memory(source)]
        for source in sorted(remembering, key=lambda each: each.kernel.fresh):
            found[id(source)] = row = self.take(_memory(source))
            self.memories.append(Remembered(row, _memory(source), source.kernel.fresh))
        return found

    def pieces_of_memory(self) -> list[tuple[float, int, int]]:
        """What begins alike: the number, its first row, and how many there are."""
        groups = itertools.groupby(self.memories, key=lambda each: each.fresh)
        several = [(fresh, list(each)) for fresh, each in groups]
        return [(fresh, each[0].row, sum(memory.rows for memory in each)) for fresh, each in several]

    def step(self, place: int, source: Source, memory: dict[int, int]) -> None:
        """What computes a source; registers are free again when their last reader has run."""
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
                outputs = tuple(map(self.output, made))
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
        roll = Operand(next(slots), outside=True)
        ends = itertools.count(ROLL_HEADS + 1, 2)
        for each in self.stores.matches:
            outside = (next(slots), next(slots))
            found[self.ready(each.series)].append(partial(self.find, each, outside, roll, next(ends)))
        return found

    def ready(self, several: Sequence[Series]) -> int:
        """The place after which all are there, those of a group together; they are held until then."""
        place = max(self.after[id(each.source)] for each in several)
        for each in several:
            self.hold(each, place)
        return place

    def hold(self, series: Series, place: int) -> None:
        """Keep a series until a place in the order has passed."""
        value = self.look_back(series)
        self.leaves[value] = max(self.leaves.get(value, 0), place)

    def look_back(self, series: Series) -> Value:
        """Keep so much history of a value; answers with the value."""
        value = (id(series.source), series.output)
        self.heads[value] = max(self.heads.get(value, 0), series.lag)
        return value

    def unpack(self, series: Series, slots: tuple[int, int], *, is_condition: bool) -> None:
        """Write a series to a column."""
        operands = self.operand(series), *(Operand(slot, outside=True) for slot in slots)
        if is_condition:
            self.steps.append(Step("barsweep_unpack_truth", operands))
        else:
            settings, waiting = (least_size(self.block),), self.take(WAITING_ROWS)
            self.steps.append(Step("barsweep_unpack", (*operands, Operand(self.staged)), settings, waiting))

    def find(self, matches: Matches, slots: tuple[int, int], roll: Operand, end: int) -> None:
        """Mark the bars at which a condition is true, and pick the values there; `end` is its word of the roll."""
        marks, counts = (Operand(slot, outside=True) for slot in slots)
        listed = Operand(self.listed)
        for number, test in enumerate(matches.tests):
            symbol = f"barsweep_{'narrow' if number else 'begin'}_{test.name}"
            self.steps.append(Step(symbol, (*map(self.operand, test.inputs), marks)))
        if matches.values:
            self.steps.append(Step("barsweep_enlist", (marks, listed, roll), (float(end), float(len(matches.values)))))
        for series in matches.values:
            self.steps.append(Step("barsweep_pick", (self.operand(series), listed, roll)))
        self.ends.append(Step("barsweep_tally", (counts, marks)))

    def operand(self, series: Series) -> Operand:
        """Where a series is read."""
        row = self.places[id(series.source), series.output]
        return Operand(row, 0) if isinstance(series.source, Fixed) else Operand(row - series.lag)

    def output(self, value: Value) -> Operand:
        """Where a value is written."""
        return Operand(self.register(value))

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
        """The first of so many rows that nobody else has."""
        self.rows += rows
        return self.rows - rows


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


def _filled(row: int, rows: int, number: float) -> Step:
    """Sets rows to a number."""
    return Step("barsweep_fill", (Operand(row),), (float(rows), number))


def _memory(source: Operation) -> int:
    return source.kernel.states(**dict(zip(source.kernel.settings, source.settings, strict=False)))
