"""What is said to a repository when it is made: the options of all tables, and a refusal of what is of another kind."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Final, Literal, TypedDict

from ..errors import RepositoryError
from .policies import CandlePolicy

LONGEST: Final = 60  # characters of what was given; more than that, a frame say, is told by its type


class TableOptions(TypedDict, total=False):
    """How a table is to be read; `open_repository` says what each option means."""

    columns: Mapping[str, str] | None
    tz: str | None
    label: Literal["start", "end"]
    adjust: str | None
    timeframe: str | None
    symbol: str
    policy: CandlePolicy | None


class TextOptions(TableOptions, total=False):
    """How a table of text is to be read: a CSV file, or a frame whose times are text."""

    date_format: str | None
    decimal: Literal[".", ","] | None


def shown(value: object) -> str:
    """What was given as a message shows it.

    >>> shown(["close"]), shown("x" * 100)
    ("['close']", 'a str')
    """
    text = repr(value)
    return text if len(text) <= LONGEST and "\n" not in text else f"a {type(value).__name__}"


def assert_option(name: str, value: object, kind: type | UnionType, wanted: str) -> None:
    """Raise RepositoryError, in the words `wanted`, unless the value of that name is of that kind."""
    if not isinstance(value, kind):
        raise RepositoryError(f"{name}={shown(value)}: {wanted}")


def assert_options(columns: object, label: object, adjust: object, policy: object, symbol: object) -> None:
    """Raise RepositoryError for options that are of another kind, or say what there is not."""
    names = [*columns, *columns.values()] if isinstance(columns, Mapping) else [] if columns is None else [None]
    if not all(isinstance(name, str) for name in names):
        raise RepositoryError(f'columns={shown(columns)}: a mapping is needed, {{"close": "Last"}}')
    if not isinstance(label, str) or label not in {"start", "end"}:
        raise RepositoryError(f"label={shown(label)}: a bar is labelled by its 'start' or its 'end'")
    assert_option("adjust", adjust, str | None, "the name of a column is needed, or 'auto'")
    assert_option("policy", policy, CandlePolicy | None, 'a CandlePolicy is needed, CandlePolicy(duplicate_ts="drop")')
    assert_option("symbol", symbol, str, "the name of the one symbol is needed")


def as_path(given: object) -> Path:
    """A path as it was given, `~` being a user's folder; raises RepositoryError for what is none."""
    assert_option("path", given, str | os.PathLike, "a text or a Path is needed")
    if not str(given) or "\0" in str(given):
        raise RepositoryError(f"path={given!r}: no file or folder is called so")
    try:
        return Path(given).expanduser()  # type: ignore[arg-type] # as just seen
    except RuntimeError as error:
        raise RepositoryError(f"{given}: there is no user of that name") from error
