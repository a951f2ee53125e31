"""Moving numbers between columns and registers.

Registers hold one symbol a lane, columns one
symbol after the other; eight rows of eight lanes are turned round at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from llvmlite import ir

from .declaring import Kernel
from .emitting import DOUBLE, WHOLE, Emitter, Value
from .lanes import LANES
from .tiles import BEGINS, FIRST, LENGTHS, ROW

EIGHT: Final = 8
HALVES: Final = range(0, LANES, EIGHT)
PART: Final = ir.VectorType(DOUBLE, EIGHT)
BYTE: Final = ir.IntType(8)
HALFWORD: Final = ir.IntType(16)
INDEX: Final = ir.IntType(32)
NAN: Final = ir.Constant(DOUBLE, float("nan"))


class Mover:
    """What kernels between columns and registers share: lanes, their columns' rows, and eight-by-eight blocks."""

    def __init__(self, emitter: Emitter) -> None:
        self.emitter, self.builder = emitter, emitter.builder
        self.operands, self.rows, self.settings, self.memory, self.tile = emitter.function_made.args
        self.first = emitter.whole_at(self.tile, FIRST)

    def pointer(self, operand: int) -> Value:
        """Where an operand begins."""
        return self.emitter.pointer(self.operands, 2 * operand)

    def of_lane(self, place: int, lane: Value) -> Value:
        """The lane's entry in the tile."""
        return self.emitter.whole_at(self.tile, self.builder.add(lane, self.emitter.whole(place)))

    def column_row(self, lane: Value) -> Value:
        """Where the block's first row of the lane's symbol stands in a column."""
        return self.builder.add(self.of_lane(BEGINS, lane), self.first)

    def bars(self, lane: Value) -> Value:
        """How many of the block's rows the lane's symbol has."""
        left = self.builder.sub(self.of_lane(LENGTHS, lane), self.first)
        left, none = self.at_most(left, self.rows), self.emitter.whole(0)
        return self.builder.select(self.builder.icmp_signed(">", left, none), left, none)

    def at_most(self, x: Value, y: Value) -> Value:
        """The smaller of two whole numbers."""
        return self.builder.select(self.builder.icmp_signed("<", x, y), x, y)

    def cell(self, register: Value, row: Value, lane: Value) -> Value:
        """Where a lane of a register's row stands."""
        place = self.builder.add(self.builder.mul(row, self.emitter.whole(LANES)), lane)
        return self.element(register, place)

    def element(self, column: Value, row: Value) -> Value:
        """Where a row of a column stands."""
        return self.emitter.offset(column, self.builder.mul(row, self.emitter.whole(8)))

    def in_eights(self, block: Callable[[int, Value], None], single: Callable[[Value, Value], None]) -> None:
        """`block(half, row)` where eight lanes have eight rows, `single(lane, row)` for what is left of the bars."""
        for half in HALVES:
            self.half_in_eights(half, block, single)

    def half_in_eights(
        self, half: int, block: Callable[[int, Value], None], single: Callable[[Value, Value], None]
    ) -> None:
        """As `in_eights`, for the eight lanes from `half` on."""
        emitter, builder = self.emitter, self.builder
        eights = builder.and_(self.shortest(half), emitter.whole(-EIGHT))
        emitter.each(emitter.whole(0), eights, partial(block, half), by=EIGHT)

        def rest(lane: Value) -> None:
            emitter.each(eights, self.bars(lane), partial(single, lane))

        emitter.each(emitter.whole(half), emitter.whole(half + EIGHT), rest)

    def shortest(self, half: int) -> Value:
        """How many of the block's rows each of eight lanes has."""
        shortest = self.rows
        for lane in range(half, half + EIGHT):
            shortest = self.at_most(shortest, self.bars(self.emitter.whole(lane)))
        return shortest


def transposed(builder: ir.IRBuilder, rows: Sequence[Value]) -> list[Value]:
    """Eight vectors of eight, turned round, in three steps of exchanging blocks of 1, 2 and 4."""
    turned = list(rows)
    for step in (1, 2, 4):
        for k in range(EIGHT):
            if k & step:
                continue
            x, y = turned[k], turned[k + step]
            low = [j if not j & step else EIGHT + j - step for j in range(EIGHT)]
            high = [j + step if not j & step else EIGHT + j for j in range(EIGHT)]
            turned[k], turned[k + step] = (builder.shuffle_vector(x, y, _places(each)) for each in (low, high))
    return turned


def _places(places: Sequence[int]) -> Value:
    return ir.Constant(ir.VectorType(INDEX, EIGHT), list(places))


def pack(emitter: Emitter) -> None:
    """Lay a column's symbols side by side. Operands: column, register. Rows that a symbol has not are undefined."""
    move = Mover(emitter)
    builder, column, register = emitter.builder, move.pointer(0), move.pointer(1)
    ahead = builder.mul(move.rows, emitter.whole(2))

    def block(half: int, row: Value) -> None:
        places = [builder.add(move.column_row(emitter.whole(lane)), row) for lane in range(half, half + EIGHT)]
        loaded = [builder.load(move.element(column, place), typ=PART, align=8) for place in places]
        for place in places:  # of the next block but one: more columns are read at once than a CPU foresees
            emitter.fetch(move.element(column, builder.add(place, ahead)), writing=False, near=False)
        for k, part in enumerate(transposed(builder, loaded)):
            target = move.cell(register, builder.add(row, emitter.whole(k)), emitter.whole(half))
            builder.store(part, target, align=8)

    def single(lane: Value, row: Value) -> None:
        place = builder.add(move.column_row(lane), row)
        number = builder.load(move.element(column, place), typ=DOUBLE, align=8)
        builder.store(number, move.cell(register, row, lane), align=8)

    move.in_eights(block, single)

    def beyond(lane: Value) -> None:
        emitter.each(
            move.bars(lane), move.rows, lambda row: builder.store(NAN, move.cell(register, row, lane), align=8)
        )

    emitter.each(emitter.whole(0), emitter.whole(LANES), beyond)


def keep(emitter: Emitter) -> None:
    """The last rows of a block become history of the next.

    Operands: registers, each from its history on; settings: how many there are, and the rows of each.
    """
    move = Mover(emitter)
    builder, whole = emitter.builder, emitter.whole
    block = builder.mul(move.rows, whole(ROW))

    def one(number: Value) -> None:
        register = emitter.pointer(move.operands, builder.mul(number, whole(2)))
        source = emitter.offset(register, block)

        def copy_row(row: Value) -> None:
            distance = builder.mul(row, whole(ROW))
            emitter.store_row(emitter.load_row(emitter.offset(source, distance)), emitter.offset(register, distance))

        rows = emitter.number(move.settings, builder.add(number, whole(1)))
        emitter.each(whole(0), builder.fptosi(rows, WHOLE), copy_row)

    emitter.each(whole(0), _setting(move), one)


def copy(emitter: Emitter) -> None:
    """One row, from where it stands to another place. Operands: both."""
    move = Mover(emitter)
    emitter.store_row(emitter.load_row(move.pointer(0)), move.pointer(1))


def fill(emitter: Emitter) -> None:
    """Set rows to a number. Operand: their first; settings: how many, the number."""
    move = Mover(emitter)
    register, number = move.pointer(0), emitter.splat(emitter.number(move.settings, 1))

    def write(row: Value) -> None:
        emitter.store_row(number, emitter.offset(register, emitter.builder.mul(row, emitter.whole(ROW))))

    emitter.each(emitter.whole(0), _setting(move), write)


def _setting(move: Mover) -> Value:
    return move.builder.fptosi(move.emitter.number(move.settings, 0), WHOLE)


MOVING: Final = [
    Kernel(body.__name__, "moving", inputs, 0, settings, body)
    for body, inputs, settings in (
        (pack, 2, ()),
        (keep, 1, ("registers", "rows")),
        (copy, 2, ()),
        (fill, 1, ("rows", "number")),
    )
]
