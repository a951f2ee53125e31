"""The window of a ranged kernel at the bar at hand: its first input, from its oldest bar on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

from .emitting import COUNTS, WIDE, Emitter, Value
from .lanes import Lanes, Mask
from .tiles import ROW


class Window:
    """`n` bars from `address` on, and the kernel's rows of memory, where the values may be kept sorted."""

    def __init__(self, emitter: Emitter, address: Value, n: Value, memory: Value) -> None:
        self._emitter, self._address, self._n, self._memory = emitter, address, n, memory

    @property
    def oldest(self) -> Lanes:
        """The values of the oldest bar."""
        return self._lanes(self._emitter.load_row(self._address))

    def sum(self, of: Callable[[Lanes], Lanes]) -> Lanes:
        """The sum over the window's bars, oldest first."""
        emitter = self._emitter

        def step(index: Value, carried: list[Value]) -> list[Value]:
            return [(self._lanes(carried[0]) + of(self._bar(index))).value]

        return self._lanes(emitter.repeat(emitter.whole(0), self._n, [emitter.constant(0.0)], step)[0])

    def count(self, *conditions: Callable[[Lanes], Mask]) -> list[Lanes]:
        """At how many of the window's bars each condition holds. Counted in whole numbers, which add up at once."""
        emitter = self._emitter

        def step(index: Value, carried: list[Value]) -> list[Value]:
            bar = self._bar(index)
            # a mask read as whole numbers is -1 where it holds
            held = [emitter.builder.sext(condition(bar).value, COUNTS) for condition in conditions]
            return [emitter.builder.sub(count, each) for count, each in zip(carried, held, strict=True)]

        nothing = [ir.Constant(COUNTS, [0] * COUNTS.count)] * len(conditions)
        counts = emitter.repeat(emitter.whole(0), self._n, nothing, step)
        return [self._lanes(emitter.builder.sitofp(count, WIDE)) for count in counts]

    def fill_once(self, number: float) -> None:
        """At the symbols' first bar, set the sorted values, and the one behind them, to `number`."""
        emitter = self._emitter
        filled = emitter.number(self._memory, 0)
        begins = emitter.builder.fcmp_ordered("==", filled, ir.Constant(filled.type, 0.0))
        with emitter.builder.if_then(begins):
            end = emitter.builder.add(self._n, emitter.whole(2))
            emitter.store_row(emitter.constant(1.0), self._memory)

            def step(index: Value, _: list[Value]) -> list[Value]:
                emitter.store_row(emitter.constant(number), self._kept(index))
                return []

            emitter.repeat(emitter.whole(1), end, [], step)

    def rewrite(self, shift: Callable[[Lanes, Lanes, Lanes], tuple[Lanes, Lanes]], first: float) -> None:
        """From the least value on: `shift(kept, here, after)` says what is kept for the next one, and what stands here.

        `kept` is `first` to begin with.
        """
        emitter = self._emitter
        last = emitter.builder.add(self._n, emitter.whole(1))

        def step(index: Value, carried: list[Value]) -> list[Any]:
            kept, here = map(self._lanes, carried)
            after = self._lanes(emitter.load_row(self._kept(emitter.builder.add(index, emitter.whole(1)))))
            following, value = shift(kept, here, after)
            emitter.store_row(value.value, self._kept(index))
            return [following.value, after.value]

        begin = emitter.load_row(self._kept(emitter.whole(1)))
        emitter.repeat(emitter.whole(1), last, [emitter.constant(first), begin], step)

    def sorted_middles(self) -> tuple[Lanes, Lanes, Lanes]:
        """Of the sorted values the lower middle, the upper middle, and the largest."""
        emitter, n = self._emitter, self._n
        one, two = emitter.whole(1), emitter.whole(2)
        low = emitter.builder.sdiv(emitter.builder.add(n, one), two)
        high = emitter.builder.add(emitter.builder.sdiv(n, two), one)
        return tuple(self._lanes(emitter.load_row(self._kept(place))) for place in (low, high, n))  # type: ignore[return-value]

    def _bar(self, index: Value) -> Lanes:
        emitter = self._emitter
        distance = emitter.builder.mul(index, emitter.whole(ROW))
        return self._lanes(emitter.load_row(emitter.offset(self._address, distance)))

    def _kept(self, index: Value) -> Value:
        """The address of a sorted row; row 0 says whether they are filled."""
        return self._emitter.offset(self._memory, self._emitter.builder.mul(index, self._emitter.whole(ROW)))

    def _lanes(self, value: Value) -> Lanes:
        return Lanes(self._emitter, value)
