"""Putting a section's numbers in order.

Numbers are sorted by their bits, which ascend like the numbers once the sign is seen to. Two passes over the topmost
bits in which the section's numbers differ leave little out of order, which insertion then mends; where it would have
too much to do, passes over all bits follow. Every step leaves equal numbers in the order of the symbols.

Of numbers around 0 the topmost bits tell but how small they are. The first two passes then take rough keys, for which
what is far smaller than the largest number is about the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Final

from llvmlite import ir

from .cells import Cells
from .emitting import BIT, DOUBLE, INDEX, POINTER, WHOLE, Value
from .tiles import SORT_BITS

FEW: Final = 16
WIDEST: Final = 57
"""Bits that the keys of numbers take whose sizes are far apart, as around 0: beyond them keys are rough at first."""
FLOOR: Final = 2.0**-12
"""Of the largest size: below it the rough keys of numbers lie close together."""
PATIENCE: Final = 8
"""Moves to a number, on average, after which insertion gives up."""


def define_order(module: ir.Module) -> None:
    """`order(numbers, n, scratch) -> words`, see _Sort."""
    _Sort(module).build()


class _Sort:
    """`order(numbers, n, scratch) -> words`: for each place in ascending order a word with the number's index, 32 bits.

    Scratch begins with the keys, less the smallest of them; then come the words, and rough keys where later other words
    stand. Above the index a word has a window of bits of a key, so that both passes over it read and write words alone.
    """

    def __init__(self, module: ir.Module) -> None:
        self.window = _define_window(Cells(module, "order_window", [POINTER] * 4 + [WHOLE] * 3))
        self.mend = _define_mend(Cells(module, "order_mend", [POINTER, POINTER, WHOLE], WHOLE))
        self.cells = Cells(module, "order", [POINTER, WHOLE, POINTER], POINTER)
        self.builder = self.cells.builder

    def build(self) -> Value:
        cells, builder, whole = self.cells, self.builder, self.cells.whole
        numbers, n, keys = cells.function_made.args
        words, other = cells.cell(keys, n, WHOLE), cells.cell(keys, builder.mul(n, whole(2)), WHOLE)
        counts = cells.cell(keys, builder.mul(n, whole(3)), WHOLE)
        low, high = self._keys(numbers, n, keys)
        used = self._width(builder.sub(self._key(high), self._key(low)))
        is_wide = builder.icmp_signed(">", used, whole(WIDEST))
        with builder.if_then(is_wide, likely=False):
            self._rough_keys(numbers, n, other, low, high)
        range_roughly = builder.sub(self._rough(high, low, high), self._rough(low, low, high))
        bits = self._between(1, builder.sub(self._width(n), whole(1)), SORT_BITS)
        width = builder.mul(bits, whole(2))

        def window(by: Value, first: Value) -> None:
            builder.call(self.window, [by, words, other, counts, n, first, bits])

        def restart() -> None:
            cells.each(whole(0), n, lambda index: cells.write(words, index, index))

        restart()
        with builder.if_then(builder.icmp_signed(">", n, whole(FEW))):
            topmost = builder.sub(builder.select(is_wide, self._width(range_roughly), used), width)
            window(builder.select(is_wide, other, keys), self._between(0, topmost, 64))
        mended = builder.icmp_signed("!=", builder.call(self.mend, [keys, words, n]), whole(0))
        with builder.if_then(builder.not_(mended)):
            restart()

            def step(carried: list[Value]) -> Sequence[Value]:
                window(keys, carried[0])
                return [builder.add(carried[0], width)]

            cells.loop([whole(0)], lambda carried: builder.icmp_signed("<", carried[0], used), step)
        builder.ret(words)
        return cells.function_made

    def _keys(self, numbers: Value, n: Value, keys: Value) -> list[Value]:
        """Write the keys, less the smallest, and answer with the smallest number and the largest."""
        cells, builder, whole = self.cells, self.builder, self.cells.whole

        def one(index: Value, bounds: list[Value]) -> Sequence[Value]:
            number, (low, high) = self._number(numbers, index), bounds
            cells.write(keys, index, self._key(number))
            low = builder.select(builder.fcmp_ordered("<", number, low), number, low)
            return [low, builder.select(builder.fcmp_ordered(">", number, high), number, high)]

        start = [ir.Constant(DOUBLE, math.inf), ir.Constant(DOUBLE, -math.inf)]
        low, high = cells.repeat(whole(0), n, start, one)
        first = self._key(low)

        def less(index: Value) -> None:
            cells.write(keys, index, builder.sub(cells.read(keys, index, WHOLE), first))

        cells.each(whole(0), n, less)
        return [low, high]

    def _rough_keys(self, numbers: Value, n: Value, rough: Value, low: Value, high: Value) -> None:
        """Write the rough keys, less the smallest."""
        first = self._rough(low, low, high)

        def one(index: Value) -> None:
            key = self._rough(self._number(numbers, index), low, high)
            self.cells.write(rough, index, self.builder.sub(key, first))

        self.cells.each(self.cells.whole(0), n, one)

    def _number(self, numbers: Value, index: Value) -> Value:
        """A number; minus zero equals zero."""
        return self.builder.fadd(self.cells.read(numbers, index, DOUBLE), ir.Constant(DOUBLE, 0.0))

    def _key(self, number: Value) -> Value:
        """Its bits, made to ascend, without a sign, like the numbers."""
        builder, whole = self.builder, self.cells.whole
        bits = builder.bitcast(number, WHOLE)
        return builder.xor(bits, builder.or_(builder.ashr(bits, whole(63)), whole(-(2**63))))

    def _rough(self, number: Value, low: Value, high: Value) -> Value:
        """The bits of its size above a floor, with its sign: numbers below the floor are a small part of all keys."""
        builder, sizes = self.builder, [self._size(bound) for bound in (low, high)]
        largest = builder.select(builder.fcmp_ordered("<", *sizes), sizes[1], sizes[0])
        floor = builder.fmul(largest, ir.Constant(DOUBLE, FLOOR))
        size = builder.bitcast(builder.fadd(self._size(number), floor), WHOLE)
        above = builder.sub(size, builder.bitcast(floor, WHOLE))
        negative = builder.fcmp_ordered("<", number, ir.Constant(DOUBLE, 0.0))
        return builder.select(negative, builder.neg(above), above)

    def _size(self, number: Value) -> Value:
        return self.builder.call(self.cells.declared("llvm.fabs.f64", DOUBLE, [DOUBLE]), [number])

    def _width(self, number: Value) -> Value:
        """How many bits a whole number has."""
        zeros = self.builder.ctlz(number, ir.Constant(BIT, 0))
        return self.builder.sub(self.cells.whole(64), zeros)

    def _between(self, least: int, number: Value, most: int) -> Value:
        """A whole number, held within bounds."""
        for bound, sign in ((least, "<"), (most, ">")):
            outside = self.builder.icmp_signed(sign, number, self.cells.whole(bound))
            number = self.builder.select(outside, self.cells.whole(bound), number)
        return number


def _define_window(cells: Cells) -> Value:
    """`window(keys, words, other, counts, n, shift, bits)`: sort words by 2 * `bits` bits of their keys.

    Words that are equal in these stay in their order. `other` has room for as many words; the keys may stand there.
    """
    builder, whole = cells.builder, cells.whole
    keys, words, other, counts, n, shift, bits = cells.function_made.args
    kinds = builder.shl(whole(1), bits)
    mask, counts_above = builder.sub(kinds, whole(1)), cells.cell(counts, kinds, INDEX)
    above = builder.add(bits, whole(32))
    both = builder.sub(builder.shl(kinds, bits), whole(1))

    def digit(word: Value, from_bit: Value) -> Value:
        return builder.and_(builder.lshr(word, from_bit), mask)

    def raised(table: Value, place: Value) -> Value:
        here = cells.read(table, place, INDEX)
        cells.write(table, place, builder.add(here, ir.Constant(INDEX, 1)))
        return cells.wide(here)

    def count(place: Value) -> None:
        index = builder.and_(cells.read(words, place, WHOLE), whole(2**32 - 1))
        part = builder.and_(builder.lshr(cells.read(keys, index, WHOLE), shift), both)
        word = builder.or_(builder.shl(part, whole(32)), index)
        cells.write(words, place, word)
        raised(counts, digit(word, whole(32)))
        raised(counts_above, digit(word, above))

    def spread(source: Value, target: Value, table: Value, from_bit: Value, place: Value) -> None:
        word = cells.read(source, place, WHOLE)
        cells.write(target, raised(table, digit(word, from_bit)), word)

    cells.each(whole(0), builder.mul(kinds, whole(2)), lambda kind: cells.write(counts, kind, ir.Constant(INDEX, 0)))
    cells.each(whole(0), n, count)
    _begins(cells, (counts, counts_above), kinds)
    cells.each(whole(0), n, partial(spread, words, other, counts, whole(32)))
    cells.each(whole(0), n, partial(spread, other, words, counts_above, above))
    builder.ret_void()
    return cells.function_made


def _begins(cells: Cells, tables: Sequence[Value], kinds: Value) -> None:
    """Turn the counts of each kind into the places at which the kinds begin."""

    def step(place: Value, carried: list[Value]) -> Sequence[Value]:
        sums = []
        for table, total in zip(tables, carried, strict=True):
            sums.append(cells.builder.add(total, cells.read(table, place, INDEX)))
            cells.write(table, place, total)
        return sums

    cells.repeat(cells.whole(0), kinds, [ir.Constant(INDEX, 0)] * len(tables), step)


def _define_mend(cells: Cells) -> Value:
    """`mend(keys, words, n) -> whether all are in order`: insertion among equal windows, given up after many moves."""
    builder, whole = cells.builder, cells.whole
    keys, words, n = cells.function_made.args
    most = builder.mul(n, whole(PATIENCE))

    def key(word: Value) -> Value:
        return cells.read(keys, builder.and_(word, whole(2**32 - 1)), WHOLE)

    def goes_on(carried: list[Value]) -> Value:
        patient = builder.icmp_signed("<=", carried[1], most)
        return builder.and_(builder.icmp_signed("<", carried[0], n), patient)

    def insert(carried: list[Value]) -> Sequence[Value]:
        place, moves, before = carried
        word = cells.read(words, place, WHOLE)
        alike = builder.icmp_unsigned("<", builder.xor(word, before), whole(2**32))

        def look(inner: list[Value]) -> Sequence[Value]:
            earlier = cells.read(words, builder.sub(inner[0], whole(1)), WHOLE)
            larger = builder.icmp_unsigned(">", key(earlier), key(word))
            cells.write(words, inner[0], builder.select(larger, earlier, word))
            at = builder.select(larger, builder.sub(inner[0], whole(1)), inner[0])
            return [at, builder.and_(larger, builder.icmp_signed(">", at, whole(0)))]

        at = cells.loop([place, alike], lambda inner: inner[1], look)[0]
        cells.write(words, at, word)
        moves = builder.add(moves, builder.sub(place, at))
        return [builder.add(place, whole(1)), moves, cells.read(words, place, WHOLE)]

    _, moves, _ = cells.loop([whole(1), whole(0), cells.read(words, whole(0), WHOLE)], goes_on, insert)
    builder.ret(builder.zext(builder.icmp_signed("<=", moves, most), WHOLE))
    return cells.function_made
