"""Putting what was found into the order of symbols and bars: functions of their own, called once for a column."""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from .emitting import DOUBLE, INDEX, POINTER, WHOLE, Emitter, Value
from .finding import each_mark
from .lanes import LANES
from .tiles import BEFORE, BEGINS, ENTRY, IDS, LONGEST, MARK, TILE


def define_gathering(module: ir.Module) -> None:
    """`list_rows` and `list_numbers`; rows and places have 32 bits and no sign."""
    _Listing(module).build()
    _define_numbers(module)


class _Listing:
    """`list_rows(tiles, how many, marks, places, order, rows)`.

    `places` says for each symbol where its first entry goes. What is found first has its place in `order` first, and at
    that place of `rows` its row in the columns.
    """

    def __init__(self, module: ir.Module) -> None:
        self.emitter = Emitter(module, "list_rows", [POINTER, WHOLE, POINTER, POINTER, POINTER, POINTER], WHOLE)
        self.tiles, self.count, self.marks, self.places, self.order, self.rows = self.emitter.function_made.args
        self.builder = self.emitter.builder
        self.next = self.builder.alloca(WHOLE, LANES)  # each lane's next place

    def build(self) -> None:
        begin = [self.emitter.whole(0)]
        self.builder.ret(self.emitter.repeat(self.emitter.whole(0), self.count, begin, self.one_tile)[0])

    def one_tile(self, number: Value, carried: list[Value]) -> Sequence[Value]:
        emitter, builder = self.emitter, self.builder
        tile = emitter.offset(self.tiles, builder.mul(number, emitter.whole(8 * TILE)))
        for lane in range(LANES):
            place = emitter.whole_at(self.places, emitter.whole_at(tile, IDS + lane))
            builder.store(place, emitter.offset(self.next, emitter.whole(8 * lane)), align=8)
        marks = emitter.offset(self.marks, builder.mul(emitter.whole_at(tile, BEFORE), emitter.whole(MARK)))
        begins = emitter.offset(tile, emitter.whole(8 * BEGINS))

        def step(row: Value, bit: Value, seen: Value) -> Value:
            return self.one(begins, row, bit, seen)

        return [each_mark(emitter, marks, emitter.whole_at(tile, LONGEST), carried[0], step)]

    def one(self, begins: Value, row: Value, bit: Value, seen: Value) -> Value:
        emitter, builder = self.emitter, self.builder
        lane = builder.and_(bit, emitter.whole(LANES - 1))
        at = builder.add(row, builder.udiv(bit, emitter.whole(LANES)))
        cursor = emitter.offset(self.next, builder.mul(lane, emitter.whole(8)))
        place = builder.load(cursor, typ=WHOLE, align=8)
        builder.store(builder.add(place, emitter.whole(1)), cursor, align=8)
        _put(emitter, self.order, seen, place)
        _put(emitter, self.rows, place, builder.add(emitter.whole_at(begins, lane), at))
        return builder.add(seen, emitter.whole(1))


def _put(emitter: Emitter, array: Value, index: Value, number: Value) -> None:
    place = emitter.offset(array, emitter.builder.mul(index, emitter.whole(4)))
    emitter.builder.store(emitter.builder.trunc(number, INDEX), place, align=4)


def _define_numbers(module: ir.Module) -> None:
    """`list_numbers(order, entry, number, target)`: put values in their places; answers how many are undefined.

    They are a condition's values of one series, by its number; `entry` is the address of the condition's first one on
    the roll (finding.py), 0 if it has none.
    """
    emitter = Emitter(module, "list_numbers", [POINTER, WHOLE, WHOLE, POINTER], WHOLE)
    order, begin, number, target = emitter.function_made.args
    builder, whole = emitter.builder, emitter.whole

    def entry(carried: list[Value]) -> Sequence[Value]:
        seen, missing = carried[1:]
        place = builder.inttoptr(carried[0], POINTER)
        count = emitter.whole_at(place, 1)
        first = builder.add(whole(ENTRY), builder.mul(count, number))

        def one(index: Value, undefined: list[Value]) -> Sequence[Value]:
            turn = emitter.offset(order, builder.mul(builder.add(seen, index), whole(4)))
            row = builder.zext(builder.load(turn, typ=INDEX, align=4), WHOLE)
            source = emitter.offset(place, builder.mul(builder.add(first, index), whole(8)))
            value = builder.load(source, typ=DOUBLE, align=8)
            builder.store(value, emitter.offset(target, builder.mul(row, whole(8))), align=8)
            return [builder.add(undefined[0], builder.zext(builder.fcmp_unordered("uno", value, value), WHOLE))]

        missing = emitter.repeat(whole(0), count, [missing], one)[0]
        return [emitter.whole_at(place, 0), builder.add(seen, count), missing]

    builder.ret(
        emitter.loop(
            [begin, whole(0), whole(0)], lambda carried: builder.icmp_signed("!=", carried[0], whole(0)), entry
        )[-1]
    )
