"""Cells that a spreadsheet would run as a formula when it opens a CSV file: whoever names a symbol could write one."""

from __future__ import annotations

from typing import Final

import polars as pl

RUN: Final = r"^[=+\-@\t\r]"
"""How a cell begins that is run; a tab or a carriage return is passed over."""
MARK: Final = "'"
"""What makes it a text."""


def guarded(table: pl.DataFrame) -> pl.DataFrame:
    """The table with an apostrophe ahead of such texts, headings included. Numbers are left alone.

    >>> guarded(pl.DataFrame({"symbol": ["AAPL", "=1+1"], "-x": [-1.0, 2.0]})).rows(named=True)
    [{'symbol': 'AAPL', "'-x": -1.0}, {'symbol': "'=1+1", "'-x": 2.0}]
    """
    texts = [name for name, dtype in table.schema.items() if dtype in {pl.String, pl.Categorical, pl.Enum}]
    safe = table.with_columns(_guarded(pl.col(name).cast(pl.String)).alias(name) for name in texts)
    names = pl.Series("name", table.columns, dtype=pl.String)
    headings = pl.DataFrame([names]).select(_guarded(pl.col("name"))).to_series()
    return safe.rename(dict(zip(table.columns, headings, strict=True)))


def _guarded(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(RUN)).then(pl.lit(MARK) + text).otherwise(text)
