"""Cutting foreign text into tokens, with every offset an offset into the text as the user wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ..parse.reading import Fault, Token, plain

CLOSES: Final = {"(": ")", "[": "]"}
_NUMBER: Final = r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_WORD: Final = r"\$*[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_TEXT: Final = r"\"[^\"\n]*\"|'[^'\n]*'"


def tokens_of(source: str, signs: Iterable[str]) -> tuple[list[Token], list[Fault]]:
    """Words, numbers, texts and the dialect's `signs`; what is none of these is a fault, brackets without partner too.

    >>> [token.text for token in tokens_of("Ref($close, 1)", ["(", ")", ","])[0]]
    ['Ref', '(', '$close', ',', '1', ')']
    """
    tokens: list[Token] = []
    faults: list[Fault] = []
    for found in _pattern(tuple(sorted(signs, key=len, reverse=True))).finditer(plain(source)):
        kind, (start, end) = str(found.lastgroup), found.span(str(found.lastgroup))
        if kind == "unknown":
            faults.append(Fault(start, end, f"the character {source[start:end]!r} has no meaning here"))
        elif kind != "end":
            tokens.append(Token(kind, found[kind], start, end))
    return tokens, faults or bracket_faults(tokens)


def bracket_faults(tokens: Sequence[Token]) -> list[Fault]:
    """The first bracket that has no partner."""
    opened: list[Token] = []
    for token in tokens:
        if token.text in CLOSES and token.type == "SIGN":
            opened.append(token)
        elif token.text in CLOSES.values() and token.type == "SIGN":
            if not opened or CLOSES[opened[-1].text] != token.text:
                return [Fault(token.start, token.end, f"this {token.text!r} closes nothing", "take it out")]
            opened.pop()
    if not opened:
        return []
    missing = CLOSES[opened[-1].text]
    return [Fault(opened[-1].start, opened[-1].end, f"this {opened[-1].text!r} is never closed", f"add a {missing!r}")]


def _pattern(signs: Sequence[str]) -> re.Pattern[str]:
    sign = "|".join(map(re.escape, signs))
    parts = (
        rf"(?P<TEXT>{_TEXT})|(?P<NUMBER>{_NUMBER})|(?P<NAME>{_WORD})|(?P<SIGN>{sign})|(?P<unknown>(?s:.))|(?P<end>\Z)"
    )
    return re.compile(rf"\s*(?:{parts})")
