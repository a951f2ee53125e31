"""Putting what was found into the order of symbols and bars: functions of their own, called once for a column."""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from .emitting import DOUBLE, INDEX, POINTER, WHOLE, Emitter, Value
from .finding import each_mark
from .lanes import LANES
from .tiles import BEFORE, BEGINS, IDS, LONGEST, MARK, TILE


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
    """`list_numbers(order, how many, numbers, target)`: put them in their places; answers how many are undefined."""
    emitter = Emitter(module, "list_numbers", [POINTER, WHOLE, POINTER, POINTER], WHOLE)
    order, count, numbers, target = emitter.function_made.args
    builder = emitter.builder

    def one(index: Value, carried: list[Value]) -> Sequence[Value]:
        entry = emitter.offset(order, builder.mul(index, emitter.whole(4)))
        place = builder.zext(builder.load(entry, typ=INDEX, align=4), WHOLE)
        source = emitter.offset(numbers, builder.mul(index, emitter.whole(8)))
        number = builder.load(source, typ=DOUBLE, align=8)
        builder.store(number, emitter.offset(target, builder.mul(place, emitter.whole(8))), align=8)
        undefined = builder.zext(builder.fcmp_unordered("uno", number, number), WHOLE)
        return [builder.add(carried[0], undefined)]

    builder.ret(emitter.repeat(emitter.whole(0), count, [emitter.whole(0)], one)[0])
