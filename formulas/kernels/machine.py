"""Running a tile program over columns."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .compiler import MachineCode, machine_code
from .lanes import LANES
from .steps import Step, TileProgram
from .tiles import FIRST, OPERATION, ROW, Whole

Floats = NDArray[np.float64]

ALIGNED = 64  # bytes: a line of the cache, and the widest vector


class Stop:
    """A flag that anybody may raise while machines run: they look at it after every block of bars."""

    def __init__(self) -> None:
        self._flag = ctypes.c_int64(0)

    def raise_flag(self) -> None:
        """Let every machine that looks at this flag end where it is."""
        self._flag.value = 1

    @property
    def raised(self) -> bool:
        """Whether the flag is up."""
        return self._flag.value != 0

    @property
    def address(self) -> int:
        """Where machines look."""
        return ctypes.addressof(self._flag)


class Machine:
    """A program's memory, and its steps with their addresses; one thread at a time runs it."""

    def __init__(self, program: TileProgram) -> None:
        self.program = program
        self._code = machine_code()
        self._arena = np.empty(program.rows * LANES + ALIGNED // 8, np.float64)
        for row, number in program.constants:
            self.rows[row] = number
        parts = program.begins, program.steps, program.ends
        self._parts = [_Steps(self._code, steps, self.rows.ctypes.data) for steps in parts]

    @property
    def size(self) -> int:
        """Bytes that it takes."""
        return self._arena.nbytes

    @property
    def rows(self) -> Floats:
        """The arena: [rows, lanes]."""
        begin = (-self._arena.ctypes.data % ALIGNED) // 8
        return self._arena[begin : begin + self.program.rows * LANES].reshape(-1, LANES)

    def run(self, outside: Sequence[NDArray[np.generic]], tiles: Whole, stop: Stop | None = None) -> bool:
        """Run over all symbols of the tiles; False if the flag was raised before the end.

        `outside` are the program's outside arrays, contiguous. The interpreter's lock is not held meanwhile.
        """
        self.point_to(outside)
        places = itertools.chain.from_iterable(part.place for part in self._parts)
        flag = stop or Stop()
        done = self._code.sweep(*places, tiles.ctypes.data, len(tiles), self.program.block, flag.address)
        return done == len(tiles)

    def point_to(self, outside: Sequence[NDArray[np.generic]]) -> None:
        """Take the program's outside arrays, for runs that `begin`."""
        arrays = [(array.ctypes.data, array.nbytes) for array in outside]
        for part in self._parts:
            part.point_to(arrays)

    def begin(self, tile: Whole) -> None:
        """Be where a tile's first bars are yet to come."""
        self._once(self._parts[0], 0, tile)

    def go_on(self, tile: Whole, first: int, rows: int) -> None:
        """Run the tile's next rows, of which there are no more than a block's, from `first` on."""
        tile[FIRST] = first
        self._once(self._parts[1], rows, tile)

    def _once(self, steps: _Steps, rows: int, tile: Whole) -> None:
        place, count = steps.place
        self._code.once(place, count, rows, tile.ctypes.data)


class _Steps:
    """Steps as compiled code reads them."""

    def __init__(self, code: MachineCode, steps: Sequence[Step], base: int) -> None:
        operands = [operand for step in steps for operand in step.operands]
        self._operands = np.array([(base + ROW * each.at, each.stride) for each in operands], np.int64).reshape(-1, 2)
        self._open = np.flatnonzero([each.outside for each in operands])
        self._slots = [operands[place].at for place in self._open]
        self._settings = np.array([number for step in steps for number in step.settings])
        operand = itertools.accumulate((2 * len(step.operands) for step in steps), initial=0)
        setting = itertools.accumulate((len(step.settings) for step in steps), initial=0)
        places = zip(steps, operand, setting, strict=False)
        self._steps = np.array(
            [
                (
                    code.address(step.symbol),
                    self._operands.ctypes.data + 8 * first,
                    self._settings.ctypes.data + 8 * number,
                    base + ROW * step.memory,
                )
                for step, first, number in places
            ],
            np.int64,
        ).reshape(-1, OPERATION)

    def point_to(self, outside: Sequence[tuple[int, int]]) -> None:
        """Take the addresses of this run's outside arrays, and their bytes."""
        if self._slots:
            self._operands[self._open] = [outside[slot] for slot in self._slots]

    @property
    def place(self) -> tuple[int, int]:
        """Where the first step stands, and how many there are."""
        return self._steps.ctypes.data, len(self._steps)
