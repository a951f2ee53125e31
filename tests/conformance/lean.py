"""QuantConnect/Lean: its indicator files, of StockCharts, TradingView, TA-Lib and others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from .cases import COLUMNS, Case, Values, at_bars, values
from .lean_files import DECIMALS, DIGITS, FILES, FIRST_BAR, UNCOVERED

SOURCE = "Lean files"
__all__ = ["SOURCE", "UNCOVERED", "cases"]
MANUAL = {"spy_with_adx.txt"}
"""Files of StockCharts' sheets."""


def cases(reference: Path) -> Iterator[Case]:
    """Every column that a formula stands for."""
    cells = pl.read_parquet(reference / "lean_indicator_data.parquet")
    for file, formulas in FILES.items():
        own = cells.filter(pl.col("file") == file)
        table = own.pivot("column", index="row", values="value", aggregate_function="first").sort("row")
        columns = {name.lower(): table[name].to_list() for name in table.columns if name.lower() in COLUMNS}
        for column, formula in formulas.items():
            expected = _said(table[column], FIRST_BAR.get((file, column), 0))
            grade = "M" if file in MANUAL else "T"
            digits = DIGITS.get(file)
            decimals = None if digits else DECIMALS.get(file, _decimals(expected))
            yield Case(SOURCE, f"{file}: {column}", grade, formula, columns, expected, decimals, digits)


def _said(column: pl.Series, first: int) -> Values:
    said = values(column)
    known = {int(bar): float(said[bar]) for bar in range(first, len(said)) if said[bar] == said[bar]}
    return at_bars(known, len(said))


def _decimals(expected: Values) -> int | None:
    """The most decimals that one of the numbers is written with; None where some have all of a float."""
    known = [float(number) for number in expected if number == number]
    digits = max(len(f"{number!r}".partition(".")[2].removesuffix("0")) for number in known)
    return digits if digits < 12 else None
