"""Which moments there are in columns of them, and the number of each: found by hash, since most come many times."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from llvmlite import ir

from .cells import Cells
from .emitting import INDEX, POINTER, WHOLE, Value

SPREADING: Final = 0x9E3779B97F4A7C15 - 2**64
"""2 to the 64th over the golden ratio: what it multiplies is spread evenly over the topmost bits."""


def define_listing(module: ir.Module) -> None:
    """`list_moments(ts, rows, table, shift, found, most, numbers) -> found`: number moments as they first come.

    The table has 2 to the power of 64 - shift pairs of a moment and its number from 1 on, 0 where there is none yet.
    `found` are in it before; the answer is -1 if there would be more than `most`.
    """
    _List(Cells(module, "list_moments", [POINTER, WHOLE, POINTER, WHOLE, WHOLE, WHOLE, POINTER], WHOLE)).build()


class _List:
    def __init__(self, cells: Cells) -> None:
        self.cells, self.builder = cells, cells.builder
        self.ts, self.rows, self.table, self.shift, self.found, self.most, self.numbers = cells.function_made.args
        size = self.builder.shl(cells.whole(1), self.builder.sub(cells.whole(64), self.shift))
        self.mask = self.builder.sub(size, cells.whole(1))

    def build(self) -> None:
        cells, builder = self.cells, self.builder

        def goes_on(carried: list[Value]) -> Value:
            has_room = builder.icmp_signed("<=", carried[1], self.most)
            return builder.and_(builder.icmp_signed("<", carried[0], self.rows), has_room)

        _, found = cells.loop([cells.whole(0), self.found], goes_on, self.row)
        too_many = builder.icmp_signed(">", found, self.most)
        builder.ret(builder.select(too_many, cells.whole(-1), found))

    def row(self, carried: list[Value]) -> Sequence[Value]:
        cells, builder = self.cells, self.builder
        row, found = carried
        moment = cells.read(self.ts, row, WHOLE)
        place = self.place(moment)
        known = self.number(place)
        is_new = builder.icmp_signed("==", known, cells.whole(0))
        found = builder.add(found, builder.zext(is_new, WHOLE))
        number = builder.select(is_new, found, known)
        cells.write(self.table, self.pair(place), moment)
        cells.write(self.table, builder.add(self.pair(place), cells.whole(1)), number)
        cells.write(self.numbers, row, builder.trunc(builder.sub(number, cells.whole(1)), INDEX))
        return [builder.add(row, cells.whole(1)), found]

    def place(self, moment: Value) -> Value:
        """Where the moment stands in the table, or where it belongs: the first free place from that of its hash on."""
        cells, builder = self.cells, self.builder
        start = builder.lshr(builder.mul(moment, cells.whole(SPREADING)), self.shift)

        def is_other(carried: list[Value]) -> Value:
            differs = builder.icmp_signed("!=", cells.read(self.table, self.pair(carried[0]), WHOLE), moment)
            taken = builder.icmp_signed("!=", self.number(carried[0]), cells.whole(0))
            return builder.and_(differs, taken)

        def following(carried: list[Value]) -> Sequence[Value]:
            return [builder.and_(builder.add(carried[0], cells.whole(1)), self.mask)]

        return cells.loop([start], is_other, following)[0]

    def pair(self, place: Value) -> Value:
        return self.builder.mul(place, self.cells.whole(2))

    def number(self, place: Value) -> Value:
        return self.cells.read(self.table, self.builder.add(self.pair(place), self.cells.whole(1)), WHOLE)


__all__ = ["define_listing"]
