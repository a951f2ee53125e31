"""Tiles that stand: every symbol keeps its place in one, and bars are added as they arrive.

A step is run for one row at a time, so what nobody looks back at needs one row only; a register with a history has room
for some more rows, in which the row at hand moves on, tile by tile. What a symbol's bars leave for those to come, its
state, is a column of the arena: its histories and what kernels remember. It is the same however bars were put together
to batches, since no kernel asks for more than rows ago.

1. past bars are run through a Machine, and each symbol's state is taken out at its last one     warming.py
2. states are set into lanes                                                                     `StandingTiles.seat`
3. a new bar is laid out for its lane, the tile is run, and its results are read                 `StandingTiles.push`
   Lanes that had no bar get back what they remembered, and their histories move on by a row.
4. a bar in the making is run the same way, and nothing of it is kept                            `StandingTiles.look`
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..freezing import frozen
from .compiler import MachineCode, machine_code
from .lanes import LANES
from .machine import ALIGNED
from .single_rows import ROOM, StandingProgram
from .steps import Step
from .tiles import OPERATION, PLACED, ROW, Whole

Floats = NDArray[np.float64]
Truths = NDArray[np.bool_]

TILES_APART: Final = 32
"""Tiles that a thread runs at the least: handing work to another thread takes as long as a dozen of them."""
SPARE: Final = 4
"""Tiles that are made beyond those needed, when symbols come that were not there."""


@frozen
class Seats:
    """Some different `places`; `tiles` are all of theirs, ascending.

    `absent` are tiles and lanes of the symbols beside them that have no bar. `are_first` says that places are just the
    first of all, in their order.
    """

    places: Whole
    tiles: Whole
    absent: tuple[Whole, Whole]
    are_first: bool

    @classmethod
    def of(cls, places: Whole, taken: Truths) -> Seats:
        """The places; `taken` says at which there are symbols."""
        tiles = np.unique(places // LANES)
        here = np.zeros(taken.size, np.bool_)
        here[places] = True
        at, lanes = np.nonzero((taken & ~here).reshape(-1, LANES)[tiles])
        return cls(places, tiles, (tiles[at], lanes), np.array_equal(places, np.arange(places.size)))


class _Steps:
    """Steps as compiled code reads them, the same for every tile: see sweeping.py."""

    def __init__(self, steps: Whole, operands: Whole, settings: Floats) -> None:
        self._kept = steps, operands, settings  # what compiled code has the addresses of
        self.count = len(operands)
        self.place = steps.ctypes.data, len(steps), operands.ctypes.data, len(operands)

    @classmethod
    def of(cls, code: MachineCode, steps: Sequence[Step], *, outside: Sequence[int], arenas: int, size: int) -> _Steps:
        """With the addresses of the outside arrays, and of the arenas of so many bytes each."""
        settings = np.array([number for step in steps for number in step.settings] or [0.0])
        operand = itertools.accumulate((16 * len(step.operands) for step in steps), initial=0)
        setting = itertools.accumulate((8 * len(step.settings) for step in steps), initial=settings.ctypes.data)
        words = [
            (code.address(step.symbol), first, number, ROW * step.memory)
            for step, first, number in zip(steps, operand, setting, strict=False)
        ]
        placed = [
            (outside[each.at], ROW, 0, each.stride)
            if each.outside
            else (arenas + ROW * each.at, size, each.stride, each.stride)
            for step in steps
            for each in step.operands
        ]
        return cls(_table(words, OPERATION), _table(placed, PLACED), settings)


class StandingTiles:
    """The arenas of all tiles, and where each stands; one thread at a time uses it.

    A place is a lane of a tile, counted through: `places` below are [symbols] whole numbers from 0 on.
    """

    def __init__(self, program: StandingProgram, workers: int = 1) -> None:
        self.program, self.workers = program, workers
        self.capacity = 0
        self._arena = np.empty((0, program.rows, LANES))
        self._row = np.zeros(0, np.int64)
        self._taken = np.zeros(0, np.bool_)
        self._code = machine_code()
        self._outside = np.empty((0, 0))  # columns, then results: [arrays, places]
        self._steps = self._back = _Steps.of(self._code, (), outside=(), arenas=0, size=0)
        self._seats: Seats | None = None

    @property
    def bytes(self) -> int:
        """What it takes."""
        return self._arena.nbytes + self._outside.nbytes

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
        self._run(seats.tiles)
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
            self._seats = Seats.of(places, self._taken)
        return self._seats

    def _write(self, seats: Seats, columns: Floats) -> None:
        into = self._outside[: len(self.program.columns)]
        if seats.are_first:
            into[:, : seats.places.size] = columns
        else:
            into[:, seats.places] = columns

    def _read(self, seats: Seats) -> Floats:
        written = self._outside[len(self.program.columns) :]
        if seats.are_first:
            return written[:, : seats.places.size].copy()
        return written.take(seats.places, axis=1)

    def _run(self, tiles: Whole) -> None:
        """In several threads where there are tiles enough for each; the interpreter's lock is not held."""
        taken = np.zeros(1, np.int64)
        others = min(self.workers, tiles.size // TILES_APART) - 1
        started = [self._threads.submit(self._advance, self._steps, tiles, 1, taken) for _ in range(others)]
        self._advance(self._steps, tiles, 1, taken)
        for each in started:
            each.result()

    def _advance(self, steps: _Steps, tiles: Whole, rows: int, taken: Whole) -> None:
        """Run steps over those of the tiles that nobody has taken."""
        arenas, size, placed = self._arena.ctypes.data, ROW * self.program.rows, np.empty(2 * steps.count, np.int64)
        which = tiles.ctypes.data, tiles.size
        at = self._row.ctypes.data, rows
        self._code.advance(*steps.place, placed.ctypes.data, arenas, size, *which, *at, taken.ctypes.data)

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
        """The next row; if there is none, histories are moved to the beginning."""
        self._row[tiles] += 1
        due = tiles[self._row[tiles] == ROOM]
        if due.size:
            self._row[due] = 0
            self._advance(self._back, due, ROOM, np.zeros(1, np.int64))

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
        self._arena = arena
        self._row = np.concatenate([self._row, np.arange(have, count) % ROOM])
        self._taken = np.concatenate([self._taken, np.zeros((count - have) * LANES, np.bool_)])
        self.capacity = count * LANES
        self._outside = np.zeros((len(self.program.columns) + self.program.results, self.capacity))
        outside = [row.ctypes.data for row in self._outside]
        of = partial(_Steps.of, self._code, outside=outside, arenas=arena.ctypes.data, size=ROW * self.program.rows)
        self._steps, self._back = of(self.program.steps), of(self.program.back)
        places = np.arange(have * LANES, self.capacity)
        for first in range(0, places.size, LANES):
            some = places[first : first + LANES]
            lanes = some % LANES
            where = some // LANES
            self._arena[where[:, None], self._state_rows(where), lanes[:, None]] = self.fresh(some.size)


def _table(rows: Sequence[tuple[int, ...]], words: int) -> Whole:
    return np.array(rows, np.int64).reshape(-1, words)
