"""Bars as they arrive: read, checked as a batch's are, put in order; what cannot be taken is refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.ma  # see data/handing.py: so few values are copied sooner, bar after bar
import polars as pl
from numpy.typing import NDArray

from ...data.candles import Candles
from ...data.checking import check_frame
from ...data.frames import FrameRepository, to_polars
from ...data.handing import column_of
from ...data.policies import CandlePolicy, companions
from ...data.repository import CandleRepository
from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen, mutable
from ..controlling import Ticket
from ..executors.columns import Whole
from ..jobs import Bound, DateRange
from ..loading import Loader, Request
from ..sources import assert_reachable, checks_itself, symbols_of
from .members import Members
from .usual import UsualBars

REFUSED: Final = {"symbol": pl.String, "ts": pl.Date, "reason": pl.String}
PATIENCE: Final = 60.0  # seconds that a source may take to hand out bars
LATE: Final = "late: the symbol has had a later bar"
TWICE: Final = "duplicate: the symbol has had this bar; update() replaces the one in the making alone"
CLOSED: Final = "late: the rankings of its ts have been made"
STRANGE: Final = "unknown symbol: it is not among symbols="


@frozen
class Taken:
    """Bars that are in order, symbols ascending, and a frame of those that are not: symbol, ts, reason."""

    candles: Candles
    refused: pl.DataFrame


@mutable
class Reader:
    """Reads bars for a plan: its `columns`, ts of type `ts`, checked by `policy`.

    `ts` is None until the first bar has come. `options` are those that history was read with, for frames that are not
    as candles are kept here.
    """

    columns: tuple[str, ...]
    ts: pl.DataType | None
    policy: CandlePolicy
    timeframe: str
    members: Members
    options: Mapping[str, Any] = field(default_factory=dict)
    only: frozenset[str] | None = None
    usual: UsualBars = field(init=False)

    def __post_init__(self) -> None:
        self.usual = UsualBars(self.columns, tuple(companions(self.columns, self.policy, self.columns)))

    def read(self, bars: object) -> Taken:
        """Bars of any kind: a frame, a table, one bar as a mapping, or several in a list.

        Those at or before a symbol's last bar are refused. Raises ProcessingEngineError or RepositoryError where they
        are no bars at all.
        """
        frame = _frame_of(bars)
        candles = None if self.ts is None else self.usual.candles(frame, self.ts)
        if candles is not None and self._is_known(candles) and self._is_ahead(candles).all():
            return Taken(candles, self.nothing)
        candles, refused = self._checked(frame)
        candles, late = self._ahead(candles)
        refused += late
        return Taken(candles, pl.concat(refused, how="vertical_relaxed") if refused else self.nothing)

    def load(self, repository: CandleRepository, start: Bound | None) -> tuple[Candles, pl.DataFrame]:
        """The bars of a repository from `start` on that are ahead of their symbols' last ones; and those refused."""
        asked = Request(self.timeframe, DateRange(start), self.columns, 0)
        loader = Loader(repository, asked, self.policy, retries=0)
        assert_reachable(repository)  # which also lets it see that it has grown
        # those built in can tell the last bars of all symbols without a look at the others
        symbols = None if checks_itself(repository) else symbols_of(repository, self.timeframe, None)
        loaded = loader.load(symbols, Ticket({}, PATIENCE))
        candles = loaded.candles
        refused = [self._unusable(symbol, str(error)) for symbol, error in loaded.errors.items()]
        if candles.height:
            candles, refused = self._known(self._timed(candles), refused)
            good = self._is_ahead(candles)
            candles = candles if good.all() else Candles.of(candles.frame.filter(column_of("good", good)))
        return candles, pl.concat([self.nothing, *refused], how="vertical_relaxed")

    @property
    def nothing(self) -> pl.DataFrame:
        """No bar refused."""
        return none_refused(self.ts or pl.Date())

    def _checked(self, frame: pl.DataFrame) -> tuple[Candles, list[pl.DataFrame]]:
        wanted = {"symbol": pl.String(), "ts": self.ts, **dict.fromkeys(self.usual.seen, pl.Float64())}
        as_kept = all(frame.schema.get(name) == dtype for name, dtype in wanted.items())
        if as_kept:
            checked = check_frame(frame.select(list(wanted)), self.policy, self.columns, {})
        else:
            source = FrameRepository(frame, name="the bars", timeframe=self.timeframe, **self.options)
            checked = source.load_checked(None, self.timeframe, None, None, self.columns, None, self.policy)
        candles = self._timed(checked.candles) if checked.candles.height else checked.candles
        refused = [self._unusable(symbol, str(error)) for symbol, error in checked.errors.items()]
        return self._known(candles, refused)

    def _unusable(self, symbol: str, reason: str) -> pl.DataFrame:
        return pl.DataFrame({"symbol": [symbol], "ts": [None], "reason": [reason]}, schema=self.nothing.schema)

    def _timed(self, candles: Candles) -> Candles:
        """With ts of the history's kind; a day and its midnight in UTC are taken for each other."""
        ts = candles.ts
        if self.ts is None:
            self.ts = ts.dtype
        if ts.dtype == self.ts:
            return candles
        cast = ts.cast(self.ts)
        if not cast.cast(ts.dtype).equals(ts):
            message = f"the bars' times are {ts.dtype}, those of the history {self.ts}"
            raise ProcessingEngineError(f"{message}; give both as dates, or both as timestamps")
        return replace(candles, table=candles.table.with_columns(cast))

    def _is_known(self, candles: Candles) -> bool:
        return self.only is None or self.only.issuperset(candles.symbols)

    def _known(self, candles: Candles, refused: list[pl.DataFrame]) -> tuple[Candles, list[pl.DataFrame]]:
        if self._is_known(candles):
            return candles, refused
        assert self.only is not None
        strange = candles.frame.filter(~pl.col("symbol").is_in(self.only))
        return Candles.of(candles.frame.filter(pl.col("symbol").is_in(self.only))), [
            *refused,
            refused_as(strange, STRANGE),
        ]

    def _is_ahead(self, candles: Candles) -> NDArray[np.bool_]:
        return candles.ticks > self._last(candles)

    def _last(self, candles: Candles) -> Whole:
        """The last ts of each row's symbol."""
        places = self.members.places_of(candles.symbols)  # first: new members make `last` longer
        last = self.members.last[places]
        return last if candles.height == last.size else np.repeat(last, candles.lengths)

    def _ahead(self, candles: Candles) -> tuple[Candles, list[pl.DataFrame]]:
        """Only bars after each symbol's last one."""
        good = self._is_ahead(candles)
        if good.all():
            return candles, []
        frame, ts, last = candles.frame, candles.ticks, self._last(candles)
        late = frame.filter(column_of("late", ts < last))
        twice = frame.filter(column_of("twice", ts == last))
        kept = Candles.of(frame.filter(column_of("good", good)))
        return kept, [refused_as(late, LATE), refused_as(twice, TWICE)]


def no_candles(ts: pl.DataType) -> Candles:
    """No bars, with ts of that type."""
    return Candles((), np.zeros(1, np.int64), pl.DataFrame(schema={"ts": ts}))


def none_refused(ts: pl.DataType) -> pl.DataFrame:
    """An empty frame of refused bars; to make one takes as long as to look at the bars of a thousand symbols."""
    return _none_refused(ts).clone()


@cache
def _none_refused(ts: pl.DataType) -> pl.DataFrame:
    return pl.DataFrame(schema={**REFUSED, "ts": ts})


def refused_as(frame: pl.DataFrame, reason: str) -> pl.DataFrame:
    """Bars that were not taken, and why."""
    return frame.select("symbol", "ts", pl.lit(reason).alias("reason"))


def _frame_of(bars: object) -> pl.DataFrame:
    if isinstance(bars, pl.DataFrame):
        return bars
    if isinstance(bars, Mapping):
        bars = [bars]
    if isinstance(bars, Sequence) and not isinstance(bars, str | bytes):
        if not all(isinstance(bar, Mapping) for bar in bars):
            raise ProcessingEngineError(
                "bars are a frame, a mapping such as {'symbol': 'A', 'ts': ...}, or a list of them"
            )
        try:
            return pl.DataFrame(list(bars), infer_schema_length=None)
        except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
            raise ProcessingEngineError(f"the bars are no table: {error}; give each field by its name") from error
    return to_polars(bars)
