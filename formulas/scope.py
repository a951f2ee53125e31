"""What a rule may use beyond its arguments: columns of its own, groups, kernels.

A program is a list of column definitions. Polars finds no common sub-expressions among window terms, so whatever is
read twice or by a window becomes a column of its own, and definitions of equal depth are computed in one pass.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import polars as pl

from .freezing import frozen

BAR: Final = "~bar"
SYMBOL: Final = "~symbol"
LOCAL: Final = "~local"
TS: Final = "ts"
"""Columns that the executor provides: row number within the symbol, dense symbol id, ts in exchange time, ts."""


@frozen
class Defined:
    """A column computed by one expression, over the groups of `by` where that is given."""

    name: str
    expression: pl.Expr
    by: tuple[str, ...] = ()


@frozen
class KernelCall:
    """Columns computed by the compiled kernels of a primitive over each symbol's rows."""

    names: tuple[str, ...]
    primitive: str
    inputs: tuple[str, ...]
    settings: tuple[float, ...]


@frozen
class PythonCall:
    """A column computed by a user's Python function, symbol by symbol."""

    name: str
    function: Callable[..., object]
    label: str
    inputs: tuple[str, ...]
    settings: tuple[object, ...]
    dtype: pl.DataType


@frozen
class Population:
    """All symbols at a ts, or those of a group there, for the rules of primitives across symbols."""

    scope: Scope
    groups: tuple[str, ...]

    def of(self, expression: pl.Expr) -> pl.Expr:
        """What all of them together give, or each of them among all: `x.mean()`, `x.rank()`."""
        return self.scope.column(expression, self.groups)

    def mean(self, x: pl.Expr) -> pl.Expr:
        """The plain mean, corrected by the mean of what is left: equal numbers have exactly their value."""
        roughly = self.of(x.mean())
        return roughly + self.of((x - roughly).mean())

    def gap(self, x: pl.Expr) -> pl.Expr:
        """The distance from the mean."""
        return self.scope.column(x - self.mean(x))

    def spread(self, x: pl.Expr) -> pl.Expr:
        """The population standard deviation: exactly 0 where all are equal."""
        gap = self.gap(x)
        return self.of((gap * gap).mean()).sqrt()

    def is_flat(self, x: pl.Expr) -> pl.Expr:
        """Whether all are equal."""
        return self.of(x.min()) == self.of(x.max())


RuleStep: TypeAlias = Defined | KernelCall | PythonCall
State: TypeAlias = tuple[pl.Expr, ...]
Combine: TypeAlias = Callable[[State, int, State, int], State]


class Scope:
    """Collects the steps of a program. Equal steps are made once: `key` says what equal means."""

    def __init__(self, prefix: str = "~") -> None:
        self.steps: list[RuleStep] = []
        self._prefix = prefix
        self._columns: dict[object, str] = {}
        self._calls: dict[object, KernelCall] = {}
        self._functions: dict[object, str] = {}
        self._made = 0

    bar: Final = pl.col(BAR)
    local: Final = pl.col(LOCAL)
    ts: Final = pl.col(TS)

    def column(self, expression: pl.Expr, by: tuple[str, ...] = ()) -> pl.Expr:
        """Give an expression a column of its own and hand out the reference; `by` evaluates it over groups."""
        if expression.meta.is_column() and not by:
            return expression
        key = (expression.meta.serialize(), by)
        if key not in self._columns:
            self._columns[key] = name = self.fresh()
            self.steps.append(Defined(name, expression.alias(name), by))
        return pl.col(self._columns[key])

    def grouped(self, expression: pl.Expr) -> pl.Expr:
        """A column evaluated for each symbol apart."""
        return self.column(expression, (SYMBOL,))

    def full(self, expression: pl.Expr) -> pl.Expr:
        """A constant as a whole column; any other expression as it is."""
        return self.column(self.bar * 0.0 + expression) if expression.meta.is_literal() else expression

    def back(self, expression: pl.Expr, bars: int) -> pl.Expr:
        """The expression `bars` rows earlier. The symbol's first rows are not masked: a window's warm-up does that."""
        return expression.shift(bars)

    def kernel(self, primitive: str, series: Sequence[pl.Expr], settings: Sequence[float], outputs: int = 1) -> State:
        """Columns computed by a primitive's compiled kernels (formulas.kernels), one for each of its outputs."""
        names = tuple(self.column(each).meta.output_name() for each in series)
        key = (primitive, names, tuple(settings))
        if key not in self._calls:
            made = tuple(self.fresh() for _ in range(outputs))
            self._calls[key] = call = KernelCall(made, primitive, names, tuple(settings))
            self.steps.append(call)
        return tuple(pl.col(name) for name in self._calls[key].names)

    def python(
        self,
        function: Callable[..., object],
        label: str,
        series: Sequence[pl.Expr],
        settings: Sequence[object],
        dtype: pl.DataType,
    ) -> pl.Expr:
        """A column computed by a Python function, called with each symbol's arrays and the settings."""
        names = tuple(self.column(each).meta.output_name() for each in series)
        key = (function, names, tuple(settings))
        if key not in self._functions:
            self._functions[key] = name = self.fresh()
            self.steps.append(PythonCall(name, function, label, names, tuple(settings), dtype))
        return pl.col(self._functions[key])

    def fold(self, leaf: State, length: int, combine: Combine) -> State:
        """Combine the last `length` rows of `leaf` pairwise: blocks of 1, 2, 4 ... rows, then what makes up `length`.

        The order of combination depends on `length` alone. So a value depends on nothing but its window (nothing is
        ever subtracted, and a spike that has left is gone), to the bit, whatever rows stand before; and it costs
        log2(length) passes, shared between all windows over the same column.
        """
        block, width, whole, taken = tuple(map(self.column, leaf)), 1, None, 0
        while True:
            if length & width:
                whole = block if whole is None else self._joined(block, width, whole, taken, combine)
                taken += width
            if 2 * width > length:
                assert whole is not None
                return whole
            block = self._joined(block, width, block, width, combine)
            width *= 2

    def _joined(self, older: State, older_width: int, newer: State, newer_width: int, combine: Combine) -> State:
        earlier = tuple(self.column(self.back(part, newer_width)) for part in older)
        return tuple(map(self.column, combine(earlier, older_width, newer, newer_width)))

    def fresh(self) -> str:
        """A column name that nothing else bears."""
        self._made += 1
        return f"{self._prefix}{self._made}"
