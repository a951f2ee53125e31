"""Foreign formula text: each dialect one module with its reader. Importing this package fills the registry."""

from __future__ import annotations

import difflib

from ...errors import ProcessingEngineError
from ..syntax import Formula
from . import alpha101, gtja191, qlib
from .declaring import DIALECTS, Dialect

__all__ = ["DIALECTS", "Dialect", "alpha101", "assert_dialect", "gtja191", "qlib", "read_foreign"]


def read_foreign(source: str, dialect: str) -> Formula:
    """The syntax tree of a formula written in a dialect.

    >>> read_foreign("Mean($close, 5)/$close", "qlib").result.left.name
    'qlib.mean'

    Raises FormulaError where the text is unsound, and ProcessingEngineError if there is no such dialect.
    """
    assert_dialect(dialect)
    return DIALECTS[dialect].read(source)


def assert_dialect(name: str | None) -> None:
    """Raise ProcessingEngineError if there is no dialect of that name; None is the language itself."""
    if name is None or (isinstance(name, str) and name in DIALECTS):
        return
    near = difflib.get_close_matches(str(name), DIALECTS, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(DIALECTS)}"
    raise ProcessingEngineError(f"there is no dialect {name!r}; {hint}")
