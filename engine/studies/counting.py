"""Matches counted by date and by symbol."""

from __future__ import annotations

from typing import Any

import polars as pl

from ..sweeps import expanded
from .studied import StudiedMatches


def groups(result: StudiedMatches) -> pl.DataFrame:
    """Every formula and point that was asked for, in that order: the columns of `tags` and `~group`, the place."""
    rows = [tags for tags in expanded(result.origin.job).tags.values() if tags] or [{}]
    columns = {name: pl.Series([row.get(name) for row in rows], strict=False) for name in result.tags}
    return pl.DataFrame({**columns, "~group": pl.int_range(len(rows), dtype=pl.Int64, eager=True)})


def grouped(result: StudiedMatches, frame: pl.LazyFrame, named: pl.DataFrame) -> pl.LazyFrame:
    """A frame with the columns of `tags`, and with `~group`, the place of the row's formula and point."""
    if not result.tags:
        return frame.with_columns(pl.lit(0, pl.Int64).alias("~group"))
    kinds: Any = {name: dtype for name, dtype in frame.collect_schema().items() if name in result.tags}
    return frame.join(named.cast(kinds).lazy(), on=list(result.tags), how="left", nulls_equal=True)


def by_date(result: StudiedMatches) -> pl.DataFrame:
    """The matches of each date that has any."""
    found = grouped(result, result.lazy.select("ts", *result.tags), groups(result))
    counted = found.group_by("ts", "~group", *result.tags).agg(pl.len().cast(pl.Int64).alias("matches"))
    return counted.sort("ts", "~group").drop("~group").collect()


def by_symbol(result: StudiedMatches) -> pl.DataFrame:
    """The matches of each symbol."""
    named = groups(result)
    found = grouped(result, result.lazy.select("symbol", "ts", *result.tags), named)
    counted = found.group_by("symbol", "~group").agg(
        pl.len().cast(pl.Int64).alias("matches"), pl.col("ts").min().alias("first"), pl.col("ts").max().alias("last")
    )
    symbols = result.outcomes.filter(pl.col("error_kind").is_null()).select("symbol", "bars")
    symbols = symbols.unique("symbol", keep="first", maintain_order=True).with_row_index("~place")
    every = symbols.join(named, how="cross").lazy()
    matches = pl.col("matches").fill_null(0)
    return (
        every.join(counted, on=["symbol", "~group"], how="left")
        .sort("~place", "~group")
        .select(
            "symbol",
            *result.tags,
            matches,
            "bars",
            pl.when(pl.col("bars") > 0).then(matches / pl.col("bars")).alias("share"),
            "first",
            "last",
        )
        .collect()
    )
