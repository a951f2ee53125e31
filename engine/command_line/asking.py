"""Reading what the user gave: formulas from the line, a file or standard input; lists and settings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import suppress

from ...data.repository import CandleRepository
from ...data.sessions import Session
from ...errors import ProcessingEngineError
from ...formulas.limits import MOST_POINTS
from ..jobs import Setting, Values
from ..other_tables import opened_tables
from ..sources import columns_of, timeframe_of
from .misuse import UsageError
from .opening import read_formula, read_pair, read_pairs


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


def read_values(given: Sequence[str]) -> dict[str, int | float | bool | str | dt.date]:
    """Values of a query from name=value: numbers, true, false, dates, else text.

    >>> read_values(["n=20", "since=2017-01-03", "code=000001"])
    {'n': 20, 'since': datetime.date(2017, 1, 3), 'code': '000001'}
    """
    return {name: _value(text) for name, text in read_pairs(given).items()}


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
    with opened_tables(read_tables(given)) as tables:
        return {name: dict(table.columns) for name, table in tables.items()}


def _values(text: str) -> Setting | Values:
    """One value; several, parted by commas; or the whole numbers from..to."""
    ends = text.split("..")
    if len(ends) == 2 and all(end.strip().lstrip("-").isdigit() for end in ends):
        first, last = map(int, ends)
        return [float(number) for number in range(first, min(last, first + MOST_POINTS) + 1)]
    return [_setting(each.strip()) for each in text.split(",")] if "," in text else _setting(text)


def _value(text: str) -> int | float | bool | str | dt.date:
    """A number only where nothing is lost: symbols may be digits that begin with 0."""
    if text.isdigit():
        return int(text) if str(int(text)) == text else text
    if len(text) == len("2017-01-03"):
        with suppress(ValueError):  # no date, so a text
            return dt.date.fromisoformat(text)
    return _setting(text)


def _setting(value: str) -> Setting:
    if value.lower() in {"true", "false"}:
        return value.lower() == "true"
    try:
        return float(value)
    except ValueError:  # a text then: params can be texts
        return value


def kinds_of(repository: CandleRepository, timeframe: str | None = None) -> dict[str, str]:
    """The columns that a formula can name; by default at the timeframe that is stored."""
    return dict(columns_of(repository, timeframe or timeframe_of(repository)))
