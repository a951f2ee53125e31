"""Reading a formula's characters as tokens.

Signs that look alike are read as meant (full-width punctuation, typographic minus, no-break space, byte order mark)
without moving anything: every offset stays an offset into the source as the user wrote it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from typing import Final, NamedTuple

from .foreign import OPERATORS as FOREIGN_OPERATORS


class Token(NamedTuple):
    """A word of the language: its name in grammar.lark, what it means, and where it stands: source[start:end]."""

    type: str
    text: str
    start: int
    end: int


class Fault(NamedTuple):
    """Something wrong at source[start:end], not yet counted in lines and columns."""

    start: int
    end: int
    message: str
    hint: str = ""


KEYWORDS: Final = {
    "and": "AND",
    "or": "OR",
    "not": "NOT",
    "in": "IN",
    "true": "TRUE",
    "false": "FALSE",
    "na": "NA",
    "param": "PARAM",
    "def": "DEF",
}

OPERATORS: Final = {
    "+": "SIGN",
    "-": "SIGN",
    "*": "SCALE",
    "/": "SCALE",
    "^": "POWER",
    "**": "POWER",
    "<": "COMPARE",
    "<=": "COMPARE",
    ">": "COMPARE",
    ">=": "COMPARE",
    "==": "COMPARE",
    "!=": "COMPARE",
    "(": "LPAR",
    ")": "RPAR",
    "[": "LSQB",
    "]": "RSQB",
    "{": "LBRACE",
    "}": "RBRACE",
    ",": "COMMA",
    ".": "DOT",
    "..": "RANGE",
    "?": "QUESTION",
    ":": "COLON",
    "=": "EQUAL",
    ";": "SEPARATOR",
}

VALUE_ENDS: Final = frozenset(("NAME", "NUMBER", "TEXT", "TRUE", "FALSE", "NA", "RPAR", "RSQB"))
"""Tokens that may be the last of a value."""

WANTS_VALUE: Final = frozenset(
    ("AND", "OR", "NOT", "COMPARE", "SIGN", "SCALE", "POWER", "COMMA", "EQUAL", "QUESTION", "COLON", "RANGE", "STEP")
) | {"LPAR", "LSQB", "LBRACE"}
"""Tokens after which a value must come."""

# Signs of two of our characters, or of one that reads differently.
SIGNS: Final = {
    **dict.fromkeys("≥⩾≧", ">="),
    **dict.fromkeys("≤⩽≦", "<="),
    **dict.fromkeys("≠", "!="),
}

# One character for one, so that offsets stay. Quotes are left alone: they delimit texts, and are read with them.
_LOOKALIKES: Final = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F) if chr(code - 0xFEE0) not in "\"'"},
    **dict.fromkeys(map(ord, "‐‑‒–−﹣"), ord("-")),
    **dict.fromkeys(map(ord, "×∗⋅·"), ord("*")),
    **dict.fromkeys(map(ord, "÷∕⁄"), ord("/")),
    ord("、"): ord(","),
}


def _any_of(texts: Iterable[str]) -> str:
    return "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))


_INVISIBLE: Final = "\ufeff\u200b\u200c\u200d\u200e\u200f\u2060\u00ad"
_BREAKS: Final = "\n\r\u2028\u2029\x85"
_BLANK: Final = rf"(?:[^\S{_BREAKS}]|[{_INVISIBLE}])"
QUOTES: Final = ('""', "''", "“”", "‘’", "„“", "＂＂", "＇＇", "””", "’’")
# Marks of many scripts are no \w but belong to names; what does not is found afterwards.
_WORD: Final = rf"[^\W\d](?:\w|[^\x00-\x7f\s{''.join(SIGNS)}{_INVISIBLE}“”‘’„＂＇])*+"
_PATTERN: Final = re.compile(
    rf"(?:{_BLANK}++|\#[^{_BREAKS}]*+)*+(?:"
    + "|".join(
        (
            rf"(?P<NAME>{_WORD})",
            r"(?P<NUMBER>(?:\d+(?:_\d+)*+(?:\.(?!\.)(?:\d+(?:_\d+)*+)?)?|\.\d+(?:_\d+)*+)(?:[eE][+-]?\d+)?)",
            rf"(?P<NEWLINE>\r\n|[{_BREAKS}])",
            "(?P<TEXT>" + "|".join(f"{first}[^{last}{_BREAKS}]*{last}" for first, last in QUOTES) + ")",
            rf"(?P<unterminated>[\"'“”‘’„＂＇][^{_BREAKS}]*)",
            f"(?P<operator>{_any_of([*OPERATORS, *SIGNS, *FOREIGN_OPERATORS])})",
            r"(?P<unknown>(?s:.))",
            r"(?P<end>\Z)",
        )
    )
    + ")"
)


def plain(source: str) -> str:
    """Give the source with look-alike characters replaced one for one, so that offsets are unchanged."""
    return source if source.isascii() else source.translate(_LOOKALIKES)


def read_tokens(source: str) -> tuple[list[Token], list[Fault]]:
    """Cut the source into tokens, NEWLINE among them; blanks and comments are gone, faults are gathered."""
    reader = _Reader(source)
    tokens, resume = reader.tokens, 0
    # ahead of a definition cut out of a file stand as many line breaks as the file has lines: they mean nothing
    begin = len(reader.text) - len(reader.text.lstrip("\n"))
    for found in _PATTERN.finditer(reader.text, begin):
        kind = str(found.lastgroup)
        start, end = found.span(kind)
        if start < resume or kind == "end":
            continue
        text = found[kind]
        if kind == "NAME" and text.isascii():  # what formulas are mostly made of stands first
            tokens.append(Token(KEYWORDS.get(text.lower(), kind), text, start, end))
        elif kind == "operator" and text in OPERATORS:
            if text == "(" and tokens and tokens[-1].type == "NAME":
                _make_function(tokens)
            tokens.append(Token(OPERATORS[text], "^" if text == "**" else text, start, end))
        elif kind == "NEWLINE":
            tokens.append(Token(kind, text, start, end))
        else:
            resume = reader.take(kind, text, start, end)
    return tokens, reader.faults


def _make_function(tokens: list[Token]) -> None:
    """Make a function of the name at the end, which a bracket follows, dots included: `talib.cmo(`."""
    last = tokens.pop()
    text, start = last.text, last.start
    while len(tokens) > 1 and tokens[-1].type == "DOT" and tokens[-2].type == "NAME" and tokens[-2].end == start - 1:
        start, text = tokens[-2].start, f"{tokens[-2].text}.{text}"
        del tokens[-2:]
    tokens.append(Token("FUNCTION", text, start, last.end))


class _Reader:
    """Collects the tokens and faults of one source."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.text = plain(source)
        self.tokens: list[Token] = []
        self.faults: list[Fault] = []

    def take(self, kind: str, text: str, start: int, end: int) -> int:
        """Add what was found and return where reading goes on."""
        if kind == "NAME":
            self.tokens.append(self._word(text, start, end))
        elif text in SIGNS:
            self.tokens.append(Token("COMPARE", SIGNS[text], start, end))
        elif kind == "NUMBER":
            self.tokens.append(self._number(text, start, end))
        elif kind == "TEXT":
            self.tokens.append(Token(kind, self.source[start + 1 : end - 1], start, end))
        elif kind == "unterminated":
            self._unterminated(text, start, end)
        elif kind == "operator":
            return self._foreign(text, start, end)
        else:
            self._unknown(text, start, end)
        return end

    def _word(self, text: str, start: int, end: int) -> Token:
        keyword = KEYWORDS.get(text.lower())
        if keyword:
            return Token(keyword, text, start, end)
        self._check_letters(text, start)
        return Token("NAME", unicodedata.normalize("NFC", text), start, end)

    def _check_letters(self, text: str, start: int) -> None:
        for offset, letter in enumerate(text, start):
            if not (letter.isalnum() or letter == "_" or unicodedata.category(letter).startswith("M")):
                self._unknown(letter, offset, offset + 1)

    def _number(self, text: str, start: int, end: int) -> Token:
        if math.isinf(float(text)):
            self.faults.append(Fault(start, end, "this number is too large", "the largest is about 1.8e308"))
        return Token("NUMBER", text, start, end)

    def _unterminated(self, text: str, start: int, end: int) -> None:
        message = f"this text is never closed: the second {text[0]} is missing"
        self.faults.append(Fault(start, end, message, "a text ends on the line where it begins"))
        self.tokens.append(Token("TEXT", text[1:], start, end))

    def _unknown(self, text: str, start: int, end: int) -> None:
        last = self.faults[-1] if self.faults else None
        if last is not None and last.end == start and last.message.endswith("has no meaning here"):
            self.faults[-1] = last._replace(end=end)
            return
        name = "" if text.isprintable() else f" ({unicodedata.name(text, f'code {ord(text)}').lower()})"
        shown = text if text.isprintable() else "?"
        self.faults.append(Fault(start, end, f"the character '{shown}'{name} has no meaning here"))

    def _foreign(self, text: str, start: int, end: int) -> int:
        """Report another language's operator, and read on as if what it presumably means had been written."""
        operator = FOREIGN_OPERATORS[text]
        self.faults.append(Fault(start, end, f"'{text}' is not an operator here", operator.hint))
        if text == "//" and not self._divides(end):
            broken = re.compile(f"[{_BREAKS}]").search(self.text, end)
            return broken.start() if broken else len(self.text)
        self.tokens.append(Token(operator.type, operator.meaning, start, end))
        return end

    def _divides(self, end: int) -> bool:
        """Whether `//` between two values is a division rather than the start of a comment."""
        after_value = bool(self.tokens) and self.tokens[-1].type in {"NUMBER", "NAME", "RPAR", "RSQB"}
        return after_value and re.match(rf"{_BLANK}*(?:\d|\w+{_BLANK}*[()\[])", self.text[end : end + 60]) is not None
