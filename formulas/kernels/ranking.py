"""Kernels that put a section's numbers in order: ranks, and the n largest.

Numbers are sorted by their bits, which ascend like the numbers once the sign is seen to. Two passes over the topmost
bits in which the section's numbers differ leave little out of order, which insertion then mends; where it would have
too much to do, passes over all bits follow. Every step leaves equal numbers in the order of the symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from llvmlite import ir

from .emitting import BIT, DOUBLE, INDEX, POINTER, WHOLE, Value
from .sections import KERNEL, Cells

MOST_BITS: Final = 11
"""Bits of a pass: what is counted then fits in a quarter of the first cache."""
COUNTS: Final = 4 << MOST_BITS
PER_NUMBER: Final = 16
"""Bytes of scratch: COUNTS and PER_NUMBER for each number."""
FEW: Final = 16
PATIENCE: Final = 8
"""Moves to a number, on average, after which insertion gives up."""

Rank: TypeAlias = Callable[["Order", Value, Value, Value, Value], Value]


@dataclass(frozen=True, slots=True)
class Order:
    """A kernel under construction, and its numbers: how many, and one setting."""

    cells: Cells
    n: Value
    setting: Value

    def real(self, whole: Value) -> Value:
        """A whole number as a double."""
        return self.cells.builder.sitofp(whole, DOUBLE)


def define_rankings(module: ir.Module) -> None:
    """`across_rank`, `across_share` and `across_top` (how many: a setting)."""
    order = _Sort(module).build()
    for name, value in (("rank", _rank), ("share", _share), ("top", _top)):
        _define_ranked(Cells(module, f"across_{name}", KERNEL.args), order, value)


def _rank(order: Order, begin: Value, end: Value, _: Value, __: Value) -> Value:
    """Equal numbers, in places `begin` up to `end`, share the average rank."""
    builder = order.cells.builder
    twice = builder.add(builder.add(begin, end), order.cells.whole(1))
    return builder.fmul(order.real(twice), ir.Constant(DOUBLE, 0.5))


def _share(order: Order, begin: Value, end: Value, place: Value, row: Value) -> Value:
    builder = order.cells.builder
    above = builder.fsub(_rank(order, begin, end, place, row), ir.Constant(DOUBLE, 1.0))
    others = order.real(builder.sub(order.n, order.cells.whole(1)))
    alone = builder.icmp_signed("==", order.n, order.cells.whole(1))
    return builder.select(alone, ir.Constant(DOUBLE, 0.5), builder.fdiv(above, others))


def _top(order: Order, begin: Value, end: Value, place: Value, _: Value) -> Value:
    """So many are larger, or equal and of an earlier symbol."""
    builder = order.cells.builder
    before = builder.add(builder.sub(order.n, end), builder.sub(place, begin))
    chosen = builder.fcmp_ordered("<", order.real(before), order.setting)
    return builder.select(chosen, ir.Constant(DOUBLE, 1.0), ir.Constant(DOUBLE, 0.0))


def _define_ranked(cells: Cells, order: Value, value: Rank) -> None:
    """Sort, then go through the runs of equal numbers and write each value to its bar."""
    builder, whole = cells.builder, cells.whole
    n, numbers, places, _, settings, scratch = cells.function_made.args
    sorted_places = builder.call(order, [numbers, n, scratch])
    found = Order(cells, n, cells.number(settings, 0))

    def key(place: Value) -> Value:
        return cells.read(scratch, cells.wide(cells.read(sorted_places, place, INDEX)), WHOLE)

    def run(carried: list[Value]) -> Sequence[Value]:
        begin = carried[0]
        first = key(begin)

        def equal(inner: list[Value]) -> Value:
            return builder.and_(builder.icmp_signed("<", inner[0], n), inner[1])

        def following(inner: list[Value]) -> Sequence[Value]:
            same = builder.icmp_unsigned("==", key(inner[0]), first)
            return [builder.add(inner[0], builder.zext(same, WHOLE)), same]

        end = cells.loop([builder.add(begin, whole(1)), ir.Constant(BIT, 1)], equal, following)[0]

        def one(place: Value, _: list[Value]) -> Sequence[Value]:
            row = cells.wide(cells.read(sorted_places, place, INDEX))
            builder.store(value(found, begin, end, place, row), cells.pointer_at(places, row), align=8)
            return []

        cells.repeat(begin, end, [], one)
        return [end]

    cells.loop([whole(0)], lambda carried: builder.icmp_signed("<", carried[0], n), run)
    builder.ret_void()


class _Sort:
    """`order(numbers, n, scratch) -> places`: the places of the numbers in ascending order, 4 bytes each, in scratch.

    The keys, less the smallest of them, stand at the beginning of scratch.
    """

    def __init__(self, module: ir.Module) -> None:
        self.module = module
        self.count = self._count_and_place(Cells(module, "order_pass", [POINTER] * 4 + [WHOLE] * 3))
        self.mend = self._mend(Cells(module, "order_mend", [POINTER, POINTER, WHOLE], WHOLE))
        self.cells = Cells(module, "order", [POINTER, WHOLE, POINTER], POINTER)
        self.builder = self.cells.builder

    def build(self) -> Value:
        cells, builder, whole = self.cells, self.builder, self.cells.whole
        numbers, n, keys = cells.function_made.args
        one, other = cells.cell(keys, n, WHOLE), cells.offset(keys, builder.mul(n, whole(12)))
        counts = cells.offset(keys, builder.mul(n, whole(PER_NUMBER)))
        used = self._width(self._keys(numbers, n, keys))
        bits = self._least(builder.sub(self._width(n), whole(1)), whole(MOST_BITS))
        bits = builder.select(builder.icmp_signed("<", bits, whole(1)), whole(1), bits)
        begin = builder.sub(used, builder.mul(bits, whole(2)))
        begin = builder.select(builder.icmp_signed("<", begin, whole(0)), whole(0), begin)
        begin = builder.select(builder.icmp_signed("<=", n, whole(FEW)), used, begin)

        def passes(first: Value) -> Value:
            self._identity(one, n)

            def step(carried: list[Value]) -> Sequence[Value]:
                shift, source, target = carried
                builder.call(self.count, [keys, source, target, counts, n, shift, bits])
                return [builder.add(shift, bits), target, source]

            return cells.loop([first, one, other], lambda c: builder.icmp_signed("<", c[0], used), step)[1]

        roughly = passes(begin)
        mended = builder.icmp_signed("!=", builder.call(self.mend, [keys, roughly, n]), whole(0))
        with builder.if_then(mended):
            builder.ret(roughly)
        builder.ret(passes(whole(0)))
        return cells.function_made

    def _keys(self, numbers: Value, n: Value, keys: Value) -> Value:
        """Write the keys, less the smallest, and answer with the largest."""
        cells, builder, whole = self.cells, self.builder, self.cells.whole

        def one(index: Value, bounds: list[Value]) -> Sequence[Value]:
            # minus zero equals zero
            number = builder.fadd(cells.read(numbers, index, DOUBLE), ir.Constant(DOUBLE, 0.0))
            bits = builder.bitcast(number, WHOLE)
            key = builder.xor(bits, builder.or_(builder.ashr(bits, whole(63)), whole(-(2**63))))
            cells.write(keys, index, key)
            low, high = bounds
            low = builder.select(builder.icmp_unsigned("<", key, low), key, low)
            return [low, builder.select(builder.icmp_unsigned(">", key, high), key, high)]

        low, high = cells.repeat(whole(0), n, [whole(-1), whole(0)], one)

        def less(index: Value, _: list[Value]) -> Sequence[Value]:
            cells.write(keys, index, builder.sub(cells.read(keys, index, WHOLE), low))
            return []

        cells.repeat(whole(0), n, [], less)
        return builder.sub(high, low)

    def _identity(self, places: Value, n: Value) -> None:
        cells = self.cells

        def one(index: Value, _: list[Value]) -> Sequence[Value]:
            cells.write(places, index, self.builder.trunc(index, INDEX))
            return []

        cells.repeat(cells.whole(0), n, [], one)

    def _width(self, number: Value) -> Value:
        """How many bits a whole number has."""
        zeros = self.builder.ctlz(number, ir.Constant(BIT, 0))
        return self.builder.sub(self.cells.whole(64), zeros)

    def _least(self, x: Value, y: Value) -> Value:
        return self.builder.select(self.builder.icmp_signed("<", x, y), x, y)

    def _count_and_place(self, cells: Cells) -> Value:
        """`pass(keys, source, target, counts, n, shift, bits)`: sort by these bits, leave equal ones in their order."""
        builder, whole = cells.builder, cells.whole
        keys, source, target, counts, n, shift, bits = cells.function_made.args
        kinds = builder.shl(whole(1), bits)
        mask = builder.sub(kinds, whole(1))

        def digit(place: Value) -> Value:
            return builder.and_(builder.lshr(cells.read(keys, cells.wide(place), WHOLE), shift), mask)

        def clear(index: Value, _: list[Value]) -> Sequence[Value]:
            cells.write(counts, index, ir.Constant(INDEX, 0))
            return []

        def count(index: Value, _: list[Value]) -> Sequence[Value]:
            found = digit(index)  # in whatever order
            cells.write(counts, found, builder.add(cells.read(counts, found, INDEX), ir.Constant(INDEX, 1)))
            return []

        def begin(index: Value, carried: list[Value]) -> Sequence[Value]:
            here = cells.read(counts, index, INDEX)
            cells.write(counts, index, carried[0])
            return [builder.add(carried[0], here)]

        def place(index: Value, _: list[Value]) -> Sequence[Value]:
            number = cells.read(source, index, INDEX)
            found = digit(number)
            at = cells.read(counts, found, INDEX)
            cells.write(target, cells.wide(at), number)
            cells.write(counts, found, builder.add(at, ir.Constant(INDEX, 1)))
            return []

        cells.repeat(whole(0), kinds, [], clear)
        cells.repeat(whole(0), n, [], count)
        cells.repeat(whole(0), kinds, [ir.Constant(INDEX, 0)], begin)
        cells.repeat(whole(0), n, [], place)
        builder.ret_void()
        return cells.function_made

    def _mend(self, cells: Cells) -> Value:
        """`mend(keys, places, n) -> whether all are in order`: by insertion, which gives up after too many moves."""
        builder, whole = cells.builder, cells.whole
        keys, places, n = cells.function_made.args
        most = builder.mul(n, whole(PATIENCE))

        def goes_on(carried: list[Value]) -> Value:
            patient = builder.icmp_signed("<=", carried[1], most)
            return builder.and_(builder.icmp_signed("<", carried[0], n), patient)

        def insert(carried: list[Value]) -> Sequence[Value]:
            index, moves = carried
            number = cells.read(places, index, INDEX)
            key = cells.read(keys, cells.wide(number), WHOLE)

            def look(inner: list[Value]) -> Sequence[Value]:
                at, _ = inner
                before = builder.sub(at, whole(1))
                earlier = cells.read(places, before, INDEX)
                larger = builder.icmp_unsigned(">", cells.read(keys, cells.wide(earlier), WHOLE), key)
                cells.write(places, at, builder.select(larger, earlier, number))
                return [builder.select(larger, before, at), larger]

            def moving(inner: list[Value]) -> Value:
                return builder.and_(builder.icmp_signed(">", inner[0], whole(0)), inner[1])

            at = cells.loop([index, ir.Constant(BIT, 1)], moving, look)[0]
            cells.write(places, at, number)
            return [builder.add(index, whole(1)), builder.add(moves, builder.sub(index, at))]

        _, moves = cells.loop([whole(1), whole(0)], goes_on, insert)
        builder.ret(builder.zext(builder.icmp_signed("<=", moves, most), WHOLE))
        return cells.function_made
