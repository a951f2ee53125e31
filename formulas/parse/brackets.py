"""Which brackets belong together, and which have no partner.

Line breaks vanish inside brackets, so a missing bracket would swallow the rest of the text. It is therefore found
before lines are joined, and counts for nothing there: the statements after it are read as if it were not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Final

from ..freezing import mutable
from ..limits import DEEPEST_NESTING
from .reading import Fault, Token

CLOSERS: Final = {"LPAR": "RPAR", "LSQB": "RSQB", "LBRACE": "RBRACE"}
OPENERS: Final = {closer: opener for opener, closer in CLOSERS.items()}
_SHOWN: Final = {"LPAR": "(", "LSQB": "[", "LBRACE": "{", "RPAR": ")", "RSQB": "]", "RBRACE": "}"}


@mutable
class Matching:
    """Which brackets have no partner, by index; and which `;` stand where a comma is meant."""

    unmatched: set[int] = field(default_factory=set)
    commas: set[int] = field(default_factory=set)
    suspects: dict[int, int] = field(default_factory=dict)  # opener -> a closer of the wrong kind inside it
    faults: list[Fault] = field(default_factory=list)


def match_brackets(tokens: Sequence[Token]) -> Matching:
    """Find the partners of all brackets and gather the faults."""
    matching = Matching()
    stack: list[int] = []
    separators: list[int] = []
    for index, token in enumerate(tokens):
        kind = token.type
        if kind in CLOSERS:
            stack.append(index)
            if len(stack) == DEEPEST_NESTING + 1:
                message = f"brackets are nested more than {DEEPEST_NESTING} deep"
                matching.faults.append(Fault(token.start, token.end, message, "give parts of the formula a name"))
        elif kind in OPENERS:
            _close(tokens, index, stack, separators, matching)
        elif kind in {"PARAM", "DEF"} and index and tokens[index - 1].type == "NEWLINE":
            _give_up(tokens, stack, _depth_of("LBRACE", tokens, stack) or 0, matching)  # a new statement for certain
        elif kind == "SEPARATOR":
            separators.append(index)
    _give_up(tokens, stack, 0, matching)
    return matching


def _close(tokens: Sequence[Token], index: int, stack: list[int], separators: list[int], matching: Matching) -> None:
    """Take the bracket that the closer at `index` belongs to off the stack."""
    closer = tokens[index]
    opener = OPENERS[closer.type]
    depth = _depth_of(opener, tokens, stack)
    if depth is None:
        matching.unmatched.add(index)
        if stack and stack[-1] not in matching.suspects and tokens[stack[-1]].type != "LBRACE":
            matching.suspects[stack[-1]] = index  # judged when it is known whether the opener finds its own closer
        else:
            matching.faults.append(_stray(closer))
        return
    _give_up(tokens, stack, depth, matching)
    begin = stack.pop()
    if begin in matching.suspects:
        matching.faults.append(_stray(tokens[matching.suspects[begin]]))
    while separators and separators[-1] > begin:
        at = separators.pop()
        if opener != "LBRACE":
            matching.commas.add(at)
            message = "';' ends a statement, but a bracket is still open"
            matching.faults.append(
                Fault(tokens[at].start, tokens[at].end, message, "arguments are separated by commas")
            )


def _stray(closer: Token) -> Fault:
    message = f"'{closer.text}' closes nothing: there is no '{_SHOWN[OPENERS[closer.type]]}' before it"
    return Fault(closer.start, closer.end, message)


def _depth_of(opener: str, tokens: Sequence[Token], stack: Sequence[int]) -> int | None:
    """Give how deep the stack is up to and with the innermost bracket of a kind."""
    # Brackets further out than the nesting limit are not looked for: that would take time, and is reported anyway.
    least = max(0, len(stack) - DEEPEST_NESTING)
    return next((depth for depth in range(len(stack), least, -1) if tokens[stack[depth - 1]].type == opener), None)


def _give_up(tokens: Sequence[Token], stack: list[int], depth: int, matching: Matching) -> None:
    """Report the brackets above `depth` as never closed."""
    for index in stack[depth:]:
        token = tokens[index]
        shown, closer = _SHOWN[token.type], _SHOWN[CLOSERS[token.type]]
        matching.unmatched.add(index)
        if index in matching.suspects:
            wrong = tokens[matching.suspects[index]]
            message = f"'{shown}' is closed by '{wrong.text}': a '{closer}' is missing"
            matching.faults.append(Fault(wrong.start, wrong.end, message))
        else:
            matching.faults.append(Fault(token.start, token.end, f"'{shown}' is never closed: a '{closer}' is missing"))
    del stack[depth:]
