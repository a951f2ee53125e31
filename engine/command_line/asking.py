"""Reading what the user gave: formulas from the line, a file or standard input; lists and settings."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from ...data.opening import DATABASES, open_repository
from ...data.repository import CandleRepository
from ...data.sessions import Session
from ...errors import ProcessingEngineError
from ...formulas.limits import MOST_POINTS
from ..jobs import Setting, Values
from ..other_tables import named_tables
from ..sources import columns_of
from .misuse import UsageError

Columns: TypeAlias = Annotated[
    list[str] | None, typer.Option("--column", help="Where a column is not recognised: close=Last, repeatable.")
]
Table: TypeAlias = Annotated[str | None, typer.Option(help="The table or view of a DuckDB file that holds several.")]
DateFormat: TypeAlias = Annotated[str | None, typer.Option(help="How dates in CSV are written: %m/%d/%Y.")]
Decimal: TypeAlias = Annotated[str | None, typer.Option(help="The decimal mark of numbers in CSV: . or ,")]
Beside: TypeAlias = Annotated[
    list[str] | None, typer.Option(help='Another table for table("quarterly", x): quarterly=file.csv, repeatable.')
]
Hours: TypeAlias = Annotated[str | None, typer.Option(help="When the exchange opens and closes: 09:30-16:00, in --tz.")]
Zone: TypeAlias = Annotated[str | None, typer.Option(help="Time zone of times without one: America/New_York.")]
Dialect: TypeAlias = Annotated[
    str | None, typer.Option(help="The foreign language of the formula: qlib, alpha101, gtja191 ...")
]

Parameters: TypeAlias = Annotated[
    list[str] | None, typer.Option("--parameter", "-p", help="name=value, repeatable; 5..50 or 10,20 try several.")
]


def read_formula(given: str) -> str:
    """The formula itself, "@file.formula", or "-" for standard input."""
    if given != "-" and not given.startswith("@"):
        return given
    source = "standard input" if given == "-" else f"the file {given[1:]}"
    try:
        return sys.stdin.read() if given == "-" else Path(given[1:]).read_text(encoding="utf-8")
    except OSError as error:
        raise ProcessingEngineError(f"{source} cannot be read: {error.strerror}") from error
    except ValueError as error:  # no UTF-8; or of a path, a NUL
        raise ProcessingEngineError(f"{source} cannot be read as text in UTF-8: {error}") from error


def read_symbols(given: str | None) -> list[str] | None:
    """Symbols separated by commas, or "@file" with one a line; None means all."""
    if given is None:
        return None
    listed = read_formula(given).split("\n") if given.startswith("@") else given.split(",")
    symbols = [symbol.strip() for symbol in listed if symbol.strip()]
    if not symbols:
        raise UsageError("--symbols names none: write AAPL,MSFT or @file; leave it out for all")
    return symbols


def read_sweep(given: Sequence[str]) -> dict[str, Setting | Values]:
    """Parameters from name=value: numbers, true, false, else text.

    Several values are tried one by one: those of a list, or whole numbers from..to.

    >>> read_sweep(["length=20", "strict=true", "fast=3..5", "slow=20,50"])
    {'length': 20.0, 'strict': True, 'fast': [3.0, 4.0, 5.0], 'slow': [20.0, 50.0]}
    """
    return {name: _values(value) for name, value in read_pairs(given).items()}


def read_pairs(given: Sequence[str]) -> dict[str, str]:
    """Names and values of name=value; UsageError where a name has two."""
    pairs: dict[str, str] = {}
    for name, value in map(read_pair, given):
        if name in pairs:
            raise UsageError(f"{name} is given twice, as {pairs[name]} and as {value}: give it once")
        pairs[name] = value
    return pairs


def read_session(given: str | None) -> Session | None:
    """The hours of an exchange from 09:30-16:00."""
    if given is None:
        return None
    opens, dash, closes = given.partition("-")
    if not dash:
        raise ProcessingEngineError(f"{given!r} are no hours of an exchange; write them as 09:30-16:00")
    return Session(opens.strip(), closes.strip())


def read_tables(given: Sequence[str] | None) -> dict[str, str]:
    """Other tables from name=path."""
    return dict(map(read_pair, given or ()))


def table_kinds(given: Sequence[str] | None) -> dict[str, dict[str, str]]:
    """The columns of other tables, given as name=path."""
    return {name: dict(table.columns) for name, table in named_tables(read_tables(given)).items()}


def read_pair(given: str) -> tuple[str, str]:
    """Name and value of name=value."""
    name, equals, value = given.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{given!r} is no setting; write name=value")
    return name.strip(), value.strip()


def _values(text: str) -> Setting | Values:
    """One value; several, parted by commas; or the whole numbers from..to."""
    ends = text.split("..")
    if len(ends) == 2 and all(end.strip().lstrip("-").isdigit() for end in ends):
        first, last = map(int, ends)
        return [float(number) for number in range(first, min(last, first + MOST_POINTS) + 1)]
    return [_setting(each.strip()) for each in text.split(",")] if "," in text else _setting(text)


def _setting(value: str) -> Setting:
    if value.lower() in {"true", "false"}:
        return value.lower() == "true"
    try:
        return float(value)
    except ValueError:
        return value


def kinds_of(repository: CandleRepository, timeframe: str | None = None) -> dict[str, str]:
    """The columns that a formula can name; by default at the timeframe that is stored."""
    return dict(columns_of(repository, timeframe or str(getattr(repository, "stored", "1d"))))


def given_options(column: Sequence[str] | None, **options: str | None) -> dict[str, Any]:
    """The options of a repository that were given on the line."""
    columns = read_pairs(column or ())
    given: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
    return {**given, "columns": columns} if columns else given


@contextmanager
def opened(
    data: str, column: Sequence[str] | None = None, *, table: str | None = None, **options: str | None
) -> Iterator[CandleRepository]:
    """The repository of a path, with the `options` of `open_repository` that were given; closed afterwards."""
    if table is not None and Path(data).suffix.lower() not in DATABASES:
        raise UsageError(f"--table is for DuckDB files; {data} is none")
    repository = open_repository(data, **given_options(column, table=table, **options))
    try:
        yield repository
    finally:
        close = getattr(repository, "close", None)
        if callable(close):
            close()
