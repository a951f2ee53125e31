"""Points in time: from what people write and store to dates, or to instants in UTC."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from ..errors import RepositoryError
from .handing import column_of
from .layout import is_text
from .numbers_of_rows import Numbers, blocks
from .timeframes import Timeframe

Instant = dt.date | dt.datetime
Bound = dt.date | dt.datetime | str | None

MICROSECOND: Final = dt.timedelta(microseconds=1)
DAYS: Final = tuple((day - dt.date(1970, 1, 1)).days for day in (dt.date.min, dt.date.max))
TS: Final = pl.Datetime("us", "UTC")
# Whole numbers are read by their size: 20240131, or seconds, milliseconds, microseconds, nanoseconds since 1970.
TimeUnit: TypeAlias = Literal["s", "ms", "us", "ns"]
FARTHEST: Final = 2**63 - 2
EPOCHS: Final[tuple[tuple[int, TimeUnit], ...]] = ((10**11, "s"), (10**14, "ms"), (10**17, "us"), (FARTHEST, "ns"))
YEAR_FIRST: Final = r"^\d{4}[-/.]?\d"
DAY_OR_MONTH_FIRST: Final = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b")
HOURS: Final = ("%H", "%I", "%k", "%l", "%T", "%R", "%r", "%X", "%s")  # codes of strptime that tell the time of day


def zone(name: str) -> ZoneInfo:
    """The time zone of that name; RepositoryError if there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, TypeError, ValueError, OSError) as error:
        raise RepositoryError(f"unknown time zone {name!r}: write a name such as America/New_York") from error


def read_bound(bound: Bound) -> Instant | None:
    """Read a bound as a date or a datetime; ISO text is read, numpy's datetime64 unwrapped."""
    if isinstance(bound, str):
        try:
            return dt.date.fromisoformat(bound) if len(bound) <= 10 else dt.datetime.fromisoformat(bound)
        except ValueError as error:
            raise RepositoryError(f"cannot read {bound!r} as a date: write 2024-01-31 or 2024-01-31T09:30") from error
    if bound is None or isinstance(bound, dt.date):
        return bound
    unwrapped = getattr(bound, "item", lambda: bound)()
    if not isinstance(unwrapped, dt.date):
        raise RepositoryError(f"cannot read {bound!r} as a date: give a date, a datetime or ISO text")
    return unwrapped


@dataclass(frozen=True, slots=True)
class Bounds:
    """The first and the last ts asked for, both inclusive, in the kind of the stored ts; None is open."""

    first: Instant | None
    last: Instant | None

    @classmethod
    def read(cls, start: Bound, end: Bound, *, dates: bool, tz: str) -> Bounds:
        """Read bounds: a date stands for its whole day in `tz`, a datetime without zone is in `tz`."""
        known = zone(tz)
        first, last = read_bound(start), read_bound(end)
        if dates:
            return cls(day_of(first, known), day_of(last, known))
        return cls(instant_of(first, known), instant_of(last, known, closing=True))

    def filter(self) -> pl.Expr:
        """The rows inside."""
        inside = pl.lit(value=True)
        if self.first is not None:
            inside = inside & (pl.col("ts") >= self.first)
        return inside & (pl.col("ts") <= self.last) if self.last is not None else inside


def day_of(instant: Instant | None, tz: ZoneInfo) -> dt.date | None:
    """The date of an instant in a time zone."""
    if not isinstance(instant, dt.datetime):
        return instant
    return (instant if instant.tzinfo is None else in_zone(instant, tz)).date()


def instant_of(instant: Instant | None, tz: ZoneInfo, *, closing: bool = False) -> dt.datetime | None:
    """The instant in UTC; of a date its first moment, or with `closing` its last."""
    if instant is None:
        return None
    if isinstance(instant, dt.datetime):
        return in_zone(instant if instant.tzinfo is not None else instant.replace(tzinfo=tz), dt.UTC)
    day = shifted(instant, dt.timedelta(days=1)) if closing else instant
    if day is None:
        return dt.datetime.max.replace(tzinfo=dt.UTC)
    midnight = in_zone(dt.datetime(day.year, day.month, day.day, tzinfo=tz), dt.UTC)
    return midnight - MICROSECOND if closing else midnight


def in_zone(aware: dt.datetime, tz: dt.tzinfo) -> dt.datetime:
    """The same instant in another zone; where that lies in the year 0 or 10000, the end of the calendar."""
    try:
        return aware.astimezone(tz) if aware.microsecond else dt.datetime.fromtimestamp(aware.timestamp(), tz)
    except (OverflowError, ValueError):  # Python's dates end there, and no candle lies beyond
        edge = dt.date.min if aware.year == dt.MINYEAR else dt.date.max
        return dt.datetime.combine(edge, dt.time.min if edge == dt.date.min else dt.time.max, tz)


def shifted(instant: Instant, by: dt.timedelta) -> Instant | None:
    """The instant so much later; None, which is an open bound, where the calendar ends before."""
    try:
        return instant + by
    except OverflowError:  # Python's dates end there, and no candle lies beyond
        return None


def read_ts(frame: pl.DataFrame, tz: str, where: str, ends: Numbers | None = None) -> pl.Series:
    """The column ts as Date or Datetime in UTC, whatever it was stored as.

    What lies beyond the years 1 to 9999 is no time but a mark for none, such as DuckDB's infinity: it becomes null.
    `ends` are rows among which the first and the last time are, unless times turn out not to ascend between them.
    """
    stored = frame["ts"]
    dtype = stored.dtype
    if isinstance(dtype, pl.Datetime):
        return in_utc(stored, tz, ends)
    if dtype == pl.Date or stored.len() == stored.null_count():
        return in_calendar(stored.cast(pl.Date), ends)
    if dtype.is_numeric():
        return from_numbers(stored, where)
    if is_text(dtype):
        return from_text(stored.cast(pl.String), tz, where)
    raise RepositoryError(
        f"{where}: the time column holds {dtype}; dates, timestamps, ISO text or epoch numbers are read"
    )


def in_utc(stored: pl.Series, tz: str, ends: Numbers | None = None) -> pl.Series:
    """Timestamps in UTC and microseconds. Those without a zone are in `tz`; a repeated hour is the first."""
    own = getattr(stored.dtype, "time_zone", None)
    is_safe = (own or tz) == "UTC" and getattr(stored.dtype, "time_unit", None) != "ms"
    # other conversions end in a panic for times beyond the calendar: all are looked at ahead of them
    micro = in_calendar(stored, ends if is_safe else None).cast(pl.Datetime("us", own))
    if own is None:
        zone(tz)
        micro = micro.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null")
    moved = micro.dt.convert_time_zone("UTC")
    return moved if (own or tz) == "UTC" else in_calendar(moved)


def in_calendar(stored: pl.Series, ends: Numbers | None = None) -> pl.Series:
    """Dates or timestamps, null where they lie beyond the years 1 to 9999, or are the ends of what is stored.

    Where `ends` are told, only these rows are looked at first: others are found if times ascend between them, which is
    for the caller to see.
    """
    if stored.len() == stored.null_count():
        return stored
    first, last = DAYS
    ticks = {None: 1, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400 * 10**9}[
        getattr(stored.dtype, "time_unit", None)
    ]
    bounds = max(first * ticks, -FARTHEST), min((last + 1) * ticks - 1, FARTHEST)
    physical = stored.to_physical()
    if ends is None or not len(ends) or stored.null_count():
        least, most = extremes(physical)
    else:
        least, most = extremes(physical.gather(column_of("end", ends)))
    if bounds[0] <= least and most <= bounds[1]:
        return stored
    return stored.set(~physical.is_between(*bounds), None)


def extremes(whole: pl.Series) -> tuple[int, int]:
    """The least and the greatest of whole numbers, of which one at least is not null.

    >>> extremes(pl.Series([3, 1, 2]))
    (1, 3)
    """
    if whole.null_count():  # which NumPy, that is faster, does not know
        return whole.min(), whole.max()  # type: ignore[return-value]
    found = [(part.min(), part.max()) for part in (block.to_numpy() for block in blocks(whole))]
    return int(min(least for least, _ in found)), int(max(most for _, most in found))


def at_local(naive: pl.Expr, tz: str) -> pl.Expr:
    """Times of day in a time zone as instants in UTC; one that clocks skip, as some do midnight, is an hour later."""
    local, later = (
        moment.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null")
        for moment in (naive, naive + dt.timedelta(hours=1))
    )
    return pl.coalesce(local, later).dt.convert_time_zone("UTC")


def from_numbers(stored: pl.Series, where: str) -> pl.Series:
    """Whole numbers as dates (20240131) or as time since 1970."""
    if stored.dtype.is_float():
        stored = stored.set(~stored.is_finite(), None)
    if not stored.dtype.is_integer() and not (stored.drop_nulls() == stored.drop_nulls().floor()).all():
        raise RepositoryError(
            f"{where}: the time column holds fractions; write seconds or milliseconds since 1970 as whole numbers"
        )
    whole = stored.cast(pl.Int64, strict=False)
    whole = whole.set(~whole.is_between(-FARTHEST, FARTHEST), None)  # the ends of int64 are marks for no time
    least, most = int(whole.min() or 0), int(whole.max() or 0)  # type: ignore[arg-type]
    if least >= 19000101 and most <= 22991231:
        return whole.cast(pl.String).str.to_date("%Y%m%d", strict=False)
    unit = next(unit for limit, unit in EPOCHS if max(most, -least) <= limit)
    return in_utc(pl.select(pl.from_epoch(whole, unit)).to_series(), "UTC")


def from_text(stored: pl.Series, tz: str, where: str, date_format: str | None = None) -> pl.Series:
    """ISO text, or text in `date_format`, as dates or timestamps; RepositoryError shows the first text that is neither.

    Nothing is guessed from the values: 01/03/2022 is refused even where a 13th of the month says what is meant.
    """
    text = stored.str.strip_chars()
    known = text.drop_nulls()
    if date_format is not None:
        try:
            return in_format(text, tz, where, date_format)
        except RepositoryError:
            if not known.str.contains(YEAR_FIRST).all():  # ISO, as of another vendor's file
                raise
    if known.str.contains("^[0-9]{8}$").all():
        read = text.str.to_date("%Y%m%d", strict=False)
    elif known.str.contains(r"^[0-9]{9,}(\.[0-9]*)?$").all():
        return from_numbers(text.cast(pl.Float64 if known.str.contains(".", literal=True).any() else pl.Int64), where)
    else:
        try:
            read = from_iso(text, tz)
        except pl.exceptions.PolarsError as error:
            # Polars finds no format at all where not one text is a time
            raise unreadable(str(known[0]), where) from error
    unread = text.filter(read.is_null() & text.is_not_null())
    if unread.len():
        raise unreadable(unread[0], where)
    return read


def from_iso(text: pl.Series, tz: str) -> pl.Series:
    """Text that begins with the year, the rest null; 2024/01/31 and 2024.01.31 are read as well."""
    first = text.str.contains(YEAR_FIRST)
    iso = pl.select(pl.when(first).then(text)).to_series()
    if iso.str.slice(4, 1).is_in(["/", "."]).any():
        iso = iso.str.replace(r"^(\d{4})[/.](\d{1,2})[/.](\d{1,2})", "$1-$2-$3")
    known = iso.drop_nulls()
    if known.is_empty() or (known.str.len_chars() <= 10).all():
        return iso.str.to_date("%Y-%m-%d", strict=False)
    if known.str.contains(r"(Z|[+-]\d\d:?\d\d)$").all():
        return iso.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    return in_utc(iso.str.to_datetime(time_unit="us", strict=False), tz)


def in_format(text: pl.Series, tz: str, where: str, date_format: str) -> pl.Series:
    """Text that is written as `date_format` says: dates if it has no hours, else timestamps."""
    hours = any(code in date_format for code in HOURS)
    try:
        if "%z" in date_format:
            read = text.str.to_datetime(date_format, time_unit="us", time_zone="UTC", strict=False)
        elif hours:
            read = in_utc(text.str.to_datetime(date_format, time_unit="us", strict=False), tz)
        else:
            read = text.str.to_date(date_format, strict=False)
    except pl.exceptions.PolarsError as error:
        raise RepositoryError(f"date_format={date_format!r} cannot be read: write one such as %m/%d/%Y") from error
    unread = text.filter(read.is_null() & text.is_not_null())
    if unread.len():
        raise RepositoryError(f"{where}: {unread[0]!r} is not written as date_format={date_format!r} says")
    return read


def unreadable(text: str, where: str) -> RepositoryError:
    """The error of a time that cannot be read, with the way out."""
    if DAY_OR_MONTH_FIRST.match(text):
        return RepositoryError(
            f'{where}: {text!r} does not tell whether day or month comes first: say date_format="%m/%d/%Y" '
            'or "%d/%m/%Y" (or as it is written) to open_repository or import_candles, or write 2024-01-31'
        )
    return RepositoryError(
        f"{where}: cannot read {text!r} as the time of a bar; write 2024-01-31 or 2024-01-31T09:30:00, "
        'or say date_format="..." to open_repository or import_candles'
    )


def begin_of(ts: pl.Expr, timeframe: Timeframe, *, dates: bool) -> pl.Expr:
    """The beginning of a bar that is labelled with its end. A daily bar's date is both."""
    return timeframe.bucket(ts) if dates else ts.dt.offset_by(f"-{timeframe.text}")


def in_kind(frame: pl.DataFrame, *, dates: bool) -> pl.DataFrame:
    """Some rows alone may look like dates, or be none: give ts the kind that it has in the whole table."""
    ts = frame["ts"]
    if (ts.dtype == pl.Date) == dates:
        return frame
    kind = ts.cast(pl.Date) if dates else ts.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
    return frame.with_columns(kind)
