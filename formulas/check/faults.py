"""Gathering the faults of a formula, each reported where the user can mend it.

A fault inside library code is reported at the user's call, with the library's line as a note.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import FormulaError, Problem
from ..freezing import frozen
from ..limits import MOST_PROBLEMS
from ..syntax import Call, Span


@frozen
class _Inside:
    """A library function being inlined: its source, and where the user called it."""

    function: str
    source: str
    path: str
    call: Span


class Faults:
    """The problems found so far in one source, and the warnings."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.warnings: list[Problem] = []
        self._problems: dict[tuple[int, str], Problem] = {}
        self._inside: list[_Inside] = []

    def add(self, span: Span, message: str, hint: str = "") -> None:
        """Note a problem at `span` of the text that is being checked; raises FormulaError once there are enough."""
        problem = self._placed(span, message, hint)
        self._problems.setdefault((problem.start, problem.message), problem)
        if len(self._problems) == MOST_PROBLEMS:
            self.raise_if_any()

    def warn(self, span: Span, message: str, hint: str = "") -> None:
        """Note something that is allowed, but seldom meant. What a library does is its own affair."""
        if self._inside or len(self.warnings) == MOST_PROBLEMS:
            return
        warning = self._placed(span, message, hint)
        if warning not in self.warnings:
            self.warnings.append(warning)

    @property
    def is_inside(self) -> bool:
        """Whether the text of a library function is being checked."""
        return bool(self._inside)

    def written(self, call: Call) -> str:
        """The name of the function as the text that is being checked has it: foreign text has names of its own."""
        source = self._inside[-1].source if self._inside else self.source
        return source[call.name_span.start : call.name_span.end]

    @contextmanager
    def inside(self, function: str, source: str, path: str, call: Span) -> Iterator[None]:
        """While the text of a library function is checked."""
        self._inside.append(_Inside(function, source, path, call))
        try:
            yield
        finally:
            self._inside.pop()

    def raise_if_any(self, name: str | None = None) -> None:
        """Raise FormulaError with all problems, if there are any."""
        if self._problems:
            raise FormulaError(tuple(self._problems.values()), self.source, name)

    def _placed(self, span: Span, message: str, hint: str) -> Problem:
        if not self._inside:
            return Problem.at(self.source, span.start, span.end, message, hint)
        outer, inner = self._inside[0], self._inside[-1]
        line = inner.source.count("\n", 0, span.start) + 1
        text = inner.source.split("\n")[line - 1].strip()
        note = f"in {inner.function}, {inner.path} line {line}: {text}"
        return Problem.at(self.source, outer.call.start, outer.call.end, message, hint, note)
