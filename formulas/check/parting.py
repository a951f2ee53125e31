"""Taking a sound formula apart: each expression that its text shows, as a node of the plan.

What a part says depends on where it stands: inside `x[1]` it is the value one bar ago, inside `timeframe("1w", x)` that
of the week. So each part is a series on the rows at hand, and values of all parts come from one evaluation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import field, replace
from typing import Final

from .. import syntax
from ..freezing import mutable
from ..functions import HISTORY
from ..kinds import Kind
from ..libraries import LibraryFunction
from ..nodes import NODE_TYPES, Apply, Constant, Elsewhere, Node, OtherTable, SomeBars
from ..syntax import Expression, Span
from .checked import Checked
from .elsewhere import SLOTS
from .environment import Environment
from .parts import At, Part, Role, where_in_words
from .session import Session
from .values import Outputs, Value

MOST_PARTS: Final = 2_000
"""What a formula of many pages has beyond that is not taken apart: nobody reads it."""
DEEPEST: Final = 60


JOINS: Final = {"and": Role.ALL, "or": Role.ANY}


def take_apart(formula: syntax.Formula, checked: Checked, session: Session) -> Part:
    """The formula's result with everything below it; `session` is one in which `checked` was found to be sound."""
    return _Parting(formula, checked, session).whole()


@mutable(slots=False)
class _Parting:
    formula: syntax.Formula
    checked: Checked
    session: Session
    environment: Environment = field(init=False)
    definitions: dict[str, Expression] = field(default_factory=dict)
    known: dict[int, tuple[Expression, Value]] = field(default_factory=dict)
    opened: set[tuple[str, At]] = field(default_factory=set)
    count: int = 0

    def __post_init__(self) -> None:
        self.session.observe = self._remember
        self.environment = Environment(self.session)

    def whole(self) -> Part:
        for statement in self.formula.statements:
            self._statement(statement)
        self.environment.checker.value(self.formula.result)
        part = self._part(self.formula.result, ())
        assert part is not None, "a sound formula has a result"
        return part

    def _remember(self, expression: Expression, value: Value) -> None:
        self.known[id(expression)] = expression, value  # as long as an expression is kept, no other has its number

    def _statement(self, statement: syntax.Statement) -> None:
        match statement:
            case syntax.Assignment():
                self.environment.assign(statement)
                self.definitions.update((name.name, statement.value) for name in statement.names)
            case syntax.Definition():
                name = statement.name.name
                self.session.definitions[name] = LibraryFunction(name, self.formula.source, "", statement)
            case syntax.Parameter():
                self.environment.values[statement.name.name] = self._parameter(statement)

    def _parameter(self, statement: syntax.Parameter) -> Value:
        value = self.checked.parameters.get(statement.name.name)
        if value is None:
            return self.environment.checker.value(statement.default)
        return self.session.interner.constant(value, Kind.of(value))

    def _value(self, expression: Expression, at: At) -> Value:
        """What an expression means; those on other rows are checked in silence, so that they are asked again."""
        if id(expression) not in self.known:
            table = next((place.table for place in at if isinstance(place, OtherTable)), None)
            with nullcontext() if table is None else self.session.inside(table):
                self._remember(expression, self.environment.checker.value(expression))
        return self.known[id(expression)][1]

    def _part(self, expression: Expression, at: At, depth: int = 0) -> Part | None:
        """The part of an expression; None for what has no value of its own, such as several outputs."""
        value = self._value(expression, at)
        if not isinstance(value, NODE_TYPES):
            return None
        self.count += 1
        node = self._seen(value, at)
        if isinstance(expression, syntax.Comparison) and len(expression.operators) > 1:
            return self._chain(expression, at, node, depth)
        part = Part(self._text(expression.span), self._role(expression, value), node, where=where_in_words(at))
        if isinstance(expression, syntax.Name):
            return self._named(expression, part, at, depth)
        part = replace(part, children=self._children(expression, at, depth))
        return self._settled(expression, part)

    def _settled(self, expression: Expression, part: Part) -> Part:
        """A part whose role fits what it came to have for children."""
        inner = part.children[0] if len(part.children) == 1 else None
        if inner is not None and inner.text == part.text and inner.node.kind is part.node.kind:
            return replace(inner, node=part.node)  # what a dialect has put around a text
        if part.role is Role.AT_LEAST and isinstance(expression, syntax.Call):
            conditions = len(expression.arguments) - 1
            plain = all(argument.name is None for argument in expression.arguments)
            if not plain or len(part.children) != conditions or not isinstance(part.node, Apply):
                return replace(part, role=Role.CONDITION)
            return replace(part, needed=int(part.node.arguments[0]))  # type: ignore[arg-type]
        if isinstance(expression, syntax.Binary) and part.role in JOINS.values():
            complete = len(part.children) == sum(1 for _ in _operands(expression, expression.operator))
            return part if complete else replace(part, role=Role.CONDITION)
        return replace(part, role=Role.CONDITION) if part.role is Role.NOT and not part.children else part

    def _named(self, name: syntax.Name, part: Part, at: At, depth: int) -> Part:
        """A name with what it stands for, which is laid open where the name stands first."""
        definition = self.definitions.get(name.name)
        if definition is None:
            return part
        part = replace(part, definition=self._text(definition.span))
        if (name.name, at) in self.opened:
            return part
        self.opened.add((name.name, at))
        inner = self._part(definition, at, depth + 1)
        if inner is None:
            return replace(part, children=self._children(definition, at, depth))
        return replace(part, role=inner.role, children=inner.children, needed=inner.needed)

    def _role(self, expression: Expression, value: Node) -> Role:
        match expression:
            case syntax.Binary(operator="and" | "or"):
                return JOINS[expression.operator]
            case syntax.Unary(operator="not"):
                return Role.NOT
            case syntax.Comparison():
                return Role.COMPARISON
            case syntax.Call(name=name) if name.lower() == "at_least":
                return Role.AT_LEAST
            case _:
                return Role.CONDITION if value.kind is Kind.BOOLEAN else Role.VALUE

    def _chain(self, chain: syntax.Comparison, at: At, node: Node, depth: int) -> Part:
        """The two comparisons that a < b < c says."""
        sides = zip(chain.operators, chain.operands, chain.operands[1:], strict=False)
        pairs = [
            syntax.Comparison((left, right), (sign,), Span(left.span.start, right.span.end))
            for sign, left, right in sides
        ]
        parts = self._parts(pairs, at, depth)
        role = Role.ALL if len(parts) == len(pairs) else Role.CONDITION
        return Part(self._text(chain.span), role, node, parts, where=where_in_words(at))

    def _parts(self, expressions: Iterable[Expression], at: At, depth: int) -> tuple[Part, ...]:
        """The parts of several expressions, all or none; a constant is what its text says."""
        several = [each for each in expressions if not isinstance(self._value(each, at), Constant)]
        if depth >= DEEPEST or self.count + len(several) > MOST_PARTS:
            return ()
        parts = [self._part(each, at, depth + 1) for each in several]
        return tuple(part for part in parts if part is not None)

    def _children(self, expression: Expression, at: At, depth: int) -> tuple[Part, ...]:
        match expression:
            case syntax.Binary(operator="and" | "or" as operator):
                return self._parts(_operands(expression, operator), at, depth)
            case syntax.Binary(left=left, right=right):
                return self._parts((left, right), at, depth)
            case syntax.Unary(operand=operand) | syntax.Membership(operand=operand):
                return self._parts((operand,), at, depth)
            case syntax.Comparison(operands=operands):
                return self._parts(operands, at, depth)
            case syntax.Conditional(condition=condition, then=then, otherwise=otherwise):
                return self._parts((condition, then, otherwise), at, depth)
            case syntax.Output(operand=operand):
                return self._children(self.definitions.get(getattr(operand, "name", ""), operand), at, depth)
            case syntax.History(operand=operand):
                return self._earlier(expression, operand, at, depth)
            case syntax.Call():
                return self._arguments(expression, at, depth)
            case _:
                return ()

    def _earlier(self, expression: syntax.History, operand: Expression, at: At, depth: int) -> tuple[Part, ...]:
        bars = self._value(expression.offset, at)
        assert isinstance(bars, Constant)
        assert isinstance(bars.value, float)
        return self._parts([operand] if self._is_made(operand) else [], (*at, int(bars.value)), depth)

    def _arguments(self, call: syntax.Call, at: At, depth: int) -> tuple[Part, ...]:
        """The arguments of a call. A column in it is not a part: of the bars that a window sees, one says little."""
        form = call.name.lower()
        if form == "column":
            return ()
        if form in SLOTS:
            return self._elsewhere(call, at, depth)
        return self._parts([each.value for each in call.arguments if self._is_made(each.value)], at, depth)

    def _elsewhere(self, call: syntax.Call, at: At, depth: int) -> tuple[Part, ...]:
        whole = self._value(call, at)
        nodes = whole.nodes.values() if isinstance(whole, Outputs) else [whole]
        place = next((node.place for node in nodes if isinstance(node, Elsewhere)), None)
        if place is None:  # of a constant
            return ()
        bound: dict[str, Expression] = {}
        for argument in call.arguments:
            bound[argument.name or SLOTS[call.name.lower()][len(bound)].name] = argument.value
        condition = self._parts([bound["condition"]], at, depth) if isinstance(place, SomeBars) else ()
        return (*condition, *self._parts([bound["x"]], (*at, place), depth))

    def _is_made(self, expression: Expression) -> bool:
        """Whether an expression is more than a column or a constant."""
        if isinstance(expression, syntax.Call):
            return expression.name.lower() != "column"
        return not isinstance(expression, syntax.Name) or expression.name in self.definitions

    def _seen(self, node: Node, at: At) -> Node:
        """A node as it is seen from the rows at hand."""
        interner = self.session.interner
        for step in reversed(at):
            if isinstance(node, Constant):
                return node
            if not isinstance(step, int):
                node = interner.elsewhere(node, step)
            elif step:
                node = interner.apply(HISTORY, (node, step), node.kind)
        return node

    def _text(self, span: Span) -> str:
        return bare(" ".join(self.formula.source[span.start : span.end].split()))


def bare(text: str) -> str:
    """A text without the brackets around all of it.

    >>> bare("(close > open)"), bare("(close) > (open)")
    ('close > open', '(close) > (open)')
    """
    depth = 0
    for place, sign in enumerate(text):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            inside = text[1:-1].strip()
            return bare(inside) if place == len(text) - 1 and place and inside else text
    return text


def _operands(expression: Expression, operator: str) -> Iterator[Expression]:
    """The operands of a row of `and`, or of `or`, from left to right."""
    stack = [expression]
    while stack:
        each = stack.pop()
        if isinstance(each, syntax.Binary) and each.operator == operator:
            stack += (each.right, each.left)
        else:
            yield each
