"""Writing registers back to columns, where each symbol's rows stand one behind the other.

A column that is larger than the nearer caches is written past all of them: memory then need not be read for what is
overwritten anyway, which is half of the work of writing. Only whole lines of the cache can be written so, and the rows
of a symbol begin anywhere in a line. So those of a block are laid out lane by lane, behind the last eight of the block
before; whole lines of them go, and what is left waits for the next block.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Final

from llvmlite import ir

from .declaring import Kernel
from .emitting import DOUBLE, WHOLE, Emitter, Value
from .moving import BYTE, EIGHT, HALFWORD, HALVES, INDEX, PART, Mover, transposed
from .tiles import LENGTHS, STAGED

LINE: Final = 64
"""Bytes of a line of the cache: eight numbers."""


def unpack(emitter: Emitter) -> None:
    """Write a register back.

    Operands: register; column, with its bytes as the second word; its bits of validity, all set beforehand; room for
    what is laid out. Memory: what waits. Setting: `least_size`, which the column's bytes are held against. Blocks
    before a tile's last one are whole.
    """
    _Unpacking(Mover(emitter)).write()


class _Unpacking:
    """One register's way to its column."""

    def __init__(self, move: Mover) -> None:
        self.move, self.emitter, self.builder = move, move.emitter, move.builder
        self.register, self.column, self.valid, self.stage = (move.pointer(k) for k in range(4))
        size = self.emitter.whole_at(move.operands, 3)
        least = self.builder.fptosi(self.emitter.number(move.settings, 0), WHOLE)
        self.is_large = self.builder.icmp_signed(">=", size, least)

    def write(self) -> None:
        """Half of the lanes after the other: in whole lines past the caches, or as it comes."""
        builder, whole = self.builder, self.emitter.whole
        for half in HALVES:
            every = builder.icmp_signed("==", self.move.shortest(half), self.move.rows)
            in_eights = builder.icmp_signed("==", builder.and_(self.move.rows, whole(EIGHT - 1)), whole(0))
            in_lines = builder.and_(self.is_large, builder.and_(every, in_eights))
            with builder.if_else(in_lines) as (past, near):
                with past:
                    self.past_caches(half)
                with near:
                    with builder.if_then(builder.and_(self.is_large, self.has_waiting(half)), likely=False):
                        self.emitter.each(whole(half), whole(half + EIGHT), self.write_waiting)
                    self.move.half_in_eights(half, self.write_eight, self.single)

    def write_eight(self, half: int, row: Value) -> None:
        """Write eight rows of eight lanes."""
        places = self.places(half, row)
        parts = transposed(self.builder, _eight_rows(self.move, self.register, half, row))
        for part, place in zip(parts, places, strict=True):
            self.builder.store(part, self.move.element(self.column, place), align=8)
        self.mark_missing(parts, places)

    def places(self, half: int, row: Value) -> list[Value]:
        """Where a row of eight lanes stands in the column."""
        lanes = range(half, half + EIGHT)
        return [self.builder.add(self.move.column_row(self.emitter.whole(lane)), row) for lane in lanes]

    def mark_missing(self, parts: Sequence[Value], places: Sequence[Value]) -> None:
        """Clear the bits of undefined numbers, of which most eights have none."""
        builder = self.builder
        missing = [_bits(builder, builder.fcmp_unordered("uno", part, part)) for part in parts]
        some = functools.reduce(builder.or_, missing)
        with builder.if_then(builder.icmp_unsigned("!=", some, ir.Constant(BYTE, 0)), likely=False):
            for bits, place in zip(missing, places, strict=True):
                _write_bits(self.move, self.valid, place, bits, clear=True)

    def single(self, lane: Value, row: Value) -> None:
        """Write one row of a lane."""
        builder, place = self.builder, self.builder.add(self.move.column_row(lane), row)
        number = builder.load(self.move.cell(self.register, row, lane), typ=DOUBLE, align=8)
        builder.store(number, self.move.element(self.column, place), align=8)
        missing = builder.zext(builder.fcmp_unordered("uno", number, number), BYTE)
        _write_bits(self.move, self.valid, place, missing, clear=True)

    def past_caches(self, half: int) -> None:
        """Write the lines that are whole now of eight lanes, all of which have all rows."""
        builder, move = self.builder, self.move
        for lane in range(EIGHT):
            waiting = builder.load(self.waiting(half + lane), typ=PART, align=LINE)
            builder.store(waiting, self.staged(lane, self.emitter.whole(0)), align=LINE)

        def turn(row: Value) -> None:
            parts = transposed(builder, _eight_rows(move, self.register, half, row))
            for lane, part in enumerate(parts):
                builder.store(part, self.staged(lane, builder.add(row, self.emitter.whole(EIGHT))), align=LINE)
            self.mark_missing(parts, self.places(half, row))

        self.emitter.each(self.emitter.whole(0), move.rows, turn, by=EIGHT)
        for lane in range(EIGHT):
            last = builder.load(self.staged(lane, move.rows), typ=PART, align=LINE)
            builder.store(last, self.waiting(half + lane), align=LINE)
        self.emitter.each(self.emitter.whole(0), self.emitter.whole(EIGHT), lambda lane: self.write_lines(half, lane))

    def write_lines(self, half: int, number: Value) -> None:
        """Write a lane's lines; at a symbol's ends the rows before and behind them."""
        builder, whole, rows = self.builder, self.emitter.whole, self.move.rows
        lane = builder.add(number, whole(half))
        target, ahead = self.place_in_line(lane)
        begins = builder.icmp_signed("==", self.move.first, whole(0))
        ends = builder.icmp_signed("==", builder.add(self.move.first, rows), self.move.of_lane(LENGTHS, lane))
        first_line = builder.and_(builder.neg(ahead), whole(EIGHT - 1))
        begin = builder.select(begins, first_line, builder.neg(ahead))
        end = builder.sub(builder.and_(builder.add(rows, ahead), whole(-EIGHT)), ahead)

        def copy(kind: ir.Type, align: int, row: Value) -> None:
            numbers = builder.load(self.staged(number, builder.add(row, whole(EIGHT))), typ=kind, align=8)
            stored = builder.store(numbers, self.move.element(target, row), align=align)
            if align == LINE:
                stored.set_metadata("nontemporal", self.emitter.module.add_metadata([ir.Constant(INDEX, 1)]))

        single = functools.partial(copy, DOUBLE, 8)
        self.emitter.each(whole(0), builder.select(begins, first_line, whole(0)), single)
        self.emitter.each(begin, end, functools.partial(copy, PART, LINE), by=EIGHT)
        self.emitter.each(builder.select(ends, end, rows), rows, single)

    def has_waiting(self, half: int) -> Value:
        """Whether the block before, which was a whole one, was written in lines: all lanes had all of its rows."""
        builder = self.builder
        reached = [self.move.of_lane(LENGTHS, self.emitter.whole(lane)) for lane in range(half, half + EIGHT)]
        least = functools.reduce(self.move.at_most, reached)
        is_later = builder.icmp_signed(">", self.move.first, self.emitter.whole(0))
        return builder.and_(is_later, builder.icmp_signed(">=", least, self.move.first))

    def write_waiting(self, lane: Value) -> None:
        """Write a lane's rows that wait; of a symbol that ended with the block before, once more what is there."""
        builder, whole = self.builder, self.emitter.whole
        target, ahead = self.place_in_line(lane)

        def single(number: Value) -> None:
            waiting = builder.load(self.move.element(self.waiting(lane), number), typ=DOUBLE, align=8)
            builder.store(waiting, self.move.element(target, builder.sub(number, whole(EIGHT))), align=8)

        self.emitter.each(builder.sub(whole(EIGHT), ahead), whole(EIGHT), single)

    def place_in_line(self, lane: Value) -> tuple[Value, Value]:
        """Where the lane's first row of the block goes, and how many numbers stand before it in that line."""
        target = self.move.element(self.column, self.move.column_row(lane))
        number = self.builder.lshr(self.builder.ptrtoint(target, WHOLE), self.emitter.whole(3))
        return target, self.builder.and_(number, self.emitter.whole(EIGHT - 1))

    def waiting(self, lane: int | Value) -> Value:
        """Where the lane's last eight numbers of the block before are."""
        return self.emitter.offset(self.move.memory, self.times(lane, LINE))

    def staged(self, lane: int | Value, number: Value) -> Value:
        """Where one of the numbers of the half's lane is laid out."""
        return self.move.element(self.emitter.offset(self.stage, self.times(lane, 8 * STAGED)), number)

    def times(self, number: int | Value, size: int) -> Value:
        """So many bytes."""
        whole = self.emitter.whole
        return whole(number * size) if isinstance(number, int) else self.builder.mul(number, whole(size))


def unpack_truth(emitter: Emitter) -> None:
    """Write a condition back. Operands: register, bits of truth, all clear, bits of validity, all set beforehand."""
    move = Mover(emitter)
    builder, register, true, valid = emitter.builder, move.pointer(0), move.pointer(1), move.pointer(2)

    def write(numbers: Value, place: Value) -> None:
        one = (
            ir.Constant(PART, [ir.Constant(DOUBLE, 1.0)] * EIGHT) if numbers.type == PART else ir.Constant(DOUBLE, 1.0)
        )
        holds, missing = builder.fcmp_ordered("==", numbers, one), builder.fcmp_unordered("uno", numbers, numbers)
        for bits, mask, clear in ((true, holds, False), (valid, missing, True)):
            packed = _bits(builder, mask) if numbers.type == PART else builder.zext(mask, BYTE)
            _write_bits(move, bits, place, packed, clear=clear)

    def block(half: int, row: Value) -> None:
        parts = transposed(builder, _eight_rows(move, register, half, row))
        for lane, part in enumerate(parts, start=half):
            write(part, builder.add(move.column_row(emitter.whole(lane)), row))

    def single(lane: Value, row: Value) -> None:
        number = builder.load(move.cell(register, row, lane), typ=DOUBLE, align=8)
        write(number, builder.add(move.column_row(lane), row))

    move.in_eights(block, single)


def _eight_rows(move: Mover, register: Value, half: int, row: Value) -> list[Value]:
    emitter, builder = move.emitter, move.builder
    places = [move.cell(register, builder.add(row, emitter.whole(k)), emitter.whole(half)) for k in range(EIGHT)]
    return [builder.load(place, typ=PART, align=8) for place in places]


def _bits(builder: ir.IRBuilder, mask: Value) -> Value:
    return builder.bitcast(mask, BYTE)


def _write_bits(move: Mover, bits: Value, place: Value, chosen: Value, *, clear: bool) -> None:
    """Set or clear the chosen ones of eight bits from a row's own on: they may lie in two bytes."""
    builder = move.builder
    address = move.emitter.offset(bits, builder.lshr(place, move.emitter.whole(3)))
    shift = builder.trunc(builder.and_(place, move.emitter.whole(7)), HALFWORD)
    wide = builder.shl(builder.zext(chosen, HALFWORD), shift)
    before = builder.load(address, typ=HALFWORD, align=1)
    after = builder.and_(before, builder.not_(wide)) if clear else builder.or_(before, wide)
    builder.store(after, address, align=1)


UNPACKING: Final = [
    Kernel("unpack", "moving", 4, 0, ("least_size",), unpack),
    Kernel("unpack_truth", "moving", 3, 0, (), unpack_truth),
]
