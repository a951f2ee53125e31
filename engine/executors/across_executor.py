"""Plans with cross-sectional stages in tiles: columns along time by batches, rankings over all batches at once.

No frame is put together: a batch keeps its columns from layer to layer, and rankings write each value where it belongs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
import pyarrow as pa

from ...data.candles import Candles
from ...formulas import Plan, Stage
from ...formulas.kernels.machine import Stop
from ...formulas.plan.layering import Layers, Ranking, layers_of, make_layers
from .columns import Floats, Found, numbers_of
from .polars_executor import FRAME_COLUMNS, starts
from .sections import Across, Codes, Universe
from .surroundings import Surroundings
from .tile_executor import TileExecutor, TileStage


@dataclass(slots=True)
class Part:
    """A batch's candles with the columns made so far; what rankings wrote becomes a column when it is asked for."""

    candles: Candles
    columns: dict[str, pl.Series] = field(default_factory=dict)
    written: dict[str, tuple[Floats, bool]] = field(default_factory=dict)

    @property
    def table(self) -> pl.DataFrame:
        """The candles' columns and those made."""
        names = dict.fromkeys([*self.candles.table.columns, *self.columns, *self.written])
        return pl.DataFrame([self.column(name) for name in names])

    @property
    def raw(self) -> pl.DataFrame:
        """As `table`, for kernels: of what rankings wrote the numbers as they are, NaN where undefined."""
        made = [_plain(name, values) for name, (values, _) in self.written.items()]
        own = [column for column in self.candles.table if column.name not in self.columns]
        return pl.DataFrame([*own, *self.columns.values(), *made])

    def column(self, name: str) -> pl.Series:
        """One of the candles' columns or of those made."""
        if name in self.written:
            self.columns[name] = _series(name, *self.written.pop(name))
        return self.columns[name] if name in self.columns else self.candles.table[name]

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self.columns or name in self.written or name in self.candles.table.columns

    def numbers(self, name: str) -> Floats:
        """A column with NaN for undefined."""
        if name in self.written:
            return self.written[name][0]
        return numbers_of(self.column(name))

    def slice(self, first: int, last: int) -> Part:
        """Some of the symbols."""
        begin, end = int(self.candles.starts[first]), int(self.candles.starts[last])
        columns = {name: column.slice(begin, end - begin) for name, column in self.columns.items()}
        written = {name: (values[begin:end], kind) for name, (values, kind) in self.written.items()}
        return Part(self.candles.slice(first, last), columns, written)

    def keeping(self, names: frozenset[str]) -> Part:
        """Without the columns that nobody reads any more."""
        columns = {name: column for name, column in self.columns.items() if name in names}
        written = {name: each for name, each in self.written.items() if name in names}
        return Part(self.candles, columns, written)


def _plain(name: str, values: Floats) -> pl.Series:
    """Numbers as a column, without a copy."""
    return pl.Series(name, pa.Array.from_buffers(pa.float64(), values.size, [None, pa.py_buffer(values)]))


def _series(name: str, values: Floats, is_condition: bool) -> pl.Series:
    """Numbers, or 0 and 1, as a column; NaN is undefined."""
    missing = np.isnan(values)
    valid = pa.py_buffer(np.packbits(~missing, bitorder="little")) if missing.any() else None
    data = np.packbits(values == 1.0, bitorder="little") if is_condition else values
    kind = pa.bool_() if is_condition else pa.float64()
    return pl.Series(name, pa.Array.from_buffers(kind, values.size, [valid, pa.py_buffer(data)]))


class AcrossExecutor(TileExecutor):
    """Runs the layers of a plan: those along time part by part, rankings over all parts."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self.layers = make_layers(plan)
        self._tiled = _tiled(self.layers)
        self._layers: dict[Stage, tuple[Layers, dict[Stage, TileStage]]] = {}

    def advance(self, stage: Stage, frame: pl.DataFrame, around: Surroundings, stop: Stop) -> pl.DataFrame | None:
        """Run one stage over a frame of all symbols; only what is needed later stays. None if the flag was raised."""
        if stage.direction == "time":
            return super().advance(stage, frame, around, stop)
        if stage not in self._layers:
            layers = layers_of(stage)
            self._layers[stage] = layers, _tiled(layers)
        layers, tiled = self._layers[stage]
        begins = starts(frame)
        part: Part | None = Part(Candles(tuple(frame["symbol"].gather(begins[:-1])), begins, frame))
        for step in layers.steps:
            part = None if part is None else self._step(step, part, tiled, around, stop)
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

    def along(self, stage: Stage, part: Part, around: Surroundings, stop: Stop) -> Part | None:
        """The part with the columns of a stage along time; None if the flag was raised."""
        return self._along(self._tiled[stage], part, around, stop)

    def report_columns(
        self, part: Part, names: Sequence[str], around: Surroundings, stop: Stop
    ) -> list[pl.Series] | None:
        """The plan's columns of these names at every bar; None if the flag was raised."""
        return self._columns(self._tiled[self.layers.report], part, names, around, stop)

    def report_found(
        self, part: Part, wanted: Sequence[tuple[str, tuple[str, ...]]], around: Surroundings, stop: Stop
    ) -> list[Found] | None:
        """As TileExecutor.find, for a part with all layers done."""
        tiled = self._tiled[self.layers.report]
        return tiled.find(self._frame(tiled, part, around), part.candles.starts, tuple(wanted), stop)

    def _step(
        self,
        step: Stage | tuple[Ranking, ...],
        part: Part,
        tiled: dict[Stage, TileStage],
        around: Surroundings,
        stop: Stop,
    ) -> Part | None:
        if isinstance(step, Stage):
            return self._along(tiled[step], part, around, stop)
        if not part.candles.height:
            part.written.update((ranking.column, (np.empty(0), ranking.is_condition)) for ranking in step)
            return part
        universe = Universe.of([part.candles.ts], [part.candles.starts])
        ended = [across.run(0, universe.calendar.dates, stop) for across in rankings_over(universe, step, [part])]
        return part if all(ended) else None

    def _along(self, tiled: TileStage, part: Part, around: Surroundings, stop: Stop) -> Part | None:
        names = tuple(tiled.nodes)
        columns = tiled.columns(self._frame(tiled, part, around), part.candles.starts, names, stop)
        if columns is None:
            return None
        return Part(part.candles, part.columns | dict(zip(names, columns, strict=True)), part.written)

    def _columns(
        self, tiled: TileStage, part: Part, names: Sequence[str], around: Surroundings, stop: Stop
    ) -> list[pl.Series] | None:
        """Those that are there already are not computed again."""
        others = tuple(dict.fromkeys(name for name in names if not part.has(name)))
        made: list[pl.Series] | None = []
        if others:
            made = tiled.columns(self._frame(tiled, part, around), part.candles.starts, others, stop)
        if made is None:
            return None
        found = {column.name: column for column in made}
        return [found[name] if name in found else part.column(name) for name in names]

    def _frame(self, tiled: TileStage, part: Part, around: Surroundings) -> pl.DataFrame:
        """What a stage reads, with what Polars computes ahead of it."""
        if not tiled.ahead.levels:
            return part.raw
        candles = Candles(part.candles.symbols, part.candles.starts, part.table, part.candles.keys)
        return self._polars.run(tiled.ahead, self._polars.start(candles, around), around)


def _tiled(layers: Layers) -> dict[Stage, TileStage]:
    return {step: TileStage.of(step) for step in (*layers.steps, layers.report) if isinstance(step, Stage)}


def rankings_over(universe: Universe, rankings: Sequence[Ranking], parts: Sequence[Part]) -> Iterator[Across]:
    """Rankings ready to run over the parts, which the universe was made of; they have what is written from now on."""
    for ranking in rankings:
        values = [part.numbers(ranking.source) for part in parts]
        groups, count = None, 0
        if ranking.by is not None:
            groups, count = numbered_groups([part.column(ranking.by) for part in parts])
        setting = ranking.setting if groups is None else float(count)
        across = Across(universe, ranking.kernel, values, groups, count, setting)
        for part, output in zip(parts, across.outputs, strict=True):
            part.written[ranking.column] = (output, ranking.is_condition)
        yield across


def numbered_groups(pieces: Sequence[pl.Series]) -> tuple[list[Codes], int]:
    """The number of each row's text, the same for the same text in every piece, -1 for undefined; and how many.

    A symbol's sector hardly ever changes: only the first rows of runs are compared with each other.
    """
    begins = [piece.ne_missing(piece.shift(1)) for piece in pieces]
    for each in begins:
        each[0] = True
    heads = [piece.filter(begin) for piece, begin in zip(pieces, begins, strict=True)]
    numbers = (pl.concat(heads).rank("dense").cast(pl.Int32) - 1).fill_null(-1).to_numpy()
    ends = itertools.accumulate(map(len, heads))
    codes = []
    for begin, head, end in zip(begins, heads, ends, strict=True):
        lengths = np.diff(np.append(begin.arg_true().to_numpy(), len(begin)))
        codes.append(np.repeat(numbers[end - len(head) : end].astype(np.int32), lengths))
    return codes, int(numbers.max(initial=-1)) + 1


__all__ = ["AcrossExecutor", "Part", "numbered_groups", "rankings_over"]
