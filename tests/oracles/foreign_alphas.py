"""The collections of foreign formulas and their inputs, as shared data has them, and how values are compared."""

from typing import NamedTuple

import numpy as np
import polars as pl


def formulas(shared_data, collection):
    """Name -> text of one collection: alpha101, gtja191, alpha158, alpha360."""
    listed = pl.read_csv(shared_data / "formulas" / "factor_expressions.csv").filter(pl.col("set") == collection)
    return dict(listed.select("name", "expression").iter_rows())


def candles(shared_data):
    """60 symbols without gaps over 1,258 dates; vwap is (high + low + close) / 3."""
    return pl.read_parquet(shared_data / "reference" / "factor_input_60_symbols.parquet")


def reference(shared_data, name):
    return pl.read_parquet(shared_data / "reference" / name).sort("symbol", "date")


def at_dates_of(ours, theirs):
    """Our values at the symbols and dates of the reference, in its order."""
    dated = ours.with_columns(pl.col("ts").cast(pl.Date).alias("date"))
    kept = dated.join(theirs.select("symbol", "date"), on=["symbol", "date"], how="semi").sort("symbol", "date")
    assert kept.select("symbol", "date").equals(theirs.select("symbol", "date"))
    return kept


class Compared(NamedTuple):
    """At how many bars both have a value, how many of these are off, and where only one has a value."""

    both: int
    off: int
    ours_alone: int
    theirs_alone: int


def compare(ours, theirs, tolerance, scale):
    """Off are values that differ by more than `tolerance` of the larger of the two and of `scale`."""
    mine, other = (values.cast(pl.Float64).fill_null(np.nan).to_numpy() for values in (ours, theirs))
    known, said = np.isfinite(mine), np.isfinite(other)
    both = known & said
    size = np.fmax(np.fmax(np.abs(mine), np.abs(other)), scale)
    off = np.abs(mine - other)[both] > tolerance * size[both]
    return Compared(int(both.sum()), int(off.sum()), int((known & ~said).sum()), int((said & ~known).sum()))
