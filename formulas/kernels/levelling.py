"""Kernels that set a section's numbers against their mean: zscore and demean.

A mean is the plain sum over n, corrected by the mean of what is left: equal numbers have exactly their value for mean.
Sums go in the order of the symbols, whatever else is computed at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from llvmlite import ir

from .emitting import DOUBLE, INDEX, WHOLE, Value
from .sections import KERNEL, NAN, Cells
from .tiles import GROUP_BYTES

ZERO = ir.Constant(DOUBLE, 0.0)


def define_levels(module: ir.Module) -> None:
    """`across_zscore`, `across_demean` and `across_demean_by` (how many groups: a setting)."""
    _define_zscore(_Levels(module, "zscore"))
    _define_demean(_Levels(module, "demean"))
    _DemeanBy(module, "demean_by").build()


class _Levels(Cells):
    """A kernel under construction."""

    def __init__(self, module: ir.Module, name: str) -> None:
        super().__init__(module, f"across_{name}", KERNEL.args)
        self.n, self.numbers, self.places, self.groups, self.settings, self.scratch = self.function_made.args

    def x(self, index: Value) -> Value:
        """A number of the section."""
        return self.read(self.numbers, index, DOUBLE)

    def mean(self) -> Value:
        """The mean of the section."""
        roughly = self.builder.fdiv(self.total(self.x), self.real(self.n))
        rest = self.total(lambda index: self.builder.fsub(self.x(index), roughly))
        return self.builder.fadd(roughly, self.builder.fdiv(rest, self.real(self.n)))

    def total(self, term: Callable[[Value], Value]) -> Value:
        """The sum of the terms, in the order of the symbols."""

        def add(index: Value, carried: list[Value]) -> Sequence[Value]:
            return [self.builder.fadd(carried[0], term(index))]

        return self.repeat(self.whole(0), self.n, [ZERO], add)[0]

    def answer(self, index: Value, value: Value) -> None:
        """Write a value to its bar, undefined where it is not finite."""
        is_finite = self.builder.fcmp_ordered("==", self.builder.fsub(value, value), ZERO)
        self.builder.store(self.builder.select(is_finite, value, NAN), self.pointer_at(self.places, index), align=8)

    def real(self, whole: Value) -> Value:
        """A whole number as a double."""
        return self.builder.sitofp(whole, DOUBLE)


def _define_demean(cells: _Levels) -> None:
    mean = cells.mean()
    cells.each(cells.whole(0), cells.n, lambda index: cells.answer(index, cells.builder.fsub(cells.x(index), mean)))
    cells.builder.ret_void()


def _define_zscore(cells: _Levels) -> None:
    builder, n = cells.builder, cells.n
    mean = cells.mean()

    def measure(index: Value, carried: list[Value]) -> Sequence[Value]:
        total, low, high = carried
        x = cells.x(index)
        gap = builder.fsub(x, mean)
        low = builder.select(builder.fcmp_ordered("<", x, low), x, low)
        high = builder.select(builder.fcmp_ordered(">", x, high), x, high)
        return [builder.fadd(total, builder.fmul(gap, gap)), low, high]

    start = [ZERO, ir.Constant(DOUBLE, math.inf), ir.Constant(DOUBLE, -math.inf)]
    total, low, high = cells.repeat(cells.whole(0), n, start, measure)
    square = builder.fdiv(total, cells.real(n))
    root = builder.call(cells.declared("llvm.sqrt.f64", DOUBLE, [DOUBLE]), [square])
    spread = builder.select(builder.fcmp_ordered("==", low, high), NAN, root)

    def level(index: Value) -> None:
        cells.answer(index, builder.fdiv(builder.fsub(cells.x(index), mean), spread))

    cells.each(cells.whole(0), n, level)
    builder.ret_void()


class _DemeanBy(_Levels):
    """Scratch holds for each group a sum, a mean, and how many numbers it has."""

    def build(self) -> None:
        builder, whole = self.builder, self.whole
        count = builder.fptosi(self.number(self.settings, 0), WHOLE)
        self.each(whole(0), builder.mul(count, whole(GROUP_BYTES // 8)), self.clear)
        self.each(whole(0), self.n, self.add)
        self.each(whole(0), count, self.refine)
        self.each(whole(0), self.n, self.correct)
        self.each(whole(0), count, self.refine)
        self.each(whole(0), self.n, self.level)
        builder.ret_void()

    def of_group(self, index: Value, word: int) -> Value:
        """A word of the group of one of the numbers."""
        return self.word(self.wide(self.read(self.groups, index, INDEX)), word)

    def word(self, group: Value, word: int) -> Value:
        return self.builder.add(self.builder.mul(group, self.whole(GROUP_BYTES // 8)), self.whole(word))

    def clear(self, index: Value) -> None:
        self.write(self.scratch, index, ZERO)

    def raised(self, place: Value, by: Value) -> None:
        self.write(self.scratch, place, self.builder.fadd(self.read(self.scratch, place, DOUBLE), by))

    def add(self, index: Value) -> None:
        self.raised(self.of_group(index, 0), self.x(index))
        self.raised(self.of_group(index, 2), ir.Constant(DOUBLE, 1.0))

    def refine(self, group: Value) -> None:
        """Add the sum over n to the mean, and begin a new sum."""
        total, n = (self.read(self.scratch, self.word(group, word), DOUBLE) for word in (0, 2))
        self.raised(self.word(group, 1), self.builder.fdiv(total, n))
        self.write(self.scratch, self.word(group, 0), ZERO)

    def gap(self, index: Value) -> Value:
        mean = self.read(self.scratch, self.of_group(index, 1), DOUBLE)
        return self.builder.fsub(self.x(index), mean)

    def correct(self, index: Value) -> None:
        self.raised(self.of_group(index, 0), self.gap(index))

    def level(self, index: Value) -> None:
        self.answer(index, self.gap(index))


__all__ = ["define_levels"]
