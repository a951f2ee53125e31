"""Finding bars at which a condition is true, and keeping their rows and values: no column is made for it.

What a tile's symbols have found is written behind what earlier tiles have, each symbol's behind room for all bars of
the symbols before it; when the tile is done, the gaps are closed (`settle`, then `close`). So results stand together,
symbol by symbol, ascending, in memory of which only as much is used as was found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from llvmlite import ir

from .declaring import Kernel
from .emitting import DOUBLE, WHOLE, Emitter, Value
from .lanes import LANES
from .moving import Mover
from .tiles import BEGINS, IDS, LENGTHS, OFFSETS

BITS: Final = ir.IntType(LANES)


def find(emitter: Emitter) -> None:
    """List the block's bars at which a condition is true.

    Operands: the condition's register; a list, its length first, then two words for each: the cell in a register, and
    the place among the results; the results' rows in the columns; how many each symbol has, and all earlier tiles.
    """
    move = Mover(emitter)
    builder, whole = emitter.builder, emitter.whole
    register, listed, found, counts, earlier = (move.pointer(k) for k in range(5))
    begin = emitter.whole_at(earlier, 0)

    def one(carried: list[Value], row: Value) -> Sequence[Value]:
        left, length = carried
        lane, at = _lowest(emitter, left), builder.add(move.first, row)
        counter = move.element(counts, move.of_lane(IDS, lane))
        count = builder.load(counter, typ=WHOLE, align=8)
        target = builder.add(builder.add(begin, move.of_lane(OFFSETS, lane)), count)
        inside = builder.icmp_signed("<", at, move.of_lane(LENGTHS, lane))
        with builder.if_then(inside):
            builder.store(builder.add(count, whole(1)), counter, align=8)
            builder.store(builder.add(move.of_lane(BEGINS, lane), at), move.element(found, target), align=8)
            entry = builder.add(builder.mul(length, whole(2)), whole(1))
            builder.store(builder.add(builder.mul(row, whole(LANES)), lane), move.element(listed, entry), align=8)
            builder.store(target, move.element(listed, builder.add(entry, whole(1))), align=8)
        rest = builder.and_(left, builder.sub(left, ir.Constant(BITS, 1)))
        return [rest, builder.add(length, builder.zext(inside, WHOLE))]

    def some(carried: list[Value]) -> Value:
        return builder.icmp_unsigned("!=", carried[0], ir.Constant(BITS, 0))

    def step(row: Value, carried: list[Value]) -> Sequence[Value]:
        numbers = emitter.load_row(move.cell(register, row, whole(0)))
        holds = emitter.bits(emitter.compare("==", numbers, emitter.constant(1.0)))
        return [emitter.loop([holds, carried[0]], some, lambda values: one(values, row))[1]]

    length = emitter.repeat(whole(0), move.rows, [whole(0)], step)[0]
    builder.store(length, listed, align=8)


def _lowest(emitter: Emitter, bits: Value) -> Value:
    """The lowest lane whose bit is set."""
    count = emitter.declared(f"llvm.cttz.i{LANES}", BITS, [BITS, ir.IntType(1)])
    return emitter.builder.zext(emitter.builder.call(count, [bits, ir.Constant(ir.IntType(1), 1)]), WHOLE)


def pick(emitter: Emitter) -> None:
    """Copy the cells of a list. Operands: register, list (see find), results."""
    move = Mover(emitter)
    builder, whole = emitter.builder, emitter.whole
    register, listed, results = (move.pointer(k) for k in range(3))

    def copy(index: Value) -> None:
        entry = builder.add(builder.mul(index, whole(2)), whole(1))
        source, target = emitter.whole_at(listed, entry), emitter.whole_at(listed, builder.add(entry, whole(1)))
        number = builder.load(move.element(register, source), typ=DOUBLE, align=8)
        builder.store(number, move.element(results, target), align=8)

    emitter.each(whole(0), emitter.whole_at(listed, 0), copy)


def settle(emitter: Emitter) -> None:
    """Close the gaps between the tile's symbols. Operands: results, counts by symbol, how many earlier tiles have."""
    move = Mover(emitter)
    builder, results, counts, earlier = emitter.builder, *(move.pointer(k) for k in range(3))
    begin = emitter.whole_at(earlier, 0)

    def symbol(lane: Value, done: Value, count: Value) -> None:
        source = builder.add(begin, move.of_lane(OFFSETS, lane))

        def copy(index: Value) -> None:
            number = builder.load(move.element(results, builder.add(source, index)), typ=WHOLE, align=8)
            builder.store(number, move.element(results, builder.add(done, index)), align=8)

        emitter.each(emitter.whole(0), count, copy)

    _each_symbol(move, begin, counts, symbol)


def close(emitter: Emitter) -> None:
    """Note where each symbol's results begin. Operands: counts by symbol, these places, how many earlier tiles have."""
    move = Mover(emitter)
    builder, counts, places, earlier = emitter.builder, *(move.pointer(k) for k in range(3))

    def symbol(lane: Value, done: Value, _: Value) -> None:
        builder.store(done, move.element(places, move.of_lane(IDS, lane)), align=8)

    builder.store(_each_symbol(move, emitter.whole_at(earlier, 0), counts, symbol), earlier, align=8)


def _each_symbol(move: Mover, begin: Value, counts: Value, step: Callable[[Value, Value, Value], None]) -> Value:
    """`step(lane, results before it, its own)` for each lane; answers with the results after all of them."""

    def advance(lane: Value, carried: list[Value]) -> Sequence[Value]:
        count = move.emitter.whole_at(counts, move.of_lane(IDS, lane))
        step(lane, carried[0], count)
        return [move.builder.add(carried[0], count)]

    return move.emitter.repeat(move.emitter.whole(0), move.emitter.whole(LANES), [begin], advance)[0]


FINDING: Final = [
    Kernel(body.__name__, "moving", inputs, 0, (), body)
    for body, inputs in ((find, 5), (pick, 3), (settle, 3), (close, 3))
]
