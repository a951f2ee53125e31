"""Names: what they mean, and what to suggest for those that mean nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ..kinds import Kind

CANDLE_COLUMNS: Final = ("open", "high", "low", "close", "volume")
LETTERS: Final = dict(zip("ohlcv", CANDLE_COLUMNS, strict=True))
RESERVED: Final = frozenset({"symbol", "ts", "formula", "stale"})
"""Columns of the results: a named value would collide with them."""

SPECIAL_FORMS: Final = {
    "column": 'column("name")',
    "timeframe": 'timeframe("1w", x, forming=false)',
    "symbol": 'symbol("SPY", x)',
    "table": 'table("quarterly", x)',
    "bars_where": "bars_where(condition, x)",
}


LONGEST_SHOWN: Final = 60


def shortened(name: str) -> str:
    """A name as messages show it: nobody reads 90,000 letters."""
    return name if len(name) <= LONGEST_SHOWN else f"{name[:LONGEST_SHOWN]}..."


def suggestion(name: str, known: Iterable[str]) -> str:
    """The known name that is nearest to `name`, or an empty text. Blanks, case and underscores do not count.

    Nothing is near to a very long name, which nobody mistypes and which would take long to compare.
    """
    import difflib  # noqa: PLC0415 - for what is wrong alone

    known, bare = list(known), letters(name)
    same = [other for other in known if letters(other) == bare]
    if same or len(name) > LONGEST_SHOWN:
        return next(iter(same), "")
    nearest = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return nearest[0] if nearest else ""


def letters(name: str) -> str:
    """A name without case, blanks and underscores."""
    return "".join(filter(str.isalnum, name.lower()))


def columns_by_name(columns: Mapping[str, str] | None) -> dict[str, Kind]:
    """The columns that a formula may name. Without a list of the data's own: those of a candle."""
    if columns is None:
        return dict.fromkeys(CANDLE_COLUMNS, Kind.NUMBER)
    kinds = {"number": Kind.NUMBER, "boolean": Kind.BOOLEAN, "text": Kind.CATEGORY, "category": Kind.CATEGORY}
    return {name: kinds[kind] for name, kind in columns.items()}
