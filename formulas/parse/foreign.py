"""What other languages write, and how to say it here: a hint, never a guess."""

from __future__ import annotations

from typing import Final, NamedTuple


class ForeignOperator(NamedTuple):
    """Another language's operator: as which token reading goes on, what it presumably means, and the hint."""

    type: str
    meaning: str
    hint: str


_COMPARE: Final = "to compare write {}"
_CHANGE: Final = "a name has one value: give the result a new name, as in total = a {} b"

OPERATORS: Final = {
    ":=": ForeignOperator("EQUAL", "=", "to give a value a name write name = value"),
    "&&": ForeignOperator("AND", "and", "write and"),
    "&": ForeignOperator("AND", "and", "write and"),
    "||": ForeignOperator("OR", "or", "write or"),
    "|": ForeignOperator("OR", "or", "write or"),
    "!": ForeignOperator("NOT", "not", "write not"),
    "~": ForeignOperator("NOT", "not", "write not"),
    "<>": ForeignOperator("COMPARE", "!=", _COMPARE.format("!=")),
    "!==": ForeignOperator("COMPARE", "!=", _COMPARE.format("!=")),
    "===": ForeignOperator("COMPARE", "==", _COMPARE.format("==")),
    "=>": ForeignOperator("COMPARE", ">=", _COMPARE.format(">=")),
    "=<": ForeignOperator("COMPARE", "<=", _COMPARE.format("<=")),
    "//": ForeignOperator("SCALE", "/", "a comment starts with #; to divide without remainder write floor(a / b)"),
    "%": ForeignOperator("SCALE", "*", "for the remainder write mod(a, b); five percent is 0.05"),
    "+=": ForeignOperator("EQUAL", "=", _CHANGE.format("+")),
    "-=": ForeignOperator("EQUAL", "=", _CHANGE.format("-")),
    "*=": ForeignOperator("EQUAL", "=", _CHANGE.format("*")),
    "/=": ForeignOperator("EQUAL", "=", _CHANGE.format("/")),
}
"""Operators of other languages that never occur in a right formula."""

_CHOICE: Final = "to choose between two values write condition ? value : other value"
_EVENT: Final = "write crosses_above(a, b) or crosses_below(a, b)"

WORDS: Final = {
    "then": _CHOICE,
    "else": _CHOICE,
    "elif": _CHOICE,
    "if": _CHOICE + ", or if(condition, value, other value)",
    "iff": _CHOICE,
    "is": _COMPARE.format("=="),
    "crosses": _EVENT,
    "crossed": _EVENT,
    "cross": _EVENT,
    "crossover": _EVENT,
    "above": "write a > b, or crosses_above(a, b) for the bar where it begins",
    "below": "write a < b, or crosses_below(a, b) for the bar where it begins",
    "ago": 'the value one bar ago is x[1], the latest at or before a date in the past is ago(x, "1y")',
    "xor": "for one but not both of two conditions write a != b",
    "mod": "for the remainder write mod(a, b)",
    "var": "leave 'var' out: name = value",
    "let": "leave 'let' out: name = value",
    "const": "leave 'const' out: name = value",
    "return": "leave 'return' out: the last line is the result",
    "select": "write the condition alone: a formula has no select or where",
    "where": "write the condition alone: a formula has no select or where",
    "input": "a tunable constant is written param length = 14 in 2..200",
    "function": "a function is written def name(x, n) = value",
    "lambda": "a function is written def name(x, n) = value",
}
"""Words of other languages. They are ordinary names here, so they are looked at only where a text does not parse."""
