"""Longer bars from shorter ones."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from .timeframes import Timeframe


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
    value is undefined. `edges=True` adds `bucket_end` (the instant when the bucket is over), `first_ts` and `last_ts`
    (its first and last bar).

    >>> from datetime import date
    >>> days = pl.DataFrame({"symbol": "A", "ts": [date(2024, 1, day) for day in (4, 5, 8)], "close": [1.0, 2.0, 3.0]})
    >>> resample(days, Timeframe.parse("1w"))["close"].to_list()
    [2.0, 3.0]
    """
    names = [name for name in frame.columns if name not in {"symbol", "ts"}] if columns is None else list(columns)
    zone = "UTC" if frame.schema["ts"] == pl.Date else tz
    known = [pl.col(name).fill_nan(None) for name in names if frame.schema[name].is_float()]
    marked = frame.select("symbol", "ts", *names).with_columns(*known, bucket=timeframe.bucket(pl.col("ts"), zone))
    changed = (pl.col("symbol") != pl.col("symbol").shift(1)) | (pl.col("bucket") != pl.col("bucket").shift(1))
    runs = marked.with_columns(run=changed.fill_null(value=True).cum_sum()).with_columns(pl.col("run").set_sorted())
    extra = [pl.col("ts").first().alias("first_ts"), pl.col("ts").last().alias("last_ts")] if edges else []
    joined = runs.group_by("run", maintain_order=True).agg(
        pl.col("symbol").first(), pl.col("bucket").first(), *(joining(name) for name in names), *extra
    )
    ends = [timeframe.end(pl.col("ts"), zone).alias("bucket_end")] if edges else []
    return joined.drop("run").rename({"bucket": "ts"}).with_columns(*ends)


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
