"""Qlib's expressions: Python's operators, fields with a dollar, operators of `qlib.data.ops` as functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from ..parse.reading import Token
from ..syntax import Argument, Binary, Call, Comparison, Expression, Formula, Number, Span, Text, Unary
from .conversions import as_condition, as_number, known
from .declaring import dialect
from .infix import InfixReader, Operator

COMPARED: Final = {"gt": ">", "ge": ">=", "lt": "<", "le": "<=", "eq": "==", "ne": "!="}
JOINED: Final = {"and": "and", "or": "or"}
ARITHMETIC: Final = {"add": "+", "sub": "-", "mul": "*", "div": "/", "power": "^"}
WINDOWED: Final = frozenset({"ref", "delta"})


class QlibReader(InfixReader):
    """Reads an expression of Qlib. Operators bind as in Python: & and | more tightly than comparisons."""

    library = "qlib"
    operators: ClassVar[Mapping[str, Operator]] = {
        **{sign: Operator(2, sign) for sign in ("<", "<=", ">", ">=", "==", "!=")},
        "|": Operator(3, "or"),
        "&": Operator(5, "and"),
        "+": Operator(6, "+"),
        "-": Operator(6, "-"),
        "*": Operator(7, "*"),
        "/": Operator(7, "/"),
        "**": Operator(9, "^", right=True),
    }
    prefixes: ClassVar[Mapping[str, Operator]] = {
        "-": Operator(8, "-"),
        "+": Operator(8, "+"),
        "~": Operator(8, "not"),
    }
    refused: ClassVar[Mapping[str, str]] = {
        "^": "a power is written Power(x, n) or x ** n",
        "//": "Qlib divides with /",
        "%": "Qlib has no remainder",
        "=": "to compare write ==",
        "[": "the value n bars ago is Ref(x, n)",
        "]": "the value n bars ago is Ref(x, n)",
    }
    choice = False

    def name(self, word: Token) -> Expression:
        """A field, `$close`."""
        field = word.text.lstrip("$")
        if word.text == field:
            self.refuse(word.start, word.end, f"unknown name {word.text!r}", f"a field is written ${word.text}")
        if word.text.startswith("$$"):
            self.refuse(word.start, word.end, "fields of financial reports ($$) are not known here", "write $field")
        return self.column(field, word)

    def call(self, word: Token, arguments: Sequence[Expression], span: Span) -> Expression:
        """An operator written as a call where our language has a sign for it; else a function of the library."""
        name = word.text.lower()
        name_span = Span(word.start, word.end)
        match (name, tuple(arguments)):
            case ("if", (condition, then, otherwise)):
                return self.chosen(condition, then, otherwise, span)
            case ("not", (condition,)):
                return Unary("not", as_condition(condition), span)
            case ("mask", (x, Text() as symbol)) | ("changeinstrument", (Text() as symbol, x)):
                given = (Argument(None, symbol, symbol.span), Argument(None, as_number(x), x.span))
                return Call("symbol", given, name_span, span)
            case (_, (left, right)) if name in COMPARED:
                return self.compared(Comparison((as_number(left), as_number(right)), (COMPARED[name],), span))
            case (_, (left, right)) if name in JOINED:
                return Binary(JOINED[name], as_condition(left), as_condition(right), span)
            case (_, (left, right)) if name in ARITHMETIC:
                return Binary(ARITHMETIC[name], as_number(left), as_number(right), span)
            case (_, (_, Unary(operator="-", operand=Number()) as bars)) if name in WINDOWED:
                hint = f"{word.text}(x, 1) is one bar ago; a formula knows no later bars"
                return self.refuse(bars.span.start, bars.span.end, f"{word.text} with a negative n is the future", hint)
            case _:
                return self.library_call(name, word, arguments, span)

    def compared(self, comparison: Comparison) -> Expression:
        """Never undefined: in pandas, with which Qlib computes, a missing value differs from all, and else is false."""
        return known(comparison, comparison.operators == ("!=",))


@dialect("qlib")
def read(source: str) -> Formula:
    """Qlib (microsoft/qlib): Mean($close, 5)/$close, with windows that may be partly filled."""
    return QlibReader(source).read()
