"""Programs on bars in the making: at each of the data's own bars, the completed bars before and the bar so far.

The frame has a row for each of the data's own bars: the columns of the coarser bar as they are known there (open of its
first bar, running high and low, this close, volume so far), its beginning, and its number within the symbol. Only the
last row of each bar counts for later ones; what any row shows depends on no row after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from importlib.util import find_spec
from typing import Final, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...data.candles import starts_of
from ...data.resampling import BUCKET, BUCKET_BEGIN, FIRST_TS, running
from ...data.timeframes import Timeframe
from ...formulas.freezing import frozen
from ...formulas.functions import HISTORY
from ...formulas.kernels.calling import run_primitive
from ...formulas.plan.programs import FormingProgram, Peek, Program
from ...formulas.scope import BAR, TS
from .columns import Floats, numbers_of
from .numbering import never_single, numbered
from .surroundings import Surroundings

Run: TypeAlias = Callable[[Program, pl.DataFrame, Surroundings], pl.DataFrame]
Rows: TypeAlias = NDArray[np.int64]

MOST_ROWS: Final = 2_000_000  # of bars laid out at once


def run_forming(program: FormingProgram, bars: pl.DataFrame, around: Surroundings, run: Run) -> pl.DataFrame:
    """The program's outputs at each row of `bars`, which `forming_bars` made.

    `around` is what they may look at: their own timeframe is the coarser one.
    """
    forming = Forming.of(never_single(bars), around)
    made = forming.frame
    for part in program.parts:
        made = made.with_columns(forming.peeked(part, made, run)) if isinstance(part, Peek) else run(part, made, around)
    return made.head(bars.height)


def forming_bars(frame: pl.DataFrame, coarser: Timeframe, columns: Sequence[str], around: Surroundings) -> pl.DataFrame:
    """The frame's bars in the making. A symbol's first one is undefined where the data begin inside it."""
    made = running(frame, coarser, columns, tz=around.zone, session=around.session)
    is_cut = (pl.col(FIRST_TS) == pl.col(TS).first().over("symbol")) & (pl.col(FIRST_TS) > pl.col(BUCKET_BEGIN))
    whole = [pl.when(~is_cut).then(pl.col(name)).alias(name) for name in columns]
    return made.select("symbol", pl.col(BUCKET).alias(TS), *whole)


@frozen(slots=False)
class Forming:
    """Bars in the making: `bar` is the number of each row's, counted over all symbols, `last` the last row of each."""

    frame: pl.DataFrame
    around: Surroundings
    starts: Rows
    bar: Rows
    last: Rows

    @classmethod
    def of(cls, bars: pl.DataFrame, around: Surroundings) -> Forming:
        """Number the bars."""
        begins = starts_of(bars["symbol"])
        plain = numbered(bars, np.diff(begins), around.zone)
        is_new = (pl.col(BAR) == 0) | (pl.col(TS) != pl.col(TS).shift(1))
        bar = plain.select(is_new.cast(pl.Int64).cum_sum() - 1).to_series().to_numpy()
        last = np.flatnonzero(np.diff(bar, append=-1))
        first = np.repeat(bar[begins[:-1]], np.diff(begins))
        return cls(plain.with_columns(pl.Series(BAR, bar - first)), around, begins, bar, last)

    @cached_property
    def back(self) -> Rows:
        """How many completed bars each row's symbol has before it."""
        return self.frame[BAR].to_numpy()

    def peeked(self, peek: Peek, made: pl.DataFrame, run: Run) -> list[pl.Series]:
        """A primitive's columns."""
        if peek.primitive == HISTORY.name:
            assert peek.reach is not None
            return [self._ago(made[peek.inputs[0]], peek.reach).alias(peek.names[0])]
        if peek.held and find_spec("llvmlite"):
            return self._held(peek, made)
        parts = [self._laid_out(peek, made, first, last, run) for first, last in self._pieces(peek.reach)]
        return pl.concat(parts).get_columns()

    def _ago(self, values: pl.Series, bars: int) -> pl.Series:
        """The value when the bar so many bars ago was completed."""
        known = self.back >= bars
        rows = self.last[np.where(known, self.bar - bars, 0)] if known.size else self.last
        return values.gather(pl.Series(rows).set(pl.Series(~known), None))

    def _held(self, peek: Peek, made: pl.DataFrame) -> list[pl.Series]:
        """Kernels whose memory goes on at the last row of each bar alone."""
        completed = np.zeros(self.bar.size)
        completed[self.last] = 1.0
        columns = [completed, *(numbers_of(made[name]) for name in peek.inputs)]
        return _series(peek, run_primitive(peek.primitive, columns, self.starts, peek.settings, holding=True))

    def _pieces(self, reach: int | None) -> Iterator[tuple[int, int]]:
        """Runs of rows, so many that the bars behind them can be laid out at once."""
        ends, first = np.cumsum(self._lengths(reach, 0, self.bar.size)), 0
        if not ends.size:
            yield 0, 0
        while first < ends.size:
            done = ends[first - 1] if first else 0
            last = max(first + 1, int(np.searchsorted(ends, done + MOST_ROWS, side="right")))
            yield first, last
            first = last

    def _lengths(self, reach: int | None, first: int, last: int) -> Rows:
        behind = self.back[first:last]
        return (behind if reach is None else np.minimum(behind, reach)) + 1

    def _laid_out(self, peek: Peek, made: pl.DataFrame, first: int, last: int, run: Run) -> pl.DataFrame:
        """For each row a symbol of its own: the completed bars that it needs, then the bar so far."""
        lengths = self._lengths(peek.reach, first, last)
        ends = np.cumsum(lengths)
        bars = np.arange(lengths.sum()) + np.repeat(self.bar[first:last] + 1 - ends, lengths)
        rows = self.last[bars]
        rows[ends - 1] = np.arange(first, last)
        if peek.windowed and find_spec("llvmlite"):
            columns = [numbers_of(made[name])[rows] for name in peek.inputs]
            results = run_primitive(peek.primitive, columns, np.append(0, ends), peek.settings)
            return pl.DataFrame(_series(peek, [each[ends - 1] for each in results]))
        laid = made.select(TS, *dict.fromkeys(peek.inputs))[rows]
        values = run(peek.program, numbered(laid, lengths, self.around.zone), self.around)
        outputs = zip(peek.program.outputs, peek.names, strict=True)
        return values[ends - 1].select(pl.col(output).alias(name) for output, name in outputs)


def _series(peek: Peek, arrays: Iterable[Floats]) -> list[pl.Series]:
    """What kernels wrote, as columns."""
    series = [pl.Series(name, each).fill_nan(None) for name, each in zip(peek.names, arrays, strict=True)]
    return [each == 1.0 for each in series] if peek.is_condition else series
