"""Bars as they arrive: read, checked as a batch's are, put in order; what cannot be taken is refused by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import polars as pl

from ...data.candles import Candles
from ...data.checking import check_frame
from ...data.frames import FrameRepository, to_polars
from ...data.handing import column_of
from ...data.policies import CandlePolicy, companions
from ...errors import ProcessingEngineError
from .members import Members

REFUSED: Final = {"symbol": pl.String, "ts": pl.Date, "reason": pl.String}
LATE: Final = "late: the symbol has had a later bar"
TWICE: Final = "duplicate: the symbol has had this bar; update() replaces the one in the making alone"
CLOSED: Final = "late: the rankings of its ts have been made"
STRANGE: Final = "unknown symbol: it is not among symbols="


@dataclass(frozen=True, slots=True)
class Taken:
    """Bars that are in order, symbols ascending, and a frame of those that are not: symbol, ts, reason."""

    candles: Candles
    refused: pl.DataFrame


@dataclass(slots=True)
class Reader:
    """Reads bars for a plan: its `columns`, ts of type `ts`, checked by `policy`.

    `options` are those that history was read with, for frames that are not as candles are kept here.
    """

    columns: tuple[str, ...]
    ts: pl.DataType
    policy: CandlePolicy
    timeframe: str
    members: Members
    options: Mapping[str, Any] = field(default_factory=dict)
    only: frozenset[str] | None = None

    def read(self, bars: object, *, ahead: bool = True) -> Taken:
        """Bars of any kind: a frame, a table, one bar as a mapping, or several in a list.

        With `ahead` those at or before a symbol's last bar are refused. Raises ProcessingEngineError, RepositoryError
        where they are no bars at all.
        """
        candles, refused = self._checked(bars)
        if ahead:
            candles, late = self._ahead(candles)
            refused += late
        return Taken(candles, pl.concat(refused, how="vertical_relaxed") if refused else self.nothing)

    @property
    def nothing(self) -> pl.DataFrame:
        """No bar refused."""
        return pl.DataFrame(schema={**REFUSED, "ts": self.ts})

    def _checked(self, bars: object) -> tuple[Candles, list[pl.DataFrame]]:
        frame = _frame_of(bars)
        wanted = {"symbol": pl.String(), "ts": self.ts, **dict.fromkeys(self._seen, pl.Float64())}
        as_kept = all(frame.schema.get(name) == dtype for name, dtype in wanted.items())
        if as_kept:
            checked = check_frame(frame.select(list(wanted)), self.policy, self.columns, {})
        else:
            source = FrameRepository(frame, name="the bars", timeframe=self.timeframe, **self.options)
            checked = source.load_checked(None, self.timeframe, None, None, self.columns, None, self.policy)
        if checked.candles.height and checked.candles.ts.dtype != self.ts:
            message = f"the bars' times are {checked.candles.ts.dtype}, those of the history {self.ts}"
            raise ProcessingEngineError(f"{message}; give both as dates, or both as timestamps")
        refused = [
            pl.DataFrame({"symbol": [symbol], "ts": [None], "reason": [str(error)]}, schema=self.nothing.schema)
            for symbol, error in checked.errors.items()
        ]
        return self._known(checked.candles, refused)

    @property
    def _seen(self) -> Sequence[str]:
        return companions(self.columns, self.policy, self.columns)

    def _known(self, candles: Candles, refused: list[pl.DataFrame]) -> tuple[Candles, list[pl.DataFrame]]:
        if self.only is None or self.only.issuperset(candles.symbols):
            return candles, refused
        strange = candles.frame.filter(~pl.col("symbol").is_in(self.only))
        return Candles.of(candles.frame.filter(pl.col("symbol").is_in(self.only))), [
            *refused,
            refused_as(strange, STRANGE),
        ]

    def _ahead(self, candles: Candles) -> tuple[Candles, list[pl.DataFrame]]:
        """Only bars after each symbol's last one."""
        places = self.members.places_of(candles.symbols)
        last = np.repeat(self.members.last[places], candles.lengths)
        ts = candles.ts.to_physical().to_numpy()
        good = ts > last
        if good.all():
            return candles, []
        frame = candles.frame
        late = frame.filter(column_of("late", ts < last))
        twice = frame.filter(column_of("twice", ts == last))
        kept = Candles.of(frame.filter(column_of("good", good)))
        return kept, [refused_as(late, LATE), refused_as(twice, TWICE)]


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
        return pl.DataFrame(list(bars), infer_schema_length=None)
    return to_polars(bars)
