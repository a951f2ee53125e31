"""What a formula can call: the primitives, the library written in the language, and a user's own of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from ..errors import FormulaError, Problem
from . import primitives as _declarations  # noqa: F401 - importing them fills the registry
from .declaring import PRIMITIVES, Primitive
from .libraries import Library, LibraryFunction, own_libraries
from .parse import parse_library

Function: TypeAlias = Primitive | LibraryFunction


class Functions(Mapping[str, Function]):
    """Functions by lower-case name, those of a named library by `library.function`.

    A library that redefines a name is an error, never a warning.
    """

    def __init__(self, functions: Mapping[str, Function], plain: Library, libraries: Mapping[str, Library]) -> None:
        self._functions = dict(functions)
        self._plain = plain
        self._libraries = libraries

    def __getitem__(self, name: str) -> Function:
        if name in self._functions:
            return self._functions[name]
        library, dot, _ = name.rpartition(".")
        return self._libraries[library][name] if dot else self._plain[name]

    def __repr__(self) -> str:
        return f"{len(self)} functions: {', '.join(sorted(self))}"

    def __iter__(self) -> Iterator[str]:
        yield from self.plain
        for library in self._libraries.values():
            yield from library

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def plain(self) -> tuple[str, ...]:
        """The names of those that are called without a library's name."""
        return (*self._functions, *self._plain)

    @property
    def libraries(self) -> Mapping[str, Library]:
        """The named libraries."""
        return self._libraries

    def with_library(self, source: str, path: str) -> Functions:
        """These functions and those of a library text. FormulaError if it is faulty or redefines a name."""
        functions = dict(self._functions)
        for definition in parse_library(source, path).definitions:
            name, span = definition.name.name.lower(), definition.name.span
            if name in functions or name in self:
                problem = Problem.at(
                    source, span.start, span.end, f"{name!r} is defined already", "choose another name"
                )
                raise FormulaError([problem], source, path)
            functions[name] = LibraryFunction(definition.name.name, source, path, definition)
        return Functions(functions, self._plain, self._libraries)

    def with_primitive(self, primitive: Primitive) -> Functions:
        """These functions and one more primitive. Raises ValueError if its name is taken."""
        if primitive.name in self:
            message = f"there is a function {primitive.name!r} already: choose another name"
            raise ValueError(message)
        return Functions({**self._functions, primitive.name: primitive}, self._plain, self._libraries)


def built_in_functions() -> Functions:
    """The primitives that are called by name, and the library that comes with the package."""
    called = {name: each for name, each in PRIMITIVES.items() if not each.symbol and not each.form_of}
    return Functions(called, *own_libraries())


OPERATORS = {primitive.symbol: primitive for primitive in PRIMITIVES.values() if primitive.symbol}
"""Primitives by their sign in the language."""

CHOICE = PRIMITIVES["if"]
"""The choice between two values."""

HISTORY = OPERATORS["[]"]
"""The value n bars ago, written x[n]."""
