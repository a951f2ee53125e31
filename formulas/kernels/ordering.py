"""Putting a section's numbers in order.

Numbers are sorted by their bits, which ascend like the numbers once the sign is seen to. Two passes over the topmost
bits in which the section's numbers differ leave little out of order, which insertion then mends; where it would have
too much to do, passes over all bits follow. Every step leaves equal numbers in the order of the symbols.

Of numbers around 0 the topmost bits tell but how small they are. The first two passes then take rough keys, for which
what is far smaller than the largest number is about the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from llvmlite import ir

from .cells import SIZES, Cells
from .emitting import BIT, COUNTS, DOUBLE, INDEX, POINTER, WHOLE, Value
from .lanes import LANES
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

    Scratch begins with the words; then comes room for as many others, and for counts. Above the index a word has a
    window of bits of a key, less the smallest key, so that both passes over it read and write words alone.
    """

    def __init__(self, module: ir.Module) -> None:
        self.spread = _define_spread(Cells(module, "order_spread", [POINTER] * 3 + [WHOLE] * 2))
        self.mend = _define_mend(Cells(module, "order_mend", [POINTER, POINTER, WHOLE], WHOLE))
        self.cells = Cells(module, "order", [POINTER, WHOLE, POINTER], POINTER)
        self.builder = self.cells.builder
        self.numbers, self.n, self.words = self.cells.function_made.args
        self.other = self.cells.cell(self.words, self.n, WHOLE)
        self.counts = self.cells.cell(self.other, self.n, WHOLE)
        self.bits = self._between(1, self.builder.sub(self._width(self.n), self.cells.whole(1)), SORT_BITS)

    def build(self) -> None:
        builder, whole = self.builder, self.cells.whole
        low, high = self._bounds()
        used = self._width(builder.sub(high, low))

        def key(index: Value) -> Value:
            return builder.sub(self._key(self._number(index)), low)

        with builder.if_else(builder.icmp_signed(">", self.n, whole(FEW))) as (many, few):
            with many, builder.if_else(builder.icmp_signed(">", used, whole(WIDEST))) as (wide, narrow):
                with wide:
                    self._by_rough_keys(low, high)
                with narrow:
                    self._window(lambda place: place, key, self._topmost(used))
            with few:
                self._restart()
        mended = builder.icmp_signed("!=", builder.call(self.mend, [self.numbers, self.words, self.n]), whole(0))
        with builder.if_then(builder.not_(mended)):
            self._restart()
            self._by_all_bits(key, used)
        builder.ret(self.words)

    def _bounds(self) -> list[Value]:
        """The smallest key and the largest."""
        builder = self.builder

        def widen(index: Value, bounds: list[Value]) -> Sequence[Value]:
            key, (low, high) = self._key(self._number(index)), bounds
            low = builder.select(builder.icmp_unsigned("<", key, low), key, low)
            return [low, builder.select(builder.icmp_unsigned(">", key, high), key, high)]

        whole = self.cells.whole
        return self.cells.repeat(whole(0), self.n, [whole(-1), whole(0)], widen)

    def _restart(self) -> None:
        """Have the words in the order of the numbers."""
        self.cells.each(self.cells.whole(0), self.n, lambda index: self.cells.write(self.words, index, index))

    def _by_rough_keys(self, low: Value, high: Value) -> None:
        bounds = [self._number_of(key) for key in (low, high)]
        lowest, highest = (self._rough(bound, *bounds) for bound in bounds)

        def rough(index: Value) -> Value:
            return self.builder.sub(self._rough(self._number(index), *bounds), lowest)

        used = self._width(self.builder.sub(highest, lowest))
        self._window(lambda place: place, rough, self._topmost(used))

    def _by_all_bits(self, key: Callable[[Value], Value], used: Value) -> None:
        """Window by window, from the lowest bits on."""
        builder, whole = self.builder, self.cells.whole

        def index(place: Value) -> Value:
            return builder.and_(self.cells.read(self.words, place, WHOLE), whole(2**32 - 1))

        def step(carried: list[Value]) -> Sequence[Value]:
            self._window(index, key, carried[0])
            return [builder.add(carried[0], builder.mul(self.bits, whole(2)))]

        self.cells.loop([whole(0)], lambda carried: builder.icmp_signed("<", carried[0], used), step)

    def _topmost(self, used: Value) -> Value:
        """The lowest bit of the topmost window of so many bits."""
        whole = self.cells.whole
        return self._between(0, self.builder.sub(used, self.builder.mul(self.bits, whole(2))), 64)

    def _window(self, index_at: Callable[[Value], Value], key: Callable[[Value], Value], shift: Value) -> None:
        """Sort words by 2 * `bits` bits of their keys; those that are equal in these stay in their order."""
        cells, builder, whole = self.cells, self.builder, self.cells.whole
        kinds = builder.shl(whole(1), self.bits)
        counts_above = cells.cell(self.counts, kinds, INDEX)
        both = builder.sub(builder.shl(kinds, self.bits), whole(1))

        def count(place: Value) -> None:
            index = index_at(place)
            part = builder.and_(builder.lshr(key(index), shift), both)
            cells.write(self.words, place, builder.or_(builder.shl(part, whole(32)), index))
            _raised(cells, self.counts, builder.and_(part, builder.sub(kinds, whole(1))))
            _raised(cells, counts_above, builder.lshr(part, self.bits))

        zero = ir.Constant(INDEX, 0)
        cells.each(whole(0), builder.mul(kinds, whole(2)), lambda kind: cells.write(self.counts, kind, zero))
        cells.each(whole(0), self.n, count)
        builder.call(self.spread, [self.words, self.other, self.counts, self.n, self.bits])

    def _number(self, index: Value) -> Value:
        """A number; minus zero equals zero."""
        return self.builder.fadd(self.cells.read(self.numbers, index, DOUBLE), ir.Constant(DOUBLE, 0.0))

    def _key(self, number: Value) -> Value:
        """Its bits, made to ascend, without a sign, like the numbers."""
        builder, whole = self.builder, self.cells.whole
        bits = builder.bitcast(number, WHOLE)
        return builder.xor(bits, builder.or_(builder.ashr(bits, whole(63)), whole(-(2**63))))

    def _number_of(self, key: Value) -> Value:
        """The number with this key."""
        builder, whole = self.builder, self.cells.whole
        negative = builder.ashr(builder.not_(key), whole(63))
        return builder.bitcast(builder.xor(key, builder.or_(negative, whole(-(2**63)))), DOUBLE)

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


def _raised(cells: Cells, table: Value, place: Value) -> Value:
    """A count, which is one more from now on."""
    here = cells.read(table, place, INDEX)
    cells.write(table, place, cells.builder.add(here, ir.Constant(INDEX, 1)))
    return cells.wide(here)


def _define_spread(cells: Cells) -> Value:
    """`spread(words, other, counts, n, bits)`: sort words by the window above their index, of which counts are known.

    Those that are equal in these stay in their order. `other` has room for as many words.
    """
    builder, whole = cells.builder, cells.whole
    words, other, counts, n, bits = cells.function_made.args
    kinds = builder.shl(whole(1), bits)
    mask, counts_above = builder.sub(kinds, whole(1)), cells.cell(counts, kinds, INDEX)

    def spread(source: Value, target: Value, table: Value, from_bit: Value, place: Value) -> None:
        word = cells.read(source, place, WHOLE)
        digit = builder.and_(builder.lshr(word, from_bit), mask)
        cells.write(target, _raised(cells, table, digit), word)

    _begins(cells, (counts, counts_above), kinds)
    cells.each(whole(0), n, partial(spread, words, other, counts, whole(32)))
    cells.each(whole(0), n, partial(spread, other, words, counts_above, builder.add(bits, whole(32))))
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
    """`mend(numbers, words, n) -> whether all are in order`: insertion among equal windows, given up after many moves.

    Only words with the window of the word before them may have to move, and many are looked at together.
    """
    builder, whole = cells.builder, cells.whole
    _, words, n = cells.function_made.args
    most = builder.mul(n, whole(PATIENCE))

    def goes_on(carried: list[Value]) -> Value:
        patient = builder.icmp_signed("<=", carried[1], most)
        return builder.and_(builder.icmp_signed("<", carried[0], n), patient)

    def several(carried: list[Value]) -> Sequence[Value]:
        place, moves = carried

        def one(inner: list[Value]) -> Sequence[Value]:
            alike, moves = inner
            first = builder.add(place, builder.cttz(alike, ir.Constant(BIT, 1)))
            return [builder.and_(alike, builder.sub(alike, whole(1))), _insert(cells, first, moves)]

        start = [_alike(cells, words, place, n), moves]
        moves = cells.loop(start, lambda inner: builder.icmp_unsigned("!=", inner[0], whole(0)), one)[1]
        return [builder.add(place, whole(LANES)), moves]

    _, moves = cells.loop([whole(1), whole(0)], goes_on, several)
    builder.ret(builder.zext(builder.icmp_signed("<=", moves, most), WHOLE))
    return cells.function_made


def _insert(cells: Cells, place: Value, moves: Value) -> Value:
    """Move the word at a place ahead of those with larger numbers; answer with the moves so far."""
    builder, whole = cells.builder, cells.whole
    numbers, words, _ = cells.function_made.args
    word = cells.read(words, place, WHOLE)

    def number(word: Value) -> Value:
        return cells.read(numbers, builder.and_(word, whole(2**32 - 1)), DOUBLE)

    def look(inner: list[Value]) -> Sequence[Value]:
        earlier = cells.read(words, builder.sub(inner[0], whole(1)), WHOLE)
        larger = builder.fcmp_ordered(">", number(earlier), number(word))
        cells.write(words, inner[0], builder.select(larger, earlier, word))
        at = builder.select(larger, builder.sub(inner[0], whole(1)), inner[0])
        return [at, builder.and_(larger, builder.icmp_signed(">", at, whole(0)))]

    at = cells.loop([place, ir.Constant(BIT, 1)], lambda inner: inner[1], look)[0]
    cells.write(words, at, word)
    return builder.add(moves, builder.sub(place, at))


def _alike(cells: Cells, words: Value, place: Value, n: Value) -> Value:
    """Which of LANES words have the window of the word before them, in bits; those from place n on have not."""
    builder, whole, first = cells.builder, cells.whole, cells.cell(words, place, WHOLE)
    before = cells.offset(first, whole(-SIZES[WHOLE]))
    here, earlier = (builder.load(each, typ=COUNTS, align=8) for each in (first, before))
    same = builder.icmp_unsigned("<", builder.xor(here, earlier), cells.pattern(2**32))
    left = builder.sub(n, place)
    left = builder.select(builder.icmp_signed("<", left, whole(LANES)), left, whole(LANES))
    inside = builder.sub(builder.shl(whole(1), left), whole(1))
    return builder.and_(builder.zext(cells.bits(same), WHOLE), inside)
