"""From grammar to syntax tree: one method for each rule of grammar.lark, called as a rule is recognised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from ..balancing import balanced
from ..limits import MOST_NAMES_OF_A_FUNCTION
from ..syntax import (
    Argument,
    Assignment,
    Binary,
    Boolean,
    Call,
    Comparison,
    Conditional,
    Definition,
    DefinitionParameter,
    Expression,
    History,
    Membership,
    Missing,
    Name,
    Number,
    Output,
    Parameter,
    Record,
    Span,
    Text,
    Unary,
)
from .reading import Fault, Token

_DIRECTIONS: Final = {"<": "up", "<=": "up", ">": "down", ">=": "down", "==": "equal", "!=": "different"}


class _Placed(Protocol):
    @property
    def span(self) -> Span: ...


class TreeBuilder:
    """Builds nodes, and gathers the faults that the grammar lets through so that it can be said what is wrong.

    The `faults` and `records` belong to the statement being parsed; the parser empties them before each.
    """

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.records: list[Record] = []

    # Statements

    def names(self, found: Sequence[Token]) -> tuple[Name, ...]:
        """`a, b, c` ahead of `=`."""
        return tuple(_name(token) for token in found if token.type == "NAME")

    def assignment(self, found: Sequence[Any]) -> Assignment:
        """`names = value`."""
        names, value = found
        return Assignment(names, value, _span(names[0], value))

    def plain_parameter(self, found: Sequence[Any]) -> Parameter:
        """`param length = 14`."""
        start, name, default = found
        return Parameter(_name(name), default, None, None, None, None, Span(start.start, default.span.end))

    def ranged_parameter(self, found: Sequence[Any]) -> Parameter:
        """`param length = 14 in 2..200 step 2`."""
        start, name, default, _, low, high, *rest = found
        step = rest[1] if rest else None
        span = Span(start.start, (step or high).span.end)
        return Parameter(_name(name), default, low, high, step, None, span)

    def optional_parameter(self, found: Sequence[Any]) -> Parameter:
        """`param side = "long" in ["long", "short"]`."""
        start, name, default, _, options, end = found
        return Parameter(_name(name), default, None, None, None, options, Span(start.start, end.end))

    def definition_parameter(self, found: Sequence[Any]) -> DefinitionParameter:
        """`x` or `n = 14` in a definition's brackets."""
        name, default = found
        return DefinitionParameter(_name(name), default, Span(name.start, default.span.end if default else name.end))

    def definition_parameters(self, found: Sequence[DefinitionParameter]) -> tuple[DefinitionParameter, ...]:
        """All parameters of a definition."""
        if len(found) > MOST_NAMES_OF_A_FUNCTION:
            self._too_many("parameters", Span(found[0].span.start, found[-1].span.end))
        return tuple(found)

    def short_definition(self, found: Sequence[Any]) -> Definition:
        """`def name(parameters) = result`."""
        start, name, parameters, result = found
        self._take_record(result)
        return Definition(_name(name), parameters, (), result, "", Span(start.start, result.span.end))

    def block(self, found: Sequence[Any]) -> tuple[Any, ...]:
        """The lines of a definition's block."""
        return tuple(line for line in found if not isinstance(line, Token))

    def block_definition(self, found: Sequence[Any]) -> Definition:
        """`def name(parameters) { lines }`."""
        start, name, parameters, lines, end = found
        body = tuple(line for line in lines if isinstance(line, Assignment))
        for line in lines[:-1]:
            if not isinstance(line, Assignment):
                self.faults.append(unused(line.span))
        result = lines[-1]
        if isinstance(result, Assignment):
            if len(result.names) > 1:
                self.faults.append(several_results(result))
            result = result.names[0]
        self._take_record(result)
        return Definition(_name(name), parameters, body, result, "", Span(start.start, end.end))

    def _too_many(self, what: str, span: Span) -> None:
        message = f"a function has at most {MOST_NAMES_OF_A_FUNCTION} {what}"
        self.faults.append(Fault(span.start, span.end, message, "make several functions of it"))

    # Expressions

    def conditional(self, found: Sequence[Any]) -> Conditional:
        """`condition ? then : otherwise`."""
        condition, then, otherwise = found
        return Conditional(condition, then, otherwise, _span(condition, otherwise))

    def logic(self, found: Sequence[Any]) -> Expression:
        """`a and b and c`, or the same with `or`."""
        operator = found[1].type.lower()

        def join(left: Expression, right: Expression) -> Expression:
            return Binary(operator, left, right, _span(left, right))

        operands: Sequence[Expression] = found[::2]
        return balanced(operands, join)

    def prefix(self, found: Sequence[Any]) -> Unary:
        """`-x`, `+x` or `not x`."""
        operator, operand = found
        return Unary(operator.text.lower(), operand, Span(operator.start, operand.span.end))

    def chain(self, found: Sequence[Any]) -> Comparison:
        """`a < b <= c`, in one direction."""
        operators = tuple(token.text for token in found[1::2])
        span = _span(found[0], found[-1])
        if len(operators) > 1:
            self._check_direction(found[1::2], span)
        return Comparison(tuple(found[::2]), operators, span)

    def _check_direction(self, operators: Sequence[Token], span: Span) -> None:
        directions = {_DIRECTIONS[operator.text] for operator in operators}
        if "different" in directions:
            message, hint = "'!=' cannot be chained", "say which pairs are compared: a != b and b != c"
        elif len(directions) > 1:
            message = "a chain of comparisons must go in one direction, as in 20 < x < 30"
            hint = "join two comparisons with and, or put one in brackets"
        else:
            return
        self.faults.append(Fault(span.start, span.end, message, hint))

    def membership(self, found: Sequence[Any]) -> Membership:
        """`x in [a, b]`."""
        operand, _, options, end = found
        return Membership(operand, options, Span(operand.span.start, end.end))

    def binary(self, found: Sequence[Any]) -> Binary:
        """`a + b` and the like."""
        left, operator, right = found
        return Binary(operator.text, left, right, Span(left.span.start, right.span.end))

    def signed_power(self, found: Sequence[Any]) -> Unary:
        """`-a^b`, which languages read in two ways."""
        node = self.prefix(found)
        message = f"'{node.operator}a^b' can be read in two ways"
        hint = f"put brackets: ({node.operator}a)^b or {node.operator}(a^b)"
        self.faults.append(Fault(node.span.start, node.span.end, message, hint))
        return node

    def power_chain(self, found: Sequence[Any]) -> Binary:
        """`a^b^c`, which languages read in two ways."""
        node = self.binary(found)
        hint = "put brackets: (a^b)^c or a^(b^c)"
        self.faults.append(Fault(node.span.start, node.span.end, "'a^b^c' can be read in two ways", hint))
        return node

    # Operands

    def number(self, found: Sequence[Token]) -> Number:
        """A numeric literal."""
        token = found[0]
        return Number(float(token.text), Span(token.start, token.end))

    def text(self, found: Sequence[Token]) -> Text:
        """A text literal."""
        token = found[0]
        return Text(token.text, Span(token.start, token.end))

    def name(self, found: Sequence[Token]) -> Name:
        """A name that stands for a value."""
        return _name(found[0])

    def boolean(self, found: Sequence[Token]) -> Boolean:
        """`true` or `false`."""
        token = found[0]
        return Boolean(token.type == "TRUE", Span(token.start, token.end))

    def missing(self, found: Sequence[Token]) -> Missing:
        """`na`."""
        return Missing(Span(found[0].start, found[0].end))

    def brackets(self, found: Sequence[Any]) -> Expression:
        """`(x)`: the node itself, its span widened to the brackets so that spans of what is around stay whole."""
        start, inner, end = found
        node: Expression = replace(inner, span=Span(start.start, end.end))
        if isinstance(node, Record):
            self._exchange_record(inner, node)
        return node

    def field(self, found: Sequence[Any]) -> tuple[Name, Expression]:
        """`name = value` inside a record's brackets."""
        return _name(found[0]), found[1]

    def record(self, found: Sequence[Any]) -> Record:
        """`(upper = a, lower = b)`."""
        start, *fields, end = found
        names, values = zip(*fields, strict=True)
        record = Record(names, values, Span(start.start, end.end))
        if len(names) > MOST_NAMES_OF_A_FUNCTION:
            self._too_many("outputs", record.span)
        self.records.append(record)
        return record

    def call(self, found: Sequence[Any]) -> Call:
        """`name(arguments)`."""
        name, arguments, end = found
        return Call(name.text, arguments, Span(name.start, name.end), Span(name.start, end.end))

    def arguments(self, found: Sequence[Argument]) -> tuple[Argument, ...]:
        """All arguments of a call."""
        return tuple(found)

    def positional(self, found: Sequence[Any]) -> Argument:
        """An argument given by position."""
        return Argument(None, found[0], found[0].span)

    def named(self, found: Sequence[Any]) -> Argument:
        """An argument given by name."""
        name, value = found
        return Argument(name.text, value, Span(name.start, value.span.end))

    def options(self, found: Sequence[Expression]) -> tuple[Expression, ...]:
        """The list after `in`."""
        return tuple(found)

    def history(self, found: Sequence[Any]) -> History:
        """`x[n]`."""
        operand, offset, end = found
        return History(operand, offset, Span(operand.span.start, end.end))

    def output(self, found: Sequence[Any]) -> Output:
        """`x.output`."""
        operand, name = found
        return Output(operand, name.text, Span(name.start, name.end), Span(operand.span.start, name.end))

    # Records are outputs of definitions and nothing else; those left over when a statement is done are misplaced.

    def _take_record(self, result: object) -> None:
        self.records = [record for record in self.records if record is not result]

    def _exchange_record(self, before: Record, after: Record) -> None:
        self.records = [after if record is before else record for record in self.records]


def unused(span: Span) -> Fault:
    """Make the fault for a value that stands where only the last line may give one."""
    message = "this value is used by nothing: the result is the last statement"
    return Fault(span.start, span.end, message, "give it a name (x = ...), or join conditions with and")


def several_results(last: Assignment) -> Fault:
    """Make the fault for a last line that names several values."""
    names = ", ".join(name.name for name in last.names)
    message = f"the last line names several values, so it is not clear which is the result: {names}"
    return Fault(last.span.start, last.span.end, message, f"add a last line: {last.names[0].name}")


def _name(token: Token) -> Name:
    return Name(token.text, Span(token.start, token.end))


def _span(first: _Placed, last: _Placed) -> Span:
    return Span(first.span.start, last.span.end)
