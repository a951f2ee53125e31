"""DaveSkender/Stock.Indicators: its workbooks, worked by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl

from .cases import COLUMNS, Case, Values, values
from .stock_indicators_sheets import LATE, UNCOVERED, WORKBOOKS, ZERO_IS_NONE

SOURCE = "Stock.Indicators workbooks"
__all__ = ["SOURCE", "UNCOVERED", "cases"]


def cases(reference: Path) -> Iterator[Case]:
    """Every column of the workbooks that a formula stands for."""
    cells = pl.read_parquet(reference / "stockindicators_excel_calc.parquet")
    quotes = pl.read_parquet(reference / "stockindicators_quotes.parquet").filter(pl.col("set") == "default")
    for (workbook, sheet), formulas in WORKBOOKS.items():
        own = cells.filter((pl.col("workbook") == workbook) & (pl.col("sheet") == sheet))
        table = own.pivot("column", index="row", values="value", aggregate_function="first").sort("row")
        columns = _columns(table, quotes)
        for column, formula in formulas.items():
            late = 26 if column == "chikou" else LATE.get((workbook, sheet), 0)
            expected = _said(table[column], workbook)
            yield Case(SOURCE, f"{workbook} {sheet}: {column}", "M", formula, columns, expected, late=late)


def _columns(table: pl.DataFrame, quotes: pl.DataFrame) -> dict[str, list[float | None]]:
    """Those of the sheet itself; what it lacks is that of the quotes it was made of."""
    columns = {name: table[name].to_list() for name in (*COLUMNS, "mrkt", "eval") if name in table.columns}
    if quotes.height == table.height:
        columns |= {name: quotes[name].to_list() for name in COLUMNS if name not in columns}
    return columns


def _said(column: pl.Series, workbook: str) -> Values:
    said = values(column)
    return np.where(said == 0, np.nan, said) if workbook in ZERO_IS_NONE else said
