"""The page of functions, printed from the registry: `barsweep functions --markdown > docs/functions.md`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePosixPath
from typing import Final

from ...formulas import Function, Language, LibraryFunction
from .telling import example_call, example_lines, history_lines, same_name, text_of

SUBJECTS: Final = {
    "moments": "sums and spreads of windows",
    "spreads": "bands and ranges",
    "smoothing": "averages",
    "windows": "windows",
    "quantiles": "windows in order",
    "shapes": "shapes of windows",
    "distributions": "shapes of windows",
    "weights": "averages",
    "lengths": "lengths that vary",
    "trailing": "stops",
    "following": "events",
    "numbers": "arithmetic",
    "series": "prices made of prices",
    "logic": "logic and choice",
    "across": "across symbols",
    "candles": "parts of candles",
    "adaptive": "adaptive averages",
    "angles": "angles and logarithms",
    "swings": "swings and pivots",
    "pivots": "swings and pivots",
    "signals": "events",
}
"""Headings for the files in which functions are declared; the others bear the name of their file."""


def page(language: Language, library: str = "") -> str:
    """Every function of a library, or of those called by a plain name, as Markdown."""
    functions = language.functions
    names = functions.libraries[library] if library else functions.plain
    chosen = [functions[name] for name in names]
    calls = {each.name: example_call(language, each) for each in chosen}
    known = [call for call in calls.values() if call is not None]
    examples = dict(zip(known, example_lines(known), strict=True))
    command = " ".join(filter(None, ["barsweep functions --markdown", library]))
    parts = [f"# Functions{f' of {library}' if library else ''}", f"Printed by `{command}`: {len(chosen)} functions."]
    parts += [f"How values are defined is told in [the language](language.md). {_pages(language, library)}".strip()]
    for subject, several in _by_subject(chosen):
        parts.append(f"## {subject[0].upper()}{subject[1:]}")
        for function in several:
            parts += _entry(language, function, calls[function.name], examples)
    return "\n\n".join(parts) + "\n"


def _pages(language: Language, library: str) -> str:
    """Links to the other pages."""
    if library:
        return "[Functions without a library's name](functions.md)."
    others = [f"[{name}](functions_{name}.md)" for name in sorted(language.functions.libraries)]
    return f"Libraries called by name: {', '.join(others)}."


def _by_subject(functions: Iterable[Function]) -> Iterator[tuple[str, list[Function]]]:
    subjects: defaultdict[str, list[Function]] = defaultdict(list)
    for function in functions:
        subjects[subject_of(function)].append(function)
    for subject in sorted(subjects):
        yield subject, sorted(subjects[subject], key=lambda each: each.name)


def subject_of(function: Function) -> str:
    """What a function is about, told by the file that it stands in."""
    if isinstance(function, LibraryFunction):
        stem = PurePosixPath(function.path).stem
    else:
        stem = function.rule.__module__.rpartition(".")[2]
    return SUBJECTS.get(stem, stem.replace("_", " "))


def _entry(language: Language, function: Function, call: str | None, examples: dict[str, str]) -> Sequence[str]:
    lines = [f"### {function.name}", f"`{function.signature}`", function.doc.strip()]
    facts = history_lines(language, function, call)
    if call is not None:
        facts = [*facts, "", f"example  {examples[call]}"]
    lines.append("```text\n" + "\n".join(facts) + "\n```" if facts else "")
    others = same_name(language, function)
    if others:
        lines.append(f"Also: {', '.join(f'`{name}`' for name in others)}.")
    if isinstance(function, LibraryFunction):
        lines.append("```text\n" + text_of(function) + "\n```")
    return [line for line in lines if line]
