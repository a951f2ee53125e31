"""Repositories as descriptions that JSON can hold, so that another process, or machine, opens the same candles.

A description says where the candles are and how they are read; candles are never part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from ..errors import RepositoryError
from .database import DuckDBRepository
from .delimited import DelimitedRepository
from .layout import UNTOLD
from .parquet import ParquetRepository
from .policies import CandlePolicy
from .repository import CandleRepository
from .store import CandleStore
from .tables import TableRepository

KINDS: Final[Mapping[str, type[TableRepository]]] = {
    "duckdb": DuckDBRepository,
    "parquet": ParquetRepository,
    "store": CandleStore,
    "csv": DelimitedRepository,
}
OWN_OPTIONS: Final = {"duckdb": ("table", "query", "settings"), "csv": ("date_format", "decimal")}


def describe(repository: CandleRepository) -> dict[str, Any]:
    """What opens the same candles elsewhere: kind, path and options.

    Raises RepositoryError for candles that only this process has.

    >>> import tempfile, polars as pl
    >>> path = Path(tempfile.mkdtemp()) / "candles.parquet"
    >>> pl.DataFrame({"symbol": ["A"], "date": ["2024-01-02"], "close": [1.0]}).write_parquet(path)
    >>> description = describe(ParquetRepository(path, tz="America/New_York"))
    >>> description["kind"], description["options"]
    ('parquet', {'tz': 'America/New_York'})
    >>> open_described(description).symbols("1d")
    ['A']
    """
    kind = next((name for name, each in KINDS.items() if type(repository) is each), None)
    if kind is None or not isinstance(repository, TableRepository):
        hint = "write them to a Parquet file, a store or a DuckDB file that all machines can read, and give its path"
        raise RepositoryError(f"a {type(repository).__name__} holds candles in this process alone: {hint}")
    path = Path(getattr(repository, "path", ""))
    options: dict[str, Any] = {
        "columns": dict(repository.mapping) or None,
        "tz": repository.tz,
        "label": None if repository.label == "start" else repository.label,
        "adjust": repository.adjust,
        "timeframe": None if repository.told_timeframe is None else repository.told_timeframe.text,
        "symbol": None if repository.single_symbol == UNTOLD else repository.single_symbol,
        "policy": None if repository.policy is None else asdict(repository.policy),
    }
    options |= {name: getattr(repository, name) or None for name in OWN_OPTIONS.get(kind, ())}
    return {
        "kind": kind,
        "path": str(path.expanduser().resolve()),
        "options": {name: value for name, value in options.items() if value is not None},
    }


def open_described(description: Mapping[str, Any]) -> TableRepository:
    """The repository of a description. Raises RepositoryError where there is nothing, or none of that kind."""
    kind = description["kind"]
    if kind not in KINDS:
        raise RepositoryError(f"there is no kind of repository {kind!r}; known are {', '.join(KINDS)}")
    options = dict(description["options"])
    if "policy" in options:
        options["policy"] = CandlePolicy(**options["policy"])
    opened: Any = KINDS[kind]
    repository: TableRepository = opened(description["path"], **options)
    return repository
