"""The window of a ranged kernel at the bar at hand: its first input, from its oldest bar on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from llvmlite import ir

from .emitting import COUNTS, DOUBLE, INDEX, WHOLE, WIDE, Emitter, Value
from .lanes import LANES, Lanes, Mask, Number, where
from .tiles import ROW

Step: TypeAlias = Callable[..., Sequence[Lanes]]
"""`step(value, *carried)` answers with what is carried on to the next value."""


class Window:
    """`n` bars from `address` on, the kernel's rows of memory, where the values may be kept sorted, and its table."""

    def __init__(self, emitter: Emitter, address: Value, n: Value, memory: Value, table: Value) -> None:
        self._emitter, self._address, self._n, self._memory, self._table = emitter, address, n, memory, table

    @property
    def oldest(self) -> Lanes:
        """The values of the oldest bar."""
        return self._lanes(self._emitter.load_row(self._address))

    def each(self, step: Step, *begin: Number, newest_first: bool = False) -> list[Lanes]:
        """`step(value, *carried)` for each bar of the window, oldest first; answers with what is carried in the end."""
        last = self._emitter.builder.sub(self._n, self._emitter.whole(1))

        def bar(index: Value) -> Lanes:
            return self._bar(self._emitter.builder.sub(last, index) if newest_first else index)

        return self._repeat(self._n, lambda index, carried: step(bar(index), *carried), begin)

    def each_weighed(self, step: Step, *begin: Number) -> list[Lanes]:
        """`step(value, weight, *carried)` for each bar, oldest first, with the numbers of the kernel's table."""
        emitter = self._emitter

        def weighed(index: Value, carried: list[Lanes]) -> Sequence[Lanes]:
            place = emitter.offset(self._table, emitter.builder.mul(index, emitter.whole(8)))
            weight = emitter.splat(emitter.builder.load(place, typ=DOUBLE, align=8))
            return step(self._bar(index), self._lanes(weight), *carried)

        return self._repeat(self._n, weighed, begin)

    def each_part(self, parts: Lanes, step: Step, *begin: Number) -> list[Lanes]:
        """`step(number, *carried)` for the numbers 0, 1 ... up to but not including the setting `parts`."""
        emitter = self._emitter

        def part(index: Value, carried: list[Lanes]) -> Sequence[Lanes]:
            return step(self._lanes(emitter.splat(emitter.builder.sitofp(index, DOUBLE))), *carried)

        return self._repeat(self._whole(parts), part, begin)

    def sum(self, of: Callable[[Lanes], Lanes]) -> Lanes:
        """The sum over the window's bars, oldest first."""
        return self.each(lambda value, total: [total + of(value)], 0.0)[0]

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

    def ago(self, bars: Lanes) -> Lanes:
        """The values so many bars before the newest one, lane by lane; the newest where that is outside the window."""
        emitter, builder = self._emitter, self._emitter.builder
        n = self._lanes(emitter.splat(builder.sitofp(self._n, DOUBLE)))
        within = where((bars >= 0.0) & (bars < n), bars, 0.0)
        last = builder.sub(self._n, emitter.whole(1))

        def address(lane: int, back: Value) -> Value:
            row = builder.mul(builder.sub(last, back), emitter.whole(ROW))
            return emitter.offset(self._address, builder.add(row, emitter.whole(8 * lane)))

        return self._gathered(within, address)

    def of_table(self, place: Lanes) -> Lanes:
        """The numbers of the kernel's table, which is one longer than the window, at places from 0 to n."""
        emitter, builder = self._emitter, self._emitter.builder
        n = self._lanes(emitter.splat(builder.sitofp(self._n, DOUBLE)))
        within = where((place >= 0.0) & (place <= n), place, 0.0)
        return self._gathered(within, lambda _, at: emitter.offset(self._table, builder.mul(at, emitter.whole(8))))

    def _gathered(self, places: Lanes, address: Callable[[int, Value], Value]) -> Lanes:
        """The number at `address(lane, place)` for each lane."""
        builder = self._emitter.builder
        whole = builder.fptosi(places.value, COUNTS)
        answer: Value = ir.Constant(WIDE, ir.Undefined)
        for lane in range(LANES):
            at = ir.Constant(INDEX, lane)
            number = builder.load(address(lane, builder.extract_element(whole, at)), typ=DOUBLE, align=8)
            answer = builder.insert_element(answer, number, at)
        return self._lanes(answer)

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

    def each_sorted(self, step: Step, *begin: Number) -> list[Lanes]:
        """`step(value, *carried)` for each of the sorted values, the least first."""

        def kept(index: Value, carried: list[Lanes]) -> Sequence[Lanes]:
            return step(self._row(self._emitter.builder.add(index, self._emitter.whole(1))), *carried)

        return self._repeat(self._n, kept, begin)

    def each_stretch(self, size: Lanes, step: Step, *begin: Number) -> list[Lanes]:
        """`step(first, last, *carried)` for each stretch of `size` neighbours among the sorted values."""
        emitter, builder = self._emitter, self._emitter.builder
        width = self._whole(size)
        end = builder.add(builder.sub(self._n, width), emitter.whole(1))

        def stretch(index: Value, carried: list[Lanes]) -> Sequence[Lanes]:
            first = builder.add(index, emitter.whole(1))
            return step(self._row(first), self._row(builder.add(index, width)), *carried)

        return self._repeat(end, stretch, begin)

    def ranked(self, rank: Lanes) -> Lanes:
        """Of the sorted values that of a rank, a setting: 1 is the least."""
        return self._row(self._whole(rank))

    def _repeat(
        self, end: Value, step: Callable[[Value, list[Lanes]], Sequence[Lanes]], begin: Sequence[Number]
    ) -> list[Lanes]:
        emitter = self._emitter

        def advance(index: Value, carried: list[Value]) -> list[Value]:
            return [each.value for each in step(index, [self._lanes(value) for value in carried])]

        first = [each.value if isinstance(each, Lanes) else emitter.constant(each) for each in begin]
        return [self._lanes(value) for value in emitter.repeat(emitter.whole(0), end, first, advance)]

    def _whole(self, setting: Lanes) -> Value:
        """A setting, which is the same in every lane, as a number to count with."""
        builder = self._emitter.builder
        return builder.fptosi(builder.extract_element(setting.value, ir.Constant(INDEX, 0)), WHOLE)

    def _bar(self, index: Value) -> Lanes:
        emitter = self._emitter
        distance = emitter.builder.mul(index, emitter.whole(ROW))
        return self._lanes(emitter.load_row(emitter.offset(self._address, distance)))

    def _row(self, index: Value) -> Lanes:
        return self._lanes(self._emitter.load_row(self._kept(index)))

    def _kept(self, index: Value) -> Value:
        """The address of a sorted row; they are counted from 1, as ranks are."""
        place = self._emitter.builder.sub(index, self._emitter.whole(1))
        return self._emitter.offset(self._memory, self._emitter.builder.mul(place, self._emitter.whole(ROW)))

    def _lanes(self, value: Value) -> Lanes:
        return Lanes(self._emitter, value)
