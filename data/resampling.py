"""Longer bars from shorter ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from .sessions import Session
from .timeframes import Timeframe

# Names that no column of a user's can have, see `find_layout`.
BUCKET: Final = "~bucket"
RUN: Final = "~run"
BUCKET_BEGIN: Final = "~bucket_begin"
BUCKET_END: Final = "~bucket_end"
FIRST_TS: Final = "~first_ts"
LAST_TS: Final = "~last_ts"
KNOWN: Final = "~known"


def resample(
    frame: pl.DataFrame,
    timeframe: Timeframe,
    columns: Sequence[str] | None = None,
    *,
    tz: str = "UTC",
    edges: bool = False,
    session: Session | None = None,
) -> pl.DataFrame:
    """Join the bars of each bucket: first open, highest high, lowest low, last close, summed volume, else the last.

    `frame` has symbol, ts and `columns` (default: all its others), sorted by (symbol, ts). The result has the same
    columns, `ts` is the bucket's start. Undefined values (null, NaN) are passed over; a bucket without any defined
    value is undefined. `edges=True` adds `~bucket_end` (the instant when the bucket is over), `~first_ts` and
    `~last_ts` (its first and last bar). With a `session`, of which all bars have to be, buckets are its own
    (`Session.buckets`), and `edges=True` adds `~bucket_begin` as well.

    >>> from datetime import date
    >>> days = pl.DataFrame({"symbol": "A", "ts": [date(2024, 1, day) for day in (4, 5, 8)], "close": [1.0, 2.0, 3.0]})
    >>> resample(days, Timeframe.parse("1w"))["close"].to_list()
    [2.0, 3.0]
    """
    names = [name for name in frame.columns if name not in {"symbol", "ts"}] if columns is None else list(columns)
    zone = "UTC" if frame.schema["ts"] == pl.Date else tz
    runs = in_runs(frame, timeframe, names, tz, session)
    extra = [pl.col("ts").first().alias(FIRST_TS), pl.col("ts").last().alias(LAST_TS)] if edges else []
    extra += [pl.col(BUCKET_BEGIN, BUCKET_END).first()] if edges and session else []
    joined = (
        runs.with_columns(pl.col(RUN).set_sorted())
        .group_by(RUN, maintain_order=True)
        .agg(pl.col("symbol").first(), pl.col(BUCKET).first(), *(joining(name) for name in names), *extra)
    )
    ends = [timeframe.end(pl.col("ts"), zone).alias(BUCKET_END)] if edges and not session else []
    return joined.drop(RUN).rename({BUCKET: "ts"}).with_columns(*ends)


def running(
    frame: pl.DataFrame,
    timeframe: Timeframe,
    columns: Sequence[str],
    *,
    tz: str = "UTC",
    session: Session | None = None,
) -> pl.DataFrame:
    """The bucket of each bar as it is known at that bar: first open, highest high so far, and so on; as `resample`.

    The rows are those of `frame`, with `~bucket` (its label), `~bucket_begin` (its start) and `~first_ts` (its first
    bar).

    >>> from datetime import date
    >>> days = pl.DataFrame({"symbol": "A", "ts": [date(2024, 1, day) for day in (4, 5, 8)], "volume": [1.0, 2.0, 4.0]})
    >>> running(days, Timeframe.parse("1w"), ["volume"])["volume"].to_list()
    [1.0, 3.0, 4.0]
    """
    runs = in_runs(frame, timeframe, columns, tz, session)
    made = [running_value(name).alias(name) for name in columns]
    known = pl.struct(pl.col("ts").first().alias(FIRST_TS), *made).over(RUN).alias(KNOWN)
    return runs.select("symbol", "ts", BUCKET, BUCKET_BEGIN, known).unnest(KNOWN)


def in_runs(
    frame: pl.DataFrame, timeframe: Timeframe, columns: Sequence[str], tz: str, session: Session | None = None
) -> pl.DataFrame:
    """Symbol, ts and columns with undefined values null, each row's bucket, and the number of its run of rows."""
    known = [pl.col(name).fill_nan(None) for name in columns if frame.schema[name].is_float()]
    if session is None:
        bucket = timeframe.bucket(pl.col("ts"), "UTC" if frame.schema["ts"] == pl.Date else tz)
        places = [bucket.alias(BUCKET), bucket.alias(BUCKET_BEGIN)]
    else:
        found = session.buckets(frame["ts"], timeframe, tz)
        pairs = zip(("label", "begin", "end"), (BUCKET, BUCKET_BEGIN, BUCKET_END), strict=True)
        places = [pl.lit(found[name]).alias(column) for name, column in pairs]
    marked = frame.select("symbol", "ts", *columns).with_columns(*known, *places)
    changed = (pl.col("symbol") != pl.col("symbol").shift(1)) | (pl.col(BUCKET) != pl.col(BUCKET).shift(1))
    return marked.with_columns(changed.fill_null(value=True).cum_sum().alias(RUN))


def running_value(name: str) -> pl.Expr:
    """How the bars of a bucket so far give one value of the column; within a run."""
    column = pl.col(name)
    match name:
        case "open":
            return pl.when(column.is_not_null().cum_sum() == 1).then(column).forward_fill()
        case "high":
            return column.cum_max().forward_fill()
        case "low":
            return column.cum_min().forward_fill()
        case "volume":
            return column.cum_sum().forward_fill()
        case _:
            return column.forward_fill()


def joining(name: str) -> pl.Expr:
    """How the bars of a bucket give one value of the column."""
    column = pl.col(name)
    match name:
        case "open":
            return column.first(ignore_nulls=True)
        case "high":
            return column.max()
        case "low":
            return column.min()
        case "volume":
            return pl.when(column.count() > 0).then(column.sum())
        case _:
            return column.last(ignore_nulls=True)


def ends_of_whole_bars(
    ends: pl.DataFrame, stored: Timeframe, timeframe: Timeframe, *, zone: str, dates: bool
) -> pl.DataFrame:
    """Of symbols with these ends, between which ts their longer bars are whole: symbol, first, last; those with any.

    A longer bar is not whole where the symbol's own data begin inside it; nor the last one before it is closed: by the
    end of the symbol's last stored bar, for nobody can tell that no further one comes.
    """
    first, last = pl.col("first"), pl.col("last")
    begin = first if stored.intraday else stored.bucket(first, zone)
    next_one, closes = timeframe.end(first, zone), timeframe.end(last, zone)
    bucket = timeframe.bucket(last, zone)
    previous = timeframe.bucket(bucket.dt.offset_by("-1d" if dates else "-1us"), zone)
    return ends.select(
        "symbol",
        first=pl.when(begin > timeframe.bucket(first, zone)).then(next_one).otherwise(timeframe.bucket(first, zone)),
        last=pl.when(stored.after(last, zone) >= closes).then(bucket).otherwise(previous),
    ).filter(pl.col("first") <= pl.col("last"))
