"""Everything that a page shows of a result, put together."""

from __future__ import annotations

from dataclasses import field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Final, Literal, TypeAlias

from ...formulas.freezing import frozen
from ..limits import whole
from ..other_tables import close
from ..results import BatchResult, counted
from .drawing import Drawer, Drawings
from .points import Point, busiest, points_of
from .returns import Returns
from .showing import BUDGET
from .table import MatchTable, match_table
from .trouble import trouble

View: TypeAlias = Literal["report", "table", "chart"]
MOST_POINTS: Final = 8
"""Of a sweep or of many formulas so many, those with most matches, are laid open and drawn."""


@frozen(slots=False)
class Gathered:
    """What a page shows: `page` at once, `charts` (packed, by symbol) when somebody looks."""

    page: dict[str, Any]
    charts: dict[str, str] = field(default_factory=dict)


def gather(
    result: BatchResult,
    view: View = "report",
    symbol: str | None = None,
    *,
    most: int,
    budget: int = BUDGET,
) -> Gathered:
    """Read what the page needs beside the matches: candles, indicators and the parts of the formulas.

    `symbol` shows one symbol alone. Of more matches than `most` the newest are shown. The charts take no more than
    `budget` bytes: symbols have fewer bars, down to 250, and then those with the oldest matches go without.
    """
    table = match_table(result, whole("matches", most, least=0), symbol)
    if view == "table":
        return Gathered(_page(result, view, table))
    page, every = _page(result, view, table), points_of(result.origin)
    points = busiest(every, table.frame, MOST_POINTS)
    returns = Returns(max(1, len(points)))
    try:
        drawings = Drawer(result.origin, points, table, whole("budget", budget, least=0)).draw(returns)
        page["trouble"] = trouble(result, points)
    finally:
        if result.origin.opened:
            close(result.origin.repository)
    page["points"] = [
        {**point.described(), "lines": lines} for point, lines in zip(points, drawings.lines, strict=False)
    ]
    page["returns"] = returns.described()
    page["notes"] += _notes(every, points, drawings)
    return Gathered(page, drawings.charts)


def _page(result: BatchResult, view: View, table: MatchTable) -> dict[str, Any]:
    """What is known without looking at candles."""
    job, notes = result.origin.job, []
    if table.frame.height < table.total:
        notes.append(f"Of {counted(table.total, 'match')} the newest {table.frame.height:,} are shown.")
    formulas = [
        {"name": name if job.several else "", "source": formula.source, "dialect": formula.dialect or ""}
        for name, formula in job.formulas.items()
    ]
    return {
        "view": view,
        "made": datetime.now(UTC).isoformat(" ", "minutes"),
        "version": version("barsweep"),
        "formulas": formulas,
        "summary": result.summary(),
        "facts": _facts(result),
        "counts": dict(result.counts),
        "intraday": table.intraday,
        "table": table.described(),
        "points": [],
        "returns": [],
        "trouble": trouble(result, ()),
        "notes": notes,
    }


def _facts(result: BatchResult) -> list[tuple[str, str]]:
    """The job in words."""
    job, counts = result.origin.job, result.counts
    bounds = " to ".join(str(each) for each in (job.bounds.start or "the first bar", job.bounds.end or "the last bar"))
    facts = [
        ("timeframe", job.timeframe),
        ("bars", "the last one of each symbol" if job.latest else bounds),
        ("symbols", f"{counts['symbols']:,}"),
        ("bars looked at", f"{counts['bars']:,}"),
        ("bars read", f"{counts['loaded']:,}"),
        ("matches", f"{counts['matches']:,}"),
        ("symbols with errors", f"{counts['errors']:,}"),
        ("time", f"{result.elapsed:.2f} s"),
    ]
    settings = ", ".join(f"{name} = {value}" for name, value in (job.parameters or {}).items())
    return [*facts, *([("parameters", settings)] if settings else [])]


def _notes(every: list[Point], points: list[Point], drawings: Drawings) -> list[str]:
    """What is not shown, and why."""
    notes = []
    if len(points) < len(every):
        found = f"Of {len(every):,} formulas or settings the {len(points)} with most matches"
        notes.append(f"{found} are laid open and drawn; the table has the matches of all.")
    if drawings.left_out:
        left = counted(len(drawings.left_out), "symbol")
        notes.append(
            f"{left} without a chart, those with the oldest matches: report(path, budget=...) has room for more."
        )
    return notes
