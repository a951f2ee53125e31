"""Classes of fields, as `dataclass` makes them, in a third of the time.

A dataclass writes the text of six methods and has each compiled, at every start of every process: for the classes that
one scan needs, a seventh of all that it takes from the shell to its end. Here those that run most are compiled, of a
class when they are first asked for, and the others are the same function for all classes. What else can be done with a
dataclass can be done with these: `fields`, `replace`, `match`, copies and pickles.
"""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import Any, Final, TypeVar, dataclass_transform, overload

T = TypeVar("T")


@overload
def frozen(cls: type[T], /) -> type[T]: ...
@overload
def frozen(
    *, eq: bool = ..., repr: bool = ..., slots: bool = ..., weakref_slot: bool = ...
) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(
    cls: type[T] | None = None,
    /,
    *,
    eq: bool = True,
    repr: bool = True,
    slots: bool = True,
    weakref_slot: bool = False,
) -> type[T] | Callable[[type[T]], type[T]]:
    """Make a class of its annotated fields, with slots, whose instances do not change; `eq` and so on as in dataclass.

    >>> @frozen
    ... class Bar:
    ...     close: float
    ...     volume: float = 0.0
    >>> Bar(3.0)
    Bar(close=3.0, volume=0.0)
    >>> Bar(3.0) == Bar(close=3.0), len({Bar(3.0), Bar(3.0, 1.0)})
    (True, 2)
    """
    options = {"slots": slots, "weakref_slot": weakref_slot}

    def make(cls: type[T]) -> type[T]:
        if _extends_another(cls):
            return dataclass(frozen=True, eq=eq, repr=repr, **options)(cls)
        methods: dict[str, Any] = {"__setattr__": _refuse_change, "__delattr__": _refuse_removal}
        if slots:
            methods |= {"__getstate__": _state, "__setstate__": _take_state}
        return _made(cls, methods, eq=eq, repr=repr, options=options)

    return make if cls is None else make(cls)


@overload
def mutable(cls: type[T], /) -> type[T]: ...
@overload
def mutable(*, slots: bool = ...) -> Callable[[type[T]], type[T]]: ...
@dataclass_transform(eq_default=False, field_specifiers=(field,))
def mutable(cls: type[T] | None = None, /, *, slots: bool = True) -> type[T] | Callable[[type[T]], type[T]]:
    """Make a class of its annotated fields, with slots, whose instances change, and equal nothing but themselves.

    >>> @mutable
    ... class Position:
    ...     shares: int = 0
    >>> position = Position()
    >>> position.shares += 100
    >>> position, position == Position(100)
    (Position(shares=100), False)
    """

    def make(cls: type[T]) -> type[T]:
        if _extends_another(cls):
            return dataclass(eq=False, slots=slots)(cls)
        return _made(cls, {}, eq=False, repr=True, options={"slots": slots})

    return make if cls is None else make(cls)


def _extends_another(cls: type[Any]) -> bool:
    """Whether fields are inherited: dataclass knows how, and is asked."""
    return any(hasattr(base, "__dataclass_params__") for base in cls.__bases__)


def _made(cls: type[T], methods: dict[str, Any], *, eq: bool, repr: bool, options: dict[str, bool]) -> type[T]:
    own = vars(cls)
    is_frozen = "__setattr__" in methods
    made: Any = dataclass(init=False, repr=False, eq=False, **options)(cls)
    for name, value in (("init", True), ("repr", repr), ("eq", eq), ("frozen", is_frozen)):
        setattr(made.__dataclass_params__, name, value)
    late = ["__init__", *(["__eq__", "__hash__"] if eq and "__eq__" not in own else [])]
    methods = methods | {name: _Late(made, name, late) for name in late}
    if repr:
        methods["__repr__"] = _written
    for name, method in methods.items():
        if name not in own:
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]


class _Late:
    """Stands for a method until somebody asks for it: then those of the class are compiled, each in its place."""

    def __init__(self, made: type[Any], name: str, names: list[str]) -> None:
        self.made, self.name, self.names = made, name, names

    def __get__(self, instance: object, owner: type[Any] | None = None) -> Any:
        for name, method in _compiled(self.made, self.names).items():  # in two threads at once: the same ones twice
            if isinstance(vars(self.made)[name], _Late):
                setattr(self.made, name, method)
        return vars(self.made)[self.name].__get__(instance, owner)


class _Factory:
    """Stands for a value that is made when none is given."""

    def __repr__(self) -> str:
        return "<factory>"


_FACTORY: Final = _Factory()
_INITIAL: Final = """
def __init__({parameters}):
 {steps}
"""
_COMPARING: Final = """
def __eq__(self, other):
 return {mine} == {others} if other.__class__ is self.__class__ else NotImplemented
def __hash__(self):
 return hash({mine})
"""


def _compiled(made: type[Any], names: list[str]) -> dict[str, Callable[..., Any]]:
    """The methods that run most: `__init__`, which takes the fields in their order, and those that compare."""
    parts = fields(made)
    known: dict[str, Any] = {"__name__": made.__module__, "_factory": _FACTORY}
    taken = [_parameter(each) for each in parts if each.init and not each.kw_only]
    named = [_parameter(each) for each in parts if each.init and each.kw_only]
    steps = [_setting(made, each.name, known).format(_value(each, known)) for each in parts if _is_set(each)]
    if hasattr(made, "__post_init__"):
        steps.append("self.__post_init__()")
    parameters = ", ".join(["self", *taken, *(["*", *named] if named else [])])
    text = _INITIAL.format(parameters=parameters, steps="\n ".join(steps or ["pass"]))
    if "__eq__" in names:
        mine, others = (_values(each, [part.name for part in parts if part.compare]) for each in ("self", "other"))
        text += _COMPARING.format(mine=mine, others=others)
    exec(text, known)  # noqa: S102 - of names of fields
    methods: dict[str, Callable[..., Any]] = {name: known[name] for name in names}
    for name, method in methods.items():
        method.__qualname__ = f"{made.__qualname__}.{name}"
    methods["__init__"].__annotations__ = {each.name: each.type for each in parts if each.init} | {"return": None}
    return methods


def _setting(made: Any, name: str, known: dict[str, Any]) -> str:
    """What gives the field a value: past what refuses changes, if there is that."""
    if not made.__dataclass_params__.frozen:
        return f"self.{name} = {{}}"
    if "__slots__" not in vars(made):
        return f"self.__dict__['{name}'] = {{}}"
    known[f"_set_{name}"] = getattr(made, name).__set__
    return f"_set_{name}(self, {{}})"


def _values(of: str, names: list[str]) -> str:
    return f"({''.join(f'{of}.{name},' for name in names)})"


def _parameter(part: Field[Any]) -> str:
    if part.default_factory is not MISSING:
        return f"{part.name}=_factory"
    if part.default is MISSING:
        return part.name
    return f"{part.name}=_default_{part.name}"


def _value(part: Field[Any], known: dict[str, Any]) -> str:
    if part.default_factory is MISSING:
        known[f"_default_{part.name}"] = part.default
        return part.name if part.init else f"_default_{part.name}"
    known[f"_make_{part.name}"] = part.default_factory
    fresh = f"_make_{part.name}()"
    return f"{fresh} if {part.name} is _factory else {part.name}" if part.init else fresh


def _is_set(part: Field[Any]) -> bool:
    return part.init or part.default is not MISSING or part.default_factory is not MISSING


@reprlib.recursive_repr()
def _written(self: Any) -> str:
    """`__repr__`."""
    values = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{self.__class__.__qualname__}({values})"


def _refuse_change(self: Any, name: str, _: object) -> None:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_removal(self: Any, name: str) -> None:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    """What a pickle holds."""
    return [getattr(self, each.name) for each in fields(self)]


def _take_state(self: Any, state: list[Any]) -> None:
    for each, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, value)
