"""Declaring dialects: foreign formula text, and who reads it.

A dialect is a module of this package with one decorated function, text -> syntax tree. Every node of the tree bears its
place in the foreign text, so that whatever is found wrong later is underlined where the user wrote it. What a dialect
calls by name lives in a library of formulas: its tree calls `qlib.std`, and library/qlib says what that is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from ..freezing import frozen
from ..syntax import Formula

Reader: TypeAlias = Callable[[str], Formula]


@frozen
class Dialect:
    """A dialect: its name, the first line of its reader's documentation, and the reader."""

    name: str
    summary: str
    read: Reader


DIALECTS: Final[dict[str, Dialect]] = {}
"""Every dialect by its name, filled when `formulas.dialects` is imported."""


def dialect(name: str) -> Callable[[Reader], Reader]:
    """Declare the reader of a dialect. Raises ValueError if the name is taken."""

    def declare(read: Reader) -> Reader:
        if name in DIALECTS:
            raise ValueError(f"the dialect {name!r} is declared twice")
        DIALECTS[name] = Dialect(name, (read.__doc__ or "").split("\n")[0], read)
        return read

    return declare
