"""The text of a query: places in it, and pieces of it replaced by others."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from functools import cached_property

import duckdb

from ...formulas.freezing import frozen
from ...formulas.syntax import Span


@frozen(slots=False)
class QueryText:
    """A query as it was given. DuckDB counts bytes, people count characters.

    >>> text = QueryText("select 'é' from scan('x') m")
    >>> text.characters(17), text.call(16)
    (16, Span(start=16, end=25))
    """

    text: str

    @cached_property
    def _bytes(self) -> bytes:
        return self.text.encode()

    def characters(self, offset: int) -> int:
        """The character at which a byte stands."""
        return len(self._bytes[: max(0, offset)].decode(errors="ignore"))

    def span(self, offset: int, length: int) -> Span:
        """A stretch that DuckDB tells by its bytes."""
        return Span(self.characters(offset), self.characters(offset + length))

    @cached_property
    def tokens(self) -> list[tuple[int, bool]]:
        """Where each token begins, and whether it is a comment."""
        found = duckdb.tokenize(self.text)
        return [(self.characters(offset), kind == duckdb.token_type.comment) for offset, kind in found]

    def call(self, start: int) -> Span:
        """A call from the first character of its name through its last bracket."""
        depth = 0
        places = [place for place, comment in self.tokens if not comment and self.text[place] in "()"]
        for place in places[bisect_right(places, start) :]:
            depth += 1 if self.text[place] == "(" else -1
            if depth == 0:
                return Span(start, place + 1)
        raise AssertionError("DuckDB has parsed it, so its brackets are closed")

    def second_statement(self) -> Span:
        """What stands behind the first semicolon."""
        places = [place for place, comment in self.tokens if not comment]
        after = next(number for number, place in enumerate(places) if self.text[place] == ";")
        begin = next(place for place in places[after:] if self.text[place] != ";")
        return Span(begin, len(self.text.rstrip()))


@frozen
class Spliced:
    """A text with pieces replaced, and the way back to the places of the original."""

    text: str
    pieces: tuple[tuple[Span, str], ...]

    @classmethod
    def of(cls, original: str, pieces: Sequence[tuple[Span, str]]) -> Spliced:
        """Replace stretches that do not overlap.

        >>> made = Spliced.of("from scan('x') m", [(Span(5, 14), '"~1"')])
        >>> made.text, made.original(10), made.original(6)
        ('from "~1" m', 15, 5)
        """
        ordered = tuple(sorted(pieces, key=lambda piece: piece[0].start))
        parts, at = list[str](), 0
        for span, other in ordered:
            parts += original[at : span.start], other
            at = span.end
        return cls("".join([*parts, original[at:]]), ordered)

    def original(self, place: int) -> int:
        """The place in the original: of what was put in, the beginning of what it replaces."""
        moved = 0
        for span, other in self.pieces:
            if place < span.start + moved:
                break
            if place < span.start + moved + len(other):
                return span.start
            moved += len(other) - (span.end - span.start)
        return place - moved


def letters(raw: str, text: str, start: int) -> list[int] | None:
    """Where the letters of a text literal stand in the SQL, and where it ends; None where escapes hide that.

    >>> letters("'it''s'", "it's", 10)
    [11, 12, 13, 15, 16]
    """
    places: list[int] = []
    if raw.startswith("'"):
        at = 1
        while at < len(raw) - 1:
            places.append(at)
            at += 2 if raw.startswith("''", at) else 1
    elif raw.startswith("$"):
        tag = raw.index("$", 1) + 1
        places = list(range(tag, len(raw) - tag))
    if "".join(raw[at] for at in places) != text:
        return None
    return [start + at for at in [*places, places[-1] + 1 if places else 1]]
