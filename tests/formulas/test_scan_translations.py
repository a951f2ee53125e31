"""Real scans of four dialects, translated by hand: our language can say them, and says each in one way."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from barsweep.formulas.parse.parsing import parse
from barsweep.formulas.syntax import Assignment, Definition, Parameter

CASES = Path(__file__).parent / "cases" / "scans.txt"
RULER = "\n" + "-" * 40 + "\n"


def cases() -> list[tuple[str, str]]:
    blocks = CASES.read_text(encoding="utf-8").rstrip("\n").split(RULER)
    return [(name, formula) for name, _, formula in (block.partition("\n") for block in blocks[1:])]


def called(formula: str) -> set[str]:
    """Names before a bracket, found without the parser."""
    bare = re.sub(r"#[^\n]*|\"[^\"\n]*\"", "", formula).replace("（", "(")
    return set(re.findall(r"([^\W\d][\w.]*)\s*\(", bare)) - {"and", "or", "not"}


@pytest.mark.parametrize(("name", "formula"), cases())
def test_scan(name: str, formula: str) -> None:
    parsed = parse(formula)
    shown = repr(parsed)

    assert parsed.source == formula
    assert called(formula) == set(re.findall(r"Call\(name='([^']+)'", shown)) | {
        one.name.name for one in parsed.statements if isinstance(one, Definition)
    }
    assert formula.count("param ") == sum(isinstance(one, Parameter) for one in parsed.statements)
    for one in parsed.statements:
        if isinstance(one, Assignment):
            assert formula[one.span.start :].startswith(one.names[0].name)


def test_the_scans_are_real(shared_data: Path) -> None:
    """Each case stands for a scan of the collection, and every dialect has several."""
    with (shared_data / "formulas" / "scan_expressions.csv").open(encoding="utf-8", newline="") as file:
        known = {row["id"] for row in csv.DictReader(file)}
    names = [name for name, _ in cases()]

    assert set(names) <= known
    assert len(set(names)) == len(names)
    assert all(
        sum(name.startswith(dialect) for name in names) >= 8 for dialect in ("chartink", "afl", "tdx", "xscript")
    )
