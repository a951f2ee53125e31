"""Tiles that stand: every symbol keeps its place in one, and bars are added as they arrive.

A step is run for one row at a time, so what nobody looks back at needs one row only; a register with a history has room
for some more rows, in which the row at hand moves on, tile by tile. What a symbol's bars leave for those to come, its
state, is a column of the arena: its histories and what kernels remember. It is the same however bars were put together
to batches, since no kernel asks for more than rows ago.

1. past bars are run through a Machine, and each symbol's state is taken out at its last one     warming.py
2. states are set into lanes                                                                     `StandingTiles.seat`
3. a new bar is written into its lane, the tile is run, and its results are read                 `StandingTiles.push`
   Lanes that had no bar get back what they remembered, and their histories move on by a row.
4. a bar in the making is run the same way, and nothing of it is kept                            `StandingTiles.look`
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .compiler import machine_code
from .lanes import LANES
from .machine import ALIGNED
from .single_rows import ROOM, StandingProgram
from .steps import Operand
from .tiles import OPERATION, ROW, Whole

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

TILES_APART: Final = 32
"""Tiles that a thread runs at the least: handing work to another thread takes as long as a dozen of them."""
SPARE: Final = 4
"""Tiles that are made beyond those needed, when symbols come that were not there."""


@dataclass(frozen=True, slots=True)
class Seats:
    """Where some different places are, each with its `tile`; `begins` are the first numbers of their lanes.

    `tiles` are all of theirs, ascending; `absent` are tiles and lanes of the symbols beside them that have no bar.
    `among` says where each place is in the lanes of those tiles one after the other, and `are_first` that they are just
    the first of these, in their order.
    """

    places: Whole
    tile: Whole
    begins: Whole
    tiles: Whole
    absent: tuple[Whole, Whole]
    among: Whole
    are_first: bool

    @classmethod
    def of(cls, places: Whole, taken: Truths, size: int) -> Seats:
        """The places in arenas of so many numbers; `taken` says at which there are symbols."""
        tile, lane = np.divmod(places, LANES)
        tiles, number = np.unique(tile, return_inverse=True)
        here = np.zeros(taken.size, np.bool_)
        here[places] = True
        at, lanes = np.nonzero((taken & ~here).reshape(-1, LANES)[tiles])
        among = number * LANES + lane
        are_first = np.array_equal(among, np.arange(places.size))
        return cls(places, tile, tile * size + lane, tiles, (tiles[at], lanes), among, are_first)


class StandingTiles:
    """The arenas of all tiles, and where each stands; one thread at a time uses it.

    A place is a lane of a tile, counted through: `places` below are [symbols] whole numbers from 0 on.
    """

    def __init__(self, program: StandingProgram, workers: int = 1) -> None:
        self.program, self.workers = program, workers
        self.capacity = 0
        self._arena = np.empty((0, program.rows, LANES))
        self._cells = self._arena.reshape(-1)
        self._row = np.zeros(0, np.int64)
        self._taken = np.zeros(0, np.bool_)
        self._code = machine_code()
        self._settings = np.array([number for step in program.steps for number in step.settings] or [0.0])
        self._operands = np.zeros((0, 0, 2), np.int64)
        self._steps = np.zeros((0, 0, OPERATION), np.int64)
        self._seats: Seats | None = None

    @property
    def bytes(self) -> int:
        """What it takes."""
        return self._arena.nbytes + self._operands.nbytes + self._steps.nbytes

    def seat(self, places: Whole, states: Floats) -> None:
        """Set states, [symbols, size], into places; further tiles are made where there are none."""
        if places.size:
            self._make_room(-(-(int(places.max()) + 1) // LANES))
        tiles, lanes = np.divmod(places, LANES)
        self._arena[tiles[:, None], self._state_rows(tiles), lanes[:, None]] = states
        self._taken[places] = True
        self._seats = None

    def fresh(self, count: int) -> Floats:
        """States of so many symbols before their first bar."""
        heads = sum(head for _, head in self.program.histories)
        memory = [np.full(each.rows, each.fresh) for each in self.program.memories]
        return np.tile(np.concatenate([np.full(heads, np.nan), *memory]), (count, 1))

    def states(self, places: Whole) -> Floats:
        """The states at places, [symbols, size], as `seat` takes them."""
        tiles, lanes = np.divmod(places, LANES)
        return self._arena[tiles[:, None], self._state_rows(tiles), lanes[:, None]]

    def push(self, places: Whole, columns: Floats) -> Floats:
        """Add one bar at each of these different places; `columns` are [columns, symbols] in the program's order.

        Answers with [results, symbols]; NaN is undefined.
        """
        seats = self._seats_of(places)
        absent = seats.absent
        before = self._arena[absent[0][:, None], self._memory_rows, absent[1][:, None]]
        self._write(seats, columns)
        self._run(seats.tiles, self._operands.shape[1])
        answer = self._read(seats)
        self._keep_back(absent, before)
        self._move_on(seats.tiles)
        return answer

    def look(self, places: Whole, columns: Floats) -> Floats:
        """As `push`, but the bars are in the making: nothing of them is kept."""
        seats = self._seats_of(places)
        before = self._arena[seats.tiles[:, None], self._memory_rows]
        self._write(seats, columns)
        self._run(seats.tiles)
        answer = self._read(seats)
        self._arena[seats.tiles[:, None], self._memory_rows] = before
        return answer

    def _seats_of(self, places: Whole) -> Seats:
        """Where these places are; the same ones mostly come again."""
        if self._seats is None or self._seats.places is not places:
            self._seats = Seats.of(places, self._taken, self.program.rows * LANES)
        return self._seats

    def _write(self, seats: Seats, columns: Floats) -> None:
        """Columns into their rows, which move on with each tile's row at hand."""
        at, moves = self._loads
        rows = at + moves * self._row[seats.tile]
        self._cells[seats.begins + rows * LANES] = columns

    def _read(self, seats: Seats) -> Floats:
        """Whole rows of lanes first: that takes less time than number by number."""
        at, moves = self._results
        rows = at + moves * self._row[seats.tiles][:, None]
        lanes = self._arena[seats.tiles[:, None], rows].transpose(1, 0, 2).reshape(at.size, -1)
        if seats.are_first:
            return lanes[:, : seats.places.size]
        return lanes.take(seats.among, axis=1)

    def _run(self, tiles: Whole, moving: int = 0) -> None:
        """In several threads where there are tiles enough for each; the interpreter's lock is not held.

        So many operands of each tile move on, which costs least while they are at hand.
        """
        if tiles.size < 2 * TILES_APART or self.workers == 1:
            self._run_some(tiles, moving)
            return
        first, *others = np.array_split(tiles, min(self.workers, tiles.size // TILES_APART))
        started = [self._threads.submit(self._run_some, some, moving) for some in others]
        self._run_some(first, moving)
        for each in started:
            each.result()

    def _run_some(self, tiles: Whole, moving: int) -> None:
        count = len(self.program.steps)
        steps, size = self._steps.ctypes.data, 8 * OPERATION * count
        self._code.advance(steps, size, count, tiles.ctypes.data, tiles.size, 1, 0, moving)

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self.workers - 1, "barsweep-tiles")

    def _keep_back(self, absent: tuple[Whole, Whole], before: Floats) -> None:
        """Lanes without a bar: their memory is as before, and their histories move on with the row at hand."""
        tiles, lanes = absent
        if not tiles.size:
            return
        self._arena[tiles[:, None], self._memory_rows, lanes[:, None]] = before
        rows = self._history_rows[None, :] + self._row[tiles][:, None]
        self._arena[tiles[:, None], rows + 1, lanes[:, None]] = self._arena[tiles[:, None], rows, lanes[:, None]]

    def _move_on(self, tiles: Whole) -> None:
        """The next row, where operands are already; if there is none, histories are moved to the beginning."""
        self._row[tiles] += 1
        due = tiles[self._row[tiles] == ROOM]
        if due.size:
            rows, tile = self._history_rows, due[:, None]
            self._arena[tile, rows] = self._arena[tile, rows + ROOM]
            self._row[due] = 0
            self._operands[due] -= ROOM * self._steps_on

    @cached_property
    def _steps_on(self) -> Whole:
        """[operands, 2]: what is added to addresses and strides from row to row."""
        strides = [operand.stride for step in self.program.steps for operand in step.operands]
        return np.array([(stride, 0) for stride in strides], np.int64).reshape(-1, 2)

    @cached_property
    def _loads(self) -> tuple[Whole, Whole]:
        """The columns' rows, [columns, 1], and whether they move on."""
        rows, moves = _placed(self.program.loads)
        return rows[:, None], moves[:, None]

    @cached_property
    def _results(self) -> tuple[Whole, Whole]:
        """The results' rows, and whether they move on."""
        return _placed(self.program.results)

    @cached_property
    def _history_rows(self) -> Whole:
        """The rows of all histories while the row at hand is a register's first."""
        rows = [np.arange(row - head, row) for row, head in self.program.histories]
        return np.concatenate([np.zeros(0, np.int64), *rows])

    @cached_property
    def _memory_rows(self) -> Whole:
        rows = [np.arange(each.row, each.row + each.rows) for each in self.program.memories]
        return np.concatenate([np.zeros(0, np.int64), *rows])

    def _state_rows(self, tiles: Whole) -> Whole:
        """[tiles, size]: where each tile has the rows of the state."""
        histories = self._history_rows[None, :] + self._row[tiles][:, None]
        return np.hstack([histories, np.broadcast_to(self._memory_rows, (tiles.size, self._memory_rows.size))])

    def _make_room(self, tiles: int) -> None:
        """Arenas for so many tiles at least; each begins at a row of its own, so that not all move back at once."""
        have = len(self._row)
        if tiles <= have:
            return
        count = tiles + (SPARE if have else 0)
        size = self.program.rows * LANES
        memory = np.empty(count * size + ALIGNED // 8)
        begin = (-memory.ctypes.data % ALIGNED) // 8
        arena = memory[begin : begin + count * size].reshape(count, self.program.rows, LANES)
        arena[:have] = self._arena
        arena[have:] = np.nan
        for row, number in self.program.constants:
            arena[have:, row] = number
        self._arena, self._cells = arena, arena.reshape(-1)
        self._row = np.concatenate([self._row, np.arange(have, count) % ROOM])
        self._taken = np.concatenate([self._taken, np.zeros((count - have) * LANES, np.bool_)])
        self.capacity = count * LANES
        places = np.arange(have * LANES, self.capacity)
        self._address(count)
        for first in range(0, places.size, LANES):
            some = places[first : first + LANES]
            lanes = some % LANES
            where = some // LANES
            self._arena[where[:, None], self._state_rows(where), lanes[:, None]] = self.fresh(some.size)

    def _address(self, tiles: int) -> None:
        """Steps and operands of every tile, with the addresses of its arena."""
        program = self.program
        bases = self._arena.ctypes.data + 8 * LANES * program.rows * np.arange(tiles, dtype=np.int64)
        operands = [operand for step in program.steps for operand in step.operands]
        places = np.array([(ROW * each.at, each.stride) for each in operands], np.int64).reshape(-1, 2)
        table = np.empty((tiles, len(operands), 2), np.int64)
        table[:, :, 0] = bases[:, None] + places[:, 0] + self._row[:, None] * places[:, 1]
        table[:, :, 1] = places[:, 1]
        self._operands = table
        steps = np.empty((tiles, len(program.steps), OPERATION), np.int64)
        firsts = np.cumsum([0, *(len(step.operands) for step in program.steps)])[:-1]
        numbers = np.cumsum([0, *(len(step.settings) for step in program.steps)])[:-1]
        steps[:, :, 0] = [self._code.address(step.symbol) for step in program.steps]
        begins = table.ctypes.data + 16 * len(operands) * np.arange(tiles, dtype=np.int64)
        steps[:, :, 1] = begins[:, None] + 16 * firsts
        steps[:, :, 2] = self._settings.ctypes.data + 8 * numbers
        steps[:, :, 3] = bases[:, None] + ROW * np.array([step.memory for step in program.steps], np.int64)
        self._steps = steps


def _placed(operands: Sequence[Operand]) -> tuple[Whole, Whole]:
    """The rows of operands, and 1 for those that move on."""
    rows, moves = [each.at for each in operands], [bool(each.stride) for each in operands]
    return np.array(rows, np.int64), np.array(moves, np.int64)
