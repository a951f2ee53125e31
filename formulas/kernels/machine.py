"""Running a tile program over columns."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .compiler import MachineCode, machine_code
from .lanes import LANES
from .registers import Step, TileProgram
from .tiles import OPERATION, ROW, Whole, tiles_of_like_length

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


@dataclass(slots=True)
class Machine:
    """A program's memory; one thread at a time runs it."""

    program: TileProgram
    code: MachineCode = field(default_factory=machine_code)
    _arena: Floats = field(init=False, repr=False)
    _base: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._arena = np.empty(self.program.rows * LANES + ALIGNED // 8, np.float64)
        self._base = -(-self._arena.ctypes.data // ALIGNED) * ALIGNED
        begin = (self._base - self._arena.ctypes.data) // 8
        for row, number in self.program.constants:
            self._arena[begin + row * LANES : begin + (row + 1) * LANES] = number

    def run(self, outside: Sequence[NDArray[np.generic]], starts: Whole, stop: Stop | None = None) -> bool:
        """Run over all symbols; False if the flag was raised before the end.

        `outside` are the program's outside arrays, contiguous, `starts` [symbols + 1] the first row of each symbol in
        them, and the end. The interpreter's lock is not held meanwhile.
        """
        tiles = tiles_of_like_length(starts)
        bound = [_Bound(self.code, steps, self._base, outside) for steps in (self.program.begins, self.program.steps)]
        flag = stop or Stop()
        begins, steps = bound
        done = self.code.sweep(
            begins.address,
            len(begins),
            steps.address,
            len(steps),
            tiles.ctypes.data,
            len(tiles),
            self.program.block,
            flag.address,
        )
        return bool(done == len(tiles))


class _Bound:
    """Steps with the addresses of this run."""

    def __init__(
        self, code: MachineCode, steps: Sequence[Step], base: int, outside: Sequence[NDArray[np.generic]]
    ) -> None:
        self._operands = np.array(list(_operands(steps, base, [array.ctypes.data for array in outside])), np.int64)
        self._settings = np.array([number for step in steps for number in step.settings] or [0.0])
        self._steps = np.zeros((max(1, len(steps)), OPERATION), np.int64)
        self._count = len(steps)
        operand = setting = 0
        for place, step in enumerate(steps):
            self._steps[place] = (
                code.address(step.symbol),
                self._operands.ctypes.data + 16 * operand,
                self._settings.ctypes.data + 8 * setting,
                base + ROW * step.memory,
            )
            operand += len(step.operands)
            setting += len(step.settings)

    def __len__(self) -> int:
        return self._count

    @property
    def address(self) -> int:
        """Where the first step stands."""
        return self._steps.ctypes.data


def _operands(steps: Sequence[Step], base: int, outside: Sequence[int]) -> Iterator[tuple[int, int]]:
    for step in steps:
        for operand in step.operands:
            yield (outside[operand.at] if operand.outside else base + ROW * operand.at), operand.stride
