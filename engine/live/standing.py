"""Plans whose every stage stands: a bar costs the same however many came before it.

Stages along time take a bar of each symbol, those across symbols the bars of one ts, which must come together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from typing import TypeAlias

import numpy as np
import polars as pl

from ...data.candles import Candles
from ...data.handing import column_of
from ...formulas import Plan, Stage
from ...formulas.freezing import mutable
from ...formulas.kernels.machine import Stop
from ...formulas.plan.layering import Ranking, make_layers
from ..executors.across_executor import Part, rankings_over
from ..executors.columns import Whole
from ..executors.rooms import Rooms
from ..executors.sections import Universe
from ..executors.surroundings import Surroundings
from .stages import Bars, StandingStage, is_barwise

Step: TypeAlias = StandingStage | tuple[Ranking, ...]
Columns: TypeAlias = Callable[[str], pl.Series]
"""A plan's column by its name, as long as the bars that were run."""


def stands(plan: Plan) -> bool:
    """Whether every stage of a plan can stand."""
    return all(is_barwise(step) for step in _steps(plan) if isinstance(step, Stage))


def _steps(plan: Plan) -> list[Stage | tuple[Ranking, ...]]:
    if not plan.across:
        return list(plan.stages)
    layers = make_layers(plan)
    return [*layers.steps, layers.report]


@mutable
class StandingPlan:
    """A plan's stages, and how many bars each symbol of the universe has had."""

    around: Surroundings
    steps: list[Step]
    across: bool
    before: Whole = field(default_factory=lambda: np.zeros(0, np.int64))
    rooms: Rooms = field(default_factory=Rooms)

    @classmethod
    def of(cls, plan: Plan, around: Surroundings) -> StandingPlan:
        """The plan before any bar."""
        steps = [StandingStage.of(step) if isinstance(step, Stage) else step for step in _steps(plan)]
        return cls(around, steps, plan.across)

    def warm(self, candles: Candles, places: Whole) -> None:
        """Take in past bars; with rankings those of the whole universe at once, else of some symbols."""
        part = Part(candles)
        self.welcome(places)
        last = self.along[-1]
        for step in self.steps:
            if not isinstance(step, StandingStage):
                self._rank(step, part)
                continue
            step.warm(part, places, self.around)
            if step is not last:
                frame = step.frame(part, np.zeros(len(candles.symbols), np.int64), self.around)
                part = step.whole(frame, part, self.rooms)
        self.before[places] = candles.lengths

    def push(self, candles: Candles, places: Whole) -> Columns:
        """The columns of the last stage at these bars, one or more of each symbol; ts ascend within a symbol."""
        self.welcome(places[places >= self.before.size])
        parts = []
        for rows, bars in self._rounds(candles, places):
            parts.append((rows, self._advance(bars, keep=True)))
            self.before[bars.places] += 1
        return _together(parts, candles.height)

    def look(self, candles: Candles, places: Whole) -> Columns:
        """As `push` of one bar of each symbol, which is in the making: nothing is kept."""
        self.welcome(places[places >= self.before.size])
        bars = Bars(Part(candles), places, self.before[places])
        return self._advance(bars, keep=False).column

    @property
    def along(self) -> list[StandingStage]:
        """The stages along time."""
        return [step for step in self.steps if isinstance(step, StandingStage)]

    def welcome(self, places: Whole) -> None:
        """Symbols that were not there."""
        new = places[places >= self.before.size]
        if not new.size:
            return
        size = int(new.max()) + 1
        for step in self.along:
            step.welcome(np.arange(self.before.size, size))
        self.before = np.concatenate([self.before, np.zeros(size - self.before.size, np.int64)])

    def _rounds(self, candles: Candles, places: Whole) -> Iterator[tuple[Whole, Bars]]:
        """Rows of one bar for each symbol that has any: with rankings those of one ts, else the first, second ..."""
        lengths = candles.lengths
        if lengths.max(initial=0) <= 1:
            yield np.arange(candles.height), Bars(Part(candles), places, self.before[places])
            return
        numbers = np.repeat(np.arange(lengths.size), lengths)
        order = candles.ts.rank("dense").to_numpy() if self.across else np.arange(candles.height)
        if not self.across:
            order = order - np.repeat(candles.starts[:-1], lengths)
        for turn in np.unique(order):
            rows = np.flatnonzero(order == turn)
            some = numbers[rows]
            table = candles.table[column_of("rows", rows)]
            bars = Candles(tuple(candles.symbols[k] for k in some), np.arange(rows.size + 1), table)
            yield rows, Bars(Part(bars), places[some], self.before[places[some]])

    def _advance(self, bars: Bars, *, keep: bool) -> Part:
        part = bars.part
        for step in self.steps:
            if isinstance(step, StandingStage):
                part = step.advance(Bars(part, bars.places, bars.before), self.around, keep=keep)
            else:
                self._rank(step, part)
        return part

    def _rank(self, rankings: tuple[Ranking, ...], part: Part) -> None:
        """Rankings of the bars at hand, which then have their columns."""
        universe = Universe.of([part.candles.ts], [part.candles.starts])
        for across in rankings_over(universe, rankings, [part], self.rooms, lives={}):
            across.run(0, universe.calendar.dates, Stop())


def _together(parts: Sequence[tuple[Whole, Part]], height: int) -> Columns:
    """The rounds' columns in the order of the rows; made when they are asked for."""
    if len(parts) == 1:
        return parts[0][1].column
    places = np.empty(height, np.int64)
    places[np.concatenate([rows for rows, _ in parts])] = np.arange(height)
    order = column_of("rows", places)
    return lambda name: pl.concat([part.column(name) for _, part in parts]).gather(order)
