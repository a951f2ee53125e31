"""Reading formulas written with operators, brackets and calls, whatever a dialect's signs and words are.

A dialect says which signs it has, how tightly they bind and what they mean; operator precedence does the rest. What
names and calls mean is the dialect's own affair (`name`, `call`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final, NamedTuple, NoReturn

from ..limits import DEEPEST_NESTING
from ..parse.parsing import assert_readable, depth, faulty
from ..parse.reading import Fault, Token
from ..syntax import Argument, Binary, Call, Comparison, Conditional, Expression, Formula, Number, Span, Text, Unary
from .conversions import as_condition, as_number, is_condition
from .tokens import tokens_of

COMPARISONS: Final = frozenset({"<", "<=", ">", ">=", "==", "!="})
LOGIC: Final = frozenset({"and", "or"})
CHOICE: Final = 1
"""How tightly `? :` binds: less than any operator."""


class Operator(NamedTuple):
    """How tightly an operator binds, from 2, and what it means in our language. `right`: a ^ b ^ c is a ^ (b ^ c)."""

    power: int
    meaning: str
    right: bool = False


class Unsound(Exception):  # noqa: N818 - never seen by users: it becomes a FormulaError
    """Reading cannot go on; carries the fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class InfixReader:
    """Reads one text of a dialect. Subclasses state the tables and what names and calls mean."""

    library: ClassVar[str] = ""
    operators: ClassVar[Mapping[str, Operator]] = {}
    prefixes: ClassVar[Mapping[str, Operator]] = {}
    refused: ClassVar[Mapping[str, str]] = {}
    """Signs that are read in order to be refused, with the hint."""
    choice: ClassVar[bool] = True
    ends: ClassVar[str] = ""
    """Signs that may end the text and mean nothing."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens: list[Token] = []
        self.place = 0
        self.nesting = 0

    def read(self) -> Formula:
        """The formula; raises FormulaError where the text is unsound."""
        assert_readable(self.source)
        signs = {*self.operators, *self.prefixes, *self.refused, *"(),", *("?:" if self.choice else ""), *self.ends}
        self.tokens, faults = tokens_of(self.source, signs)
        self.tokens = self.mended(self.tokens)
        if faults:
            raise faulty(faults, self.source)
        try:
            result = self._whole()
        except Unsound as unsound:
            raise faulty([unsound.fault], self.source) from None
        return Formula((), result, self.source)

    def mended(self, tokens: list[Token]) -> list[Token]:
        """The tokens without the accidents that a dialect's texts are known for."""
        return tokens

    def name(self, word: Token) -> Expression:
        """What a word means that is not called."""
        raise NotImplementedError

    def call(self, word: Token, arguments: Sequence[Expression], span: Span) -> Expression:
        """What a call means: by default the function of that name in the dialect's library."""
        return self.library_call(word.text.lower(), word, arguments, span)

    def library_call(self, name: str, word: Token, arguments: Sequence[Expression], span: Span) -> Call:
        """A call of a function of the dialect's library, which take numbers."""
        values = [as_number(argument) for argument in arguments]
        given = tuple(Argument(None, value, value.span) for value in values)
        return Call(f"{self.library}.{name}", given, Span(word.start, word.end), span)

    def column(self, name: str, word: Token) -> Call:
        """A column of the candles."""
        span = Span(word.start, word.end)
        return Call("column", (Argument(None, Text(name, span), span),), span, span)

    def number(self, token: Token, digits: str = "") -> Number:
        """The number that a token is, or that these digits in it are."""
        value = float(digits or token.text)
        if math.isinf(value):
            self.refuse(token.start, token.end, "this number is too large", "the largest is about 1.8e308")
        return Number(value, Span(token.start, token.end))

    def compared(self, comparison: Comparison) -> Expression:
        """A comparison as the dialect means it where a side is undefined: by default it is undefined itself."""
        return comparison

    def refuse(self, start: int, end: int, message: str, hint: str = "") -> NoReturn:
        """Say what is unsound, and read no further."""
        raise Unsound(Fault(start, end, message, hint))

    def _whole(self) -> Expression:
        if self.ends and self.tokens and self.tokens[-1].text in self.ends:
            self.tokens.pop()
        if not self.tokens:
            self.refuse(0, 0, "the formula is empty")
        result = self._expression(CHOICE)
        left = self._next()
        if left is not None:
            self._unexpected(left)
        if depth(result) > DEEPEST_NESTING:
            self.refuse(result.span.start, result.span.end, f"this is nested more than {DEEPEST_NESTING} deep")
        return result

    def _expression(self, least: int) -> Expression:
        """An expression whose operators bind at least as tightly as `least`."""
        self.nesting += 1
        if self.nesting > DEEPEST_NESTING:
            token = self.tokens[min(self.place, len(self.tokens) - 1)]
            self.refuse(token.start, token.end, f"this is nested more than {DEEPEST_NESTING} deep")
        begin = self.place
        left = self._operand()
        while (following := self._next()) is not None and following.type != "TEXT":
            operator = self.operators.get(following.text)
            if operator is not None and operator.power >= least:
                self.place += 1
                right = self._expression(operator.power + (not operator.right))
                left = self._binary(operator.meaning, left, right, self._span(begin))
            elif self.choice and following.text == "?" and least <= CHOICE:
                left = self._conditional(left, begin)
            else:
                break
        self.nesting -= 1
        return left

    def _conditional(self, condition: Expression, begin: int) -> Expression:
        self.place += 1
        then = self._expression(CHOICE)
        self._expect(":", "a choice is written condition ? value : other value")
        otherwise = self._expression(CHOICE)
        return self.chosen(condition, then, otherwise, self._span(begin))

    def chosen(self, condition: Expression, then: Expression, otherwise: Expression, span: Span) -> Conditional:
        """A choice; between two conditions it is one, else a number."""
        if not (is_condition(then) and is_condition(otherwise)):
            then, otherwise = as_number(then), as_number(otherwise)
        return Conditional(as_condition(condition), then, otherwise, span)

    def _binary(self, meaning: str, left: Expression, right: Expression, span: Span) -> Expression:
        if meaning in LOGIC:
            return Binary(meaning, as_condition(left), as_condition(right), span)
        if meaning in COMPARISONS:
            return self.compared(Comparison((as_number(left), as_number(right)), (meaning,), span))
        return Binary(meaning, as_number(left), as_number(right), span)

    def _operand(self) -> Expression:
        token = self._next()
        if token is None:
            end = len(self.source.rstrip())
            self.refuse(max(end - 1, 0), end, "the formula ends where a value is missing")
        self.place += 1
        match token.type:
            case "NUMBER":
                return self.number(token)
            case "TEXT":
                return Text(token.text[1:-1], Span(token.start, token.end))
            case "NAME":
                following = self._next()
                return self._called(token) if following is not None and following.text == "(" else self.name(token)
            case _ if token.text in self.prefixes:
                return self._prefixed(token)
            case _ if token.text == "(":
                return self._bracketed()
            case _:
                self.place -= 1
                return self._no_value(token)

    def _prefixed(self, token: Token) -> Expression:
        operator, begin = self.prefixes[token.text], self.place - 1
        operand = self._expression(operator.power)
        made = as_condition(operand) if operator.meaning == "not" else as_number(operand)
        return Unary(operator.meaning, made, self._span(begin))

    def _bracketed(self) -> Expression:
        inner = self._expression(CHOICE)
        self._expect(")", "a bracket without a function's name holds one value")
        return inner

    def _called(self, word: Token) -> Expression:
        self.place += 1
        arguments: list[Expression] = []
        token = self._next()
        while token is not None and token.text != ")":
            arguments.append(self._expression(CHOICE))
            token = self._next()
            if token is not None and token.text == ",":
                self.place += 1
                token = self._next()
                if token is not None and token.text == ")":
                    self._no_value(token)
            elif token is not None and token.text != ")":
                self._unexpected(token)
        self._expect(")", f"the call of {word.text} is not closed")
        return self.call(word, arguments, Span(word.start, self.tokens[self.place - 1].end))

    def _span(self, begin: int) -> Span:
        """The place of what has been read since a token, the brackets around its parts included."""
        return Span(self.tokens[begin].start, self.tokens[self.place - 1].end)

    def _next(self) -> Token | None:
        return self.tokens[self.place] if self.place < len(self.tokens) else None

    def _expect(self, sign: str, hint: str) -> None:
        token = self._next()
        if token is None:
            end = len(self.source.rstrip())
            self.refuse(max(end - 1, 0), end, f"the formula ends where {sign!r} is missing", hint)
        if token.text != sign:
            self._unexpected(token, hint)
        self.place += 1

    def _unexpected(self, token: Token, hint: str = "") -> NoReturn:
        if token.text in self.refused:
            self.refuse(token.start, token.end, f"{token.text!r} has no meaning here", self.refused[token.text])
        if token.type != "SIGN" or token.text == "(":
            self.refuse(token.start, token.end, "an operator or a comma is missing before this")
        self.refuse(token.start, token.end, f"this {token.text!r} is out of place", hint)

    def _no_value(self, token: Token) -> NoReturn:
        if token.text in self.refused:
            self._unexpected(token)
        self.refuse(token.start, token.end, f"a value is missing before this {token.text!r}")
