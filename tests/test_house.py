"""The measures of the house: small files, small functions, full signatures, and documentation of every function."""

import ast
import re
from pathlib import Path

import pytest

from barsweep import functions

ROOT = Path(__file__).parents[1]
SOURCES = [ROOT / "__init__.py", ROOT / "__main__.py", ROOT / "errors.py"]
SOURCES += [path for part in ("data", "formulas", "engine") for path in sorted((ROOT / part).rglob("*.py"))]
OTHERS = [
    path
    for part in ("tests", "bench", "examples")
    for path in sorted((ROOT / part).rglob("*.py"))
    if ".venvs" not in path.parts  # the peers' own environments
]
MOST_LINES_OF_A_FILE = 300
MOST_LINES_OF_A_FUNCTION = 40
VAGUE = {"utils", "util", "helpers", "helper", "manager", "common", "misc"}


def functions_of(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(function):
    """Lines of a function from `def` on, its docstring left out."""
    lines = function.end_lineno - function.lineno + 1
    first = function.body[0]
    return lines - (first.end_lineno - first.lineno + 1 if ast.get_docstring(function) is not None else 0)


def shown(path, function=None):
    return f"{path.relative_to(ROOT)}" + (f": {function.name}" if function else "")


def test_files_are_small():
    sizes = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES + OTHERS}

    assert {name: lines for name, lines in sizes.items() if lines > MOST_LINES_OF_A_FILE} == {}


def test_functions_are_small():
    sizes = {shown(path, f): length(f) for path in SOURCES for f in functions_of(path)}

    assert {name: lines for name, lines in sizes.items() if lines > MOST_LINES_OF_A_FUNCTION} == {}


def test_functions_say_what_they_return():
    assert [shown(path, f) for path in SOURCES for f in functions_of(path) if f.returns is None] == []


def test_modules_that_are_named_are_there():
    """In a module's docstring: beside it, or by their place in the package."""
    named = {
        (path, name)
        for path in SOURCES
        for name in re.findall(r"\b[\w/]+\.py\b", ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
    }

    assert len(named) > 20
    missing = {(path, name) for path, name in named if not (path.parent / name).exists() and not (ROOT / name).exists()}
    assert [f"{shown(path)} names {name}" for path, name in missing] == []


def swallowed(path):
    """The lines of every place where an error ends: handlers that raise nothing, `suppress`, `ignore_errors`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.ExceptHandler() if not any(isinstance(each, ast.Raise) for each in ast.walk(node)):
                yield node.lineno, node.end_lineno
            case ast.With(items=items) if any("suppress(" in ast.unparse(item.context_expr) for item in items):
                yield node.lineno, node.body[0].end_lineno
            case ast.Call(keywords=keywords) if any(keyword.arg == "ignore_errors" for keyword in keywords):
                yield node.lineno, node.end_lineno


def reasons(path, first, last):
    """The comments on some lines, without what is said to the linter."""
    lines = path.read_text(encoding="utf-8").splitlines()[first - 1 : last]
    comments = [
        line.partition("  # ")[2] or line.strip().removeprefix("# ") * line.strip().startswith("#") for line in lines
    ]
    return [comment for comment in comments if comment and re.sub(r"noqa: [A-Z0-9, ]+", "", comment).strip(" -")]


def test_an_error_that_ends_somewhere_has_a_reason():
    """Said in a comment there. That it comes to pass is shown by a test each; coverage tells."""
    without = [
        f"{shown(path)}:{first}"
        for path in SOURCES
        for first, last in swallowed(path)
        if not reasons(path, first, last)
    ]

    assert without == []


def test_names_are_words_of_the_trade():
    assert [shown(path) for path in SOURCES + OTHERS if path.stem in VAGUE] == []


@pytest.mark.parametrize("name", sorted(functions()))
def test_functions_of_the_language_are_explained(name):
    """The first line of the doc is a sentence of its own: lists of functions show it alone."""
    first = functions()[name].doc.strip().split("\n")[0]

    assert len(first) >= 15
    assert first[0].isupper() or first.startswith(("`", "-"))
