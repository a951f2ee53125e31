"""Bars that wait: for earlier ones that may still come, and with rankings for the rest of their ts."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable

import numpy as np
import polars as pl

from ...data.candles import Candles
from ...data.options import shown
from ...errors import ProcessingEngineError
from ...formulas.freezing import mutable
from .arriving import TWICE, no_candles, none_refused
from .members import NEVER, Members

ARRIVED = "~arrived"


@mutable
class Waiting:
    """Holds bars back. They are let go, with all earlier ones, when one of these is true.

    - a bar has come that is later by `lateness`
    - the first bar of their ts came `grace` seconds ago
    - with rankings, every member has its bar of that ts

    Where both are 0, nobody waits. `closed` is the ts up to which all has been let go.
    """

    members: Members
    across: bool
    lateness: dt.timedelta = dt.timedelta()
    grace: float = 0.0
    clock: Callable[[], float] = time.monotonic
    closed: int = NEVER
    bars: pl.DataFrame | None = None

    @property
    def count(self) -> int:
        """How many wait."""
        return 0 if self.bars is None else self.bars.height

    def take(self, candles: Candles) -> tuple[Candles, pl.DataFrame]:
        """Add bars; answers with those that are let go, and with those refused since the same one waits already."""
        if not (self.lateness or self.grace):
            self._close(candles)
            return candles, none_refused(candles.ts.dtype)
        new = candles.frame.with_columns(pl.lit(self.clock()).alias(ARRIVED))
        old = new.clear() if self.bars is None else self.bars
        twice = new.join(old, on=["symbol", "ts"], how="semi")
        new = new.join(old, on=["symbol", "ts"], how="anti", maintain_order="left")
        self.bars = pl.concat([old, new], how="vertical_relaxed")
        return self.due(), twice.select("symbol", "ts", pl.lit(TWICE).alias("reason"))

    def earliest(self, kind: pl.DataType | None) -> dt.date | None:
        """From which ts on bars may still come; None: from any."""
        newest = self.members.newest
        if self.bars is not None and self.bars.height:
            newest = max(newest, int(self.bars.select(pl.col("ts").to_physical().max()).item()))
        if newest == NEVER or kind is None:
            return None
        if kind == pl.Date:
            return dt.date(1970, 1, 1) + dt.timedelta(days=newest) - self.lateness
        return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=newest) - self.lateness

    def due(self) -> Candles:
        """Those that have waited long enough by now."""
        return self._let_go(self._until())

    def flush(self) -> Candles:
        """All of them."""
        return self._let_go(np.iinfo(np.int64).max)

    def _until(self) -> int:
        bars = self.bars
        if bars is None or bars.is_empty():
            return NEVER
        ts = pl.col("ts").to_physical()
        found = [NEVER]
        if self.lateness:
            unit = dt.timedelta(days=1) if bars.schema["ts"] == pl.Date else dt.timedelta(microseconds=1)
            found.append(int(bars.select(ts.max()).item()) - -(-self.lateness // unit))
        if self.grace:
            firsts = bars.group_by("ts").agg(pl.col(ARRIVED).min())
            old = firsts.filter(pl.col(ARRIVED) <= self.clock() - self.grace)
            found += old.select(ts.max()).to_series().drop_nulls().to_list()
        if self.across:
            whole = bars.group_by("ts").len().filter(pl.col("len") >= len(self.members.places))
            found += whole.select(ts.max()).to_series().drop_nulls().to_list()
        return max(found)

    def _let_go(self, until: int) -> Candles:
        bars = self.bars
        if bars is None:
            return no_candles(pl.Date())
        ready = pl.col("ts").to_physical() <= until
        self.bars = bars.filter(~ready)
        candles = Candles.of(bars.filter(ready).drop(ARRIVED).sort("symbol", "ts"))
        self._close(candles)
        return candles

    def _close(self, candles: Candles) -> None:
        if candles.height:
            self.closed = max(self.closed, int(candles.ticks.max()))


def as_time(lateness: dt.timedelta | float) -> dt.timedelta:
    """A time, which may be given in seconds; raises ProcessingEngineError for a negative one."""
    seconds = lateness.total_seconds() if isinstance(lateness, dt.timedelta) else lateness
    if not isinstance(seconds, int | float) or not 0 <= seconds < dt.timedelta.max.total_seconds():
        raise ProcessingEngineError(f"lateness is {shown(lateness)}; it is a timedelta, or seconds, and not negative")
    return lateness if isinstance(lateness, dt.timedelta) else dt.timedelta(seconds=lateness)


def as_patience(grace: object) -> float:
    """Seconds, or infinity; raises ProcessingEngineError for what is no number, or negative."""
    if not isinstance(grace, int | float) or not grace >= 0:
        raise ProcessingEngineError(f"grace is {shown(grace)}; it is in seconds, and not negative")
    return grace
