"""The page: the files of parts/ and the data in one document, which needs nothing beside it.

All data are JSON in elements that no browser runs, and scripts bring them to the screen as text. A content security
policy lets nothing else run or load: it names the two styles and scripts by their hashes, and no address at all.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Final

from .gathering import Gathered
from .packing import embedded

SCRIPTS: Final = ("unpacking.js", "table.js", "tree.js", "chart.js", "returns.js", "panels.js", "page.js")
LIBRARY: Final = "lightweight-charts.js"
PARTS: Final = "parts"


def page_of(gathered: Gathered) -> str:
    """The whole document."""
    style = part("page.css")
    library = part(LIBRARY) if gathered.page["view"] != "table" else ""
    script = "\n".join(['"use strict";', *map(part, SCRIPTS)])
    fields = {
        "policy": policy([style], [library, script]),
        "style": style,
        "library": library,
        "script": script,
        "page": embedded(gathered.page),
        "charts": "\n".join(_chart(place, gathered.charts.get(symbol)) for place, symbol in _places(gathered)),
    }
    return _filled(part("page.html"), fields)


def policy(styles: Iterable[str], scripts: Iterable[str]) -> str:
    """What the page may run and load: what is in it, and nothing else."""
    allowed = {
        "default-src": ["'none'"],
        "style-src": map(_hash, styles),
        "script-src": map(_hash, scripts),
        "img-src": ["data:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    return "; ".join(" ".join([name, *sources]) for name, sources in allowed.items())


@lru_cache
def part(name: str) -> str:
    """A file of the page's."""
    return files(__package__).joinpath(PARTS, name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}'"


def _places(gathered: Gathered) -> Iterable[tuple[int, str]]:
    return enumerate(gathered.page["table"]["symbols"])


def _chart(place: int, chart: str | None) -> str:
    """A symbol's chart; base64 cannot end the element that it stands in."""
    return "" if chart is None else f'<script type="application/json" id="chart-{place}">"{chart}"</script>'


def _filled(template: str, fields: dict[str, str]) -> str:
    """The template with its fields, each once and in their order: what a field holds is not looked at again."""
    pieces = []
    for name, text in sorted(fields.items(), key=lambda field: template.index(f"{{{{{field[0]}}}}}")):
        before, _, template = template.partition(f"{{{{{name}}}}}")
        pieces += [before, text]
    return "".join([*pieces, template])
