"""From tokens to statements: which line breaks end a statement, and which brackets belong together.

A line break vanishes inside round and square brackets, after an operator or comma, and before a line that can only go
on with the one above. Faults are gathered here too, so that a missing bracket does not hide the faults of other lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from .reading import VALUE_ENDS, WANTS_VALUE, Fault, Token

NESTING_LIMIT: Final = 200

_CLOSERS: Final = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
_OPENERS: Final = {closer: opener for opener, closer in _CLOSERS.items()}
_SHOWN: Final = {"LPAR": "(", "LSQB": "[", "LBRACE": "{", "RPAR": ")", "RSQB": "]", "RBRACE": "}"}

# After these a statement is not finished, so the line break means nothing.
_UNFINISHED: Final = WANTS_VALUE | {"IN", "DOT", "PARAM", "DEF"}
# Before these a statement cannot have ended. A sign is not among them: `-x` may begin a statement.
_GOES_ON: Final = frozenset(("AND", "OR", "IN", "COMPARE", "QUESTION", "COLON", "LBRACE"))
_DOUBTFUL: Final = frozenset(("SIGN", "SCALE", "POWER"))


@dataclass(slots=True)
class Chunk:
    """The tokens of one statement. A broken one has unmatched brackets, which are already reported."""

    tokens: list[Token] = field(default_factory=list)
    broken: bool = False


@dataclass(slots=True)
class _Matching:
    """Which brackets have no partner, by index; and which `;` stand where a comma is meant."""

    unmatched: set[int] = field(default_factory=set)
    commas: set[int] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)


def split_statements(tokens: Sequence[Token]) -> tuple[list[Chunk], list[Fault]]:
    """Cut tokens into statements. A `def` with its block is one, with SEPARATOR tokens left inside the block."""
    matching = _match_brackets(tokens)
    joined, broken = _join_lines(tokens, matching)
    chunks, depth = [Chunk()], 0
    for index, token in enumerate(joined):
        kind = token.type
        if kind == "LBRACE" and index not in broken:
            depth += 1
        elif kind == "RBRACE" and index not in broken:
            depth -= 1
        elif kind == "SEPARATOR" and depth == 0:
            chunks.append(Chunk())
            continue
        chunks[-1].tokens.append(token)
        chunks[-1].broken = chunks[-1].broken or index in broken
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


def _match_brackets(tokens: Sequence[Token]) -> _Matching:
    matching = _Matching()
    stack: list[int] = []
    separators: list[int] = []
    for index, token in enumerate(tokens):
        kind = token.type
        if kind in _CLOSERS:
            stack.append(index)
            if len(stack) == NESTING_LIMIT + 1:
                message = f"brackets are nested more than {NESTING_LIMIT} deep"
                matching.faults.append(Fault(token.start, token.end, message, "give parts of the formula a name"))
        elif kind in _OPENERS:
            _close(tokens, index, stack, separators, matching)
        elif kind in {"PARAM", "DEF"} and index and tokens[index - 1].type == "NEWLINE":
            _give_up(tokens, stack, _depth_of("LBRACE", tokens, stack) or 0, matching)  # a new statement for certain
        elif kind == "SEPARATOR":
            separators.append(index)
    _give_up(tokens, stack, 0, matching)
    return matching


def _close(tokens: Sequence[Token], index: int, stack: list[int], separators: list[int], matching: _Matching) -> None:
    """Take the bracket that the closer at `index` belongs to off the stack."""
    closer = tokens[index]
    opener = _OPENERS[closer.type]
    depth = _depth_of(opener, tokens, stack)
    if depth is None:
        matching.unmatched.add(index)
        message = f"'{_SHOWN[closer.type]}' closes nothing: there is no '{_SHOWN[opener]}' before it"
        matching.faults.append(Fault(closer.start, closer.end, message))
        return
    _give_up(tokens, stack, depth, matching)
    begin = stack.pop()
    while separators and separators[-1] > begin:
        at = separators.pop()
        if opener != "LBRACE":
            matching.commas.add(at)
            message = "';' ends a statement, but a bracket is still open"
            matching.faults.append(
                Fault(tokens[at].start, tokens[at].end, message, "arguments are separated by commas")
            )


def _depth_of(opener: str, tokens: Sequence[Token], stack: Sequence[int]) -> int | None:
    """Give how deep the stack is up to and with the innermost bracket of a kind."""
    # Brackets further out than the nesting limit are not looked for: that would take time, and is reported anyway.
    least = max(0, len(stack) - NESTING_LIMIT)
    return next((depth for depth in range(len(stack), least, -1) if tokens[stack[depth - 1]].type == opener), None)


def _give_up(tokens: Sequence[Token], stack: list[int], depth: int, matching: _Matching) -> None:
    """Report the brackets above `depth` as never closed."""
    for index in stack[depth:]:
        token = tokens[index]
        shown, closer = _SHOWN[token.type], _SHOWN[_CLOSERS[token.type]]
        matching.unmatched.add(index)
        matching.faults.append(Fault(token.start, token.end, f"'{shown}' is never closed: a '{closer}' is missing"))
    del stack[depth:]


def _join_lines(tokens: Sequence[Token], matching: _Matching) -> tuple[list[Token], set[int]]:
    """Turn the line breaks that end a statement into SEPARATOR tokens and drop the others.

    Returns the tokens and the indices of those that are brackets without a partner.
    """
    joined: list[Token] = []
    broken: set[int] = set()
    stack: list[str] = []
    in_parameter = False  # in a `param`, `step` is a word of the language
    last = "SEPARATOR"  # the type before; nothing is finished yet, so a line break at the start vanishes too
    for index, token in enumerate(tokens):
        kind = token.type
        if index in matching.commas:
            token = token._replace(type="COMMA", text=",")  # noqa: PLW2901
            kind = "COMMA"
        elif kind in {"NEWLINE", "SEPARATOR"}:
            if last == "SEPARATOR" or (
                kind == "NEWLINE" and (last in _UNFINISHED or (stack and stack[-1] != "LBRACE"))
            ):
                continue
            token = token._replace(type="SEPARATOR")  # noqa: PLW2901
            kind = "SEPARATOR"
        elif index in matching.unmatched:
            broken.add(len(joined))
        elif kind in _CLOSERS:
            stack.append(kind)
        elif kind in _OPENERS:
            stack.pop()
        if last == "SEPARATOR" and joined:
            _reconsider(joined, token, matching)
        in_parameter = kind == "PARAM" or (in_parameter and kind != "SEPARATOR")
        if in_parameter and kind == "NAME" and token.text.lower() == "step" and last in VALUE_ENDS:
            token = token._replace(type="STEP")  # noqa: PLW2901
        joined.append(token)
        last = kind
    return joined, broken


def _reconsider(joined: list[Token], token: Token, matching: _Matching) -> None:
    """Take back the separator at the end of `joined` where the next token shows that the statement goes on."""
    ended_by_line = joined[-1].text != ";"
    if token.type == "RBRACE" or (ended_by_line and token.type in _GOES_ON):
        joined.pop()
    elif ended_by_line and token.type in _DOUBTFUL:
        joined.pop()
        message = f"a line cannot start with '{token.text}': it might go on with the line above, or begin anew"
        hint = f"to go on, end the line above with '{token.text}', or put brackets around both lines"
        matching.faults.append(Fault(token.start, token.end, message, hint))
