"""Longer bars from shorter ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import polars as pl

from .timeframes import Timeframe

# Names that no column of a user's can have, see `find_layout`.
BUCKET: Final = "~bucket"
RUN: Final = "~run"
BUCKET_END: Final = "~bucket_end"
FIRST_TS: Final = "~first_ts"
LAST_TS: Final = "~last_ts"


def resample(
    frame: pl.DataFrame,
    timeframe: Timeframe,
    columns: Sequence[str] | None = None,
    *,
    tz: str = "UTC",
    edges: bool = False,
) -> pl.DataFrame:
    """Join the bars of each bucket: first open, highest high, lowest low, last close, summed volume, else the last.

    `frame` has symbol, ts and `columns` (default: all its others), sorted by (symbol, ts). The result has the same
    columns, `ts` is the bucket's start. Undefined values (null, NaN) are passed over; a bucket without any defined
    value is undefined. `edges=True` adds `~bucket_end` (the instant when the bucket is over), `~first_ts` and
    `~last_ts` (its first and last bar).

    >>> from datetime import date
    >>> days = pl.DataFrame({"symbol": "A", "ts": [date(2024, 1, day) for day in (4, 5, 8)], "close": [1.0, 2.0, 3.0]})
    >>> resample(days, Timeframe.parse("1w"))["close"].to_list()
    [2.0, 3.0]
    """
    names = [name for name in frame.columns if name not in {"symbol", "ts"}] if columns is None else list(columns)
    zone = "UTC" if frame.schema["ts"] == pl.Date else tz
    known = [pl.col(name).fill_nan(None) for name in names if frame.schema[name].is_float()]
    marked = frame.select("symbol", "ts", *names).with_columns(
        *known, timeframe.bucket(pl.col("ts"), zone).alias(BUCKET)
    )
    changed = (pl.col("symbol") != pl.col("symbol").shift(1)) | (pl.col(BUCKET) != pl.col(BUCKET).shift(1))
    runs = marked.with_columns(changed.fill_null(value=True).cum_sum().alias(RUN))
    extra = [pl.col("ts").first().alias(FIRST_TS), pl.col("ts").last().alias(LAST_TS)] if edges else []
    joined = (
        runs.with_columns(pl.col(RUN).set_sorted())
        .group_by(RUN, maintain_order=True)
        .agg(pl.col("symbol").first(), pl.col(BUCKET).first(), *(joining(name) for name in names), *extra)
    )
    ends = [timeframe.end(pl.col("ts"), zone).alias(BUCKET_END)] if edges else []
    return joined.drop(RUN).rename({BUCKET: "ts"}).with_columns(*ends)


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
