"""The options that every repository of tables takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypedDict

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
