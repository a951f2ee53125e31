"""Opening what a command names: a formula's file, and candles with the options that were given."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ...data.looking import DATABASES
from ...data.opening import open_repository
from ...data.policies import KINDS, CandlePolicy
from ...data.repository import CandleRepository
from ...errors import ProcessingEngineError
from .misuse import UsageError, as_asked
from .saying import say
from .wording import in_options


def read_formula(given: str) -> str:
    """The formula itself, "@file.formula", or "-" for standard input; UsageError for a file of candles."""
    if given != "-" and not given.startswith("@"):
        if Path(given).suffix and os.path.exists(given):  # noqa: PTH110 - of any text, however long
            raise UsageError(f"{given} is a file, and no formula: the formula comes first, then the candles")
        return given
    source = "standard input" if given == "-" else f"the file {given[1:]}"
    try:
        return sys.stdin.read() if given == "-" else Path(given[1:]).read_text(encoding="utf-8")
    except OSError as error:
        raise ProcessingEngineError(f"{source} cannot be read: {error.strerror}") from error
    except ValueError as error:  # no UTF-8; or of a path, a NUL
        raise ProcessingEngineError(f"{source} cannot be read as text in UTF-8: {error}") from error


def given_options(
    column: Sequence[str] | None, policy: Sequence[str] | None = None, **options: str | None
) -> dict[str, Any]:
    """The options of a repository that were given on the line."""
    told = {"columns": read_pairs(column or ()) or None, "policy": read_policy(policy), **options}
    return {name: value for name, value in told.items() if value is not None}


def read_policy(given: Sequence[str] | None) -> CandlePolicy | None:
    """What is done with faulty rows, from kind=action; UsageError for what there is not.

    >>> read_policy(["duplicate_ts=drop"]).duplicate_ts
    'drop'
    """
    actions: dict[str, Any] = read_pairs(given or ())
    for kind in actions:
        if kind not in KINDS:
            raise UsageError(f"--policy {kind}: there is no such kind of faulty rows; known are {', '.join(KINDS)}")
    with as_asked():
        return CandlePolicy(**actions) if actions else None


@contextmanager
def opened(
    data: str,
    column: Sequence[str] | None = None,
    policy: Sequence[str] | None = None,
    *,
    table: str | None = None,
    **options: str | None,
) -> Iterator[CandleRepository]:
    """The repository of a path, with the `options` of `open_repository` that were given; closed afterwards."""
    if table is not None and Path(data).suffix.lower() not in DATABASES:
        raise UsageError(f"--table is for DuckDB files; {data} is none")
    repository = open_repository(data, **given_options(column, policy, table=table, **options))
    look_ahead = getattr(repository, "look_ahead", None)
    if callable(look_ahead):
        look_ahead()
    try:
        yield repository
    finally:
        tell_left_out(getattr(repository, "left_out", {}))
        close = getattr(repository, "close", None)
        if callable(close):
            close()


def tell_left_out(files: Mapping[str, str]) -> None:
    """Say which files of a folder could not be read, and why: their symbols are missing in all that comes out."""
    for reason in files.values():
        say(f"left out: {in_options(reason)}")


def read_pairs(given: Sequence[str]) -> dict[str, str]:
    """Names and values of name=value; UsageError where a name has two."""
    pairs: dict[str, str] = {}
    for name, value in map(read_pair, given):
        if name in pairs:
            raise UsageError(f"{name} is given twice, as {pairs[name]} and as {value}: give it once")
        pairs[name] = value
    return pairs


def read_pair(given: str) -> tuple[str, str]:
    """Name and value of name=value."""
    name, equals, value = given.partition("=")
    if not equals or not name.strip():
        raise UsageError(f"{given!r} is no setting; write name=value")
    return name.strip(), value.strip()
