"""The loop that runs a program over tiles, block after block: once it has begun, no interpreter is needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from llvmlite import ir

from .building import PARAMETERS
from .emitting import POINTER, WHOLE, Emitter, Value
from .tiles import LONGEST, OPERATION, PLACED, TILE

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

    finished = emitter.repeat(whole(0), tile_count, [whole(0)], one_tile)[0]
    builder.fence("seq_cst")  # what was written past the caches is there for whoever is told that this has ended
    builder.ret(finished)


def define_once(module: ir.Module) -> None:
    """`once(operations, how many, rows, tile) -> 0`: run operations for some rows of one tile."""
    emitter = Emitter(module, "once", [POINTER, WHOLE, WHOLE, POINTER], WHOLE)
    _run(emitter, *emitter.function_made.args)
    emitter.builder.ret(emitter.whole(0))


def define_advance(module: ir.Module) -> None:
    """`advance(operations, many, operands, many, placed, arenas, bytes, which, many, at, rows, taken) -> 0`.

    Run operations for standing tiles, each in its arena of so many `bytes`. All have one table of operands, PLACED
    words each: the address for the first tile's first row, what is added for each tile and for each row, and the
    stride. Its addresses for the tile at hand, and the row that `at` has for it, are written into `placed`, which stays
    in the cache where tables of every tile's own would come from memory with the tile. Operations count their operands
    from there, and their memory from where the tile's arena begins. `taken` counts the tiles that somebody has taken:
    several threads that share it take one after the other, whoever is free.
    """
    emitter = Emitter(module, "advance", [*[POINTER, WHOLE] * 2, POINTER, *[POINTER, WHOLE] * 3, POINTER], WHOLE)
    operations, count, operands, many, placed, arenas, size, which, tiles, at, rows, taken = emitter.function_made.args
    builder = emitter.builder

    def take() -> list[Value]:
        return [builder.atomic_rmw("add", taken, emitter.whole(1), "monotonic")]

    def goes_on(carried: list[Value]) -> Value:
        return builder.icmp_signed("<", carried[0], tiles)

    def one_tile(carried: list[Value]) -> list[Value]:
        tile = emitter.whole_at(which, carried[0])
        row = emitter.whole_at(at, tile)

        def place(number: Value) -> None:
            operand = emitter.offset(operands, builder.mul(number, emitter.whole(8 * PLACED)))
            first, by_tile, by_row, stride = (emitter.whole_at(operand, word) for word in range(PLACED))
            address = builder.add(first, builder.add(builder.mul(tile, by_tile), builder.mul(row, by_row)))
            target = emitter.offset(placed, builder.mul(number, emitter.whole(16)))
            builder.store(address, target, align=8)
            builder.store(stride, emitter.offset(target, emitter.whole(8)), align=8)

        emitter.each(emitter.whole(0), many, place)
        arena = emitter.offset(arenas, builder.mul(tile, size))
        _run(emitter, operations, count, rows, ir.Constant(POINTER, None), (placed, arena))
        return take()

    emitter.loop(take(), goes_on, one_tile)
    builder.ret(emitter.whole(0))


def _run(
    emitter: Emitter, first: Value, many: Value, rows: Value, tile: Value, begins: tuple[Value, Value] | None = None
) -> None:
    """Run operations that stand one after the other.

    `begins`: from where their operands and their memory are counted. Without, both are addresses.
    """
    builder = emitter.builder

    def call(index: Value) -> None:
        entry = emitter.offset(first, builder.mul(index, emitter.whole(8 * OPERATION)))
        function = builder.load(entry, typ=KERNEL.as_pointer(), align=8)
        operands, settings, memory = (emitter.pointer(entry, word) for word in range(1, OPERATION))
        if begins is not None:
            operands, memory = (
                emitter.offset(begin, emitter.whole_at(entry, word)) for begin, word in zip(begins, (1, 3), strict=True)
            )
        builder.call(function, [operands, rows, settings, memory, tile])

    emitter.each(emitter.whole(0), many, call)
