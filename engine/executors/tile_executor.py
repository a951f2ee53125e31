"""The TileExecutor: time stages by compiled kernels over tiles of 16 symbols, all else by the PolarsExecutor.

A block of a tile's rows stays in the cache while one kernel after the other runs over it. Nothing as large as the table
is made but what was asked for: of a scan the rows found and the values there. The interpreter's lock is not held
meanwhile, so batches in several threads use several cores.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...data.candles import Candles
from ...formulas import Plan, Stage
from ...formulas.freezing import mutable
from ...formulas.kernels.graphs import Graph, Series
from ...formulas.kernels.machine import Machine, Stop
from ...formulas.kernels.registers import lay_out
from ...formulas.kernels.steps import Matches, Stores, TileProgram
from ...formulas.kernels.tiles import tiles_of_like_length
from ...formulas.kinds import Kind
from ...formulas.nodes import Node
from ...formulas.plan.compiling import compile_nodes
from ...formulas.plan.programs import Program
from ...formulas.plan.tiling import left_to_polars, tile_nodes
from .columns import Column, Floats, numbers_of
from .finding import Found, Picked
from .numbering import FRAME_COLUMNS, starts
from .polars_executor import PolarsExecutor
from .rolls import Rolls
from .rooms import Rooms
from .surroundings import Surroundings

Wanted: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
"""Conditions, each with the values that are asked for where it is true: names of the plan's columns."""


class TileExecutor:
    """Runs time stages by kernels wherever there are some for them.

    A plan of one stage can be asked for the whole columns or for the bars found, without a frame in between.
    What is found lies in memory of `rooms`, which several plans may share.
    """

    def __init__(self, plan: Plan, rooms: Rooms | None = None) -> None:
        self.rooms = Rooms() if rooms is None else rooms
        self._polars = PolarsExecutor()
        self._stages = {stage: TileStage.of(stage, self.rooms) for stage in plan.stages if stage.direction == "time"}
        self._only = next(iter(self._stages.values())) if len(plan.stages) == 1 else None

    @property
    def in_one_go(self) -> bool:
        """Whether `columns` and `find` can be asked."""
        return self._only is not None

    @property
    def alone(self) -> bool:
        """Whether kernels compute all values: none is left to Polars, or to functions written in Python."""
        return self._only is not None and not self._only.ahead.outputs

    def start(self, candles: Candles, around: Surroundings) -> pl.DataFrame:
        """Number symbols and bars."""
        return self._polars.start(candles, around)

    def advance(self, stage: Stage, frame: pl.DataFrame, around: Surroundings, stop: Stop) -> pl.DataFrame | None:
        """Run one stage; only what is needed later stays. None if the flag was raised."""
        tiled = self._stages.get(stage)
        if tiled is None:
            return self._polars.advance(stage, frame, around, stop)
        frame = self._polars.run(tiled.ahead, frame, around, stop)
        made = tiled.columns(frame, starts(frame), tuple(tiled.nodes), stop)
        if made is None:
            return None
        return frame.with_columns(*made).select(*FRAME_COLUMNS, *sorted(stage.keeps - set(FRAME_COLUMNS)))

    @property
    def kept(self) -> int:
        """Bytes that are kept for runs to come, beside what lies in the rooms."""
        return sum(tiled.kept for tiled in self.every_stage())

    def let_go(self) -> None:
        """Keep nothing of what no run uses at this moment."""
        for tiled in self.every_stage():
            tiled.let_go()

    def every_stage(self) -> Iterator[TileStage]:
        """All that this executor runs."""
        yield from self._stages.values()

    def columns(
        self, candles: Candles, names: Sequence[str], around: Surroundings, stop: Stop
    ) -> list[pl.Series] | None:
        """The plan's columns of these names at every bar; None if the flag was raised."""
        assert self._only is not None
        frame = self._ahead(candles, around, stop)
        return self._only.columns(frame, candles.starts, tuple(names), stop)

    def find(self, candles: Candles, wanted: Wanted, around: Surroundings, stop: Stop) -> list[Found] | None:
        """What is found for each condition, with values where it is true; None if stopped."""
        assert self._only is not None
        frame = self._ahead(candles, around, stop)
        return self._only.find(frame, candles.starts, wanted, stop)

    def _ahead(self, candles: Candles, around: Surroundings, stop: Stop) -> pl.DataFrame:
        """The candles' columns and what Polars computes ahead of the tiles."""
        assert self._only is not None
        if not self._only.ahead.levels:
            return candles.table
        return self._polars.run(self._only.ahead, self._polars.start(candles, around), around, stop)


@mutable
class _Prepared:
    """A program, sheets for what is found, and machines that stand idle."""

    program: TileProgram
    rolls: Rolls
    idle: list[Machine] = field(default_factory=list)

    @contextmanager
    def machine(self) -> Iterator[Machine]:
        """A machine for one run; lists are safe to share between threads."""
        try:
            machine = self.idle.pop()
        except IndexError:  # all are at work
            machine = Machine(self.program)
        try:
            yield machine
        finally:
            self.idle.append(machine)

    @property
    def size(self) -> int:
        """Bytes that idle machines take."""
        return sum(machine.size for machine in list(self.idle))

    def let_go(self) -> None:
        """Keep nothing of what no run uses at this moment."""
        self.idle.clear()
        self.rolls.let_go()


@mutable
class TileStage:
    """A time stage for tiles: what Polars computes ahead, the graph of kernels, and each column's place in it.

    `nodes` and `series` are by the names of the stage's columns; those that hold text are `ahead`'s, under its names.
    """

    ahead: Program
    graph: Graph
    nodes: Mapping[str, Node]
    series: Mapping[str, Series]
    texts: Mapping[str, str]
    rooms: Rooms
    _programs: dict[Hashable, _Prepared] = field(default_factory=dict)

    @classmethod
    def of(cls, stage: Stage, rooms: Rooms) -> TileStage:
        """Split a stage between Polars and the tiles."""
        left = left_to_polars(tuple(stage.made), stage.given)
        ahead = compile_nodes(left, stage.given, prefix="~ahead")
        computed = dict(zip(left, ahead.outputs, strict=True))
        nodes = {name: node for node, name in stage.made.items()}
        given = {**stage.given, **computed}
        tiled = [node for node in nodes.values() if node.kind is not Kind.CATEGORY]
        graph, places = tile_nodes(tiled, given)
        texts = {name: given.get(node, name) for name, node in nodes.items() if node.kind is Kind.CATEGORY}
        series = {name: places[node] for name, node in nodes.items() if node in places}
        return cls(ahead, graph, nodes, series, texts, rooms)

    def columns(
        self, frame: pl.DataFrame, starts: NDArray[np.int64], names: tuple[str, ...], stop: Stop
    ) -> list[pl.Series] | None:
        """Whole columns, one for each name."""
        made = self.written(frame, starts, tuple(name for name in dict.fromkeys(names) if name not in self.texts), stop)
        if made is None:
            return None
        texts = {name: frame[source] for name, source in self.texts.items()}
        return [texts[name].alias(name) if name in texts else made[name].series(name) for name in names]

    def written(
        self,
        frame: pl.DataFrame,
        starts: NDArray[np.int64],
        names: tuple[str, ...],
        stop: Stop,
        room_of: Callable[[int, Sequence[str]], Iterator[Floats]] | None = None,
    ) -> dict[str, Column] | None:
        """Whole columns as kernels write them; none of them text. `room_of` has room for so many rows of numbers."""
        prepared = self._prepared(("columns", names), lambda: self._whole(names))
        numbers = [name for name in names if not self._is_condition(name)]
        room = None if room_of is None else room_of(frame.height, numbers)
        columns = Column.several(frame.height, [self._is_condition(name) for name in names], room)
        arrays = [array for column in columns for array in column.arrays]
        tiles = tiles_of_like_length(starts)
        with prepared.machine() as machine:
            if not machine.run([*self._read(prepared.program, frame), *arrays], tiles, stop):
                return None
        return dict(zip(names, columns, strict=True))

    def find(self, frame: pl.DataFrame, starts: NDArray[np.int64], wanted: Wanted, stop: Stop) -> list[Found] | None:
        """The bars at which conditions are true, and the values of other columns there; None if stopped."""
        prepared = self._prepared(("find", wanted), lambda: self._found(wanted))
        tiles = tiles_of_like_length(starts)
        picked = [[self._picked(name, frame) for name in values] for _, values in wanted]
        block = prepared.program.block
        widths = [sum(each.texts is None for each in several) for several in picked]
        with prepared.rolls.roll(tiles, block, frame.height, widths) as roll, prepared.machine() as machine:
            found = Found.nothing(tiles, starts.size - 1, picked, roll, self.rooms)
            written = [array for each in found for array in (each.marks, each.counted)]
            done = machine.run([*self._read(prepared.program, frame), roll.words, *written], tiles, stop)
        return found if done else None

    @property
    def kept(self) -> int:
        """Bytes that are kept for runs to come, beside what lies in the rooms."""
        return sum(prepared.size for prepared in list(self._programs.values()))

    def let_go(self) -> None:
        """Keep nothing of what no run uses at this moment."""
        for prepared in list(self._programs.values()):
            prepared.let_go()

    def _whole(self, names: Sequence[str]) -> Stores:
        conditions = tuple(self._is_condition(name) for name in names)
        return Stores(columns=tuple(self.series[name] for name in names), conditions=conditions)

    def _found(self, wanted: Wanted) -> Stores:
        series = self.series
        listed = [(name, [each for each in values if each not in self.texts]) for name, values in wanted]
        return Stores(matches=tuple(Matches.of(series[name], tuple(map(series.__getitem__, v))) for name, v in listed))

    def _prepared(self, key: Hashable, stores: Callable[[], Stores]) -> _Prepared:
        found = self._programs.get(key)
        if found is None:  # of two threads that come here at once, one's program goes unused
            found = self._programs.setdefault(key, _Prepared(lay_out(self.graph, stores()), Rolls(self.rooms)))
        return found

    def _is_condition(self, name: str) -> bool:
        return self.nodes[name].kind is Kind.BOOLEAN

    def _read(self, program: TileProgram, frame: pl.DataFrame) -> list[NDArray[np.generic]]:
        return [numbers_of(frame[name]) for name in program.columns]

    def _picked(self, name: str, frame: pl.DataFrame) -> Picked:
        if name in self.texts:
            return Picked(name, texts=frame[self.texts[name]])
        return Picked(name, is_condition=self._is_condition(name))
