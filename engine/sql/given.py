"""The caller's own tables: frames, and files that are read by Polars when a query names them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Final

import polars as pl
import pyarrow as pa

from ...data.delimited import ENDINGS as DELIMITED
from ...data.delimited import read_heading
from ...data.frames import to_polars
from ...data.layout import RECOGNISED
from ...errors import ProcessingEngineError, RepositoryError
from ...formulas.freezing import frozen
from ..other_tables import named_tables, opened_tables
from .tables import CANDLES, distinct

PARQUET: Final = ".parquet"


@frozen(slots=False)
class OwnTable:
    """A table by its name in queries."""

    name: str
    source: object

    @cached_property
    def frame(self) -> pl.DataFrame:
        """Its rows. Raises RepositoryError where nothing can be read."""
        try:
            path = Path(self.source).expanduser() if isinstance(self.source, str | Path) else None
            frame = to_polars(self.source) if path is None else _read(path)
            if any("\0" in name for name in frame.columns):
                raise RepositoryError("a column has a NUL in its name, which DuckDB cannot show: rename it")
            return frame.rename(dict(zip(frame.columns, distinct(frame.columns), strict=True)))
        except RepositoryError as error:
            raise RepositoryError(f"the table {self.name!r}: {error}", retryable=error.retryable) from error
        except (OSError, UnicodeDecodeError, pl.exceptions.PolarsError) as error:
            raise RepositoryError(f"the table {self.name!r} cannot be read: {error}") from error

    @property
    def arrow(self) -> pa.Table:
        """The rows as DuckDB reads them, without a copy."""
        return self.frame.to_arrow(compat_level=pl.CompatLevel.newest())


def own_tables(tables: Mapping[str, object] | None) -> dict[str, OwnTable]:
    """The tables by their names in small letters, in which DuckDB sees no difference.

    Raises ProcessingEngineError for names that a query could not tell apart.
    """
    found: dict[str, OwnTable] = {}
    for name, table in named_tables(tables).items():
        if name.lower() == CANDLES:
            raise ProcessingEngineError(f"no table can be called {name!r}: in queries the candles are called so")
        if not name or "\0" in name or name.startswith("~"):
            raise ProcessingEngineError(f"a table cannot be called {name!r}: no query could name it")
        if name.lower() in found:
            other = found[name.lower()].name
            raise ProcessingEngineError(
                f"the tables {other!r} and {name!r} are one name for DuckDB: rename one of them"
            )
        found[name.lower()] = OwnTable(name, table.source)
    return found


def formula_tables(tables: Mapping[str, object] | None) -> dict[str, Mapping[str, str]]:
    """Of the tables those that formulas can read as well, with table("quarterly", eps): their columns."""
    found: dict[str, Mapping[str, str]] = {}
    with opened_tables(tables) as opened:
        for name, table in opened.items():
            with suppress(RepositoryError):
                # it has no time from which a row is known, or is no table: queries may still read it
                found[name] = dict(table.columns)
    return found


def _read(path: Path) -> pl.DataFrame:
    """The rows of a file. Symbols stay texts, whatever they look like."""
    if not path.is_file():
        raise RepositoryError(f"no such file: {path}", retryable=True)
    ending = path.suffix.lower()
    if ending == PARQUET:
        return pl.read_parquet(path)
    if ending not in DELIMITED:
        raise RepositoryError(f"{path} does not tell what kind of file it is: .csv and .parquet are read")
    heading = read_heading(path)
    texts = {name: pl.String for name in heading.names if _is_symbol(name, RECOGNISED["symbol"])}
    return pl.read_csv(path, separator=heading.separator, try_parse_dates=True, schema_overrides=texts)


def _is_symbol(name: str, known: Collection[str]) -> bool:
    return name.strip().lower() in known
