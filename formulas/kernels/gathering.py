"""Putting what was found into the order of symbols and bars: a function of its own, called once for a condition."""

from __future__ import annotations

from collections.abc import Sequence

from llvmlite import ir

from .emitting import DOUBLE, INDEX, POINTER, WHOLE, Emitter, Value
from .finding import each_mark
from .lanes import LANES
from .tiles import BEFORE, BEGINS, ENTRY, IDS, LONGEST, MARK, TILE


def define_gathering(module: ir.Module) -> None:
    """`list_found(tiles, how many, marks, places, entry, order, rows, series, targets, undefined)`.

    `places` says for each symbol where its first bar goes; there `rows` gets the bar's row in the columns, and each of
    so many series' `targets`, arrays by their addresses, its value. `entry` is the address of the condition's first
    entry on the roll (finding.py), 0 if it has none. `undefined` becomes the count of undefined values by series.
    `order` has room for the places of as many bars as a tile has. Rows and places have 32 bits and no sign.
    """
    _Listing(module).build()


class _Listing:
    """Tile by tile: what is found first has its place in `order` first, from where it is read again for each series."""

    def __init__(self, module: ir.Module) -> None:
        kinds = [POINTER, WHOLE, POINTER, POINTER, WHOLE, POINTER, POINTER, WHOLE, POINTER, POINTER]
        self.emitter = Emitter(module, "list_found", kinds, WHOLE)
        self.tiles, self.count, self.marks, self.places, first, *others = self.emitter.function_made.args
        self.order, self.rows, self.series, self.targets, self.undefined = others
        self.first, self.builder = first, self.emitter.builder
        self.next = self.builder.alloca(WHOLE, LANES)  # each lane's next place

    def build(self) -> None:
        self.emitter.repeat(self.emitter.whole(0), self.count, [self.first], self.one_tile)
        self.builder.ret(self.emitter.whole(0))

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

        found = each_mark(emitter, marks, emitter.whole_at(tile, LONGEST), emitter.whole(0), step)
        return [self.entries(carried[0], found)]

    def one(self, begins: Value, row: Value, bit: Value, seen: Value) -> Value:
        """Note where a bar goes, and its row there."""
        emitter, builder = self.emitter, self.builder
        lane = builder.and_(bit, emitter.whole(LANES - 1))
        at = builder.add(row, builder.udiv(bit, emitter.whole(LANES)))
        cursor = emitter.offset(self.next, builder.mul(lane, emitter.whole(8)))
        place = builder.load(cursor, typ=WHOLE, align=8)
        builder.store(builder.add(place, emitter.whole(1)), cursor, align=8)
        _put(emitter, self.order, seen, place)
        _put(emitter, self.rows, place, builder.add(emitter.whole_at(begins, lane), at))
        return builder.add(seen, emitter.whole(1))

    def entries(self, begin: Value, found: Value) -> Value:
        """Put the values of a tile's entries in their places; gives the next tile's first entry."""
        emitter, builder = self.emitter, self.builder

        def are_left(carried: list[Value]) -> Value:
            is_entry = builder.icmp_signed("!=", carried[0], emitter.whole(0))
            return builder.and_(is_entry, builder.icmp_signed("<", carried[1], found))

        def entry(carried: list[Value]) -> Sequence[Value]:
            place = builder.inttoptr(carried[0], POINTER)
            count = emitter.whole_at(place, 1)
            order = emitter.offset(self.order, builder.mul(carried[1], emitter.whole(4)))

            def one_series(series: Value) -> None:
                first = builder.add(emitter.whole(ENTRY), builder.mul(count, series))
                values = emitter.offset(place, builder.mul(first, emitter.whole(8)))
                self.one_series(series, values, order, count)

            emitter.each(emitter.whole(0), self.series, one_series)
            return [emitter.whole_at(place, 0), builder.add(carried[1], count)]

        return emitter.loop([begin, emitter.whole(0)], are_left, entry)[0]

    def one_series(self, series: Value, values: Value, order: Value, count: Value) -> None:
        emitter, builder = self.emitter, self.builder
        behind = builder.mul(series, emitter.whole(8))
        target = builder.load(emitter.offset(self.targets, behind), typ=POINTER, align=8)

        def one(index: Value, undefined: list[Value]) -> Sequence[Value]:
            turn = emitter.offset(order, builder.mul(index, emitter.whole(4)))
            place = builder.zext(builder.load(turn, typ=INDEX, align=4), WHOLE)
            value = builder.load(emitter.offset(values, builder.mul(index, emitter.whole(8))), typ=DOUBLE, align=8)
            builder.store(value, emitter.offset(target, builder.mul(place, emitter.whole(8))), align=8)
            return [builder.add(undefined[0], builder.zext(builder.fcmp_unordered("uno", value, value), WHOLE))]

        before = emitter.whole_at(self.undefined, series)
        missing = emitter.repeat(emitter.whole(0), count, [before], one)[0]
        builder.store(missing, emitter.offset(self.undefined, behind), align=8)


def _put(emitter: Emitter, array: Value, index: Value, number: Value) -> None:
    place = emitter.offset(array, emitter.builder.mul(index, emitter.whole(4)))
    emitter.builder.store(emitter.builder.trunc(number, INDEX), place, align=4)
