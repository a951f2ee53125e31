"""Names: what they mean, and what to suggest for those that mean nothing."""

from __future__ import annotations

import difflib
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

FOREIGN: Final = {
    "ref": "x[n] is the value n bars ago",
    "delay": "x[n] is the value n bars ago",
    "shift": "x[n] is the value n bars ago",
    "lag": "x[n] is the value n bars ago",
    "iif": "write condition ? a : b, or if(condition, a, b)",
    "iff": "write condition ? a : b, or if(condition, a, b)",
    "hhv": "here it is highest(x, n)",
    "llv": "here it is lowest(x, n)",
    "ts_max": "here it is highest(x, n)",
    "ts_min": "here it is lowest(x, n)",
    "ma": "here it is sma(x, n)",
    "mean": "here it is sma(x, n)",
    "avg": "here it is sma(x, n)",
    "average": "here it is sma(x, n)",
    "std": "here it is stdev(x, n)",
    "stddev": "here it is stdev(x, n)",
    "cross": "here it is crosses_above(a, b)",
    "crossover": "here it is crosses_above(a, b)",
    "crossunder": "here it is crosses_below(a, b)",
    "barssince": "here it is bars_since(condition)",
    "barslast": "here it is bars_since(condition)",
    "valuewhen": "here it is value_when(condition, x)",
    "na": "write defined(x) to ask whether there is a value, na for an undefined one",
    "isnan": "write not defined(x)",
    "ts_rank": "here it is rank_over(x, n)",
    "wilders": "here it is rma(x, n)",
    "tr": "here it is true_range()",
    "corr": "here it is correlation(x, y, n)",
    "delta": "here it is change(x, n)",
    "mom": "here it is momentum(x, n)",
    "security": 'here it is timeframe("1w", x), or symbol("SPY", x) for another symbol',
    "request.security": 'here it is timeframe("1w", x), or symbol("SPY", x) for another symbol',
}


def suggestion(name: str, known: Iterable[str]) -> str:
    """The known name that is nearest to `name`, or an empty text. Blanks, case and underscores do not count."""
    known = list(known)
    same = [other for other in known if _letters(other) == _letters(name)]
    if same:
        return same[0]
    nearest = difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.6)
    return nearest[0] if nearest else ""


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def columns_by_name(columns: Mapping[str, str] | None) -> dict[str, Kind]:
    """The columns that a formula may name. Without a list of the data's own: those of a candle."""
    if columns is None:
        return dict.fromkeys(CANDLE_COLUMNS, Kind.NUMBER)
    kinds = {"number": Kind.NUMBER, "boolean": Kind.BOOLEAN, "text": Kind.CATEGORY, "category": Kind.CATEGORY}
    return {name: kinds[kind] for name, kind in columns.items()}
