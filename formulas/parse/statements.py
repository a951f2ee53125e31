"""From tokens to statements: which line breaks end a statement, and which brackets belong together.

A line break vanishes inside round and square brackets, after an operator or comma, and before a line that can only go
on with the one above. Faults are gathered here too, so that a missing bracket does not hide the faults of other lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Final

from ..freezing import mutable
from .brackets import CLOSERS, OPENERS, Matching, match_brackets
from .reading import VALUE_ENDS, WANTS_VALUE, Fault, Token

# After these a statement is not finished, so the line break means nothing.
_UNFINISHED: Final = WANTS_VALUE | {"IN", "DOT", "PARAM", "DEF", "UNCLOSED"}
# Before these a statement cannot have ended. A sign is not among them: `-x` may begin a statement.
_GOES_ON: Final = frozenset(("AND", "OR", "IN", "COMPARE", "QUESTION", "COLON", "LBRACE"))
_BREAKS: Final = frozenset(("NEWLINE", "SEPARATOR"))
_BEGINS: Final = frozenset(("PARAM", "DEF"))
_BROKEN: Final = frozenset(("UNCLOSED", "UNOPENED"))
_DOUBTFUL: Final = frozenset(("SIGN", "SCALE", "POWER"))
# These say nothing about where a statement begins or ends, unless one has just ended.
_WORDS: Final = frozenset(("NAME", "NUMBER", "TEXT", "FUNCTION", "COMMA", "EQUAL", "DOT", "RANGE"))
_PLAIN: Final = (_WORDS | _GOES_ON | _DOUBTFUL) - {"LBRACE"}


@mutable
class Chunk:
    """The tokens of one statement. A broken one has unmatched brackets, which are already reported."""

    tokens: list[Token] = field(default_factory=list)
    broken: bool = False


def split_statements(tokens: Sequence[Token]) -> tuple[list[Chunk], list[Fault]]:
    """Cut tokens into statements. A `def` with its block is one, with SEPARATOR tokens left inside the block."""
    matching = match_brackets(tokens)
    joiner = _Joiner(matching)
    joiner.join(tokens)
    chunks, depth = [Chunk()], 0
    for token in joiner.joined:
        kind = token.type
        if kind == "SEPARATOR" and depth == 0:
            chunks.append(Chunk())
            continue
        depth += (kind == "LBRACE") - (kind == "RBRACE")
        chunks[-1].tokens.append(token)
        chunks[-1].broken = chunks[-1].broken or kind in _BROKEN
    return [chunk for chunk in chunks if chunk.tokens], matching.faults


def split_block(tokens: Sequence[Token]) -> list[list[Token]]:
    """Cut the inside of a block into its statements."""
    parts: list[list[Token]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token.type == "LBRACE") - (token.type == "RBRACE")
        if token.type == "SEPARATOR" and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return [part for part in parts if part]


class _Joiner:
    """Turns the line breaks that end a statement into SEPARATOR tokens, and drops the others."""

    def __init__(self, matching: Matching) -> None:
        self.joined: list[Token] = []
        self._matching = matching
        self._open: list[str] = []
        self._in_parameter = False  # in a `param`, `step` is a word of the language
        self._last = "SEPARATOR"  # nothing is finished yet, so a line break at the start vanishes too

    def join(self, tokens: Sequence[Token]) -> None:
        """Take all tokens in turn."""
        add = self.joined.append
        for index, token in enumerate(tokens):
            kind = token.type
            if kind in _PLAIN and self._last != "SEPARATOR" and not self._in_parameter:
                add(token)
                self._last = kind
                continue
            if kind in _BREAKS:
                self._break(index, token)
                continue
            if kind in _BEGINS and tokens[index - 1].type == "NEWLINE" and self._last in _UNFINISHED - {"LBRACE"}:
                self._add(tokens[index - 1]._replace(type="SEPARATOR"))  # whatever came before, this begins anew
            elif self._last == "SEPARATOR" and self.joined:
                _reconsider(self.joined, token, self._matching)
            self._add(self._meant(index, token))

    def _break(self, index: int, token: Token) -> None:
        if index in self._matching.commas:
            self._add(token._replace(type="COMMA", text=","))
        elif not self._vanishes(token.type):
            self._add(token._replace(type="SEPARATOR"))

    def _vanishes(self, kind: str) -> bool:
        if self._last == "SEPARATOR":
            return True
        inside = bool(self._open) and self._open[-1] != "LBRACE"
        return kind == "NEWLINE" and (inside or self._last in _UNFINISHED)

    def _meant(self, index: int, token: Token) -> Token:
        """Mark brackets without a partner, count the others, and tell `step` in a param from a name."""
        kind = token.type
        if index in self._matching.unmatched:
            return token._replace(type="UNCLOSED" if kind in CLOSERS else "UNOPENED")
        if kind in CLOSERS:
            self._open.append(kind)
        elif kind in OPENERS:
            self._open.pop()
        elif self._in_parameter and kind == "NAME" and self._last in VALUE_ENDS and token.text.lower() == "step":
            return token._replace(type="STEP")
        return token

    def _add(self, token: Token) -> None:
        self.joined.append(token)
        self._last = token.type
        self._in_parameter = token.type == "PARAM" or (self._in_parameter and token.type != "SEPARATOR")


def _reconsider(joined: list[Token], token: Token, matching: Matching) -> None:
    """Take back the separator at the end of `joined` where the next token shows that the statement goes on."""
    ended_by_line = joined[-1].text != ";"
    if token.type == "RBRACE" or (ended_by_line and token.type in _GOES_ON):
        joined.pop()
    elif ended_by_line and token.type in _DOUBTFUL:
        joined.pop()
        message = f"a line cannot start with '{token.text}': it might go on with the line above, or begin anew"
        hint = f"to go on, end the line above with '{token.text}'"
        hint += "; to begin anew, put the new value in brackets" if token.type == "SIGN" else ""
        matching.faults.append(Fault(token.start, token.end, message, hint))
