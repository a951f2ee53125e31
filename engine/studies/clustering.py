"""How matches bunch in time: by date over the whole market, and bar after bar within a symbol."""

from __future__ import annotations

import polars as pl

from ...data.handing import column_of
from ...errors import ProcessingEngineError
from ..bar_places import BarPlaces
from .counting import grouped, groups
from .studied import StudiedMatches

BAR = "~bar"


def clustering(result: StudiedMatches, gap: int) -> pl.DataFrame:
    """A row for each formula and point."""
    _assert_gap(gap)
    named, bars = groups(result), numbered_bars(result)
    calendar = bars["ts"].n_unique()
    matches = grouped(result, result.lazy.select("symbol", "ts", *result.tags), named).collect()
    runs = _runs(matches, bars, gap).group_by("~group").agg(pl.len().cast(pl.Int64).alias("episodes"))
    dates = matches.group_by("ts", "~group").agg(pl.len().cast(pl.Int64).alias("matches")).sort("ts")
    count, total = pl.col("matches"), pl.col("matches").sum()
    mean = total / calendar
    found = dates.group_by("~group").agg(
        total.alias("total"),
        pl.len().cast(pl.Int64).alias("dates"),
        pl.lit(calendar, pl.Int64).alias("calendar"),
        pl.col("ts").gather(count.arg_max()).first().alias("busiest"),
        count.max().alias("most"),
        (total**2 / (count**2).sum()).alias("effective_dates"),
        (((count**2).sum() - calendar * mean**2) / (calendar - 1) / mean).alias("dispersion")
        if calendar > 1
        else pl.lit(None, pl.Float64).alias("dispersion"),
    )
    joined = named.join(found, on="~group", how="left").join(runs, on="~group", how="left").sort("~group")
    none = [pl.col(name).fill_null(0) for name in ("dates", "most", "episodes")]
    counted = joined.with_columns(pl.lit(calendar, pl.Int64).alias("calendar"), pl.col("total").fill_null(0), *none)
    per = (pl.col("total") / pl.col("episodes")).fill_nan(None).alias("per_episode")
    names = ("dates", "calendar", "busiest", "most", "effective_dates", "dispersion", "episodes")
    return counted.select(*result.tags, pl.col("total").alias("matches"), *names, per)


def episodes(result: StudiedMatches, gap: int) -> pl.DataFrame:
    """A row for each run of matches of one symbol."""
    _assert_gap(gap)
    found = grouped(result, result.lazy.select("symbol", "ts", *result.tags), groups(result)).collect()
    runs = _runs(found, numbered_bars(result), gap)
    return runs.sort("symbol", "first", "~group").select("symbol", *result.tags, "first", "last", "bars", "matches")


def numbered_bars(result: StudiedMatches) -> pl.DataFrame:
    """The bars of the job's range: symbol, ts, and `~bar`, their number within the symbol."""
    symbols = result.outcomes.filter(pl.col("error_kind").is_null())["symbol"].unique().sort().to_list()
    if not symbols:
        return result.lazy.select("symbol", "ts").collect().clear().with_columns(pl.lit(0, pl.Int64).alias(BAR))
    bars = result.origin.candles(symbols, columns=())
    return bars.with_columns(column_of(BAR, BarPlaces(bars).within))


def _runs(matches: pl.DataFrame, bars: pl.DataFrame, gap: int) -> pl.DataFrame:
    """The runs of matches (symbol, ts, `~group`, tags): a new one begins more than `gap` bars after a match."""
    placed = BarPlaces(bars).looked_up(matches).sort("symbol", "~group", "ts")
    begins = (pl.col(BAR).diff() > gap).fill_null(value=True).over("symbol", "~group")
    tags = [name for name in matches.columns if name not in {"symbol", "ts", "~group"}]
    return (
        placed.with_columns(begins.cum_sum().alias("~run"))
        .group_by("symbol", "~group", "~run", *tags)
        .agg(
            pl.col("ts").min().alias("first"),
            pl.col("ts").max().alias("last"),
            (pl.col(BAR).max() - pl.col(BAR).min() + 1).alias("bars"),
            pl.len().cast(pl.Int64).alias("matches"),
        )
    )


def _assert_gap(gap: object) -> None:
    if not isinstance(gap, int) or isinstance(gap, bool) or gap < 1:
        raise ProcessingEngineError(f"gap is {gap!r}; a whole number of bars from 1 is needed: 1 is the next bar")
