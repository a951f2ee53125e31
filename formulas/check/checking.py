"""Checking a formula: from its syntax tree to typed plan nodes, with every fault that can be told at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import NamedTuple

from .. import syntax
from ..declaring import Setting
from ..freezing import mutable
from ..functions import HISTORY, Functions
from ..kinds import Kind
from ..libraries import LibraryFunction
from ..nodes import Constant, CountingInterner, Interner, Node
from ..parse.parsing import HALF
from ..syntax import Expression, Span
from .applying import shown_value
from .checked import Checked
from .environment import Environment, is_indicator
from .faults import Faults
from .limiting import refuse_too_large
from .naming import RESERVED, SPECIAL_FORMS
from .session import Session
from .tunable import Tunable
from .values import Faulty, Outputs, Value


class Observed(NamedTuple):
    """The call of an indicator: its text, and what it is."""

    text: str
    node: Node


@mutable(slots=False)
class _Check:
    """One run over one formula."""

    formula: syntax.Formula
    session: Session
    given: Mapping[str, Setting]
    tunables: dict[str, Tunable] = field(default_factory=dict)
    observed: dict[Span, Observed] = field(default_factory=dict)
    constants: dict[Span, int] = field(default_factory=dict)

    def run(self) -> Checked:
        faults = self.session.faults
        environment = Environment(self.session)
        for statement in self.formula.statements:
            self._statement(statement, environment)
        result = environment.checker.single(self.formula.result)
        self._no_unknown_parameters()
        faults.raise_if_any()
        assert not isinstance(result, Faulty)
        tunables = tuple(self.tunables.values())
        indicators, warnings = self._indicators(environment, result), tuple(faults.warnings)
        checked = Checked(self.formula.source, result, indicators, tunables, warnings, self._lines(environment))
        refuse_too_large(checked, self.formula, self.session)
        return checked

    def _statement(self, statement: syntax.Statement, environment: Environment) -> None:
        match statement:
            case syntax.Assignment():
                for name in statement.names:
                    self._new_name(name, environment)
                environment.assign(statement)
            case syntax.Parameter():
                self._new_name(statement.name, environment)
                self._parameter(statement, environment)
            case syntax.Definition():
                self._definition(statement)

    def _new_name(self, name: syntax.Name, environment: Environment) -> None:
        lower = name.name.lower()
        if lower in RESERVED:
            self.session.faults.add(name.span, f"{name.name!r} is a column of the results", "choose another name")
        elif len(lower) > 1 and environment.built_in(name.name, name.span) is not None:
            hint = "choose another name; to compare, write =="
            self.session.faults.add(name.span, f"{name.name!r} is a series already", hint)

    def _definition(self, statement: syntax.Definition) -> None:
        name, faults, known = statement.name, self.session.faults, self.session.functions
        lower, (library, dot, _) = name.name.lower(), name.name.lower().partition(".")
        if lower in SPECIAL_FORMS or lower in known or (dot and library in known.libraries):
            faults.add(name.span, f"{name.name!r} is a function of the library", "choose another name")
        elif name.name in self.session.definitions:
            faults.add(name.span, f"{name.name!r} is defined twice", "choose another name")
        else:
            self.session.definitions[name.name] = LibraryFunction(name.name, self.formula.source, "", statement)

    def _parameter(self, statement: syntax.Parameter, environment: Environment) -> None:
        name, checker = statement.name.name, environment.checker

        def constant(expression: Expression | None) -> Setting | None:
            node = None if expression is None else checker.single(expression)
            if isinstance(node, Constant) and node.value is not None:
                return node.value
            if expression is not None and not isinstance(node, Faulty):
                self.session.faults.add(expression.span, f"{name}'s values must be constant")
            return None

        def number(expression: Expression | None) -> float | None:
            value = constant(expression)
            if expression is None or value is None or isinstance(value, float):
                return value  # type: ignore[return-value]
            hint = f'several values are listed: param {name} = "a" in ["a", "b"]'
            self.session.faults.add(expression.span, f"{name}'s range must be of numbers", hint)
            return None

        default, (low, high, step) = constant(statement.default), map(number, _range(statement))
        options = tuple(o for o in map(constant, statement.options or ()) if o is not None)
        if default is None:
            environment.values[name] = environment.checker.value(statement.default)
            return
        tunable = Tunable(name, default, low, high, step, options)
        self.tunables[name] = tunable = self._tuned(tunable, statement)
        environment.values[name] = self.session.interner.constant(tunable.value, Kind.of(default))

    def _tuned(self, tunable: Tunable, statement: syntax.Parameter) -> Tunable:
        """The param with the value that was asked for, if one was."""
        value = self.given.get(tunable.name, tunable.value)
        where = statement.default.span if tunable.name not in self.given else statement.span
        if not tunable.admits(value):
            self.session.faults.add(where, f"{tunable.name} must be {tunable.describe()}, this is {shown_value(value)}")
            return tunable
        if isinstance(value, str) and HALF.search(value):
            self.session.faults.add(where, f"{tunable.name} holds half a character: {shown_value(value)}")
            return tunable
        number = isinstance(tunable.value, float)
        changed = float(value) if number else value
        return Tunable(tunable.name, changed, tunable.low, tunable.high, tunable.step, tunable.options)

    def _no_unknown_parameters(self) -> None:
        for name in self.given.keys() - self.tunables.keys():
            known = f"its params are {', '.join(self.tunables)}" if self.tunables else "it has no params"
            self.session.faults.add(Span(0, 1), f"the formula has no param {name!r}", known)

    def observe(self, expression: Expression, value: Value) -> None:
        """Remember calls of indicators; those under a history as of the bar that the formula looks at."""
        if isinstance(value, Constant) and isinstance(value.value, float):
            self.constants[expression.span] = int(value.value)
        if not isinstance(expression, syntax.Call | syntax.History | syntax.Output) or isinstance(value, Faulty):
            return
        if isinstance(expression, syntax.History):
            self._look_back(expression)
        if isinstance(value, Outputs | Constant) or value.kind is not Kind.NUMBER:
            return
        called = expression.operand if isinstance(expression, syntax.Output) else expression
        if isinstance(called, syntax.Call):
            own, known = self.session.definitions, self.session.functions
            if not is_indicator(known.get(called.name.lower()) or own.get(called.name.lower())):
                return
        elif called is expression:
            return
        self.observed[expression.span] = Observed(self._text(expression.span), value)

    def _look_back(self, expression: syntax.History) -> None:
        bars, whole = self.constants[expression.offset.span], expression.operand.span
        for span in reversed(self.observed):
            if not (whole.start <= span.start and span.end <= whole.end):
                break  # what stands in `whole` was seen last
            text, node = self.observed[span]
            earlier = self.session.interner.apply(HISTORY, (node, bars), node.kind) if bars else node
            self.observed[span] = Observed(f"{text}[{self._text(expression.offset.span)}]", earlier)

    def _text(self, span: Span) -> str:
        return " ".join(self.formula.source[span.start : span.end].split())

    def _lines(self, environment: Environment) -> dict[str, Node]:
        """Every name that was assigned, in the order of the text."""
        lines: dict[str, Node] = {}
        for name, value in environment.values.items():
            if isinstance(value, Outputs):
                lines.update((f"{name}.{output}", node) for output, node in value.nodes.items())
            elif not isinstance(value, Faulty) and name not in self.tunables:
                lines[name] = value
        return lines

    def _indicators(self, environment: Environment, result: Node) -> dict[str, Node]:
        """Named numbers first, then calls that have no name; the formula's own result is reported as such."""
        named = {
            name: value
            for name, value in environment.values.items()
            if not isinstance(value, Faulty | Outputs | Constant) and value.kind is Kind.NUMBER and value is not result
        }
        has_name = set(named.values())
        unnamed: dict[str, Node] = {}
        for text, node in self.observed.values():
            unnamed.setdefault(text, node)
        others = {text: node for text, node in unnamed.items() if node not in has_name and node is not result}
        return {**named, **{text: node for text, node in others.items() if text not in named}}


def _range(statement: syntax.Parameter) -> tuple[Expression | None, ...]:
    return statement.low, statement.high, statement.step


def check(
    formula: syntax.Formula,
    functions: Functions,
    interner: Interner,
    columns: Mapping[str, Kind],
    parameters: Mapping[str, Setting] | None = None,
    tables: Mapping[str, Mapping[str, Kind]] | None = None,
) -> Checked:
    """Check a parsed formula. Raises FormulaError with every problem found.

    `columns` are the candle columns that there are, `parameters` values for the formula's params, `tables` the columns
    of other tables by their names.
    """
    session = Session(
        functions, CountingInterner(interner), Faults(formula.source), columns, lambda *_: None, tables or {}
    )
    run = _Check(formula, session, parameters or {})
    session.observe = run.observe
    return run.run()
