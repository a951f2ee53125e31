"""Kernels that set a section's numbers against their mean: zscore and demean.

A mean is the plain sum over n, corrected by the mean of what is left: equal numbers have exactly their value for mean.
Sums go in the order of the symbols, whatever else is computed at the same time.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from llvmlite import ir

from .emitting import DOUBLE, INDEX, WHOLE, Value
from .sections import KERNEL, NAN, Cells

ZERO = ir.Constant(DOUBLE, 0.0)
PER_GROUP = 24
"""Bytes of scratch for each group."""


def define_levels(module: ir.Module) -> None:
    """`across_zscore` and `across_demean` (how many groups: a setting)."""
    _define_zscore(_Levels(module, "zscore"))
    _Demean(module, "demean").build()


class _Levels(Cells):
    """A kernel under construction."""

    def __init__(self, module: ir.Module, name: str) -> None:
        super().__init__(module, f"across_{name}", KERNEL.args)
        self.n, self.numbers, self.places, self.groups, self.settings, self.scratch = self.function_made.args

    def x(self, index: Value) -> Value:
        """A number of the section."""
        return self.read(self.numbers, index, DOUBLE)

    def answer(self, index: Value, value: Value) -> None:
        """Write a value to its bar, undefined where it is not finite."""
        is_finite = self.builder.fcmp_ordered("==", self.builder.fsub(value, value), ZERO)
        self.builder.store(self.builder.select(is_finite, value, NAN), self.pointer_at(self.places, index), align=8)

    def real(self, whole: Value) -> Value:
        """A whole number as a double."""
        return self.builder.sitofp(whole, DOUBLE)


def _define_zscore(cells: _Levels) -> None:
    builder, whole, n = cells.builder, cells.whole, cells.n
    infinite = ir.Constant(DOUBLE, math.inf)

    def first(index: Value, carried: list[Value]) -> Sequence[Value]:
        x, (total, low, high) = cells.x(index), carried
        low = builder.select(builder.fcmp_ordered("<", x, low), x, low)
        high = builder.select(builder.fcmp_ordered(">", x, high), x, high)
        return [builder.fadd(total, x), low, high]

    start = [ZERO, infinite, ir.Constant(DOUBLE, -math.inf)]
    total, low, high = cells.repeat(whole(0), n, start, first)
    roughly = builder.fdiv(total, cells.real(n))

    def left(index: Value, carried: list[Value]) -> Sequence[Value]:
        return [builder.fadd(carried[0], builder.fsub(cells.x(index), roughly))]

    rest = cells.repeat(whole(0), n, [ZERO], left)[0]
    mean = builder.fadd(roughly, builder.fdiv(rest, cells.real(n)))

    def squares(index: Value, carried: list[Value]) -> Sequence[Value]:
        gap = builder.fsub(cells.x(index), mean)
        return [builder.fadd(carried[0], builder.fmul(gap, gap))]

    square = builder.fdiv(cells.repeat(whole(0), n, [ZERO], squares)[0], cells.real(n))
    root = builder.call(cells.declared("llvm.sqrt.f64", DOUBLE, [DOUBLE]), [square])
    spread = builder.select(builder.fcmp_ordered("==", low, high), NAN, root)

    def last(index: Value, _: list[Value]) -> Sequence[Value]:
        cells.answer(index, builder.fdiv(builder.fsub(cells.x(index), mean), spread))
        return []

    cells.repeat(whole(0), n, [], last)
    builder.ret_void()


class _Demean(_Levels):
    """Scratch holds for each group a sum, a mean, and how many numbers it has."""

    def build(self) -> None:
        builder, whole = self.builder, self.whole
        count = builder.fptosi(self.number(self.settings, 0), WHOLE)
        self.repeat(whole(0), builder.mul(count, whole(PER_GROUP // 8)), [], self.clear)
        self.repeat(whole(0), self.n, [], self.add)
        self.repeat(whole(0), count, [], self.mean)
        self.repeat(whole(0), self.n, [], self.correct)
        self.repeat(whole(0), count, [], self.mean)
        self.repeat(whole(0), self.n, [], self.level)
        builder.ret_void()

    def of_group(self, index: Value, word: int) -> Value:
        """A word of the group of one of the numbers."""
        return self.word(self.wide(self.read(self.groups, index, INDEX)), word)

    def word(self, group: Value, word: int) -> Value:
        return self.builder.add(self.builder.mul(group, self.whole(PER_GROUP // 8)), self.whole(word))

    def clear(self, index: Value, _: list[Value]) -> Sequence[Value]:
        self.write(self.scratch, index, ZERO)
        return []

    def raised(self, place: Value, by: Value) -> None:
        self.write(self.scratch, place, self.builder.fadd(self.read(self.scratch, place, DOUBLE), by))

    def add(self, index: Value, _: list[Value]) -> Sequence[Value]:
        self.raised(self.of_group(index, 0), self.x(index))
        self.raised(self.of_group(index, 2), ir.Constant(DOUBLE, 1.0))
        return []

    def mean(self, group: Value, _: list[Value]) -> Sequence[Value]:
        """Add the sum over n to the mean, and begin a new sum."""
        total, n = (self.read(self.scratch, self.word(group, word), DOUBLE) for word in (0, 2))
        self.raised(self.word(group, 1), self.builder.fdiv(total, n))
        self.write(self.scratch, self.word(group, 0), ZERO)
        return []

    def gap(self, index: Value) -> Value:
        mean = self.read(self.scratch, self.of_group(index, 1), DOUBLE)
        return self.builder.fsub(self.x(index), mean)

    def correct(self, index: Value, _: list[Value]) -> Sequence[Value]:
        self.raised(self.of_group(index, 0), self.gap(index))
        return []

    def level(self, index: Value, _: list[Value]) -> Sequence[Value]:
        self.answer(index, self.gap(index))
        return []


__all__ = ["PER_GROUP", "define_levels"]
