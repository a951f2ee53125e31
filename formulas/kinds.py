"""Kinds of values, and what a function's parameter accepts: the vocabulary of the type check.

A declaration writes `Numbers`, `Length` and the like as annotations: plain types for the editor, kinds for the checker.
"""

from __future__ import annotations

from enum import Enum, StrEnum
from typing import Annotated, Final, TypeAlias

import polars as pl

from .freezing import frozen
from .limits import LONGEST_WINDOW


class Kind(StrEnum):
    """What a series holds."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    CATEGORY = "category"
    DATE = "date"  # days since 1970-01-01, exchange date
    TIME = "time"  # minutes since midnight, exchange time

    @classmethod
    def of(cls, setting: float | bool | str) -> Kind:
        """The kind of a constant.

        >>> Kind.of(True), Kind.of("long"), Kind.of(14)
        (<Kind.BOOLEAN: 'boolean'>, <Kind.CATEGORY: 'category'>, <Kind.NUMBER: 'number'>)
        """
        return cls.BOOLEAN if isinstance(setting, bool) else cls.CATEGORY if isinstance(setting, str) else cls.NUMBER

    @property
    def dtype(self) -> pl.DataType:
        """The Polars type of a column of this kind."""
        match self:
            case Kind.BOOLEAN:
                return pl.Boolean()
            case Kind.CATEGORY:
                return pl.String()
            case _:
                return pl.Float64()


EVERY_KIND: Final = frozenset(Kind)


@frozen
class Series:
    """A value per bar. `alike` ties all such parameters, and the result if it says so too, to one kind."""

    kinds: frozenset[Kind]
    alike: bool = False

    def describe(self) -> str:
        """Name what is accepted, for messages."""
        return "a series of any kind" if self.alike else f"a {' or '.join(sorted(self.kinds))} series"


@frozen
class Whole:
    """A constant whole number within bounds."""

    least: int
    most: int

    def describe(self) -> str:
        """Name what is accepted, for messages."""
        return f"a constant whole number from {self.least} to {self.most:,}"


@frozen
class Real:
    """A constant number within bounds."""

    least: float
    most: float

    def describe(self) -> str:
        """Name what is accepted, for messages."""
        return f"a constant number from {self.least:g} to {self.most:g}"


@frozen
class Flag:
    """Constant true or false."""

    def describe(self) -> str:
        """Name what is accepted, for messages."""
        return "true or false"


@frozen
class Span:
    """A constant stretch of calendar time as text: "5d", "2w", "1mo", "1q", "1y"."""

    def describe(self) -> str:
        """Name what is accepted, for messages."""
        return 'a stretch of time such as "5d", "2w", "1mo" or "1y"'


Accepts: TypeAlias = Series | Whole | Real | Flag | Span

Numbers = Annotated[pl.Expr, Series(frozenset({Kind.NUMBER}))]
Booleans = Annotated[pl.Expr, Series(frozenset({Kind.BOOLEAN}))]
Countable = Annotated[pl.Expr, Series(frozenset({Kind.NUMBER, Kind.BOOLEAN}))]
Dates = Annotated[pl.Expr, Series(frozenset({Kind.DATE}))]
Times = Annotated[pl.Expr, Series(frozenset({Kind.TIME}))]
Ordered = Annotated[pl.Expr, Series(frozenset({Kind.NUMBER, Kind.DATE, Kind.TIME}), alike=True)]
Alike = Annotated[pl.Expr, Series(EVERY_KIND, alike=True)]
Anything = Annotated[pl.Expr, Series(EVERY_KIND)]
Length = Annotated[int, Whole(1, LONGEST_WINDOW)]
Pairs = Annotated[int, Whole(2, LONGEST_WINDOW)]
Offset = Annotated[int, Whole(0, LONGEST_WINDOW)]
Nth = Annotated[int, Whole(1, 100)]
Count = Annotated[int, Whole(1, 1000)]
Digits = Annotated[int, Whole(-15, 15)]
Bins = Annotated[int, Whole(1, 1000)]
Row = Annotated[int, Whole(1, 1000)]
Narrowness = Annotated[float, Real(0.01, 1000.0)]
Factor = Annotated[float, Real(0.0, 1e9)]
Share = Annotated[float, Real(0.0, 1.0)]
Tail = Annotated[float, Real(0.0, 0.5)]
Level = Annotated[float, Real(-1e9, 1e9)]
Weight = Annotated[float, Real(1e-9, 1.0)]
Switch = Annotated[bool, Flag()]
Calendar = Annotated[str, Span()]

HIGH: Final = pl.col("high")
LOW: Final = pl.col("low")
CLOSE: Final = pl.col("close")


class Shape(Enum):
    """What a primitive's value at a bar is made of; it decides where the primitive may run."""

    ELEMENTWISE = "elementwise"  # that bar alone: close + 1
    WINDOW = "window"  # a fixed number of the symbol's last bars: sma(close, 20)
    RECURSIVE = "recursive"  # every earlier bar of the symbol: ema(close, 20), bars_since(c)
    ACROSS = "across"  # all symbols at the same ts: rank(close)
