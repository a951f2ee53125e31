"""Checking expressions: each syntax node becomes a value of the plan, or a fault with its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol, assert_never

from .. import syntax
from ..balancing import balanced
from ..functions import CHOICE, HISTORY
from ..kinds import Kind
from ..limits import LONGEST_WINDOW
from ..nodes import Constant, Elsewhere, Interner, Node, OtherBars
from ..syntax import Expression, Span
from .applying import Applier
from .faults import Faults
from .values import FAULTY, Faulty, Given, Outputs, Value, is_missing

VARYING: Final = "shift_by(x, n, max=100) takes a number of bars that differs from bar to bar"


class Names(Protocol):
    """Looks up names and calls, which depend on where an expression stands."""

    def name(self, name: syntax.Name) -> Value:
        """The value of a name."""
        ...

    def call(self, call: syntax.Call, evaluate: Callable[[Expression], Value]) -> Value:
        """The value of a call."""
        ...

    def observe(self, expression: Expression, value: Value) -> None:
        """Take note of what an expression turned out to be."""
        ...


class ExpressionChecker:
    """Checks expressions in the light of `names`."""

    def __init__(self, interner: Interner, faults: Faults, names: Names) -> None:
        self._interner = interner
        self._faults = faults
        self._names = names
        self._applier = Applier(interner, faults)

    def value(self, expression: Expression) -> Value:
        """The value of any expression."""
        value = self._value(expression)
        self._names.observe(expression, value)
        return value

    def _value(self, expression: Expression) -> Value:  # noqa: C901, PLR0912 - one case a node, each a line
        match expression:  # what formulas are mostly made of stands first
            case syntax.Name():
                return self._names.name(expression)
            case syntax.Number(value=number):
                return self._interner.constant(number, Kind.NUMBER)
            case syntax.Binary():
                operands = [self._given(expression.left), self._given(expression.right)]
                return self._applier.operator(expression.operator, operands, expression.span)
            case syntax.Call():
                return self._names.call(expression, self.value)
            case syntax.Text(value=text):
                return self._interner.constant(text, Kind.CATEGORY)
            case syntax.Boolean(value=truth):
                return self._interner.constant(truth, Kind.BOOLEAN)
            case syntax.Missing():
                return self._interner.constant(None, Kind.NUMBER)
            case syntax.Unary():
                return self._unary(expression)
            case syntax.Comparison():
                return self._comparison(expression)
            case syntax.Membership():
                return self._membership(expression)
            case syntax.Conditional():
                return self._conditional(expression)
            case syntax.Output():
                return self._output(expression)
            case syntax.History():
                return self._history(expression)
            case syntax.Record():
                return self._record(expression)
            case _:
                assert_never(expression)

    def single(self, expression: Expression) -> Node | Faulty:
        """The value of an expression that must be one series or constant."""
        value = self.value(expression)
        if isinstance(value, Outputs):
            self._faults.add(expression.span, f"{value.origin} has several outputs", f"choose one: {value.describe()}")
            return FAULTY
        return value

    def _given(self, expression: Expression) -> Given:
        return Given(self.value(expression), expression.span)

    def _unary(self, expression: syntax.Unary) -> Value:
        operand = self._given(expression.operand)
        if expression.operator == "+":
            return operand.value
        symbol = "negate" if expression.operator == "-" else "not"
        return self._applier.operator(symbol, [operand], expression.span)

    def _comparison(self, expression: syntax.Comparison) -> Value:
        operands = [self._given(operand) for operand in expression.operands]
        for given in operands:
            if not isinstance(given.value, Faulty | Outputs) and is_missing(given.value):
                self._faults.add(given.span, "nothing compares with na", "write defined(x), or not defined(x)")
                return FAULTY
        pairs = zip(expression.operators, operands, operands[1:], strict=False)
        results = [
            self._applier.operator(sign, self._read(left, right), expression.span) for sign, left, right in pairs
        ]
        return self._joined("and", results, expression.span)

    def _read(self, left: Given, right: Given) -> list[Given]:
        """Text beside a date or a time is one too, whichever side it stands on."""
        sides = [left, right]
        for own, other in ((0, 1), (1, 0)):
            node, partner = sides[own].value, sides[other].value
            if isinstance(node, Constant) and not isinstance(partner, Faulty | Outputs):
                read = self._applier.as_kind(node, partner.kind, sides[own].span)
                if read is not None:
                    sides[own] = Given(read, sides[own].span)
        return sides

    def _membership(self, expression: syntax.Membership) -> Value:
        operand = self._given(expression.operand)
        options = [self._given(option) for option in expression.options]
        results = [self._applier.operator("==", self._read(operand, option), option.span) for option in options]
        return self._joined("or", results, expression.span)

    def _joined(self, sign: str, values: list[Value], span: Span) -> Value:
        def join(left: Value, right: Value) -> Value:
            return self._applier.operator(sign, [Given(left, span), Given(right, span)], span)

        return balanced(values, join)

    def _conditional(self, expression: syntax.Conditional) -> Value:
        condition = self._given(expression.condition)
        if isinstance(condition.value, Constant) and isinstance(condition.value.value, bool):
            return self.value(expression.then if condition.value.value else expression.otherwise)
        branches = {"x": self._given(expression.then), "y": self._given(expression.otherwise)}
        return self._applier.apply(CHOICE, {"condition": condition, **branches}, expression.span)

    def _output(self, expression: syntax.Output) -> Value:
        value = self.value(expression.operand)
        if isinstance(value, Faulty):
            return value
        if not isinstance(value, Outputs):
            self._faults.add(expression.output_span, f"there is one value here, no output {expression.output!r}")
            return FAULTY
        if expression.output not in value.nodes:
            hint = f"its outputs are {value.describe()}"
            self._faults.add(expression.output_span, f"{value.origin} has no output {expression.output!r}", hint)
            return FAULTY
        return value.nodes[expression.output]

    def _history(self, expression: syntax.History) -> Value:
        value = self.value(expression.operand)
        bars = self._bars_back(expression.offset)
        if bars is None or isinstance(value, Faulty):
            return FAULTY
        if isinstance(value, Outputs):
            return Outputs(
                value.origin, {name: self._back(node, bars, expression) for name, node in value.nodes.items()}
            )
        return self._back(value, bars, expression)

    def _bars_back(self, offset: Expression) -> int | None:
        node = self.single(offset)
        if isinstance(node, Faulty):
            return None
        if not isinstance(node, Constant) or not isinstance(node.value, float) or not node.value.is_integer():
            hint = "" if isinstance(node, Constant) else VARYING
            self._faults.add(offset.span, "how many bars back must be a constant whole number", hint)
            return None
        if node.value < 0:
            self._faults.add(offset.span, "a negative offset would look into the future", "x[1] is one bar ago")
            return None
        if node.value > LONGEST_WINDOW:
            self._faults.add(offset.span, f"no further back than {LONGEST_WINDOW:,} bars")
            return None
        return int(node.value)

    def _back(self, node: Node, bars: int, expression: syntax.History) -> Node:
        if isinstance(node, Elsewhere) and isinstance(node.place, OtherBars):
            forming = ", forming=true" if node.place.forming else ""
            written = f'timeframe("{node.place.timeframe}", x[{bars}]{forming})'
            hint = f"to go back one bar of the other timeframe, write {written}"
            self._faults.warn(expression.span, f"[{bars}] counts bars of the data's own timeframe here", hint)
        if bars == 0:
            return node
        return self._interner.apply(HISTORY, (node, bars), node.kind)

    def _record(self, expression: syntax.Record) -> Value:
        nodes: dict[str, Node] = {}
        for name, part in zip(expression.names, expression.values, strict=True):
            node = self.single(part)
            if isinstance(node, Faulty):
                return FAULTY
            nodes[name.name] = node
        return Outputs("this", nodes)
