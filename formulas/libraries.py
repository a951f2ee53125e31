"""Formula files as functions: the library that comes with the package, and those of a user.

Files of the package are read when one of their functions is first looked for, and each definition is parsed when it
is first used: a formula pays for the functions that it calls. Each folder is a library, called by its name
(`talib.rsi(close, 14)`); files directly in `library/` hold the functions that need none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from .parsed import parsed_definition
from .syntax import Definition, Name, Record

SERIES_FILE: Final = "series.formula"
_ENDING: Final = ".formula"
_HEAD: Final = re.compile(r"^(?:#.*\n)*+def\s+(\w+)", re.MULTILINE)


class LibraryFunction:
    """A function written in the formula language.

    `name` is what it is called by, its library's name included. `source` and `path` are of the text that it stands in.
    """

    def __init__(self, name: str, source: str, path: str, definition: Definition | None = None) -> None:
        self.name, self.source, self.path = name, source, path
        if definition is not None:
            self.definition = definition

    def __repr__(self) -> str:
        return f"LibraryFunction({self.signature})"

    @cached_property
    def definition(self) -> Definition:
        """The definition as a tree."""
        return parsed_definition(self.source, self.path)

    @property
    def doc(self) -> str:
        """The comment above the definition."""
        return self.definition.doc

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of several outputs; empty where there is one value."""
        result = self.definition.result
        return tuple(name.name for name in result.names) if isinstance(result, Record) else ()

    @property
    def signature(self) -> str:
        """The call as the language writes it, with defaults."""
        shown = (
            p.name.name
            if p.default is None
            else f"{p.name.name}={self.source[p.default.span.start : p.default.span.end]}"
            for p in self.definition.parameters
        )
        return self.name if self.is_series else f"{self.name}({', '.join(shown)})"

    @property
    def series_defaults(self) -> dict[str, str]:
        """The parameters that are a series of the candle if they are not given, and which."""
        defaults = {p.name.name: p.default for p in self.definition.parameters}
        return {name: default.name for name, default in defaults.items() if isinstance(default, Name)}

    @property
    def is_series(self) -> bool:
        """Whether it is written without brackets, as hlc3 is."""
        return self.path == SERIES_FILE


class Library(Mapping[str, LibraryFunction]):
    """The functions of one folder's formula files, by the lower-case names that they are called by.

    Those whose own name begins with `_` are parts of others: they can be called, and are not listed.
    """

    def __init__(self, folder: Path, name: str = "") -> None:
        self._folder, self._name = folder, name

    def __getitem__(self, name: str) -> LibraryFunction:
        return self._functions[name]

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._functions if not name.rpartition(".")[2].startswith("_"))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @cached_property
    def _functions(self) -> dict[str, LibraryFunction]:
        prefix = f"{self._name}." if self._name else ""
        path = f"{self._name}/" if self._name else ""
        found: dict[str, LibraryFunction] = {}
        for file in sorted(self._folder.iterdir(), key=lambda each: each.name):
            if file.name.endswith(_ENDING):
                for name, text in cut_definitions(file.read_text(encoding="utf-8")):
                    assert prefix + name not in found, f"{file.name} defines {name} a second time"
                    found[prefix + name] = LibraryFunction(prefix + name, text, path + file.name)
        return found


def cut_definitions(source: str) -> Iterator[tuple[str, str]]:
    """The definitions of a file by name, each with the comment above it, on the lines where they stand in the file."""
    heads = list(_HEAD.finditer(source))
    ends = [*(head.start() for head in heads[1:]), len(source)]
    line = begin = 0
    for head, end in zip(heads, ends, strict=True):
        line += source.count("\n", begin, head.start())
        begin = head.start()
        yield head[1].lower(), "\n" * line + source[begin:end]


def own_libraries() -> tuple[Library, dict[str, Library]]:
    """The package's functions without a library's name, and its libraries by name; nothing of them is read yet."""
    folder = Path(__file__).with_name("library")
    named = {each.name: Library(each, each.name) for each in folder.iterdir() if _is_library(each)}
    return Library(folder), named


def _is_library(folder: Path) -> bool:
    return folder.is_dir() and folder.name.isidentifier() and not folder.name.startswith("_")
