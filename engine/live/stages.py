"""One stage along time on bars as they arrive: standing tiles, and ahead of them what Polars computes bar by bar."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl

from ...data.candles import Candles
from ...formulas import Stage
from ...formulas.freezing import frozen, mutable
from ...formulas.kernels.machine import Stop
from ...formulas.kernels.single_rows import StandingProgram, lay_out_standing
from ...formulas.kernels.standing import StandingTiles
from ...formulas.kernels.steps import TileProgram
from ...formulas.kernels.warming import lay_out_past, states_after
from ...formulas.kinds import Kind, Shape
from ...formulas.nodes import Apply, Elsewhere, walk
from ...formulas.plan.tiling import left_to_polars
from ...formulas.scope import BAR
from ..executors.across_executor import Part, Written, with_columns_made
from ..executors.columns import Floats, Together, Whole, numbers_of
from ..executors.numbering import never_single, numbered
from ..executors.polars_executor import run_program
from ..executors.rooms import Rooms
from ..executors.surroundings import Surroundings
from ..executors.tile_executor import TileStage
from ..limits import usable_cores


def is_barwise(stage: Stage) -> bool:
    """Whether all that kernels leave to Polars is a matter of one bar alone."""
    left = left_to_polars(tuple(stage.made), stage.given)
    below = walk(left, stage.given, frames=False)
    return not any(
        isinstance(node, Elsewhere) or (isinstance(node, Apply) and node.primitive.shape is not Shape.ELEMENTWISE)
        for node in below
    )


@frozen
class Bars:
    """One bar of each of some symbols: `part` has their columns, symbols ascending.

    `places` are the symbols' places in the universe, `before` how many bars each has had.
    """

    part: Part
    places: Whole
    before: Whole


@mutable
class StandingStage:
    """A stage's state for every symbol of the universe."""

    tiled: TileStage
    program: StandingProgram
    past: TileProgram
    tiles: StandingTiles
    names: tuple[str, ...]

    @classmethod
    def of(cls, stage: Stage) -> StandingStage:
        """The stage before any bar."""
        tiled = TileStage.of(stage, Rooms())
        names = tuple(tiled.series)
        results = [tiled.series[name] for name in names]
        program = lay_out_standing(tiled.graph, results)
        return cls(tiled, program, lay_out_past(tiled.graph, results), StandingTiles(program, usable_cores()), names)

    def warm(self, part: Part, places: Whole, around: Surroundings) -> None:
        """Take in the past bars of symbols that have had none."""
        frame = self.frame(part, np.zeros(len(part.candles.symbols), np.int64), around)
        columns = [numbers_of(frame[name]) for name in self.past.columns]
        states = states_after(self.past, columns, part.candles.starts, self.tiles.fresh(1)[0])
        self.tiles.seat(places, states)

    def welcome(self, places: Whole) -> None:
        """Give places to symbols without a past."""
        self.tiles.seat(places, self.tiles.fresh(places.size))

    def advance(self, bars: Bars, around: Surroundings, *, keep: bool) -> Part:
        """The bars with the stage's columns; unless `keep`, they leave no trace."""
        part = bars.part if not self.tiled.ahead.levels else self._ahead(bars.part, bars.before, around)
        shape = len(self.program.columns), bars.places.size
        columns: Floats = np.array([part.numbers(name) for name in self.program.columns]).reshape(shape)
        made = (self.tiles.push if keep else self.tiles.look)(bars.places, columns)
        together = Together(made)
        written = {
            name: Written(values, self._is_condition(name), among=(together, number))
            for number, (name, values) in enumerate(zip(self.names, made, strict=True))
        }
        texts = {name: part.column(source).alias(name) for name, source in self.tiled.texts.items()}
        return Part(bars.part.candles, bars.part.columns | texts, bars.part.written | written)

    def whole(self, frame: pl.DataFrame, part: Part, rooms: Rooms) -> Part:
        """The past bars with the stage's columns, for the stages to come; `frame` is what the stage reads of them."""
        made = self.tiled.written(frame, part.candles.starts, self.names, Stop(), partial(rooms.lasting, lives={}))
        assert made is not None, "nobody raises this flag"
        return with_columns_made(part, self.tiled, frame, made)

    def _ahead(self, part: Part, before: Whole, around: Surroundings) -> Part:
        """The bars with what Polars computes ahead of the tiles."""
        candles = part.candles
        return Part(Candles(candles.symbols, candles.starts, self.frame(part, before, around), candles.keys))

    def _is_condition(self, name: str) -> bool:
        return self.tiled.nodes[name].kind is Kind.BOOLEAN

    def frame(self, part: Part, before: Whole, around: Surroundings) -> pl.DataFrame:
        """What the stage reads; bars are numbered on from those that each symbol has had before."""
        if not self.tiled.ahead.levels:
            return part.raw
        candles = Candles(part.candles.symbols, part.candles.starts, part.table, part.candles.keys)
        frame = numbered(candles.frame, candles.lengths, around.zone)
        bars = frame[BAR].to_numpy() + np.repeat(before, candles.lengths)
        frame = never_single(frame.with_columns(pl.Series(BAR, bars)))
        return run_program(self.tiled.ahead, frame, around, Stop()).head(candles.height)
