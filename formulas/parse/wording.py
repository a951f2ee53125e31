"""Saying in plain words why a statement does not parse, from the token that does not fit and the one before it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from .foreign import WORDS
from .reading import KEYWORDS, VALUE_ENDS, WANTS_VALUE, Fault, Token

_VALUES: Final = frozenset(("NAME", "NUMBER", "TEXT", "TRUE", "FALSE", "NA", "FUNCTION", "LPAR"))
_KEYWORDS: Final = frozenset(KEYWORDS.values())
_END: Final = frozenset(("$END", "SEPARATOR", "RBRACE"))
_CHOICE: Final = "condition ? value : other value"


def word_fault(tokens: Sequence[Token], index: int) -> Fault:
    """Say what is wrong at tokens[index]; an index past the end means that the statement ends too early."""
    last = tokens[index - 1] if index else None
    if index >= len(tokens):
        assert last is not None  # an empty statement is never parsed
        bad = Token("$END", "", last.end, last.end)
    else:
        bad = tokens[index]
    for explain in _EXPLANATIONS:
        fault = explain(tokens, index, last, bad)
        if fault is not None:
            return fault
    if bad.type in _END:
        return Fault(*_place(last, bad), "the statement is not complete")
    return Fault(bad.start, bad.end, f"{_shown(bad)} is not expected here")


def _foreign_word(tokens: Sequence[Token], index: int, last: Token | None, bad: Token) -> Fault | None:
    following = tokens[index + 1] if index + 1 < len(tokens) else None
    for token in (bad, last, following):
        is_word = token is not None and (token.type == "NAME" or (token is bad and token.type == "FUNCTION"))
        if token is not None and is_word and token.text.lower() in WORDS:
            hint = WORDS[token.text.lower()]
            return Fault(token.start, token.end, f"'{token.text}' is not a word of the language", hint)
    return None


def _head(tokens: Sequence[Token], index: int, last: Token | None, bad: Token) -> Fault | None:
    """Explain faults in the head of a `param` or `def`."""
    first = tokens[0].type
    if last is None:
        return None
    place = _place(last, bad)
    if first == "PARAM":
        example = "a param is written param length = 14, or param length = 14 in 2..200 step 2"
        if index == 1:
            said = "is a word of the language and cannot be a name" if bad.type in _KEYWORDS else "is not a name"
            message = "the param has no name" if bad.type in _END else f"{_shown(bad)} {said}"
            return Fault(*place, message, example)
        if index == 2:
            return Fault(*place, "a param needs a value", example)
        if bad.type == "STEP":
            return Fault(*place, "'step' comes after a range", example)
        if last.type == "IN" or "IN" in {token.type for token in tokens[:index]}:
            return Fault(*place, "the range of a param is not complete", example + ', or in ["a", "b"]')
    if first == "DEF" and "LBRACE" not in {token.type for token in tokens[:index]}:
        example = "a function is written def name(x, n = 14) = value, or def name(x) { lines }"
        if index == 1:
            said = "needs brackets after its name" if bad.type == "NAME" else "has no name"
            return Fault(*place, f"the def {said}", example)
        if last.type == "RPAR" and bad.type in _END | _VALUES and "EQUAL" not in _outside(tokens[:index]):
            return Fault(*place, "the def has no value", example)
    return None


def _assigning(tokens: Sequence[Token], index: int, last: Token | None, bad: Token) -> Fault | None:
    if bad.type != "EQUAL":
        return None
    return Fault(bad.start, bad.end, "'=' gives a value a name, it does not compare", "to compare use ==")


def _particular(tokens: Sequence[Token], index: int, last: Token | None, bad: Token) -> Fault | None:
    """Explain tokens that have a place of their own."""
    before = {token.type for token in tokens[:index]}
    explained: dict[str, tuple[str, str]] = {
        "PARAM": ("'param' can only begin a statement of its own, outside of a def", ""),
        "DEF": ("'def' can only begin a statement of its own, outside of a def", ""),
        "LBRACE": ("'{' can only begin the block of a def", "for grouping use round brackets"),
        "RANGE": ("a range stands only in a param", "to test a range write 2 <= x <= 5"),
    }
    if last is not None and last.type == "IN":
        return Fault(bad.start, bad.end, "'in' expects a list in square brackets", 'as in sector in ["Tech", "Energy"]')
    if last is not None and last.type == "DOT":
        return Fault(*_place(last, bad), "after '.' the name of an output is expected", "as in macd(close).signal")
    if bad.type == "NOT" and last is not None and last.type in WANTS_VALUE:
        return Fault(bad.start, bad.end, "'not' needs brackets here", "write (not x)")
    if bad.type == "LSQB" and (last is None or last.type not in VALUE_ENDS):
        return Fault(bad.start, bad.end, "a list stands only after 'in'", "x[1] is the value one bar ago")
    if bad.type == "COLON" and _open_bracket(tokens[:index]) == "LSQB":
        hint = "x[1] is the value one bar ago; for the last bars write a function such as highest(x, n)"
        return Fault(bad.start, bad.end, "':' has no meaning inside [ ]", hint)
    if bad.type == "COLON" and "QUESTION" not in before:
        return Fault(bad.start, bad.end, "':' without a '?' before it", f"a choice is written {_CHOICE}")
    if bad.type in _END and _open_choice(tokens[:index]) and last is not None and last.type in VALUE_ENDS:
        return Fault(*_place(last, bad), "'?' without a ':' after it", f"a choice is written {_CHOICE}")
    if bad.type in explained and not (bad.type == "RANGE" and (last is None or last.type in WANTS_VALUE)):
        return Fault(bad.start, bad.end, *explained[bad.type])
    return None


def _unfinished(tokens: Sequence[Token], index: int, last: Token | None, bad: Token) -> Fault | None:
    if {token.type for token in tokens[:index]} == {"NAME", "COMMA"} and bad.type in _END:
        return Fault(tokens[0].start, tokens[index - 1].end, "several names need a value", "as in a, b = f(x)")
    if last is not None and last.type == "RBRACE":
        return Fault(bad.start, bad.end, "after '}' a new line or ';' is missing")
    return None


def _chained(tokens: Sequence[Token], index: int, last: Token | None, bad: Token) -> Fault | None:
    """Explain `not in`, and `in` beside another comparison."""
    if bad.type == "NOT" and index + 1 < len(tokens) and tokens[index + 1].type == "IN":
        return Fault(bad.start, tokens[index + 1].end, "'not in' is not an operator here", "write not (x in [1, 2])")
    if {bad.type} | {token.type for token in tokens[:index]} >= {"IN", "COMPARE"} and bad.type in {"IN", "COMPARE"}:
        return Fault(bad.start, bad.end, "'in' cannot be chained with a comparison", "put one of the two in brackets")
    return None


def _missing_value(tokens: Sequence[Token], index: int, last: Token | None, bad: Token) -> Fault | None:
    if bad.type in _VALUES:
        return None
    if last is None or last.type == "SEPARATOR":
        return Fault(bad.start, bad.end, f"a statement cannot begin with {_shown(bad)}")
    if last.type in WANTS_VALUE:
        inside = f"between {_shown(last)} and {_shown(bad)}" if bad.type not in _END else f"after {_shown(last)}"
        return Fault(*_place(last, bad), f"a value is missing {inside}")
    if bad.type == "COMMA":
        hint = "to join conditions use and; to name several outputs write a, b = f(x)"
        return Fault(bad.start, bad.end, "',' is not expected here", hint)
    return None


def _missing_operator(tokens: Sequence[Token], index: int, last: Token | None, bad: Token) -> Fault | None:
    if last is None or last.type not in VALUE_ENDS or bad.type not in _VALUES:
        return None
    inside = _open_bracket(tokens[:index])
    hint = "arguments are separated by commas" if inside else ""
    if last.type == "NUMBER" and bad.type in {"NAME", "FUNCTION"}:
        hint = f"to multiply write {last.text} * {bad.text}"
    elif last.type == "NAME" and bad.type == "NUMBER" and not inside:
        hint = f"to call a function write {last.text}({bad.text})"
    missing = "an operator or a comma" if inside else "an operator"
    message = f"{missing} is missing between {_shown(last)} and {_shown(bad)}"
    return Fault(last.start, bad.end, message, hint)


_EXPLANATIONS: Final = (
    *(_foreign_word, _head, _assigning, _unfinished, _particular),
    *(_missing_value, _missing_operator, _chained),
)
"""Asked in this order; the first that knows the case is right."""


def _open_choice(tokens: Sequence[Token]) -> bool:
    return sum((token.type == "QUESTION") - (token.type == "COLON") for token in tokens) > 0


def _open_bracket(tokens: Sequence[Token]) -> str | None:
    """Give the type of the innermost bracket that is open after the tokens."""
    stack: list[str] = []
    for token in tokens:
        if token.type in {"LPAR", "LSQB"}:
            stack.append(token.type)
        elif token.type in {"RPAR", "RSQB"} and stack:
            stack.pop()
    return stack[-1] if stack else None


def _outside(tokens: Sequence[Token]) -> set[str]:
    """Give the types of the tokens that are in no bracket."""
    depth, types = 0, set()
    for token in tokens:
        depth += (token.type in {"LPAR", "LSQB"}) - (token.type in {"RPAR", "RSQB"})
        if depth == 0:
            types.add(token.type)
    return types


def _place(last: Token | None, bad: Token) -> tuple[int, int]:
    """Point at the token, or where the statement ends too early at what it ends with."""
    return (last.start, last.end) if bad.type in _END and last is not None else (bad.start, bad.end)


def _shown(token: Token) -> str:
    if token.type in _END:
        return "'}'" if token.type == "RBRACE" else "the end"
    return f'"{token.text}"' if token.type == "TEXT" else f"'{token.text}'"
