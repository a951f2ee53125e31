"""What a formula can call: the primitives, the library written in the language, and a user's own of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from typing import TypeAlias

from ..errors import FormulaError, Problem
from . import primitives as _declarations  # noqa: F401 - importing them fills the registry
from .declaring import PRIMITIVES, Primitive
from .parse import parse_library
from .syntax import Definition, Name, Record

SERIES_FILE = "series.formula"


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class LibraryFunction:
    """A function written in the formula language."""

    definition: Definition
    source: str
    path: str

    @property
    def name(self) -> str:
        """The name in the language."""
        return self.definition.name.name

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

    def __repr__(self) -> str:
        return f"LibraryFunction({self.signature})"

    @property
    def is_series(self) -> bool:
        """Whether it is written without brackets, as hlc3 is."""
        return self.path == SERIES_FILE


Function: TypeAlias = Primitive | LibraryFunction


class Functions(Mapping[str, Function]):
    """Functions by lower-case name. A library that redefines a name is an error, never a warning."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self._functions = dict(functions)

    def __getitem__(self, name: str) -> Function:
        return self._functions[name]

    def __repr__(self) -> str:
        return f"{len(self)} functions: {', '.join(sorted(self))}"

    def __iter__(self) -> Iterator[str]:
        return iter(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def with_library(self, source: str, path: str) -> Functions:
        """These functions and those of a library text. FormulaError if it is faulty or redefines a name."""
        functions = dict(self._functions)
        for definition in parse_library(source, path).definitions:
            name, span = definition.name.name.lower(), definition.name.span
            if name in functions:
                problem = Problem.at(
                    source, span.start, span.end, f"{name!r} is defined already", "choose another name"
                )
                raise FormulaError([problem], source, path)
            functions[name] = LibraryFunction(definition, source, path)
        return Functions(functions)

    def with_primitive(self, primitive: Primitive) -> Functions:
        """These functions and one more primitive. Raises ValueError if its name is taken."""
        if primitive.name in self._functions:
            message = f"there is a function {primitive.name!r} already: choose another name"
            raise ValueError(message)
        return Functions({**self._functions, primitive.name: primitive})


def built_in_functions() -> Functions:
    """The primitives that are called by name, and the library that comes with the package."""
    called = {name: primitive for name, primitive in PRIMITIVES.items() if not primitive.symbol}
    functions = Functions(called)
    folder = resources.files(__package__).joinpath("library")
    for file in sorted(folder.iterdir(), key=lambda each: each.name):
        if file.name.endswith(".formula"):
            functions = functions.with_library(file.read_text(encoding="utf-8"), file.name)
    return functions


OPERATORS = {primitive.symbol: primitive for primitive in PRIMITIVES.values() if primitive.symbol}
"""Primitives by their sign in the language."""

CHOICE = PRIMITIVES["if"]
"""The choice between two values."""

HISTORY = OPERATORS["[]"]
"""The value n bars ago, written x[n]."""
