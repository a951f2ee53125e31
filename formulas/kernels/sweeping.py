"""The loop that runs a program over tiles, block after block: once it has begun, no interpreter is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from llvmlite import ir

from .building import PARAMETERS
from .emitting import POINTER, WHOLE, Emitter, Value
from .tiles import LONGEST, OPERATION, TILE

KERNEL: Final = ir.FunctionType(ir.VoidType(), PARAMETERS)


def define_sweep(module: ir.Module) -> None:
    """`sweep(begins, how many, operations, how many, ends, how many, tiles, how many, block, stop) -> tiles done`.

    For each tile run `begins` once, `operations` for every `block` rows, and `ends` once. `stop` points to a number
    that anybody may set to other than 0: it is looked at after every block, and ends the tile where it is.
    """
    emitter = Emitter(module, "sweep", [*[POINTER, WHOLE] * 4, WHOLE, POINTER], WHOLE)
    begins, begin_count, operations, count, ends, end_count, tiles, tile_count, block, stop = emitter.function_made.args
    builder, whole = emitter.builder, emitter.whole

    def run(first: Value, many: Value, rows: Value, tile: Value) -> None:
        _run(emitter, first, many, rows, tile)

    def goes_on(carried: list[Value], tile: Value) -> Value:
        stopped = builder.load(stop, typ=WHOLE, align=8)
        stopped.volatile = True
        inside = builder.icmp_signed("<", carried[0], emitter.whole_at(tile, LONGEST))
        return builder.and_(inside, builder.icmp_signed("==", stopped, whole(0)))

    def advance(carried: list[Value], tile: Value) -> Sequence[Value]:
        builder.store(carried[0], tile, align=8)
        left = builder.sub(emitter.whole_at(tile, LONGEST), carried[0])
        rows = builder.select(builder.icmp_signed("<", left, block), left, block)
        run(operations, count, rows, tile)
        return [builder.add(carried[0], block)]

    def one_tile(index: Value, carried: list[Value]) -> Sequence[Value]:
        tile = emitter.offset(tiles, builder.mul(index, whole(8 * TILE)))
        builder.store(whole(0), tile, align=8)
        run(begins, begin_count, whole(0), tile)
        last = emitter.loop([whole(0)], lambda v: goes_on(v, tile), lambda v: advance(v, tile))[0]
        done = builder.icmp_signed(">=", last, emitter.whole_at(tile, LONGEST))
        with builder.if_then(done):
            run(ends, end_count, whole(0), tile)
        return [builder.add(carried[0], builder.zext(done, WHOLE))]

    builder.ret(emitter.repeat(whole(0), tile_count, [whole(0)], one_tile)[0])


def define_advance(module: ir.Module) -> None:
    """`advance(operations, bytes, how many, which, how many, rows, tile, operands) -> 0`: run operations as they stand.

    `which` has whole numbers: for each the operations begin so many times `bytes` after the first. So many `operands`,
    which stand one after the other from the first operation's first on, then move on by their strides.
    """
    emitter = Emitter(module, "advance", [POINTER, WHOLE, WHOLE, POINTER, WHOLE, WHOLE, POINTER, WHOLE], WHOLE)
    operations, size, count, which, many, rows, tile, moving = emitter.function_made.args
    builder, whole = emitter.builder, emitter.whole

    def one(index: Value) -> None:
        first = emitter.offset(operations, builder.mul(emitter.whole_at(which, index), size))
        _run(emitter, first, count, rows, tile)

        def move(number: Value) -> None:
            address = emitter.offset(emitter.pointer(first, 1), builder.mul(number, whole(16)))
            moved = builder.add(emitter.whole_at(address, 0), emitter.whole_at(address, 1))
            builder.store(moved, address, align=8)

        emitter.each(whole(0), moving, move)

    emitter.each(whole(0), many, one)
    builder.ret(whole(0))


def _run(emitter: Emitter, first: Value, many: Value, rows: Value, tile: Value) -> None:
    """Run operations that stand one after the other."""
    builder = emitter.builder

    def call(index: Value) -> None:
        entry = emitter.offset(first, builder.mul(index, emitter.whole(8 * OPERATION)))
        function = builder.load(entry, typ=KERNEL.as_pointer(), align=8)
        operands, settings, memory = (emitter.pointer(entry, word) for word in range(1, OPERATION))
        builder.call(function, [operands, rows, settings, memory, tile])

    emitter.each(emitter.whole(0), many, call)
