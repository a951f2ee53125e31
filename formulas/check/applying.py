"""Applying a primitive to checked values: kinds, bounds and defaults of its arguments."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Final

from ..declaring import Parameter, Primitive, Setting
from ..functions import CHOICE, OPERATORS
from ..kinds import Flag, Kind, Real, Series, Shape, Whole
from ..limits import MOST_UNITS
from ..nodes import NODE_TYPES, Constant, Interner, Node
from ..syntax import Span
from .ahead import NEGATIVE, is_negative
from .faults import Faults
from .measuring import compare
from .naming import shortened
from .values import FAULTY, READERS, Bound, Faulty, Given, Outputs, Value, folded, is_missing

HINTS = {
    (Kind.BOOLEAN, Kind.NUMBER): "a number is no condition: compare it, for example x != 0",
    (Kind.NUMBER, Kind.BOOLEAN): "a condition is no number: count(condition, n) counts, condition ? 1 : 0 converts",
    (Kind.NUMBER, Kind.DATE): 'compare a date with text, for example date >= "2016-02-03"',
    (Kind.NUMBER, Kind.TIME): 'compare a time with text, for example time < "09:30"',
    (Kind.NUMBER, Kind.CATEGORY): "text compares with columns of text, and with dates and times",
    (Kind.DATE, Kind.NUMBER): 'write a date as text: "2016-02-03"',
    (Kind.TIME, Kind.NUMBER): 'write a time as text: "09:30"',
}
LONGEST_STRETCH: Final = len(f"{MOST_UNITS}mo")
LARGEST: Final = sys.float_info.max
COUNTABLE = Series(frozenset({Kind.NUMBER, Kind.BOOLEAN}))
STRETCH: Final = re.compile(r"[1-9][0-9]*(m|h|d|w|mo|q|y)")


class Applier:
    """Makes nodes of primitives."""

    def __init__(self, interner: Interner, faults: Faults) -> None:
        self._interner = interner
        self._faults = faults

    def operator(self, symbol: str, operands: Sequence[Given], span: Span) -> Value:
        """An operator of the language."""
        primitive = OPERATORS[symbol]
        bound = {p.name: given for p, given in zip(primitive.parameters, operands, strict=True)}
        return self.apply(primitive, bound, span)

    def apply(self, primitive: Primitive, bound: Bound, span: Span) -> Value:
        """A primitive with its arguments bound to its parameters. Absent ones have their defaults."""
        form = self._form(primitive, bound)
        return FAULTY if isinstance(form, Faulty) else self._applied(form, bound, span)

    def _applied(self, primitive: Primitive, bound: Bound, span: Span) -> Value:
        alike = self._common_kind(primitive, bound)
        if isinstance(alike, Faulty):
            return FAULTY
        arguments: list[Node | Setting | None | Faulty] = []
        for parameter in primitive.parameters:
            given = bound.get(parameter.name)
            if isinstance(given, Given):
                arguments.append(self._argument(primitive, parameter, given, alike))
            elif given is not None:
                arguments.extend(self._argument(primitive, parameter, each, alike) for each in given)
            elif not parameter.several:
                arguments.append(self._default(parameter, alike))
        clean = [a for a in arguments if not isinstance(a, Faulty)]
        if len(clean) < len(arguments) or self._objects(primitive, clean, span):
            return FAULTY
        kind = alike if primitive.result.alike and alike else min(primitive.result.kinds)
        compare(primitive, bound, span, self._faults)
        if primitive.shape is Shape.ACROSS and self._one_group(bound.get("by")):
            return FAULTY
        made = self._among(clean) if primitive.shape is Shape.ACROSS else clean
        return self._made(primitive, tuple(made), kind)

    def _objects(self, primitive: Primitive, arguments: Sequence[Node | Setting | None], span: Span) -> bool:
        """Whether something is wrong with the settings together."""
        if primitive.objects is None:
            return False
        objection = primitive.objects(*(a for a in arguments if not isinstance(a, NODE_TYPES)))
        if objection:
            self._faults.add(span, f"{primitive.name}'s {objection}")
        return bool(objection)

    def _one_group(self, by: Given | Sequence[Given] | None) -> bool:
        """Whether the groups are given by a constant, which puts all symbols into one: by="sector"."""
        constant = isinstance(by, Given) and isinstance(by.value, Constant) and not is_missing(by.value)
        if constant and isinstance(by, Given):
            hint = "name the column without quotes, as in by=sector"
            self._faults.add(by.span, "by= takes a series that tells the groups, this is a constant", hint)
        return constant

    def _among(self, arguments: Sequence[Node | Setting | None]) -> Sequence[Node | Setting | None]:
        """Of a primitive across symbols: its first series where `where` holds, which is its last argument."""
        first, *others, condition = arguments
        if not isinstance(first, NODE_TYPES) or not isinstance(condition, NODE_TYPES):
            return arguments
        nothing = self._interner.constant(None, first.kind)
        return self._interner.apply(CHOICE, (condition, first, nothing), first.kind), *others, None

    def _form(self, primitive: Primitive, bound: Bound) -> Primitive | Faulty:
        """The primitive, or where a bound is given for a length that differs from bar to bar, its form for that."""
        length, bound_given = bound.get("n"), bound.get("max")
        if primitive.varying is None or not isinstance(length, Given) or not isinstance(bound_given, Given):
            return primitive
        if not isinstance(length.value, Constant):
            return primitive.varying
        most = self._argument(primitive.varying, primitive.varying.parameters[-1], bound_given, None)
        if isinstance(most, int) and isinstance(length.value.value, float) and length.value.value > most:
            shown = shown_value(length.value.value)
            self._faults.add(length.span, f"{primitive.name}'s n is {shown}, but its max is {most}")
            return FAULTY
        return FAULTY if isinstance(most, Faulty) else primitive

    def _made(self, primitive: Primitive, arguments: tuple[Node | Setting | None, ...], kind: Kind) -> Value:
        node = self._interner.apply(primitive, arguments, kind)
        if not primitive.outputs:
            return folded(node, self._interner)
        named = zip(primitive.outputs, primitive.output_kinds, strict=True)
        return Outputs(primitive.name, {name: self._interner.pick(node, name, kind) for name, kind in named})

    def _argument(
        self, primitive: Primitive, parameter: Parameter, given: Given, alike: Kind | None
    ) -> Node | Setting | None | Faulty:
        value = given.value
        if isinstance(value, Faulty):
            return FAULTY
        if isinstance(value, Outputs):
            self._faults.add(given.span, f"{value.origin} has several outputs", f"choose one: {value.describe()}")
            return FAULTY
        if isinstance(parameter.accepts, Series):
            return self._series(primitive, parameter, value, given.span, alike)
        return self._setting(primitive, parameter, value, given.span)

    def _default(self, parameter: Parameter, alike: Kind | None) -> Node | Setting | None:
        if not parameter.is_series or parameter.default is None:
            return parameter.default
        if isinstance(parameter.default, str):
            return self._interner.column(parameter.default, Kind.NUMBER)
        kind = alike or Kind.NUMBER
        return self._interner.constant(False if kind is Kind.BOOLEAN else parameter.default, kind)

    def _series(
        self, primitive: Primitive, parameter: Parameter, node: Node, span: Span, alike: Kind | None
    ) -> Node | Faulty:
        assert isinstance(parameter.accepts, Series)
        accepted = parameter.accepts.kinds
        tied = parameter.accepts.alike and alike in accepted
        if node.kind in ((alike,) if tied else accepted) and not is_missing(node):
            return self._counted(node) if node.kind is Kind.BOOLEAN and parameter.accepts == COUNTABLE else node
        wanted = frozenset({alike}) if tied and alike else accepted
        first = Kind.NUMBER if Kind.NUMBER in wanted else min(wanted)
        if is_missing(node):
            return self._interner.constant(None, first)
        read = self.as_kind(node, first, span)
        if read is not None:
            return read
        shown = f"{primitive.symbol!r}" if primitive.symbol else f"{primitive.name}'s {parameter.name}"
        takes = f"takes two of a kind, here {first}s" if tied else f"takes a {' or '.join(sorted(wanted))}"
        self._faults.add(span, f"{shown} {takes}, this is a {node.kind}", HINTS.get((first, node.kind), ""))
        return FAULTY

    def _counted(self, node: Node) -> Node:
        one, zero = (self._interner.constant(n, Kind.NUMBER) for n in (1, 0))
        return self._interner.apply(CHOICE, (node, one, zero), Kind.NUMBER)

    def as_kind(self, node: Node, kind: Kind, span: Span) -> Node | Faulty | None:
        """Text read as a date or a time; None where that is not what is asked."""
        if kind not in READERS or node.kind is not Kind.CATEGORY or not isinstance(node, Constant):
            return None
        reader, example = READERS[kind]
        number = reader(str(node.value))
        if number is None:
            self._faults.add(span, f"{node.value!r} is no {kind}", f"write it like {example}")
            return FAULTY
        return self._interner.constant(number, kind)

    def _common_kind(self, primitive: Primitive, bound: Bound) -> Kind | None | Faulty:
        """The one kind that all `alike` parameters share: that of the first series, or constant, which has one."""
        nodes: list[Node] = []
        for parameter in primitive.parameters:
            given = bound.get(parameter.name)
            if isinstance(parameter.accepts, Series) and parameter.accepts.alike and isinstance(given, Given):
                if isinstance(given.value, Faulty | Outputs):
                    return None if isinstance(given.value, Outputs) else FAULTY
                nodes.append(given.value)
        if not nodes:
            return None
        present = [node for node in nodes if not is_missing(node)]
        series = [node.kind for node in present if not isinstance(node, Constant)]
        kinds = series or [node.kind for node in present] or [Kind.NUMBER]
        return kinds[0]

    def _setting(self, primitive: Primitive, parameter: Parameter, node: Node, span: Span) -> Setting | Faulty:
        accepts, name = parameter.accepts, parameter.name
        if not isinstance(node, Constant):
            hint = "it has to be known before any bar is read: a number, a param, or arithmetic on them"
            if primitive.varying is not None:
                hint = f"a length that differs from bar to bar needs a bound: {primitive.name}(x, n, max=100)"
            self._faults.add(span, f"{primitive.form_of or primitive.name}'s {name} must be constant", hint)
            return FAULTY
        value = _fits(accepts, node)
        if value is None:
            shown = "undefined" if node.value is None else shown_value(node.value)
            message = f"{primitive.form_of or primitive.name}'s {name} must be {accepts.describe()}, this is {shown}"
            ahead = is_negative(node) and not isinstance(accepts, Real)
            self._faults.add(span, message, NEGATIVE if ahead else "")
            return FAULTY
        return value


def is_stretch(text: str) -> bool:
    """Whether a text is a stretch of time such as "1w", and not of too many units."""
    found = STRETCH.fullmatch(text)
    return found is not None and len(text) <= LONGEST_STRETCH and int(text.removesuffix(found[1])) <= MOST_UNITS


def shown_value(value: object) -> str:
    """A constant as a user would write it; other values, which are none, as Python does."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value:g}" if abs(value) <= LARGEST else f"a number beyond {LARGEST:g}"
    return repr(shortened(value)) if isinstance(value, str) else shortened(repr(value))


def _fits(accepts: object, node: Constant) -> Setting | None:
    """The constant as the setting that is accepted; None if it does not fit."""
    value = node.value
    match accepts:
        case Whole(least, most) if isinstance(value, float) and value.is_integer() and least <= value <= most:
            return int(value)
        case Real(least, most) if isinstance(value, float) and least <= value <= most:
            return value
        case Flag() if isinstance(value, bool):
            return value
        case Whole() | Real() | Flag():
            return None
        case _ if isinstance(value, str) and is_stretch(value):
            return value
        case _:
            return None
