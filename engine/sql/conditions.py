"""What a plan of DuckDB says of the rows that a table has to give, as far as it is about symbols and times.

Whatever is not understood lets every row pass: the query filters again, so that reading too much costs time alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, Final, TypeAlias

from ...formulas.freezing import frozen

Value: TypeAlias = str | dt.date
Json: TypeAlias = Mapping[str, Any]
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

HOLDS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "COMPARE_EQUAL": lambda own, other: own == other,
    "COMPARE_LESSTHAN": lambda own, other: own < other,
    "COMPARE_LESSTHANOREQUALTO": lambda own, other: own <= other,
    "COMPARE_GREATERTHAN": lambda own, other: own > other,
    "COMPARE_GREATERTHANOREQUALTO": lambda own, other: own >= other,
}
"""Texts are compared as DuckDB does, by their bytes: UTF-8 keeps the order of the characters."""
TURNED: Final = {
    "COMPARE_EQUAL": "COMPARE_EQUAL",
    "COMPARE_LESSTHAN": "COMPARE_GREATERTHAN",
    "COMPARE_LESSTHANOREQUALTO": "COMPARE_GREATERTHANOREQUALTO",
    "COMPARE_GREATERTHAN": "COMPARE_LESSTHAN",
    "COMPARE_GREATERTHANOREQUALTO": "COMPARE_LESSTHANOREQUALTO",
}


@frozen
class Compare:
    """A column compared with a constant."""

    column: str
    comparison: str
    value: Value


@frozen
class Both:
    """All parts hold; without any, every row passes."""

    parts: tuple[Condition, ...] = ()


@frozen
class Either:
    """One of the parts holds."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = Compare | Both | Either
ANYTHING: Final = Both()


@frozen
class Range:
    """Times from `first` to `last`, both inclusive; None is open."""

    first: dt.date | None = None
    last: dt.date | None = None

    @property
    def empty(self) -> bool:
        """Whether no time lies in it."""
        return self.first is not None and self.last is not None and self.first > self.last

    def around(self, other: Range) -> Range:
        """The smallest range that holds both."""
        firsts = None if self.first is None or other.first is None else min(self.first, other.first)
        lasts = None if self.last is None or other.last is None else max(self.last, other.last)
        return Range(firsts, lasts)

    def within(self, other: Range) -> Range:
        """What lies in both."""
        firsts = [bound for bound in (self.first, other.first) if bound is not None]
        lasts = [bound for bound in (self.last, other.last) if bound is not None]
        return Range(max(firsts, default=None), min(lasts, default=None))


def admits(condition: Condition, symbol: str) -> bool:
    """Whether rows of a symbol can fulfil the condition.

    >>> condition = Either((Compare("symbol", "COMPARE_EQUAL", "A"), Compare("symbol", "COMPARE_GREATERTHAN", "X")))
    >>> [symbol for symbol in ("A", "B", "Y") if admits(condition, symbol)]
    ['A', 'Y']
    """
    match condition:
        case Compare("symbol", comparison, str() as value):
            return HOLDS[comparison](symbol, value)
        case Compare():
            return True
        case Both(parts):
            return all(admits(part, symbol) for part in parts)
        case Either(parts):
            return any(admits(part, symbol) for part in parts)


def times(condition: Condition) -> Range:
    """The times outside of which no row can fulfil the condition.

    >>> times(Compare("ts", "COMPARE_LESSTHAN", dt.date(2017, 1, 1)))
    Range(first=None, last=datetime.date(2017, 1, 1))
    """
    match condition:
        case Compare("ts", comparison, dt.date() as value):
            first = value if comparison == "COMPARE_EQUAL" or "GREATER" in comparison else None
            last = value if comparison == "COMPARE_EQUAL" or "LESS" in comparison else None
            return Range(first, last)
        case Compare():
            return Range()
        case Both(parts):
            return reduce(Range.within, map(times, parts), Range())
        case Either(parts):
            return reduce(Range.around, map(times, parts))


def read_condition(told: Json, columns: Sequence[str]) -> Condition:
    """A filter of a plan; `columns` are those that its references count."""
    parts = tuple(read_condition(each, columns) for each in told.get("child_filters", ()))
    match told.get("filter_type"):
        case "LEGACY_CONJUNCTION_AND" | "CONJUNCTION_AND":
            return Both(parts)
        case "LEGACY_CONJUNCTION_OR" | "CONJUNCTION_OR":
            return Either(parts) if parts else ANYTHING
        case "LEGACY_OPTIONAL_FILTER" | "OPTIONAL_FILTER":
            return read_condition(told.get("child_filter", {}), columns)
        case "LEGACY_CONSTANT_COMPARISON" | "CONSTANT_COMPARISON":
            return _compare(columns[0], told.get("comparison_type"), told.get("constant"))
        case "LEGACY_IN_FILTER" | "IN_FILTER":
            return _among(columns[0], told.get("values", ()))
        case "EXPRESSION_FILTER":
            return _expression(told.get("expr", {}), columns)
        case _:
            return ANYTHING


def _expression(told: Json, columns: Sequence[str]) -> Condition:
    children = told.get("children", ())
    kind = told.get("type")
    if kind in {"CONJUNCTION_AND", "CONJUNCTION_OR"} and children:
        parts = tuple(_expression(child, columns) for child in children)
        return Both(parts) if kind == "CONJUNCTION_AND" else Either(parts)
    if kind in HOLDS and len(children) == 2:
        return _comparison(str(kind), children[0], children[1], columns)
    if kind == "COMPARE_IN" and children and children[0].get("type") == "BOUND_REF":
        return _among(columns[children[0].get("index", 0)], [child.get("value", {}) for child in children[1:]])
    return ANYTHING


def _comparison(kind: str, left: Json, right: Json, columns: Sequence[str]) -> Condition:
    if left.get("type") == "VALUE_CONSTANT":
        left, right, kind = right, left, TURNED[kind]
    if left.get("type") != "BOUND_REF" or right.get("type") != "VALUE_CONSTANT":
        return ANYTHING
    return _compare(columns[left.get("index", 0)], kind, right.get("value"))


def _compare(column: str, kind: str | None, constant: Json | None) -> Condition:
    value = _value(column, constant or {})
    return ANYTHING if value is None or kind is None or kind not in HOLDS else Compare(column, kind, value)


def _among(column: str, constants: Sequence[Json]) -> Condition:
    values = [_value(column, constant) for constant in constants]
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return ANYTHING
    return Either(tuple(Compare(column, "COMPARE_EQUAL", value) for value in known))


def _value(column: str, constant: Json) -> Value | None:
    """A constant that symbols or times are compared with; None for every other one."""
    kind, value = constant.get("type", {}).get("id"), constant.get("value")
    if column == "symbol":
        return value if kind == "VARCHAR" and isinstance(value, str) else None
    if column != "ts" or not isinstance(value, int):
        return None
    try:
        if kind == "DATE":
            return (EPOCH + dt.timedelta(days=value)).date()
        return EPOCH + dt.timedelta(microseconds=value) if kind == "TIMESTAMP WITH TIME ZONE" else None
    except OverflowError:  # infinity, and years that Python has not: let every row pass
        return None
