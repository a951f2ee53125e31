"""The hours of an exchange: when its days open and close, and which days there are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..errors import RepositoryError
from .instants import at_local, in_calendar, zone
from .options import assert_option, shown
from .timeframes import Timeframe

AROUND: Final = 15  # days
MONDAY_TO_FRIDAY: Final = (1, 2, 3, 4, 5)
WEEKDAYS: Final = "they are numbers from 1, Monday, to 7, Sunday"
# Columns that are made on the way, see `find_layout`.
SESSION_DAY: Final = "~session_day"
OPENING: Final = "~opening"
CLOSING: Final = "~closing"


@dataclass(frozen=True, init=False)
class Session:
    """The hours of an exchange in its time zone; `tz` None is the zone of the candles.

    `weekdays` are those with a session, 1 = Monday to 7 = Sunday, and `holidays` the dates without one. A session that
    closes at or before its opening hour has opened on the evening before, and belongs to the day of its close.

    >>> Session("09:30", "16:00", tz="America/New_York", holidays=["2024-07-04"])
    Session('09:30', '16:00', tz='America/New_York')
    """

    opens: dt.time
    closes: dt.time
    tz: str | None
    weekdays: tuple[int, ...]
    holidays: frozenset[dt.date]

    def __init__(
        self,
        opens: str | dt.time,
        closes: str | dt.time,
        *,
        tz: str | None = None,
        weekdays: Iterable[int] = MONDAY_TO_FRIDAY,
        holidays: Iterable[str | dt.date] = (),
    ) -> None:
        """Read what was given; raises RepositoryError for what is no time, date, weekday or zone."""
        if tz is not None:
            zone(tz)
        if isinstance(holidays, str):
            raise RepositoryError(f"holidays are several dates, this is a text: holidays=[{holidays!r}]")
        assert_option("holidays", holidays, Iterable, "a list of dates is needed")
        assert_option("weekdays", weekdays, Iterable, WEEKDAYS)
        listed = tuple(weekdays)
        if not listed or not all(isinstance(day, int) and 1 <= day <= 7 for day in listed):
            raise RepositoryError(f"weekdays are {shown(listed)}; {WEEKDAYS}")
        days = tuple(sorted(set(listed)))
        facts = {"opens": _time(opens), "closes": _time(closes), "tz": tz, "weekdays": days}
        for name, value in {**facts, "holidays": frozenset(map(_date, holidays))}.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"Session('{self.opens:%H:%M}', '{self.closes:%H:%M}', tz={self.tz!r})"

    @property
    def overnight(self) -> bool:
        """Whether it opens on the evening before its day."""
        return self.closes <= self.opens

    def days_of(self, ts: pl.Series, exchange: str) -> pl.DataFrame:
        """For each ts its session's day, and the instants when that opens and closes; null where no session is.

        An instant before the opening or after the close belongs to the session of its date all the same.
        """
        day = self._day(ts, exchange)
        held = day.dt.weekday().is_in(list(self.weekdays)) & ~day.is_in(sorted(self.holidays))
        day = day.set(~held.fill_null(value=False), None)
        return pl.DataFrame(
            {SESSION_DAY: day, OPENING: self.opening(day, exchange), CLOSING: self.closing(day, exchange)}
        )

    def opening(self, day: pl.Series, exchange: str) -> pl.Series:
        """The instants when the sessions of these days open."""
        return _at(day, self.opens, self.tz or exchange, days=-1 if self.overnight else 0)

    def closing(self, day: pl.Series, exchange: str) -> pl.Series:
        """The instants when the sessions of these days close."""
        return _at(day, self.closes, self.tz or exchange)

    def inside(self, ts: pl.Series, own: Timeframe, exchange: str) -> pl.Series:
        """Whether a bar of that length lies in a session, in part at least; a bar of a day on a day that has one."""
        rows = self._bars(ts, own, exchange)
        if not _has_hours(ts, own):
            return rows[SESSION_DAY].is_not_null()
        overlaps = (pl.col("ts") < pl.col(CLOSING)) & (pl.col("over") > pl.col(OPENING))
        return rows.select(overlaps.fill_null(value=False)).to_series()

    def known(self, ts: pl.Series, own: Timeframe, exchange: str) -> pl.Series:
        """The instant when each bar is over: at its end, or at the close of its last session where that is before."""
        if _has_hours(ts, own):
            counts = self.inside(ts, own, exchange).alias("counts")
            closes = pl.col("counts") & (pl.col(CLOSING) < pl.col("over"))
            rows = self._bars(ts, own, exchange).with_columns(counts)
            return rows.select(pl.when(closes).then(pl.col(CLOSING)).otherwise(pl.col("over"))).to_series()
        day = self._day(ts, exchange)
        ends = pl.select(own.end(pl.lit(day))).to_series()
        last = self._last_before(ends)
        closing, midnight = self.closing(last, exchange), _at(ends, dt.time(), self.tz or exchange)
        return closing.zip_with((last >= day).fill_null(value=False), midnight)

    def buckets(self, ts: pl.Series, timeframe: Timeframe, exchange: str) -> pl.DataFrame:
        """For each ts inside a session the `label`, the `begin` and the `end` of its bar of a longer timeframe.

        Hours are counted from the opening, and the last of them ends at the close. Days and longer have the labels that
        they have without a session; they begin with the opening of their first one and end with the close of the last.
        """
        days = self.days_of(ts, exchange)
        if timeframe.intraday:
            return self._hours(days.with_columns(ts.alias("ts")), int(timeframe.seconds * 1_000_000))
        label = pl.select(timeframe.bucket(pl.lit(days[SESSION_DAY]))).to_series()
        first = self._first_from(label)
        last = self._last_before(in_calendar(pl.select(timeframe.end(pl.lit(label))).to_series()))
        by_date = ts.dtype == pl.Date
        named = label if by_date else _at(label, dt.time(), self.tz or exchange)
        begin = first if by_date else self.opening(first, exchange)
        return pl.DataFrame({"label": named, "begin": begin, "end": self.closing(last, exchange)})

    def _hours(self, rows: pl.DataFrame, length: int) -> pl.DataFrame:
        """Buckets of so many microseconds from the opening on."""
        since = (pl.max_horizontal("ts", OPENING) - pl.col(OPENING)).dt.total_microseconds()
        label = pl.col(OPENING) + (since // length * length).cast(pl.Duration("us"))
        over = pl.min_horizontal(label + dt.timedelta(microseconds=length), CLOSING)
        return rows.select(label=label, begin=label, end=over)

    def _bars(self, ts: pl.Series, own: Timeframe, exchange: str) -> pl.DataFrame:
        """Each bar's ts, end, and session."""
        over = pl.select(pl.lit(ts).dt.offset_by(own.text)).to_series() if _has_hours(ts, own) else ts
        return self.days_of(ts, exchange).with_columns(ts.alias("ts"), over.alias("over"))

    def _day(self, ts: pl.Series, exchange: str) -> pl.Series:
        """The date to which each ts belongs."""
        if ts.dtype == pl.Date:
            return ts
        local = pl.lit(ts).dt.convert_time_zone(self.tz or exchange).dt.replace_time_zone(None)
        if self.overnight:
            local = local - _since_midnight(self.opens) + dt.timedelta(days=1)
        return pl.select(local.dt.date()).to_series()

    def _calendar(self, days: pl.Series) -> NDArray[np.datetime64]:
        """All days with a session around these, ascending."""
        first, last = days.min(), days.max()
        if not isinstance(first, dt.date) or not isinstance(last, dt.date):
            return np.zeros(0, "datetime64[D]")
        around = np.timedelta64(AROUND, "D")
        dates = np.arange(np.datetime64(first, "D") - around, np.datetime64(last, "D") + around)
        weekday = (dates.astype(np.int64) + 3) % 7 + 1  # 1970-01-01 was a Thursday
        return dates[
            np.isin(weekday, self.weekdays) & ~np.isin(dates, np.array(sorted(self.holidays), "datetime64[D]"))
        ]

    def _first_from(self, days: pl.Series) -> pl.Series:
        """The first day with a session at or after each day."""
        return self._found(days, 0)

    def _last_before(self, days: pl.Series) -> pl.Series:
        """The last day with a session before each day."""
        return self._found(days, -1)

    def _found(self, days: pl.Series, step: int) -> pl.Series:
        calendar = self._calendar(days)
        place = np.searchsorted(calendar, days.to_numpy().astype("datetime64[D]")) + step
        known = (place >= 0) & (place < calendar.size) & days.is_not_null().to_numpy()
        if not known.any():
            return days.clear(len(days))
        return pl.Series(calendar).cast(pl.Date).gather(np.where(known, place, 0)).set(pl.Series(~known), None)


def _has_hours(ts: pl.Series, own: Timeframe) -> bool:
    return ts.dtype != pl.Date and own.intraday


def _at(day: pl.Series, time: dt.time, tz: str, days: int = 0) -> pl.Series:
    """The instant of that time of day, so many days after each day."""
    naive = pl.lit(day).cast(pl.Datetime("us")) + dt.timedelta(days=days) + _since_midnight(time)
    return pl.select(at_local(naive, tz)).to_series()


def _since_midnight(time: dt.time) -> dt.timedelta:
    return dt.timedelta(hours=time.hour, minutes=time.minute, seconds=time.second)


def _time(given: str | dt.time) -> dt.time:
    try:
        return given if isinstance(given, dt.time) else dt.time.fromisoformat(given)
    except (TypeError, ValueError) as error:
        raise RepositoryError(f"{shown(given)} is no time of day: write it as 09:30") from error


def _date(given: str | dt.date) -> dt.date:
    try:
        found = dt.date.fromisoformat(given) if isinstance(given, str) else given
    except ValueError as error:
        raise RepositoryError(f"the holiday {given!r} is no date: write it as 2024-12-25") from error
    assert_option("holidays", found, dt.date, "a holiday is a date, or a text such as 2024-12-25")
    return found.date() if isinstance(found, dt.datetime) else found
