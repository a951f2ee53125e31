"""Prices made comparable over splits and dividends, by an adjusted close or by a column of factors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from ..errors import RepositoryError
from .layout import PRICES, Layout, listed, recognise, simplified, without_time
from .options import assert_option

ADJUSTED_CLOSES: Final = frozenset({"adjclose", "adjustedclose", "closeadj", "closeadjusted"})
FACTORS: Final = frozenset({"factor", "adjfactor", "adjustmentfactor"})
HINDSIGHT: Final = (
    "prices are adjusted with {source!r}: splits and dividends of later days are in earlier prices, "
    "so price levels (not ratios) know the future"
)


def find_adjustment(adjust: str | None, layout: Layout, where: str) -> str | None:
    """Find the column that adjusts: the adjusted close, or a factor by which prices are multiplied.

    `adjust` is None, "auto" (whichever of the two there is, or none), "adj_close", or the name of a factor column.
    """
    if adjust is None:
        return None
    names = {simplified(name): name for name in layout.columns}
    if adjust == "auto":
        return next((name for known, name in names.items() if known in ADJUSTED_CLOSES | FACTORS), None)
    if adjust in layout.columns:
        return adjust
    found = next((name for known, name in names.items() if known in ADJUSTED_CLOSES), None)
    if simplified(adjust) in ADJUSTED_CLOSES and found is not None:
        return found
    raise RepositoryError(f"{where} has no column {adjust!r} to adjust prices with; found: {listed(layout.types)}")


def columns_to_adjust(wanted: list[str], source: str | None, layout: Layout) -> list[str]:
    """The columns that must be read besides those wanted, so that the prices among them can be adjusted."""
    if source is None or not set(wanted) & set(PRICES):
        return []
    needed = [source, "close"] if simplified(source) in ADJUSTED_CLOSES else [source]
    return [name for name in needed if name not in wanted]


def adjust_prices(frame: pl.DataFrame, source: str | None) -> pl.DataFrame:
    """Multiply the prices by their factor. Without a usable factor a row has no prices: raw ones look like a crash."""
    prices = [name for name in PRICES if name in frame.columns]
    if source is None or not prices:
        return frame
    by_close = simplified(source) in ADJUSTED_CLOSES
    factor = pl.col(source) / pl.col("close") if by_close else pl.col(source)
    usable = pl.when(factor.is_finite() & (factor > 0)).then(factor)
    adjusted: Mapping[str, pl.Expr] = {name: pl.col(name) * usable for name in prices}
    if by_close:  # the adjusted close itself, not close times its quotient, which would round
        adjusted = {**adjusted, "close": pl.when(usable.is_not_null()).then(pl.col(source))}
    return frame.with_columns(**adjusted)


def add_factor_column(candles: pl.DataFrame, factors: pl.DataFrame, column: str = "factor") -> pl.DataFrame:
    """Give every candle the factor of its day, from a table of factors; use it with `adjust="factor"`.

    `factors` has symbol, date (the last day for which a row holds) and either `factor` or `price_factor` and
    `split_factor`, which are multiplied. Candles after a symbol's last row, and symbols without rows, have the factor
    1. Raises RepositoryError where the factors have no usable column, or the candles already have `column`.

    >>> from datetime import date
    >>> days = [date(2020, 8, day) for day in (27, 28, 31)]
    >>> candles = pl.DataFrame({"symbol": "AAPL", "date": days, "close": [500.0, 499.0, 129.0]})
    >>> factors = pl.DataFrame({"symbol": ["AAPL"], "date": [date(2020, 8, 28)], "factor": [0.25]})
    >>> add_factor_column(candles, factors)["factor"].to_list()
    [0.25, 0.25, 1.0]
    """
    assert_option("candles", candles, pl.DataFrame, "a Polars frame is needed")
    assert_option("factors", factors, pl.DataFrame, "a Polars frame is needed")
    if column in candles.columns:
        raise RepositoryError(f"the candles have a column {column!r} already: drop it, or name another with column=")
    parts = [name for name in ("factor", "price_factor", "split_factor") if name in factors.columns]
    if not parts:
        raise RepositoryError(
            f"the factors need a column factor, price_factor or split_factor; found: {', '.join(factors.columns)}"
        )
    for name in ("symbol", "date"):
        if name not in factors.columns:
            raise RepositoryError(f"the factors need a column {name}; found: {listed(factors.schema)}")
    if "symbol" not in candles.columns:
        raise RepositoryError(f"the candles need a column symbol; found: {listed(candles.schema)}")
    ts = recognise("ts", candles.schema, set(), "the candles")
    if ts is None:
        raise without_time(candles.schema, "the candles")
    factor = pl.reduce(lambda left, right: left * right, [pl.col(name).cast(pl.Float64) for name in parts])
    table = factors.select(pl.col("symbol").cast(pl.String), pl.col("date").alias("~day"), factor.alias(column))
    days = candles.with_row_index("~row").with_columns(pl.col(ts).cast(pl.Date).alias("~day"))
    joined = days.sort("~day").join_asof(
        table.sort("~day"), on="~day", by="symbol", strategy="forward", check_sortedness=False
    )
    return joined.sort("~row").drop("~row", "~day").with_columns(pl.col(column).fill_null(1.0))
