"""Plans with cross-sectional stages in tiles: columns along time by batches, rankings over all batches at once.

No frame is put together: a batch keeps its columns from layer to layer, and rankings write each value where it belongs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...data.candles import Candles
from ...data.handing import column_of
from ...formulas import Plan, Stage
from ...formulas.freezing import frozen, mutable
from ...formulas.kernels.machine import Stop
from ...formulas.plan.layering import Layers, Ranking, layers_of, make_layers
from .calendars import Codes, numbered_moments
from .columns import Column, Floats, Together, numbers_of
from .finding import Found
from .numbering import FRAME_COLUMNS, starts
from .rooms import Rooms
from .sections import Across, Undefined, Universe
from .surroundings import Surroundings
from .tile_executor import TileExecutor, TileStage, Wanted


@frozen
class Written:
    """Numbers as kernels wrote them, NaN where undefined, or 0 and 1; `valid` has bits of validity where there are.

    Else it may be known whether any are `undefined`. Numbers may have their place `among` others.
    """

    values: Floats
    is_condition: bool = False
    valid: NDArray[np.uint8] | None = None
    undefined: Undefined | None = None
    among: tuple[Together, int] | None = None

    def plain(self, name: str) -> pl.Series:
        """The numbers as a column, without a copy, for kernels."""
        return column_of(name, self.values)

    def series(self, name: str) -> pl.Series:
        """The column as Polars has it; undefined is null."""
        if self.among is not None and not self.is_condition:
            together, number = self.among
            return together.column(name, number)
        valid = self.valid
        if valid is None and (self.undefined is None or self.undefined):
            missing = np.isnan(self.values)
            valid = np.packbits(~missing, bitorder="little") if missing.any() else None
        return column_of(name, self.values == 1.0 if self.is_condition else self.values, valid)


@mutable
class Part:
    """A batch's candles with the columns made so far; what kernels wrote becomes a column when it is asked for."""

    candles: Candles
    columns: dict[str, pl.Series] = field(default_factory=dict)
    written: dict[str, Written] = field(default_factory=dict)

    @property
    def table(self) -> pl.DataFrame:
        """The candles' columns and those made."""
        names = dict.fromkeys([*self.candles.table.columns, *self.columns, *self.written])
        return pl.DataFrame([self.column(name) for name in names])

    @property
    def raw(self) -> pl.DataFrame:
        """As `table`, for kernels: of what kernels wrote the numbers as they are, NaN where undefined."""
        made = [written.plain(name) for name, written in self.written.items()]
        own = [column for column in self.candles.table if column.name not in self.columns]
        others = [column for name, column in self.columns.items() if name not in self.written]
        return pl.DataFrame([*own, *others, *made])

    def column(self, name: str) -> pl.Series:
        """One of the candles' columns or of those made."""
        if name in self.written and name not in self.columns:
            self.columns[name] = self.written[name].series(name)
        return self.columns[name] if name in self.columns else self.candles.table[name]

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self.columns or name in self.written or name in self.candles.table.columns

    def numbers(self, name: str) -> Floats:
        """A column with NaN for undefined."""
        return self.written[name].values if name in self.written else numbers_of(self.column(name))

    def is_text(self, name: str) -> bool:
        """Whether the column holds text."""
        return name not in self.written and self.column(name).dtype == pl.String

    def slice(self, first: int, last: int) -> Part:
        """Some of the symbols."""
        begin, end = int(self.candles.starts[first]), int(self.candles.starts[last])
        columns = {name: column.slice(begin, end - begin) for name, column in self.columns.items()}
        written = {
            name: Written(each.values[begin:end], each.is_condition, undefined=each.undefined)
            for name, each in self.written.items()
            if name not in columns
        }
        return Part(self.candles.slice(first, last), columns, written)

    def keeping(self, names: frozenset[str]) -> Part:
        """Without the columns that nobody reads any more."""
        columns = {name: column for name, column in self.columns.items() if name in names}
        written = {name: each for name, each in self.written.items() if name in names}
        return Part(self.candles, columns, written)


class AcrossExecutor(TileExecutor):
    """Runs the layers of a plan: those along time part by part, rankings over all parts.

    Reported are its results, and if they are asked for, its indicators.
    """

    def __init__(self, plan: Plan, rooms: Rooms | None = None, *, indicators: bool = True) -> None:
        super().__init__(plan, rooms)
        self.layers = make_layers(plan, indicators=indicators)
        self._tiled = self._stages_of(self.layers)
        self._layers: dict[Stage, tuple[Layers, dict[Stage, TileStage]]] = {}

    def advance(self, stage: Stage, frame: pl.DataFrame, around: Surroundings, stop: Stop) -> pl.DataFrame | None:
        """Run one stage over a frame of all symbols; only what is needed later stays. None if the flag was raised."""
        if stage.direction == "time":
            return super().advance(stage, frame, around, stop)
        if stage not in self._layers:
            layers = layers_of(stage)
            self._layers[stage] = layers, self._stages_of(layers)
        layers, tiled = self._layers[stage]
        begins = starts(frame)
        keys = frame["symbol"]
        part: Part | None = Part(Candles(tuple(keys.gather(begins[:-1])), begins, frame.drop("symbol"), keys))
        for step in layers.steps:
            part = None if part is None else self._step(step, part, layers.lives, tiled, around, stop)
        names = tuple(layers.report.made.values())
        columns = None if part is None else self._columns(tiled[layers.report], part, names, around, stop)
        if columns is None:
            return None
        return frame.with_columns(*columns).select(*FRAME_COLUMNS, *sorted(stage.keeps - set(FRAME_COLUMNS)))

    def every_stage(self) -> Iterator[TileStage]:
        """All that this executor runs."""
        yield from super().every_stage()
        yield from self._tiled.values()
        for _, tiled in list(self._layers.values()):
            yield from tiled.values()

    def _stages_of(self, layers: Layers) -> dict[Stage, TileStage]:
        stages = [step for step in (*layers.steps, layers.report) if isinstance(step, Stage)]
        return {stage: TileStage.of(stage, self.rooms) for stage in stages}

    def along(self, stage: Stage, part: Part, around: Surroundings, stop: Stop) -> Part | None:
        """The part with the columns of a stage along time; None if the flag was raised."""
        return self._along(self._tiled[stage], part, self.layers.lives, around, stop)

    def report_columns(
        self, part: Part, names: Sequence[str], around: Surroundings, stop: Stop
    ) -> list[pl.Series] | None:
        """The plan's columns of these names at every bar; None if the flag was raised."""
        return self._columns(self._tiled[self.layers.report], part, names, around, stop)

    def report_found(self, part: Part, wanted: Wanted, around: Surroundings, stop: Stop) -> list[Found] | None:
        """As TileExecutor.find, for a part with all layers done."""
        tiled = self._tiled[self.layers.report]
        return tiled.find(self._frame(tiled, part, around, stop), part.candles.starts, wanted, stop)

    def _step(
        self,
        step: Stage | tuple[Ranking, ...],
        part: Part,
        lives: Mapping[str, int],
        tiled: dict[Stage, TileStage],
        around: Surroundings,
        stop: Stop,
    ) -> Part | None:
        if isinstance(step, Stage):
            return self._along(tiled[step], part, lives, around, stop)
        if not part.candles.height:
            part.written.update((ranking.column, Written(np.empty(0), ranking.is_condition)) for ranking in step)
            return part
        universe = Universe.of([part.candles.ts], [part.candles.starts])
        rankings = rankings_over(universe, step, [part], self.rooms, lives)
        ended = [across.run(0, universe.calendar.dates, stop) for across in rankings]
        return part if all(ended) else None

    def _along(
        self, tiled: TileStage, part: Part, lives: Mapping[str, int], around: Surroundings, stop: Stop
    ) -> Part | None:
        frame = self._frame(tiled, part, around, stop)
        room_of = partial(self.rooms.lasting, lives=lives)
        made = tiled.written(frame, part.candles.starts, tuple(tiled.series), stop, room_of)
        if made is None:
            return None
        return with_columns_made(part, tiled, frame, made)

    def _columns(
        self, tiled: TileStage, part: Part, names: Sequence[str], around: Surroundings, stop: Stop
    ) -> list[pl.Series] | None:
        """Those that are there already are not computed again."""
        others = tuple(dict.fromkeys(name for name in names if not part.has(name)))
        made: list[pl.Series] | None = []
        if others:
            made = tiled.columns(self._frame(tiled, part, around, stop), part.candles.starts, others, stop)
        if made is None:
            return None
        found = {column.name: column for column in made}
        return [found[name] if name in found else part.column(name) for name in names]

    def _frame(self, tiled: TileStage, part: Part, around: Surroundings, stop: Stop) -> pl.DataFrame:
        """What a stage reads, with what Polars computes ahead of it."""
        if not tiled.ahead.levels:
            return part.raw
        candles = Candles(part.candles.symbols, part.candles.starts, part.table, part.candles.keys)
        return self._polars.run(tiled.ahead, self._polars.start(candles, around), around, stop)


def with_columns_made(part: Part, tiled: TileStage, frame: pl.DataFrame, made: Mapping[str, Column]) -> Part:
    """The part with what a stage's kernels made, and its texts, which `frame` has."""
    texts = {name: frame[source].alias(name) for name, source in tiled.texts.items()}
    conditions = {name: column.series(name) for name, column in made.items() if column.is_condition}
    numbers = {
        name: Written(column.numbers, valid=column.valid) for name, column in made.items() if name not in conditions
    }
    return Part(part.candles, part.columns | texts | conditions, part.written | numbers)


def rankings_over(
    universe: Universe,
    rankings: Sequence[Ranking],
    parts: Sequence[Part],
    rooms: Rooms,
    lives: Mapping[str, int],
) -> Iterator[Across]:
    """Rankings ready to run over the parts, which the universe was made of; they have what is written from now on.

    `lives` says how long columns live (rooms.py).
    """
    by = {ranking.by for ranking in rankings if ranking.by is not None}
    grouped = {name: _groups(parts, name) for name in by}
    read = dict.fromkeys(source for ranking in rankings for source in ranking.sources)
    numbers = {name: [part.numbers(name) for part in parts] for name in read}  # some are copies: one for all rankings
    room_of = rooms.lasting(universe.rows, [ranking.column for ranking in rankings], lives)
    for ranking, room in zip(rankings, room_of, strict=True):
        series = [numbers[source] for source in ranking.sources]
        groups, count = (None, 0) if ranking.by is None else grouped[ranking.by]
        across = Across(universe, ranking.kernel, series, ranking.settings, groups, count, room)
        for part, output in zip(parts, across.outputs, strict=True):
            part.written[ranking.column] = Written(output, ranking.is_condition, undefined=across.undefined)
        yield across


def _groups(parts: Sequence[Part], by: str) -> tuple[list[Codes], int]:
    """The number of each row's group, -1 for undefined, and how many there are."""
    if all(part.is_text(by) for part in parts):
        return numbered_groups([part.column(by) for part in parts])
    numbers = [part.numbers(by) + 0.0 for part in parts]  # minus zero is zero
    values, places = numbered_moments([each.view(np.int64) for each in numbers])
    codes = [np.where(np.isnan(each), np.int32(-1), place) for each, place in zip(numbers, places, strict=True)]
    return codes, values.size


def numbered_groups(pieces: Sequence[pl.Series]) -> tuple[list[Codes], int]:
    """The number of each row's text, the same for the same text in every piece, -1 for undefined; and how many.

    A symbol's sector hardly ever changes: only the first rows of runs are compared with each other.
    """
    begins = [piece.ne_missing(piece.shift(1)) for piece in pieces]
    for each in begins:
        each[0] = True
    heads = [piece.filter(begin) for piece, begin in zip(pieces, begins, strict=True)]
    numbers = (pl.concat(heads).rank("dense").cast(pl.Int32) - 1).fill_null(-1).to_numpy()
    codes = []
    for begin, head, end in zip(begins, heads, itertools.accumulate(map(len, heads)), strict=True):
        lengths = np.diff(np.append(begin.arg_true().to_numpy(), len(begin)))
        codes.append(np.repeat(numbers[end - len(head) : end].astype(np.int32), lengths))
    return codes, int(numbers.max(initial=-1)) + 1


__all__ = ["AcrossExecutor", "Part", "Written", "numbered_groups", "rankings_over", "with_columns_made"]
