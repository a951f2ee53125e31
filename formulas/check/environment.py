"""What names and calls mean at one place of a formula: in the formula itself, or inside a definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache
from typing import NamedTuple

from .. import syntax
from ..declaring import Primitive
from ..functions import Function
from ..kinds import Shape
from ..libraries import LibraryFunction
from ..limits import DEEPEST_CALLS, MOST_OPERATIONS, MOST_STEPS
from ..nodes import Constant
from ..syntax import Expression, Span
from .ahead import looks_ahead
from .applying import Applier, shown_value
from .binding import Binder, Evaluate, Slot
from .elsewhere import Forms
from .expressions import ExpressionChecker
from .guessing import as_called, hint_for_function
from .naming import LETTERS, SPECIAL_FORMS, shortened, suggestion
from .session import Session
from .values import FAULTY, Bound, Faulty, Given, Outputs, Value, is_missing


class Environment:
    """Names in scope. `outer` is where a definition stands, so that a formula's own `def` sees the formula's names."""

    def __init__(self, session: Session, outer: Environment | None = None) -> None:
        self.values: dict[str, Value] = {}
        self.assigning: tuple[str, ...] = ()
        self._session = session
        self._outer = outer
        self._applier = Applier(session.interner, session.faults)
        self.checker = ExpressionChecker(session.interner, session.faults, self)

    def observe(self, expression: Expression, value: Value) -> None:
        """Hand on what the formula's own expressions mean; what happens inside definitions is their affair.

        Raises FormulaError where the formula has grown too large.
        """
        session = self._session
        if session.stack:
            session.steps += 1
        elif not session.forms:
            session.observe(expression, value)
        if session.steps > MOST_STEPS:
            self._calls_too_often(session.stack[0], expression.span)
        if session.interner.count > MOST_OPERATIONS:
            whole = f"the call of {session.stack[0].name}" if session.stack else "the formula"
            hint = "compute parts of it as formulas of their own"
            session.faults.add(expression.span, f"{whole} comes to more than {MOST_OPERATIONS:,} operations", hint)
            session.faults.raise_if_any()

    def name(self, name: syntax.Name) -> Value:
        """The value of a name: the formula's own first, then columns, built-in series, and the letters o h l c v."""
        found = self._own(name.name)
        if found is None:
            found = self.built_in(name.name, name.span)
        return self._unknown_name(name) if found is None else found

    def _own(self, name: str) -> Value | None:
        if name in self.values:
            return self.values[name]
        return self._outer._own(name) if self._outer else None  # noqa: SLF001 - the same class

    def built_in(self, name: str, span: Span) -> Value | None:
        """The value of a name that every formula knows; None if there is none of that name."""
        columns, lower = self._session.columns, name.lower()
        for written in (name, lower, LETTERS.get(lower, "")):
            if written in columns:
                return self._session.interner.column(written, columns[written])
            function = self._session.functions.get(written)
            if function is not None and function.is_series:
                return self._applied(function, {}, span)
        return None

    def _unknown_name(self, name: syntax.Name) -> Value:
        session, lower = self._session, name.name.lower()
        if name.name in self.assigning:
            hint = "for running values use cumulative(x), rma(x, n), value_when(condition, x) or the like"
            session.faults.add(name.span, f"{name.name!r} cannot be defined by itself", hint)
        elif lower in session.functions:
            hint = f"write {session.functions[lower].signature}"
            session.faults.add(name.span, f"{name.name!r} is a function, here it stands without brackets", hint)
        elif lower in LETTERS or lower in LETTERS.values():
            field = LETTERS.get(lower, lower)
            session.faults.add(name.span, f"{session.owner} no column {field!r}", session.listed_without(field))
        else:
            series = [n for n in session.functions.plain if session.functions[n].is_series]
            nearest = suggestion(name.name, [*self.values, *session.columns, *series])
            written = nearest if nearest.isidentifier() else f'column("{nearest}")'
            columns = ", ".join(session.columns) or "none"
            hint = f"did you mean {written}?" if nearest else f"names are assigned above their use; columns: {columns}"
            session.faults.add(name.span, f"unknown name {shortened(name.name)!r}", hint)
        return FAULTY

    def call(self, call: syntax.Call, evaluate: Evaluate) -> Value:
        """The value of a call: a special form, a definition of the formula's, or a function."""
        session, lower = self._session, call.name.lower()
        if lower in SPECIAL_FORMS:
            return Forms(session).value(lower, call, evaluate)
        function = session.definitions.get(call.name) or session.functions.get(lower)
        if function is None or function.is_series:
            values = [evaluate(argument.value) for argument in call.arguments]
            return self._unknown_call(call, values, function is not None)

        def signature() -> str:
            return as_called(function.signature, lower.rpartition(".")[0], session.faults.written(call))

        bound = Binder(call, _callable(function).slots, signature, session.faults).bind(evaluate)
        if bound is None or self._constant_for_series(call, function, bound):
            return FAULTY
        return self._applied(function, bound, call.span)

    def _constant_for_series(self, call: syntax.Call, function: Function, bound: Bound) -> bool:
        """Whether a number stands where the series belongs, as in sma(20): its default would not be used."""
        defaults = _callable(function).series_defaults
        for name in defaults:
            given = bound.get(name)
            if isinstance(given, Given) and isinstance(given.value, Constant) and not is_missing(given.value):
                text = shown_value(given.value.value)
                message = f"{call.name} takes the series first, {text} is a constant"
                series = ", ".join(defaults.values())
                self._session.faults.add(given.span, message, f"write {call.name}({series}, {text})")
                return True
        return False

    def _applied(self, function: Primitive | LibraryFunction, bound: Bound, span: Span) -> Value:
        if isinstance(function, Primitive):
            return self._applier.apply(function, bound, span)
        return self._inlined(function, bound, span)

    def _unknown_call(self, call: syntax.Call, values: list[Value], is_known_series: bool) -> Value:
        session, lower = self._session, call.name.lower()
        way_out = looks_ahead(call.name, values)
        if way_out:
            message, hint = f"{call.name!r} would look into the future", way_out
        elif is_known_series or self._own(call.name) is not None or lower in session.columns:
            message, hint = f"{call.name!r} is a series, not a function", f"{call.name}[n] is its value n bars ago"
        else:
            written = session.faults.written(call)
            message = f"unknown function {shortened(written)!r}"
            hint = hint_for_function(lower, session.functions, session.definitions)
            hint = as_called(hint, lower.rpartition(".")[0], written)
        session.faults.add(call.name_span, message, hint)
        return FAULTY

    def _inlined(self, function: LibraryFunction, bound: Bound, span: Span) -> Value:
        """The value of a function written in the language: its text, checked with its parameters bound."""
        session = self._session
        key = (function, session.table, *((name, _identity(given)) for name, given in bound.items()))
        if key in session.inlined:
            return session.inlined[key]
        if function in session.stack:
            session.faults.add(
                span, f"{function.name} calls itself", "recursion is not possible; see cumulative and rma"
            )
            return FAULTY
        if len(session.stack) >= DEEPEST_CALLS:
            self._calls_too_often(session.stack[0], span)
        own = session.definitions.get(function.name) is function
        place = nullcontext() if own else session.faults.inside(function.name, function.source, function.path, span)
        session.inlined[key] = value = self._body(function, bound, own, place)
        return value

    def _calls_too_often(self, outermost: LibraryFunction, span: Span) -> None:
        faults = self._session.faults
        hint = f"at most {DEEPEST_CALLS} deep, and {MOST_STEPS:,} expressions when written out"
        faults.add(span, f"the functions under {outermost.name} call each other too deeply or too often", hint)
        faults.raise_if_any()

    def _body(self, function: LibraryFunction, bound: Bound, own: bool, place: AbstractContextManager[None]) -> Value:
        root = self
        while root._outer is not None:
            root = root._outer
        inner = Environment(self._session, root if own else None)
        with place, self._entered(function):
            for parameter in function.definition.parameters:
                given = bound.get(parameter.name.name)
                value = given.value if isinstance(given, Given) else inner.checker.value(parameter.default)  # type: ignore[arg-type]
                inner.values[parameter.name.name] = value
            for assignment in function.definition.body:
                inner.assign(assignment)
            value = inner.checker.value(function.definition.result)
        return Outputs(function.name, value.nodes) if isinstance(value, Outputs) else value

    @contextmanager
    def _entered(self, function: LibraryFunction) -> Iterator[None]:
        self._session.stack.append(function)
        try:
            yield
        finally:
            self._session.stack.pop()

    def assign(self, assignment: syntax.Assignment) -> None:
        """Give names their values. The names must be new; the caller sees to names that mean something already."""
        self.assigning = tuple(name.name for name in assignment.names)
        value = self.checker.value(assignment.value)
        self.assigning = ()
        for name in assignment.names:
            if name.name in self.values:
                self._session.faults.add(name.span, f"{name.name!r} is assigned twice", "choose another name")
        if len(assignment.names) == 1:
            self.values.setdefault(assignment.names[0].name, value)
            return
        for name, part in zip(assignment.names, self._unpacked(assignment, value), strict=True):
            self.values.setdefault(name.name, part)

    def _unpacked(self, assignment: syntax.Assignment, value: Value) -> list[Value]:
        count = len(assignment.names)
        if isinstance(value, Outputs) and len(value.nodes) == count:
            return list(value.nodes.values())
        if not isinstance(value, Faulty):
            given = f"{value.origin} gives {value.describe()}" if isinstance(value, Outputs) else "there is one value"
            span = Span(assignment.names[0].span.start, assignment.names[-1].span.end)
            self._session.faults.add(span, f"{count} names, but {given}")
        return [FAULTY] * count


def is_indicator(function: Primitive | LibraryFunction | None) -> bool:
    """Whether the values of a call of this function are worth reporting with a match."""
    return not (isinstance(function, Primitive) and function.shape is Shape.ELEMENTWISE)


class _Callable(NamedTuple):
    """What binding a call has to know of a function."""

    slots: list[Slot]
    series_defaults: Mapping[str, str]


@lru_cache(maxsize=1024)  # formulas call a few functions over and over
def _callable(function: Primitive | LibraryFunction) -> _Callable:
    if isinstance(function, Primitive):
        slots = [Slot(p.name, p.required, p.several) for p in function.parameters]
        varying = [Slot("max", required=False, named=True)] if function.varying else []
        return _Callable([*slots, *varying], function.series_defaults)
    slots = [Slot(p.name.name, p.default is None) for p in function.definition.parameters]
    return _Callable(slots, function.series_defaults)


def _identity(given: object) -> object:
    if isinstance(given, Given):
        return tuple(given.value.nodes.values()) if isinstance(given.value, Outputs) else given.value
    return id(given)
