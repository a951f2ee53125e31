"""Everything that barsweep raises, in one tree.

BarsweepError              catch this to catch them all
├── SourceError            a text is faulty; carries every problem with its place, message and hint
│   ├── FormulaError       ... a formula
│   └── QueryError         ... an SQL query, or it asks for what is not to be had
├── ProcessingEngineError  the job cannot run
├── RepositoryError        the candles cannot be had; says whether a retry may help
└── CandleError            one symbol's rows are unusable: which rows, why

This file stands beside the front door because `data` and `formulas`, which know nothing of each other, share the root.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from unicodedata import category

WIDEST_LINE: Final = 140
"""Longer lines of a source are shown in part, around the place of the problem."""


class BarsweepError(Exception):
    """Root of all errors that barsweep raises on purpose."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault of a formula or query: what is wrong, where in the source, and a way out.

    `start` and `end` are offsets into the source as the user wrote it; `line` and `column` count from 1.
    """

    message: str
    start: int
    end: int
    line: int
    column: int
    hint: str = ""
    note: str = ""

    @classmethod
    def at(cls, source: str, start: int, end: int, message: str, hint: str = "", note: str = "") -> Problem:
        """Make a problem for source[start:end], with line and column counted from the offsets."""
        line = source.count("\n", 0, start) + 1
        column = start - (source.rfind("\n", 0, start) + 1) + 1
        return cls(message, start, max(end, start + 1), line, column, hint, note)

    def render(self, source: str) -> str:
        """Draw the problem under its line of the source."""
        lines = source.split("\n")
        text = lines[self.line - 1] if self.line <= len(lines) else ""
        width = max(1, min(self.end - self.start, len(text) - self.column + 1, WIDEST_LINE))
        shown, column = _around(text.rstrip(), self.column - 1, width)
        place = f" (line {self.line})" if len(lines) > 1 else ""
        drawn = [f"{self.message}{place}", f"  {shown}", "  " + " " * column + "^" * width]
        return "\n".join(map(_printable, [*drawn, *(f"  {extra}" for extra in (self.hint, self.note) if extra)]))


def _printable(line: str) -> str:
    """A line without what would move a terminal's cursor, turn its text around, or cannot be written at all.

    A formula may be a stranger's. Each such character is replaced by one, so that carets stay under their place.
    """
    if line.isprintable():
        return line
    return "".join("\ufffd" if category(each).startswith("C") and each not in "\t\n" else each for each in line)


def _around(text: str, column: int, width: int) -> tuple[str, int]:
    """The part of a long line that holds the place, and where the place stands in it."""
    if len(text) <= WIDEST_LINE:
        return text, column
    begin = max(0, min(column - (WIDEST_LINE - width) // 2, len(text) - WIDEST_LINE))
    end = begin + WIDEST_LINE
    head, tail = "... " if begin else "", " ..." if end < len(text) else ""
    return f"{head}{text[begin:end]}{tail}", column - begin + len(head)


class SourceError(BarsweepError, ValueError):
    """A text is faulty. `problems` holds every fault that was found, in the order of the source.

    `name` is the text's name when several were given at once.
    """

    def __init__(self, problems: Sequence[Problem], source: str, name: str | None = None) -> None:
        super().__init__(tuple(problems), source, name)
        self.problems = tuple(sorted(problems, key=lambda problem: problem.start))
        self.source = source
        self.name = name

    @property
    def message(self) -> str:
        """The first problem's message."""
        return self.problems[0].message

    @property
    def hint(self) -> str:
        """The first problem's hint, or an empty text."""
        return self.problems[0].hint

    @property
    def line(self) -> int:
        """The first problem's line, counted from 1."""
        return self.problems[0].line

    @property
    def column(self) -> int:
        """The first problem's column, counted from 1."""
        return self.problems[0].column

    def __str__(self) -> str:
        head = f"in formula {self.name!r}: " if self.name else ""
        return head + "\n".join(problem.render(self.source) for problem in self.problems)


class FormulaError(SourceError):
    """A formula is faulty. Of one that stands in an SQL query, the source is the query, and places are places in it."""


class QueryError(SourceError):
    """An SQL query is faulty, or asks for what is not to be had: other statements, unknown tables, files."""


class ProcessingEngineError(BarsweepError):
    """A job cannot run: what was asked, why it cannot be done, and what to do instead."""


class RepositoryError(BarsweepError):
    """Candles cannot be had. `retryable` says whether the same request may succeed later.

    `faulty` has the symbols to be left away, each with what is wrong with it; it is empty where that is not known.
    """

    def __init__(self, message: str, *, retryable: bool = False, faulty: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.retryable = retryable
        self.faulty = dict(faulty or {})


class CandleError(BarsweepError, ValueError):
    """One symbol's rows are unusable.

    `rows` holds up to ten offending rows (ts as text), `count` says how many there are.
    """

    def __init__(
        self, message: str, *, symbol: str = "", kind: str = "", rows: Sequence[str] = (), count: int = 0
    ) -> None:
        super().__init__(message)
        self.symbol = symbol
        self.kind = kind
        self.rows = tuple(rows)
        self.count = count
