"""The report of conformance: every reference, every case, and how many are equal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from . import (
    factors,
    jesse,
    lean,
    stock_indicators,
    stock_indicators_library,
    stockcharts,
    talib_regression,
    talib_runs,
    talipp,
    tulip,
)
from .judging import Judgement, judge
from .reasons import REASONS

MODULES = (
    stock_indicators,
    stock_indicators_library,
    stockcharts,
    lean,
    tulip,
    talib_regression,
    talib_runs,
    talipp,
    jesse,
)
UNCOVERED = {module.SOURCE: module.UNCOVERED for module in MODULES} | factors.UNCOVERED
KINDS = ("equal", "settles", "differs", "not in the library")
SHOWN = 110
"""Letters of a formula that the page shows; the JSON has all of them."""

GRADES = {
    "M": "worked by hand, in a spreadsheet or a book",
    "T": "another project's regression output",
    "R": "another project's code, run on candles given here",
}


def judgements(reference: Path) -> list[Judgement]:
    """One of each column of each reference; symbols of one formula are told together."""
    found = [judge(case) for module in MODULES for case in module.cases(reference)]
    return _together([*found, *factors.judgements(reference)])


def reason(judgement: Judgement) -> str:
    """Why it is not equal at every bar; empty where nothing is listed."""
    listed = REASONS.get((judgement.source, judgement.name), "")
    return listed or factors.reason(judgement.source, judgement.name)


def counts(found: Iterable[Judgement]) -> dict[str, Counter[str]]:
    """Reference: how many cases of each kind of verdict."""
    by_source: dict[str, Counter[str]] = {}
    for judgement in found:
        by_source.setdefault(judgement.source, Counter())[judgement.kind] += 1
    return by_source


def write(found: Sequence[Judgement], docs: Path) -> None:
    """docs/conformance.md and docs/conformance.json."""
    (docs / "conformance.md").write_text(page(found), encoding="utf-8")
    (docs / "conformance.json").write_text(json.dumps(machine_readable(found), indent=1) + "\n", encoding="utf-8")


def machine_readable(found: Sequence[Judgement]) -> dict[str, object]:
    """What the page says, with the whole formulas."""
    cases = [
        {
            "reference": judgement.source,
            "grade": judgement.grade,
            "case": judgement.name,
            "formula": judgement.formula,
            "bars": judgement.bars,
            "widest": None if judgement.kind == "not in the library" else float(f"{judgement.widest:.1e}"),
            "verdict": judgement.verdict,
            "reason": "" if judgement.verdict == "equal" else reason(judgement),
        }
        for judgement in found
    ]
    return {"counts": {source: dict(count) for source, count in counts(found).items()}, "cases": cases}


def page(found: Sequence[Judgement]) -> str:
    """The Markdown page: a table of counts, then one of cases for each reference."""
    parts = [_head(found), *(_section(source, found) for source in counts(found))]
    return "\n".join(parts)


def _together(found: Iterable[Judgement]) -> list[Judgement]:
    """Cases of one name and formula as one, with the worst verdict."""
    grouped: dict[tuple[str, str, str], list[Judgement]] = {}
    for judgement in found:
        grouped.setdefault((judgement.source, judgement.name, judgement.formula), []).append(judgement)
    return [_one(group) for group in grouped.values()]


def _one(group: Sequence[Judgement]) -> Judgement:
    worst = max(group, key=lambda judgement: KINDS.index(judgement.kind))
    bars, widest = sum(one.bars for one in group), max(one.widest for one in group)
    return Judgement(worst.source, worst.name, worst.grade, worst.formula, bars, widest, worst.verdict)


def _head(found: Sequence[Judgement]) -> str:
    by_source = counts(found)
    total = Counter({kind: sum(count[kind] for count in by_source.values()) for kind in KINDS})
    lines = [
        "# Conformance",
        "",
        "What others compute, beside what a formula says here. Written by `make conformance`, which needs the",
        "reference values that are kept beside the checkout.",
        "",
        "A case is one output of one call. It is equal if every bar of which the reference says something is, to the",
        "decimals that the reference gives, or else to 1e-9 of the value (factors: as their tests say). It settles if",
        "what begins otherwise is equal from some bar on. Where a reference follows another convention, the formula",
        "says that convention. The widest difference is relative, rounding of the reference included.",
        "",
        "Grades: " + "; ".join(f"{grade} {meaning}" for grade, meaning in GRADES.items()) + ".",
        "",
        "| reference | grade | cases | equal | settles | differs | not in the library |",
        "|---|---|--:|--:|--:|--:|--:|",
    ]
    for source, count in by_source.items():
        grades = "/".join(sorted({one.grade for one in found if one.source == source}))
        cells = " | ".join(str(count[kind]) for kind in KINDS)
        lines.append(f"| {source} | {grades} | {count.total()} | {cells} |")
    lines.append(f"| all | | {total.total()} | " + " | ".join(str(total[kind]) for kind in KINDS) + " |")
    return "\n".join([*lines, ""])


def _section(source: str, found: Sequence[Judgement]) -> str:
    lines = [f"## {source}", "", "| case | grade | bars | widest | verdict | formula |", "|---|---|--:|--:|---|---|"]
    for one in (judgement for judgement in found if judgement.source == source):
        why = "" if one.verdict == "equal" or not reason(one) else f": {reason(one)}"
        widest = "" if one.kind == "not in the library" else f"{one.widest:.0e}"
        formula = one.formula if len(one.formula) <= SHOWN else one.formula[:SHOWN] + " ..."
        lines.append(
            f"| {_cell(one.name)} | {one.grade} | {one.bars} | {widest} | {one.verdict}{why} | `{_cell(formula)}` |"
        )
    return "\n".join([*lines, "", *_uncovered(UNCOVERED.get(source, {}))])


def _uncovered(left_out: Mapping[str, str]) -> list[str]:
    if not left_out:
        return []
    return ["Not compared:", "", *(f"- {name}: {why}" for name, why in left_out.items()), ""]


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
