"""Tables of what was measured: for the terminal, and as Markdown for the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.table import Table

TITLES: Final = {
    "scan": "W1: one scan",
    "indicators": "W2: 25 indicator columns",
    "rank": "W3: rank(close) across symbols",
}
HEADINGS: Final = ("peer", "way", "seconds", "best", "x barsweep", "threads", "first run", "results")
Lines = Sequence[Mapping[str, Any]]


def reference(lines: Lines) -> float | None:
    """What ratios refer to: barsweep's own time with tiles, or without them where these failed."""
    ours = {line["label"]: line["seconds"] for line in lines if line["peer"] == "barsweep" and "seconds" in line}
    return ours.get('executor="tiles"') or ours.get('executor="polars"')


def rows(lines: Lines) -> list[tuple[str, ...]]:
    """A row for each line, the fastest first; those without a time last."""
    base = reference(lines)
    ordered = sorted(lines, key=lambda line: line.get("seconds", float("inf")))
    return [row(line, base) for line in ordered]


def row(line: Mapping[str, Any], base: float | None) -> tuple[str, ...]:
    times = ("", "", "", str(line["threads"]), "")
    if "seconds" in line:
        ratio = f"{line['seconds'] / base:.2f}" if base else ""
        times = (f"{line['seconds']:.4f}", f"{line['best']:.4f}", ratio, str(line["threads"]), f"{line['first']:.2f}")
    return (line["peer"], line["label"], *times, outcome(line))


def outcome(line: Mapping[str, Any]) -> str:
    """How the results compare, in a few words."""
    verdict = line["verdict"]
    if line["error"]:
        return f"failed: {line['error']}"
    if verdict["faults"]:
        more = len(verdict["faults"]) - 1
        return f"differ, not timed: {verdict['faults'][0]}" + (f" and {more} more" if more else "")
    if not verdict["compared"]:
        return "not compared: known to differ"
    words = ["same", *verdict["excused"]]
    if verdict["missing"]:
        words.append(f"without {', '.join(verdict['missing'])}")
    return "; ".join(words)


def peers_table(lines: Lines, workload: str) -> Table:
    """For the terminal."""
    table = Table(title=TITLES[workload], title_justify="left", box=None, header_style="bold", pad_edge=False)
    for at, heading in enumerate(HEADINGS):
        table.add_column(heading, justify="right" if 2 <= at <= 6 else "left")
    for each in rows(lines):
        table.add_row(*each, style="bold" if each[0] == "barsweep" else None)
    return table


def markdown(headings: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return "\n".join([*lines, *("| " + " | ".join(each).replace("\n", " ") + " |" for each in body)])
