"""docs/coverage.md: what the field's functions are called here. `python tests/oracles/covering.py` writes it.

coverage/functions.txt and coverage/scans.txt tell, a line each: `name = formula` that says it, `name ! reason` why not,
`name ~ reason` why there is nothing to say. A name that is not listed is said by the function of that name.
"""

from __future__ import annotations

import csv
import fnmatch
from collections import defaultdict
from pathlib import Path
from typing import NamedTuple

from barsweep.formulas import Language

FOLDER = Path(__file__).parent / "coverage"
PAGE = Path(__file__).parents[2] / "docs" / "coverage.md"
SHARED = Path(__file__).parents[3] / "shared"
KINDS = {**dict.fromkeys(["open", "high", "low", "close", "volume", "market cap"], "number"), "sector": "text"}
TABLES = {"quarterly": {"revenue": "number", "shares": "number"}}
LANGUAGE = Language()
DIALECTS = {"chartink": "Chartink", "afl": "AFL (AmiBroker)", "tdx": "TDX (Tongdaxin)", "xscript": "XScript"}


class Said(NamedTuple):
    """How a name is said (=), why it is not (!), or why there is nothing to say (~)."""

    mark: str
    text: str

    @property
    def shown(self):
        return f"`{self.text}`" if self.mark == "=" else self.text


def listed(file):
    """Name -> how it is said."""
    found = {}
    for line in (FOLDER / file).read_text(encoding="utf-8").splitlines():
        place, mark = min((line.find(f" {mark} "), mark) for mark in "=!~" if f" {mark} " in line)
        assert line[:place] not in found, line
        found[line[:place]] = Said(mark, line[place + 3 :])
    return found


def by_its_name(name, libraries):
    """The function of that name, in a library or without one, as a formula; or that there is none."""
    for each in (f"{library}{name.lower()}" for library in libraries):
        if each in LANGUAGE.functions:
            return Said("=", LANGUAGE.functions[each].signature)
    return Said("!", "")


def functions():
    """(category, name, how it is said) of all that functions.csv names."""
    told = listed("functions.txt")
    with (SHARED / "functions.csv").open(encoding="utf-8") as file:
        rows = [(row["category"], row["name"]) for row in csv.DictReader(file)]
    assert not told.keys() - {name for _, name in rows}
    return [(category, name, told.get(name) or by_its_name(name, ["", "talib."])) for category, name in rows]


def scans():
    """(dialect, name, uses, how it is said) of all functions that the collected scans use."""
    told = listed("scans.txt")
    with (SHARED / "data" / "formulas" / "scan_function_frequency.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            dialect = "xscript" if row["dialect"].startswith("xscript") else row["dialect"]
            full = f"{dialect} {row['function']}"
            key = next((each for each in told if each == full or ("*" in each[-1] and fnmatch.fnmatch(full, each))), "")
            libraries = ["tdx."] if dialect == "tdx" else []
            yield dialect, row["function"], int(row["uses"]), told.get(key) or by_its_name(row["function"], libraries)


def page():
    """The whole page as Markdown."""
    return "\n\n".join([*_head(), *_of_scans(), *_of_functions()]) + "\n"


def _head():
    yield "# Coverage"
    yield (
        "What functions of other libraries and scan languages are called here. Written by "
        "`python tests/oracles/covering.py`; a test checks every formula on this page. Values that differ are told in "
        "[the language](language.md#conventions-where-others-differ)."
    )


def _of_scans():
    rows = list(scans())
    yield "## Scan languages"
    yield (
        "The functions that collected scans of four languages use, weighted by how often. Settings, output, drawing "
        "and a script's own names are left out."
    )
    lines = ["| language | functions | said here | uses | said here, by use |", "|---|---:|---:|---:|---:|"]
    for dialect, title in DIALECTS.items():
        own = [(name, uses, said.mark) for each, name, uses, said in rows if each == dialect and said.mark != "~"]
        names, able = {name for name, *_ in own}, {name for name, _, mark in own if mark == "="}
        uses, sum_able = sum(uses for _, uses, _ in own), sum(uses for _, uses, mark in own if mark == "=")
        share = f"{100 * sum_able / uses:.1f} %"
        lines.append(f"| {title} | {len(names)} | {len(able)} | {uses:,} | {share} |")
    yield "\n".join(lines)
    missing = {(DIALECTS[dialect], name): said.text for dialect, name, _, said in rows if said.mark == "!"}
    yield "\n".join(
        ["| not said | why |", "|---|---|", *(f"| {where}: {name} | {why} |" for (where, name), why in missing.items())]
    )


def _of_functions():
    rows = functions()
    able = sum(said.mark == "=" for *_, said in rows)
    yield "## Functions of the field"
    yield f"Of {len(rows)} functions that libraries of the field have, {able} can be said."
    groups = defaultdict(list)
    for category, name, said in rows:
        groups[category].append((name, said))
    for category, several in groups.items():
        count = sum(said.mark == "=" for _, said in several)
        yield f"### {category.replace('_', ' ').capitalize()}: {count} of {len(several)}"
        lines = [
            f"| {name} | {said.shown if said.mark == '=' else f'not said: {said.text}'} |" for name, said in several
        ]
        yield "\n".join(["| function | here |", "|---|---|", *lines])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
