"""The formulas of Guotai Junan's report on 191 short-horizon price and volume alphas (2017), as the report writes them.

The texts come from a PDF. What its typesetting did to them is undone: words that a line break has cut in two are put
together, full-width punctuation and dashes are read as meant, `./` and `.*` are / and *, a closing `;` is dropped, and
three misspelt names are read as what they stand for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from ..parse.reading import Token
from ..syntax import Argument, Call, Conditional, Expression, Formula, Missing, Name, Number, Span
from .conversions import as_condition, as_number
from .declaring import dialect
from .infix import InfixReader, Operator

FIELDS: Final = {
    **{name: name for name in ("open", "high", "low", "close", "volume", "vwap", "amount")},
    "l": "low",
    "banchmarkindexclose": "benchmark_close",
    "banchmarkindexopen": "benchmark_open",
}
SERIES: Final = frozenset({"ret", "tr", "hd", "ld", "dtm", "dbm"})
MISSPELT: Final = {"delat": "delta", "coviance": "covariance", "smean": "sma"}
FUNCTIONS: Final = frozenset(
    {"abs", "corr", "count", "covariance", "decaylinear", "delay", "delta", "filter", "highday", "log", "lowday", "max"}
    | {"mean", "min", "prod", "rank", "regbeta", "sequence", "sign", "sma", "std", "sum", "sumac", "sumif", "tsmax"}
    | {"tsmin", "tsrank"}
)
WORDS: Final = FIELDS.keys() | SERIES | FUNCTIONS | MISSPELT.keys()
WINDOWED: Final = {"min": "tsmin", "max": "tsmax"}


class GtjaReader(InfixReader):
    """Reads one alpha of the report. Names ignore case."""

    library = "gtja191"
    operators: ClassVar[Mapping[str, Operator]] = {
        **dict.fromkeys(("||", "|", "OR"), Operator(2, "or")),
        **dict.fromkeys(("&&", "&", "AND"), Operator(3, "and")),
        **{sign: Operator(4, sign) for sign in ("<", "<=", ">", ">=", "==", "!=")},
        "=": Operator(4, "=="),
        "+": Operator(5, "+"),
        "-": Operator(5, "-"),
        **dict.fromkeys(("*", ".*"), Operator(6, "*")),
        **dict.fromkeys(("/", "./"), Operator(6, "/")),
        "^": Operator(8, "^", right=True),
    }
    prefixes: ClassVar[Mapping[str, Operator]] = {"-": Operator(7, "-"), "+": Operator(7, "+"), "!": Operator(7, "not")}
    ends = ";"

    def mended(self, tokens: list[Token]) -> list[Token]:
        """Put words together that a line break has cut: two words, blanks between, that make a known one."""
        joined: list[Token] = []
        for token in tokens:
            last = joined[-1] if joined else None
            if last is not None and last.type == token.type == "NAME" and (last.text + token.text).lower() in WORDS:
                joined[-1] = Token("NAME", last.text + token.text, last.start, token.end)
            else:
                joined.append(token)
        return joined

    def name(self, word: Token) -> Expression:
        """A field, a series that the report derives from fields, or the sequence 1, 2, 3 ..."""
        name, span = word.text.lower(), Span(word.start, word.end)
        if name in FIELDS:
            return self.column(FIELDS[name], word)
        if name in SERIES:
            return Call(f"{self.library}.{name}", (), span, span)
        if name == "sequence":
            return Name("sequence", span)
        if name == "self":
            hint = "a formula that runs on its own last value has no first one here"
            return self.refuse(word.start, word.end, "SELF is the formula's own value, which cannot be read", hint)
        hint = f"there are {', '.join(sorted(FIELDS)).upper()}"
        return self.refuse(word.start, word.end, f"unknown name {word.text!r}", hint)

    def call(self, word: Token, arguments: Sequence[Expression], span: Span) -> Expression:
        """A function of the library. MAX and MIN of a value and a whole number from 1 on are over time."""
        name = MISSPELT.get(word.text.lower(), word.text.lower())
        match (name, tuple(arguments)):
            case ("max" | "min", (_, Number(value=n))) if n >= 1:
                name = WINDOWED[name]
            case ("regbeta", (x, Name(name="sequence") | Call(name="gtja191.sequence"), n)):
                return self.library_call("trend", word, (x, n), span)
            case ("regbeta", (Conditional(otherwise=Missing()), _, _)):
                name = "regbeta_filtered"
            case ("count", (condition, n)):
                given = (Argument(None, as_condition(condition), condition.span), Argument(None, n, n.span))
                return Call("count", given, Span(word.start, word.end), span)
            case ("filter", (x, condition)):
                return Conditional(as_condition(condition), as_number(x), Missing(span), span)
            case ("sumif", (x, n, condition)):
                kept = Conditional(as_condition(condition), as_number(x), Number(0.0, span), span)
                return self.library_call("sum", word, (kept, n), span)
            case _:
                pass
        return self.library_call(name, word, arguments, span)


@dialect("gtja191")
def read(source: str) -> Formula:
    """Guotai Junan's 191 alphas, in the report's Chinese broker style: SMA(CLOSE,12,1), DELAY(CLOSE,5)."""
    return GtjaReader(source).read()
