"""Tables of what was measured: for the terminal, and as Markdown for the documentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from rich.table import Table

TITLES: Final = {
    "scan": "W1: one scan",
    "indicators": "W2: 25 indicator columns",
    "alpha101": "W3: 101 Formulaic Alphas",
    "alpha158": "W4: the 158 columns of Qlib's Alpha158",
    "rank": "W5: rank(close) across symbols",
}
HEADINGS: Final = ("peer", "way", "median s", "x ours", "best s", "x ours", "threads", "first run s", "results")
SCATTER: Final = 1.3  # on a machine that does nothing else, medians lie a few per cent above the best
Lines = Sequence[Mapping[str, Any]]


def reference(lines: Lines) -> Mapping[str, Any] | None:
    """The line that ratios refer to: barsweep with tiles, or without them where these failed."""
    ours = {line["label"]: line for line in lines if line["peer"] == "barsweep" and "seconds" in line}
    return ours.get('executor="tiles"') or ours.get('executor="polars"')


def rows(lines: Lines) -> list[tuple[str, ...]]:
    """A row for each line, the fastest first; those without a time last."""
    base = reference(lines)
    ordered = sorted(lines, key=lambda line: line.get("seconds", float("inf")))
    return [row(line, base) for line in ordered]


def row(line: Mapping[str, Any], base: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Seconds and what multiple of ours they are, of the median round and of the best."""
    figures = ["", "", "", ""]
    if "seconds" in line and base:
        each = [(line[name], line[name] / base[name]) for name in ("seconds", "best")]
        figures = [text for seconds, ratio in each for text in (f"{seconds:.4f}", f"{ratio:.2f}")]
    first = f"{line['first']:.2f}" if line.get("first") else ""
    return (line["peer"], line["label"], *figures, str(line["threads"]), first, outcome(line))


def scattered(lines: Lines) -> list[Mapping[str, Any]]:
    """Lines whose median lies far above their best round: their ratios are not to be trusted to the digit."""
    return [line for line in lines if "seconds" in line and line["seconds"] > SCATTER * line["best"]]


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
        table.add_column(heading, justify="right" if 2 <= at <= 7 else "left")
    for each in rows(lines):
        table.add_row(*each, style="bold" if each[0] == "barsweep" else None)
    return table


def markdown(headings: Sequence[str], body: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(headings) + " |", "|" + "---|" * len(headings)]
    return "\n".join([*lines, *("| " + " | ".join(each).replace("\n", " ") + " |" for each in body)])
