"""The TileExecutor: time stages by kernels over tiles of 16 symbols, all else by the PolarsExecutor.

A tile's registers stay in the cache while one kernel after the other runs over them; nothing as large as the table is
made but the results. Kernels run without the interpreter lock, so batches in several threads use several cores.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...data.timeframes import Timeframe
from ...formulas import Plan, Stage
from ...formulas.kernels import Kernel
from ...formulas.kinds import Kind
from ...formulas.plan.compiling import compile_nodes
from ...formulas.plan.programs import Program
from ...formulas.plan.tiling import TileProgram, compile_tiles, left_to_polars
from .polars_executor import FRAME_COLUMNS, PolarsExecutor, starts

CHUNK_ROWS: Final = 2560
"""A tile's registers hold so many rows at most: few enough to stay near the cache, many enough for calls to be few."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TileStage:
    """A time stage for tiles: what Polars computes ahead, then the tiles' program, and the columns it makes.

    `aliases` are results that Polars has computed ahead, under the names that the plan gives them.
    """

    ahead: Program
    aliases: Mapping[str, str]
    tiles: TileProgram
    names: tuple[str, ...]
    kinds: tuple[Kind, ...]


class TileExecutor:
    """Runs time stages by kernels wherever there are some for them."""

    def __init__(self, plan: Plan, zone: str = "UTC") -> None:
        self._polars = PolarsExecutor(plan, zone)
        self._stages = {stage.nodes: tile_stage(stage) for stage in plan.stages if stage.direction == "time"}

    def start(
        self, candles: pl.DataFrame, timeframe: Timeframe | None, references: Mapping[str, pl.DataFrame]
    ) -> pl.DataFrame:
        """Number symbols and bars, and remember what the plan may look at beside its candles."""
        return self._polars.start(candles, timeframe, references)

    def advance(self, stage: Stage, frame: pl.DataFrame) -> pl.DataFrame:
        """Run one stage; only what is needed later stays."""
        tiled = self._stages.get(stage.nodes)
        if tiled is None:
            return self._polars.advance(stage, frame)
        frame = self._polars.run(tiled.ahead, frame)
        columns = {name: _floats(frame[name]) for name, _ in tiled.tiles.loads}
        results = run_tiles(tiled.tiles, columns, starts(frame))
        made = [_series(*each) for each in zip(tiled.names, tiled.kinds, results, strict=True)]
        aliases = [pl.col(ahead).alias(name) for name, ahead in tiled.aliases.items()]
        return frame.with_columns(*aliases, *made).select(*FRAME_COLUMNS, *sorted(stage.keeps - set(FRAME_COLUMNS)))


def tile_stage(stage: Stage) -> TileStage:
    """Split a stage between Polars and the tiles."""
    outputs = dict(zip(stage.nodes, stage.program.outputs, strict=True))
    left = left_to_polars(stage.nodes, stage.given)
    ahead = compile_nodes(left, stage.given, prefix="~ahead")
    computed = dict(zip(left, ahead.outputs, strict=True))
    roots = [node for node in stage.nodes if node not in computed]
    return TileStage(
        ahead,
        {outputs[node]: name for node, name in computed.items() if node in outputs},
        compile_tiles(roots, {**stage.given, **computed}),
        tuple(outputs[node] for node in roots),
        tuple(node.kind for node in roots),
    )


def run_tiles(program: TileProgram, columns: Mapping[str, Floats], starts: NDArray[np.int64]) -> list[Floats]:
    """The program's stores as columns (float64, NaN = undefined; conditions as 0 and 1), tile after tile."""
    tiles: ModuleType = import_module("...formulas.kernels.tiles", __package__)
    results = [np.empty(int(starts[-1])) for _ in program.stores]
    rows = min(CHUNK_ROWS, int(np.diff(starts).max(initial=0)))
    machine = _Machine(program, tiles, rows)
    for begins, lengths in tiles.tiles_of_like_length(starts):
        machine.reset()
        for first in range(0, int(lengths.max(initial=0)), rows):
            machine.chunk(columns, results, begins, lengths, first)
    return results


class _Machine:
    """Registers, states and compiled kernels of one thread."""

    def __init__(self, program: TileProgram, tiles: ModuleType, rows: int) -> None:
        lanes, head = tiles.LANES, program.head
        self._program, self._tiles, self._rows, self._lanes = program, tiles, rows, lanes
        size = (head + rows) * lanes
        self._registers = [np.full(size, np.nan) for _ in range(program.registers)]
        for value, register in program.constants:
            self._registers[register][:] = value
        self._states = [np.zeros((op.kernel.states, lanes)) for op in program.operations]
        self._scratch = np.empty(max((op.kernel.scratch for op in program.operations), default=0) * size)
        self._kernels: list[Callable[..., None]] = [load(op.kernel) for op in program.operations]

    def reset(self) -> None:
        """Begin with symbols that nothing is known of."""
        for state in self._states:
            state[:] = 0.0
        for register in self._program.kept:
            self._registers[register][: self._program.head * self._lanes] = np.nan

    def chunk(
        self,
        columns: Mapping[str, Floats],
        results: Sequence[Floats],
        begins: NDArray[np.int64],
        lengths: NDArray[np.int64],
        first: int,
    ) -> None:
        """Run the program over the symbols' rows from `first` on."""
        head, registers = self._program.head, self._registers
        left = np.clip(lengths - first, 0, self._rows)
        rows, begins = int(left.max()), begins + first
        for name, register in self._program.loads:
            self._tiles.pack(columns[name], begins, left, head, registers[register][: (head + rows) * self._lanes])
        for op, kernel, state in zip(self._program.operations, self._kernels, self._states, strict=True):
            inputs, outputs = [registers[r] for r in op.inputs], [registers[r] for r in op.outputs]
            kernel(*inputs, head, rows, *op.settings, state, self._scratch, *outputs)
        for register, result in zip(self._program.stores, results, strict=True):
            self._tiles.unpack(registers[register], begins, left, head, result)
        if first + rows < int(lengths.max()):
            self._keep(rows)

    def _keep(self, rows: int) -> None:
        """The last rows become the history of the next chunk."""
        size, end = self._program.head * self._lanes, rows * self._lanes
        for register in self._program.kept:
            values = self._registers[register]
            values[:size] = values[end : end + size].copy()


def load(kernel: Kernel) -> Callable[..., None]:
    """The compiled function of a kernel."""
    module = import_module(f"...formulas.kernels.{kernel.module}", __package__)
    found: Callable[..., None] = getattr(module, kernel.name)
    return found


def _floats(series: pl.Series) -> Floats:
    """A column as the kernels read it; without a copy where nothing is undefined."""
    numbers = series.cast(pl.Float64)
    return (numbers.fill_null(np.nan) if numbers.null_count() else numbers).to_numpy()


def _series(name: str, kind: Kind, values: Floats) -> pl.Series:
    """A result as Polars has it: undefined is null."""
    numbers = pl.Series(name, values).fill_nan(None)
    return numbers.cast(pl.Boolean) if kind is Kind.BOOLEAN else numbers
