"""The options that every repository of tables takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypedDict

from ..errors import RepositoryError
from .policies import CandlePolicy


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


def assert_options(columns: object, label: object, adjust: object, policy: object) -> None:
    """Raise RepositoryError for options that are of another kind, or say what there is not."""
    if columns is not None and not isinstance(columns, Mapping):
        raise RepositoryError(f'columns={columns!r}: a mapping is needed, {{"close": "Last"}}')
    if label not in {"start", "end"}:
        raise RepositoryError(f"label={label!r}: a bar is labelled by its 'start' or its 'end'")
    if adjust is not None and not isinstance(adjust, str):
        raise RepositoryError(f"adjust={adjust!r}: the name of a column is needed, or 'auto'")
    if policy is not None and not isinstance(policy, CandlePolicy):
        raise RepositoryError(f'policy={policy!r}: a CandlePolicy is needed, CandlePolicy(duplicate_ts="drop")')
