"""The shipped parse table is that of the grammar, and the automaton makes of texts what lark's own parser makes."""

from __future__ import annotations

import random

from grammar_table import PARSE, START, table_text
from lark import Lark, UnexpectedToken
from lark import Token as LarkToken
from lark.lexer import Lexer

from barsweep.formulas.libraries import own_libraries
from barsweep.formulas.parse.automaton import Unexpected
from barsweep.formulas.parse.building import TreeBuilder
from barsweep.formulas.parse.parsing import _tools
from barsweep.formulas.parse.reading import Token, read_tokens
from barsweep.formulas.parse.statements import split_statements

GRAMMAR = (PARSE / "grammar.lark").read_text(encoding="utf-8")


class Placed(LarkToken):
    """A token of ours as lark takes it."""

    def __new__(cls, token: Token, index: int):
        made = super().__new__(cls, token.type, token.text)
        made.text, made.start, made.end, made.number = token.text, token.start, token.end, index
        return made


class Handed(Lexer):
    """Hands over tokens that are cut already."""

    def __init__(self, _) -> None:
        pass

    def lex(self, tokens):
        return (Placed(token, index) for index, token in enumerate(tokens))


class Builder(TreeBuilder):
    """Ours, which tells lines from what divides them by the class of tokens."""

    def block(self, found):
        return super().block([each for each in found if not isinstance(each, Placed)])


LARK = Lark(GRAMMAR, start=START, parser="lalr", lexer=Handed, transformer=Builder())


def by_lark(tokens):
    """What lark makes of a statement, or the index of the token that does not fit."""
    try:
        return LARK.parse(tokens)
    except UnexpectedToken as error:
        return getattr(error.token, "number", len(tokens))


def by_us(tokens):
    try:
        return _tools()[0].run(tokens)
    except Unexpected as error:
        return error.index


def statements():
    """A part of the library's definitions, and statements of every other kind."""
    plain, named = own_libraries()
    definitions = [plain[name].source for name in sorted(plain)[::3]]
    definitions += [named["talib"][name].source for name in sorted(named["talib"])[::10]]
    others = (
        "param n = 14",
        "param n = 14 in 2..200",
        "param n = -1.5 in -2..2 step 0.5",
        'param side = "long" in ["long", "short"]',
        "a, b, c = f(x)",
        "def f() = 1",
        "def f(x, n = 2) { y = x + n\n (upper = y, lower = x) }",
        "a ? b : c ? d : e",
        "not a and b or not c and d[1].e > 2 == true",
        "x in [1, 2, 3]",
        "-a^-b^c - +d",
        'f(x, n = "a", y)',
        "(a) * na / false",
    )
    return [chunk.tokens for text in [*definitions, *others] for chunk in split_statements(read_tokens(text)[0])[0]]


def test_the_shipped_table_is_the_grammars() -> None:
    shipped = (PARSE / "grammar.json").read_text(encoding="utf-8")

    assert shipped == table_text(GRAMMAR), "grammar.lark has changed: run `make grammar`"


def test_what_lark_parses() -> None:
    for tokens in statements():
        assert by_us(tokens) == by_lark(tokens)


def test_what_lark_refuses() -> None:
    """Statements with tokens dropped, doubled and exchanged fail at the same token, or mean the same."""
    draw, refused = random.Random(5), 0
    for tokens in [each for each in statements() for _ in range(3)]:
        damaged = list(tokens)
        at, other = (draw.randrange(len(damaged)) for _ in range(2))
        damaged[at : at + 1] = draw.choice([[], [damaged[at]] * 2, [damaged[other]]])
        refused += isinstance(by_us(damaged), int)
        assert by_us(damaged) == by_lark(damaged)

    assert refused > 100
