"""CSV files: one table, or a folder with one file per symbol."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from ..errors import RepositoryError
from .layout import RECOGNISED

ENDINGS = frozenset({".csv", ".tsv", ".txt"})


def read_delimited(path: str | Path) -> pl.DataFrame:
    r"""Read a CSV file, or a folder of them, where files without a symbol column are named after their symbol.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "ACME.csv"
    >>> _ = path.write_text("date,close\n2024-01-02,1.5\n")
    >>> read_delimited(path.parent).rows()
    [('ACME', datetime.date(2024, 1, 2), 1.5)]
    """
    place = Path(path)
    if not place.is_dir():
        return read_file(place)
    files = sorted(file for file in place.iterdir() if file.suffix.lower() in ENDINGS and not file.name.startswith("."))
    return joined(with_symbol(read_file(file), file.stem) for file in files)


def read_file(path: Path) -> pl.DataFrame:
    """Read one file; the separator is the most frequent of tab, semicolon and comma in its first line."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as lines:
            heading = lines.readline()
        if not heading.strip():
            raise RepositoryError(f"{path} is empty")
        separator = max("\t;,", key=heading.count)
        symbols = {
            name.strip('"'): pl.String for name in heading.strip().split(separator) if is_symbol(name.strip('"'))
        }
        return pl.read_csv(
            path, separator=separator, try_parse_dates=True, infer_schema_length=10_000, schema_overrides=symbols,
            null_values=["", "NA", "N/A", "null", "NULL", "None", "-"],
        )  # fmt: skip
    except (pl.exceptions.PolarsError, OSError) as error:
        raise RepositoryError(f"{path} cannot be read as CSV: {error}", retryable=isinstance(error, OSError)) from error


def is_symbol(name: str) -> bool:
    """Whether a column holds symbols: text even where they look like numbers (000001)."""
    return name.strip().lower() in RECOGNISED["symbol"]


def with_symbol(frame: pl.DataFrame, symbol: str) -> pl.DataFrame:
    """The frame with the file's name as its symbol, unless it names symbols itself."""
    if any(is_symbol(name) for name in frame.columns):
        return frame
    return frame.select(pl.lit(symbol).alias("symbol"), pl.all())


def joined(frames: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """One table of all; columns that some lack are empty there, kinds that differ are widened."""
    found = list(frames)
    if not found:
        raise RepositoryError("the folder holds no .csv file")
    return pl.concat(found, how="diagonal_relaxed")
