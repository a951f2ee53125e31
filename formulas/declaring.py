"""Declaring primitives: one decorated Python function each, from which everything else follows.

Its name is the name in the language, its parameters the signature, its annotations the type check, its docstring the
documentation, its body the Polars rule. The decorator adds what a signature cannot say: warm-up, reach and outputs.
"""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any, Final, TypeAlias

import polars as pl

from .freezing import frozen
from .kinds import Accepts, Kind, Series, Shape, Whole
from .limits import LONGEST_WINDOW
from .scope import Scope

Setting: TypeAlias = int | float | bool | str
Count: TypeAlias = Callable[..., int]
Plain: TypeAlias = Callable[..., float | bool]
ALL: Final = None
"""A reach of all earlier bars."""
NUMBERS: Final = Series(frozenset({Kind.NUMBER}))


@frozen
class Parameter:
    """One parameter of a function of the language. `default` is a setting, or for a series the name of a column."""

    name: str
    accepts: Accepts
    default: Setting | None = None
    required: bool = True
    several: bool = False

    @property
    def is_series(self) -> bool:
        """Whether a value per bar is expected, as against a constant."""
        return isinstance(self.accepts, Series)


@frozen(eq=False, repr=False)
class Primitive:
    """What the language knows about one primitive; all of it stems from the declaration.

    `warmup`, `reach` and `settles` take the settings by position. `reach` is None where all earlier bars count.
    `fills` says that the value is defined where its inputs are not, `by_event` that it is undefined until an event.
    `carries` says that a non-finite input always gives a non-finite result: a chain is then guarded once, at its end.
    `bounded` says that finite inputs always give a finite result.
    `dense` asks for whole columns: Polars divides by a single number by multiplying with its rounded inverse.
    `objects` takes the settings too and says what is wrong with them together, if anything is.
    `plain` gives what the rule gives for floats, or raises ArithmeticError or ValueError: it computes constants.
    `varying` is its form with a length that differs from bar to bar; that one's `form_of` is this one's name.
    """

    name: str
    doc: str
    shape: Shape
    parameters: tuple[Parameter, ...]
    result: Series
    rule: Callable[..., Any]
    outputs: tuple[str, ...] = ()
    warmup: Count = field(default=lambda *_: 0)
    reach: Count | None = field(default=lambda *_: 0)
    settles: Count | None = None
    fills: bool = False
    by_event: bool = False
    carries: bool = False
    bounded: bool = False
    dense: bool = False
    scoped: bool = False
    symbol: str = ""
    output_kinds: tuple[Kind, ...] = ()
    objects: Callable[..., str] | None = None
    varying: Primitive | None = None
    form_of: str = ""
    plain: Plain | None = None

    def __repr__(self) -> str:
        return f"Primitive({self.signature})"

    @property
    def signature(self) -> str:
        """The call as the language writes it, with defaults."""
        return self.name if self.is_series else f"{self.name}({', '.join(map(_written, self.parameters))})"

    @property
    def is_series(self) -> bool:
        """Whether it is written without brackets, as weekday is."""
        return not self.parameters

    @property
    def series_defaults(self) -> dict[str, str]:
        """The parameters that are a series of the candle if they are not given, and which."""
        return {p.name: p.default for p in self.parameters if p.is_series and isinstance(p.default, str)}


def _written(parameter: Parameter) -> str:
    if parameter.several:
        return f"{parameter.name}, ..."
    if parameter.required:
        return parameter.name
    default = parameter.default
    text = "none" if default is None else str(default).lower() if isinstance(default, bool) else f"{default}"
    return f"{parameter.name}={text}"


class Registry(Mapping[str, Primitive]):
    """Primitives by name. A second declaration under one name is an error, never a warning."""

    def __init__(self) -> None:
        self._primitives: dict[str, Primitive] = {}

    def add(self, primitive: Primitive) -> None:
        """Enter a primitive. Raises ValueError if the name is taken."""
        if primitive.name in self._primitives:
            message = f"the primitive {primitive.name!r} is declared twice"
            raise ValueError(message)
        self._primitives[primitive.name] = primitive

    def __getitem__(self, name: str) -> Primitive:
        return self._primitives[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._primitives)

    def __len__(self) -> int:
        return len(self._primitives)


PRIMITIVES: Final = Registry()
"""The built-in primitives, filled when `formulas.primitives` is imported and not changed afterwards."""

Rule: TypeAlias = Callable[..., Any]


def elementwise(symbol: str = "", plain: Plain | None = None, **facts: bool) -> Callable[[Rule], Rule]:
    """Declare a primitive whose value at a bar comes from that bar alone.

    `symbol` is its operator; `plain` and the `facts` `fills`, `carries`, `bounded`, `dense` are those of Primitive.
    """

    def declare(rule: Rule) -> Rule:
        PRIMITIVES.add(describe(rule, Shape.ELEMENTWISE, symbol=symbol, plain=plain, **facts))
        return rule

    return declare


def window(
    *,
    warmup: Count,
    reach: Count | None = None,
    symbol: str = "",
    bounded: bool = False,
    fills: bool = False,
    by_event: bool = False,
    varying: bool = False,
    objects: Callable[..., str] | None = None,
) -> Callable[[Rule], Rule]:
    """Declare a primitive over a fixed number of last bars; its reach is its warm-up, unless another is given.

    The rule runs on the whole column: rows whose window would begin in the symbol before are its warm-up, and masked.
    `varying` adds the form with a length that differs from bar to bar, which is the kernel of that name.
    """

    def declare(rule: Rule) -> Rule:
        facts = {"warmup": warmup, "reach": reach or warmup, "bounded": bounded, "fills": fills, "by_event": by_event}
        primitive = describe(rule, Shape.WINDOW, symbol=symbol, objects=objects, **facts)
        if varying:
            sibling = _of_varying_length(primitive)
            PRIMITIVES.add(sibling)
            doc = f"{primitive.doc}\n\n{VARYING.format(primitive.name)}"
            primitive = replace(primitive, varying=sibling, doc=doc)
        PRIMITIVES.add(primitive)
        return rule

    return declare


VARYING: Final = (
    "`n` may differ from bar to bar: {}(x, n, max=100); undefined where it is no whole number from 1 to max."
)


def _of_varying_length(primitive: Primitive) -> Primitive:
    """The form whose length is a series, up to the constant `max`."""
    name = f"{primitive.name}_varying"
    series = [
        replace(p, accepts=NUMBERS, default=None, required=True) if p.name == "n" else p for p in primitive.parameters
    ]

    def rule(scope: Scope, x: pl.Expr, n: pl.Expr, most: int) -> pl.Expr:
        return scope.kernel(name, [x, n], [most])[0]

    return replace(
        primitive,
        name=name,
        parameters=(*series, Parameter("max", Whole(1, LONGEST_WINDOW))),
        rule=rule,
        scoped=True,
        warmup=lambda _: 0,
        reach=lambda most: most - 1,
        by_event=True,
        form_of=primitive.name,
    )


def recursive(
    *,
    warmup: Count = lambda *_: 0,
    reach: Count | None = ALL,
    settles: Count | None = None,
    by_event: bool = False,
    fills: bool = False,
    bounded: bool = False,
    outputs: Mapping[str, Kind] | None = None,
) -> Callable[[Rule], Rule]:
    """Declare a primitive that every earlier bar of the symbol influences."""

    def declare(rule: Rule) -> Rule:
        facts = {"warmup": warmup, "reach": reach, "settles": settles, "by_event": by_event, "fills": fills}
        names, kinds = tuple(outputs or ()), tuple((outputs or {}).values())
        PRIMITIVES.add(describe(rule, Shape.RECURSIVE, outputs=names, output_kinds=kinds, bounded=bounded, **facts))
        return rule

    return declare


def describe(rule: Rule, shape: Shape, **facts: Any) -> Primitive:
    """Read a declaration: name, signature, kinds and documentation of a decorated function."""
    hints = _hints(rule)
    signature = inspect.signature(rule)
    parameters = [p for p in signature.parameters.values() if p.name not in {"scope", "population"}]
    return Primitive(
        name=rule.__name__.rstrip("_"),
        doc=inspect.getdoc(rule) or "",
        shape=shape,
        parameters=tuple(_parameter(p, hints[p.name]) for p in parameters),
        result=_accepts(hints["return"]),  # type: ignore[arg-type]
        rule=rule,
        scoped="scope" in signature.parameters,
        **facts,
    )


def _hints(rule: Rule) -> Mapping[str, Any]:
    """The annotations; nearly all are plain names, which are found without being evaluated."""
    names, known = rule.__annotations__, rule.__globals__
    if all(name in known for name in names.values()):
        return {parameter: known[name] for parameter, name in names.items()}
    return typing.get_type_hints(rule, include_extras=True)


def _parameter(parameter: inspect.Parameter, hint: Any) -> Parameter:
    several = parameter.kind is inspect.Parameter.VAR_POSITIONAL
    default = parameter.default
    required = default is inspect.Parameter.empty and not several
    if isinstance(default, pl.Expr):
        default = default.meta.output_name()
    shown = None if required or several else default
    return Parameter(parameter.name.rstrip("_"), _accepts(hint), shown, required, several)


def _accepts(hint: Any) -> Accepts:
    """Find the kind in an annotation: Annotated[...] itself, one alternative of a union, or the items of a tuple."""
    for metadata in getattr(hint, "__metadata__", ()):
        return metadata  # type: ignore[no-any-return]
    for argument in typing.get_args(hint):
        if argument is not type(None):
            return _accepts(argument)
    message = f"{hint!r} is no kind of the language"
    raise TypeError(message)
