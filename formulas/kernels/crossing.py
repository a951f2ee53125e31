"""Kernels across symbols: what they are written with, and how they are declared.

A kernel is a function of a `Section`, the numbers of one ts, or of one group there. It says with `answer` what each
symbol's value is. Numbers are `Lanes` of a single lane; sums go in the order of the symbols, whatever else is computed
at the same time. Its name is that of the primitive, which its settings come from, in their order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from llvmlite import ir

from ..freezing import frozen
from .cells import Cells
from .emitting import BIT, DOUBLE, WHOLE, Value
from .lanes import Lanes, finite, larger, smaller, where
from .parting import KERNEL

SectionKernel: TypeAlias = Callable[["Section"], None]
Numbers: TypeAlias = Callable[[Value], Lanes]
"""A number for each symbol of a section, by its index."""

SECTION_KERNELS: Final[dict[str, SectionKernel]] = {}
"""Every kernel across symbols by its name."""


def across(kernel: SectionKernel) -> SectionKernel:
    """Declare a kernel across symbols."""
    name = kernel.__name__
    if name in SECTION_KERNELS:
        raise ValueError(f"the kernel {name!r} across symbols is declared twice")
    SECTION_KERNELS[name] = kernel
    return kernel


def define_section_kernels(module: ir.Module) -> None:
    """`across_rank` and so on; `order`, which some of them call, is defined already."""
    for name, kernel in SECTION_KERNELS.items():
        section = Section(module, f"across_{name}", KERNEL.args)
        kernel(section)
        section.builder.ret_void()


class Section(Cells):
    """A kernel under construction: a Body (lanes.py) of one lane, with the numbers that it is over."""

    def __init__(self, module: ir.Module, name: str, parameters: Sequence[Value]) -> None:
        super().__init__(module, name, parameters)
        self.size, self._x, self._y, self._values, self._settings, self._scratch = self.function_made.args

    # The operations of a Body, for one number.

    def constant(self, number: float) -> Value:
        """The number."""
        return ir.Constant(DOUBLE, number)

    def function(self, name: str, *values: Value) -> Value:
        """An instruction."""
        return self.builder.call(self.declared(f"llvm.{name}.f64", DOUBLE, [DOUBLE] * len(values)), values)

    def every(self) -> Value:
        """Truth."""
        return ir.Constant(BIT, 1)

    # What a section has.

    @property
    def n(self) -> Lanes:
        """How many numbers there are."""
        return self.real(self.size)

    def x(self, index: Value) -> Lanes:
        """A number of the section."""
        return Lanes(self, self.read(self._x, index, DOUBLE))

    def y(self, index: Value) -> Lanes:
        """A number of the second series; kernels of primitives with one series do not ask."""
        return Lanes(self, self.read(self._y, index, DOUBLE))

    def setting(self, number: int) -> Lanes:
        """A constant of the formula."""
        return Lanes(self, self.number(self._settings, number))

    def real(self, whole: Value) -> Lanes:
        """A whole number as one to compute with."""
        return Lanes(self, self.builder.sitofp(whole, DOUBLE))

    def totals(self, *terms: Numbers) -> list[Lanes]:
        """The sums of the terms, in one pass."""

        def add(index: Value, sums: list[Value]) -> Sequence[Value]:
            return [(Lanes(self, total) + term(index)).value for total, term in zip(sums, terms, strict=True)]

        return self._pass([0.0] * len(terms), add)

    def total(self, term: Numbers) -> Lanes:
        """The sum of the terms."""
        return self.totals(term)[0]

    def mean(self, term: Numbers) -> Lanes:
        """The plain sum over n, corrected by the mean of what is left: equal numbers have exactly their value."""
        roughly = self.total(term) / self.n
        return roughly + self.total(lambda index: term(index) - roughly) / self.n

    def extremes(self, term: Numbers) -> tuple[Lanes, Lanes]:
        """The smallest and the largest."""

        def widen(index: Value, bounds: list[Value]) -> Sequence[Value]:
            low, high = (Lanes(self, bound) for bound in bounds)
            x = term(index)
            return [smaller(x, low).value, larger(x, high).value]

        low, high = self._pass([math.inf, -math.inf], widen)
        return low, high

    def answer(self, value: Numbers) -> None:
        """Write each symbol's value, undefined where it is not finite."""
        self.each(self.whole(0), self.size, lambda index: self.write_at(index, finite(value(index))))

    def answer_all(self, value: Lanes) -> None:
        """Write one value for every symbol."""
        self.answer(lambda _: value)

    def ascending(self) -> Order:
        """Put the numbers in order."""
        order = self.module.globals["order"]
        return Order(self, self.builder.call(order, [self._x, self.size, self._scratch]))

    def write_at(self, index: Value, value: Lanes) -> None:
        """Write a symbol's value, which is finite or undefined."""
        self.write(self._values, index, value.value)

    def _pass(self, start: Sequence[float], step: Callable[[Value, list[Value]], Sequence[Value]]) -> list[Lanes]:
        carried = [ir.Constant(DOUBLE, number) for number in start]
        return [Lanes(self, each) for each in self.repeat(self.whole(0), self.size, carried, step)]


Placed: TypeAlias = Callable[["Run", Value], Lanes]


@frozen
class Run:
    """Equal numbers, in the places from `begin` to before `end` of the order."""

    section: Section
    begin: Value
    end: Value

    @property
    def rank(self) -> Lanes:
        """They share the average rank."""
        return (self.section.real(self.begin) + self.section.real(self.end) + 1.0) * 0.5


@frozen
class Order:
    """A section's numbers from the smallest to the largest, equal ones in the order of the symbols."""

    section: Section
    words: Value

    def index(self, place: Value) -> Value:
        """Whose number has this place."""
        section = self.section
        return section.builder.and_(section.read(self.words, place, WHOLE), section.whole(2**32 - 1))

    def x(self, place: Value) -> Lanes:
        """The number at a place."""
        return self.section.x(self.index(place))

    def quantile(self, share: Lanes | float) -> Lanes:
        """The number at this share of the way from the first place to the last; between two places, between both."""
        section, builder = self.section, self.section.builder
        last = builder.sub(section.size, section.whole(1))
        way = section.real(last) * share
        place = builder.fptosi(way.value, WHOLE)
        following = builder.add(place, builder.zext(builder.icmp_signed("<", place, last), WHOLE))
        low, high, rest = self.x(place), self.x(following), way - section.real(place)
        return where(rest == 0.0, low, low + (high - low) * rest)

    def answer(self, value: Placed) -> None:
        """Write for each number the value of its run and place."""
        section, builder = self.section, self.section.builder

        def run(carried: list[Value]) -> Sequence[Value]:
            found = Run(section, carried[0], self._end(carried[0]))
            section.each(found.begin, found.end, lambda place: section.write_at(self.index(place), value(found, place)))
            return [found.end]

        section.loop([section.whole(0)], lambda carried: builder.icmp_signed("<", carried[0], section.size), run)

    def _end(self, begin: Value) -> Value:
        """The place after the last number that equals the one at `begin`.

        Found by branches alone: the next place must not wait for the numbers at this one.
        """
        section, builder = self.section, self.section.builder
        first = self.x(begin)

        def goes_on(carried: list[Value]) -> Value:
            inside = builder.icmp_signed("<", carried[0], section.size)
            same = self.x(builder.select(inside, carried[0], begin)) == first
            return builder.and_(inside, same.value)

        following = builder.add(begin, section.whole(1))
        return section.loop([following], goes_on, lambda carried: [builder.add(carried[0], section.whole(1))])[0]


__all__ = ["SECTION_KERNELS", "Order", "Run", "Section", "across", "define_section_kernels"]
