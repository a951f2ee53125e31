"""What went wrong, and what may have: for a page of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..results import BatchResult
from .points import Point


def trouble(result: BatchResult, points: Sequence[Point]) -> dict[str, Any]:
    """Errors by symbol, faulty candles by symbol and kind, and warnings of the formulas."""
    errors = [
        {"symbol": symbol, "kind": error.kind, "message": error.message, "rows": list(error.rows), "count": error.count}
        for symbol, error in result.errors.items()
    ]
    defects = [
        {"symbol": symbol, "kind": kind, "count": count}
        for symbol, kinds in _by_symbol(result).items()
        for kind, count in kinds.items()
    ]
    warnings = list(dict.fromkeys(warning for point in points for warning in point.described()["warnings"]))
    return {"errors": errors, "defects": defects, "totals": dict(result.defects), "warnings": warnings}


def _by_symbol(result: BatchResult) -> dict[str, Mapping[str, int]]:
    return {each.symbol: each.defects for each in result if each.defects}
