"""Timeframes: the length of a bar, as text such as "5m" or "1w", and the buckets that follow from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import polars as pl

from ..errors import RepositoryError

DAY: Final = 86_400
SECONDS: Final = {"s": 1, "m": 60, "h": 3_600, "d": DAY, "w": 7 * DAY}
MONTHS: Final = {"mo": 1, "q": 3, "y": 12}
ROWS_LOOKED_AT: Final = 200_000  # to tell a table's timeframe
SECONDS_IN_A_MONTH: Final = 365.2425 * DAY / 12
MONTH_ELSEWHERE: Final = re.compile(r"(\d{1,4})\s*M")
PATTERN: Final = re.compile(r"(\d{1,4})\s*(mo|[smhdwqy])")


@dataclass(frozen=True, slots=True)
class Timeframe:
    """The length of a bar: `count` times `unit`, where unit is s, m, h, d, w (from Monday), mo, q or y.

    Timeframes compare by length.

    >>> Timeframe.parse("5m") < Timeframe.parse("1h") < Timeframe.parse("1mo")
    True
    >>> Timeframe.parse("90m").text
    '90m'
    """

    count: int
    unit: str

    @classmethod
    def parse(cls, text: str | Timeframe) -> Timeframe:
        """Read a timeframe; raises RepositoryError for anything else than a whole number and a unit."""
        if isinstance(text, Timeframe):
            return text
        if isinstance(text, str) and (month := MONTH_ELSEWHERE.fullmatch(text.strip())):
            raise RepositoryError(f"timeframe {text!r}: write {month[1]}mo for months, {month[1]}m for minutes")
        found = PATTERN.fullmatch(text.strip().lower()) if isinstance(text, str) else None
        if found is None or int(found[1]) == 0:
            raise RepositoryError(
                f"unknown timeframe {text!r}: write a number and a unit, such as 5m, 1h, 1d, 1w, 1mo, 1q or 1y"
            )
        return cls(int(found[1]), found[2])

    @property
    def text(self) -> str:
        """The timeframe as it is written: "1d"."""
        return f"{self.count}{self.unit}"

    @property
    def seconds(self) -> float:
        """The length in seconds; months, quarters and years in their mean length."""
        if self.unit in SECONDS:
            return float(self.count * SECONDS[self.unit])
        return self.count * MONTHS[self.unit] * SECONDS_IN_A_MONTH

    @property
    def intraday(self) -> bool:
        """Whether a bar is shorter than a day, so that it needs times and not just dates."""
        return self.unit in {"s", "m", "h"}

    def __lt__(self, other: Timeframe) -> bool:
        return self.seconds < other.seconds

    def __le__(self, other: Timeframe) -> bool:
        return self.seconds <= other.seconds

    def __str__(self) -> str:
        return self.text

    def made_of(self, finer: Timeframe) -> bool:
        """Say whether every bar of this length is a whole number of `finer` bars.

        >>> Timeframe.parse("1mo").made_of(Timeframe.parse("1d")), Timeframe.parse("1mo").made_of(Timeframe.parse("1w"))
        (True, False)
        """
        if finer.unit in MONTHS:
            return self.unit in MONTHS and (self.count * MONTHS[self.unit]) % (finer.count * MONTHS[finer.unit]) == 0
        if self.unit in MONTHS:
            return DAY % finer.seconds == 0
        return self.seconds % finer.seconds == 0

    def bucket(self, ts: pl.Expr, tz: str = "UTC") -> pl.Expr:
        """The start of the bucket that holds `ts`, in the kind of `ts` (Date or Datetime).

        Days and longer begin at midnight of the time zone `tz`, weeks on Monday.
        """
        if tz == "UTC" or self.intraday:
            return ts.dt.truncate(self.text)
        return ts.dt.convert_time_zone(tz).dt.truncate(self.text).dt.convert_time_zone("UTC")

    def end(self, ts: pl.Expr, tz: str = "UTC") -> pl.Expr:
        """The instant at which the bucket that holds `ts` ends: the start of the next one."""
        if tz == "UTC" or self.intraday:
            return self.bucket(ts).dt.offset_by(self.text)
        return self.bucket(ts, tz).dt.convert_time_zone(tz).dt.offset_by(self.text).dt.convert_time_zone("UTC")

    def after(self, ts: pl.Expr, tz: str = "UTC") -> pl.Expr:
        """The instant at which the bar that begins at `ts` is over, also where bars do not begin on the hour."""
        return ts.dt.offset_by(self.text) if self.intraday else self.end(ts, tz)


def looked_at(sizes: pl.DataFrame) -> list[str]:
    """Of symbols with `rows` those with most, as many as are needed to tell a timeframe."""
    few = sizes.sort("rows", descending=True, maintain_order=True).head(20).sort("symbol")
    return few.filter(pl.col("rows").cum_sum() - pl.col("rows") < ROWS_LOOKED_AT)["symbol"].to_list()


def infer_timeframe(frame: pl.DataFrame) -> Timeframe:
    """Tell a frame's timeframe from its most frequent distance between a symbol's bars; a day where there is none.

    `frame` has columns symbol and ts (Date or Datetime), sorted by both.
    """
    head = frame.select("symbol", "ts").head(ROWS_LOOKED_AT)
    steps = head.select(
        step=pl.col("ts").diff().dt.total_seconds().filter(pl.col("symbol") == pl.col("symbol").shift(1))
    ).filter(pl.col("step") > 0)
    if steps.is_empty():
        return Timeframe(1, "d")
    seconds = steps.group_by("step").len().sort(["len", "step"], descending=[True, False])["step"][0]
    return named_after(int(seconds))


def named_after(seconds: int) -> Timeframe:
    """Name the timeframe whose bars usually begin that many seconds apart."""
    if seconds < DAY * 0.8:
        unit = next(unit for unit in ("h", "m", "s") if seconds % SECONDS[unit] == 0)
        return Timeframe(seconds // SECONDS[unit], unit)
    days = seconds / DAY
    for most, count, unit in ((5, 1, "d"), (10, 1, "w"), (45, 1, "mo"), (135, 1, "q"), (549, 1, "y")):
        if days < most:
            return Timeframe(count, unit)
    return Timeframe(round(days / 365.2425), "y")
