"""The formulas of "101 Formulaic Alphas" (Kakushadze 2015, appendix), as the paper writes them.

Two dialects read the same text: `alpha101` follows the paper, `alpha101_yli188` the conventions of a Python code that
is widely used (github.com/yli188/WorldQuant_alpha101_code, as Menooker/KunQuant keeps it). They differ in the libraries
that they call, and in comparisons with an undefined side.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from ..parse.reading import Token
from ..syntax import Argument, Call, Comparison, Expression, Formula, Number, Span
from .conversions import known
from .declaring import dialect
from .infix import InfixReader, Operator

CANDLE: Final = frozenset({"open", "high", "low", "close", "volume", "vwap", "cap"})
GROUPS: Final = frozenset({"sector", "industry", "subindustry"})
WINDOWED: Final = {"min": "ts_min", "max": "ts_max"}


class AlphaReader(InfixReader):
    """Reads one alpha. Names ignore case."""

    library = "alpha101"
    operators: ClassVar[Mapping[str, Operator]] = {
        "||": Operator(2, "or"),
        "&&": Operator(3, "and"),
        **{sign: Operator(4, sign) for sign in ("<", "<=", ">", ">=", "==", "!=")},
        "+": Operator(5, "+"),
        "-": Operator(5, "-"),
        "*": Operator(6, "*"),
        "/": Operator(6, "/"),
        "^": Operator(8, "^", right=True),
    }
    prefixes: ClassVar[Mapping[str, Operator]] = {"-": Operator(7, "-"), "+": Operator(7, "+"), "!": Operator(7, "not")}
    refused: ClassVar[Mapping[str, str]] = {"=": "to compare write ==", "**": "a power is written x^n"}

    def name(self, word: Token) -> Expression:
        """A field of the candles, a group, the returns, or the average daily volume `adv20`."""
        name, span = word.text.lower(), Span(word.start, word.end)
        group = name.removeprefix("indclass.")
        if name in CANDLE or (group in GROUPS and group != name):
            return self.column(group, word)
        if name == "returns":
            return Call(f"{self.library}.returns", (), span, span)
        if name.startswith("adv") and name[3:].isdecimal():
            values = (self.column("vwap", word), self.column("volume", word), self.number(word, name[3:]))
            return Call(f"{self.library}.adv", tuple(Argument(None, value, span) for value in values), span, span)
        hint = f"the paper has {', '.join(sorted(CANDLE))}, returns, adv20 and IndClass.sector"
        return self.refuse(word.start, word.end, f"unknown name {word.text!r}", hint)

    def call(self, word: Token, arguments: Sequence[Expression], span: Span) -> Expression:
        """A function of the library. min and max of a value and a number are over time, as the paper says."""
        name = word.text.lower()
        if name in WINDOWED and len(arguments) == 2 and isinstance(arguments[1], Number):
            name = WINDOWED[name]
        return self.library_call(name, word, arguments, span)


class Yli188Reader(AlphaReader):
    """Reads the same text with the conventions of that code, which computes with pandas."""

    library = "alpha101_yli188"

    def compared(self, comparison: Comparison) -> Expression:
        """False where a side is undefined, and != true."""
        return known(comparison, comparison.operators == ("!=",))


@dialect("alpha101")
def read(source: str) -> Formula:
    """101 Formulaic Alphas, as the paper defines its functions."""
    return AlphaReader(source).read()


@dialect("alpha101_yli188")
def read_yli188(source: str) -> Formula:
    """101 Formulaic Alphas, with the conventions of yli188's Python code."""
    return Yli188Reader(source).read()
