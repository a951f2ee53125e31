"""Numbers as vendors write them: decimal commas, thousands set apart, volumes such as 1.2M."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, TypeAlias

import polars as pl

from ..errors import RepositoryError

Decimal: TypeAlias = Literal[".", ","]

MARKS: Final[dict[Decimal, Decimal]] = {".": ",", ",": "."}  # decimal mark -> the mark between thousands
COMMA: Final = r"^\s*[+-]?[\d.]*\d,\d[\d.,]*\s*$"
SCALES: Final = {"K": 1e3, "M": 1e6, "B": 1e9}


def pattern(decimal: Decimal) -> str:
    """What a number looks like with that decimal mark: thousands are set apart everywhere in it, or nowhere."""
    return rf"^[+-]?(\d+|\d{{1,3}}(\{MARKS[decimal]}\d{{3}})+)(\{decimal}\d+)?$"


def fits(text: pl.Series, decimal: Decimal) -> bool:
    """Whether every value is a number with that decimal mark."""
    return bool(text.str.strip_chars().str.contains(pattern(decimal)).all())


def has_commas(column: pl.Series) -> bool:
    """Whether a column is text and holds a number with a comma, such as 155,34 or 992,912."""
    return column.dtype == pl.String and bool(column.str.contains(COMMA).any())


def decimal_of(columns: Iterable[pl.Series], *, apart: bool, where: str) -> Decimal:
    """The decimal mark of a table, by the columns whose values allow only one.

    Where all allow both (992,912), a comma between values that are themselves set apart by commas (`apart`) stands
    between thousands. Elsewhere nobody can tell, and RepositoryError asks.
    """
    found: dict[Decimal, str] = {}
    doubtful = ""
    for column in columns:
        known = column.drop_nulls()
        as_points, as_commas = fits(known, "."), fits(known, ",")
        if as_points != as_commas and known.len():
            mark: Decimal = "." if as_points else ","
            found.setdefault(mark, str(known.filter(~known.str.strip_chars().str.contains(pattern(MARKS[mark])))[0]))
        elif as_points and has_commas(known):
            doubtful = str(known.filter(known.str.contains(COMMA))[0])
    if len(found) == 1:
        return next(iter(found))
    if not found and apart:
        return "."
    shown = " and ".join(map(repr, found.values())) if found else repr(doubtful)
    raise RepositoryError(f'{where}: cannot tell the decimal mark of {shown}: say decimal="," or decimal="."')


def read_numbers(column: pl.Series, decimal: Decimal) -> pl.Series:
    """The column as numbers if every value is one, as booleans if every value is true or false, else as it is."""
    if column.dtype != pl.String or column.null_count() == column.len():
        return column
    text = column.str.strip_chars()
    plain = text.cast(pl.Float64, strict=False)
    if decimal == "." and plain.null_count() == column.null_count():
        return plain
    if fits(text.drop_nulls(), decimal):
        return written_plainly(text, decimal).cast(pl.Float64)
    if text.drop_nulls().str.to_lowercase().is_in(["true", "false"]).all():
        return text.str.to_lowercase() == "true"
    return column


def read_volumes(column: pl.Series, decimal: Decimal) -> pl.Series:
    """As `read_numbers`; 1.2K, 1.2M and 1.2B are thousands, millions and billions."""
    if column.dtype != pl.String:
        return column
    text = column.str.strip_chars().str.to_uppercase()
    figures = text.str.strip_suffix("K").str.strip_suffix("M").str.strip_suffix("B").str.strip_chars()
    if (figures == text).all() or not fits(figures.drop_nulls(), decimal):
        return read_numbers(column, decimal)
    scale = text.str.slice(-1).replace_strict(SCALES, default=1.0, return_dtype=pl.Float64)
    return written_plainly(figures, decimal).cast(pl.Float64) * scale


def written_plainly(text: pl.Series, decimal: Decimal) -> pl.Series:
    """The same numbers without marks between thousands and with a decimal point."""
    return text.str.replace_all(MARKS[decimal], "", literal=True).str.replace(decimal, ".", literal=True)
