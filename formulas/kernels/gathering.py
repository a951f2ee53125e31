"""Putting together what was found symbol by symbol: functions of their own, called once for a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from llvmlite import ir

from .emitting import DOUBLE, INDEX, POINTER, WHOLE, Emitter, Value


def define_joins(module: ir.Module) -> None:
    """`join_numbers` and `join_rows(source, starts, counts, symbols, target)`.

    Of each symbol the first `counts` entries from `starts` on are copied one after the other. Numbers stay float64, and
    the answer is how many of them are undefined; rows, whole numbers of 64 bits, become such of 32 without a sign.
    """
    _define(module, "join_numbers", DOUBLE, _number)
    _define(module, "join_rows", INDEX, _row)


def _number(emitter: Emitter, place: Value) -> tuple[Value, Value]:
    number = emitter.builder.load(place, typ=DOUBLE, align=8)
    return number, emitter.builder.zext(emitter.builder.fcmp_unordered("uno", number, number), WHOLE)


def _row(emitter: Emitter, place: Value) -> tuple[Value, Value]:
    return emitter.builder.trunc(emitter.builder.load(place, typ=WHOLE, align=8), INDEX), emitter.whole(0)


def _define(module: ir.Module, name: str, kind: Value, read: Callable[[Emitter, Value], tuple[Value, Value]]) -> None:
    emitter = Emitter(module, name, [POINTER, POINTER, POINTER, WHOLE, POINTER], WHOLE)
    source, starts, counts, symbols, target = emitter.function_made.args
    builder, size = emitter.builder, 8 if kind is DOUBLE else 4

    def one_symbol(symbol: Value, carried: list[Value]) -> Sequence[Value]:
        done, missing = carried
        begin, count = emitter.whole_at(starts, symbol), emitter.whole_at(counts, symbol)

        def one(index: Value, found: list[Value]) -> Sequence[Value]:
            place = emitter.offset(source, builder.mul(builder.add(begin, index), emitter.whole(8)))
            value, undefined = read(emitter, place)
            goal = emitter.offset(target, builder.mul(builder.add(done, index), emitter.whole(size)))
            builder.store(value, goal, align=size)
            return [builder.add(found[0], undefined)]

        (missing,) = emitter.repeat(emitter.whole(0), count, [missing], one)
        return [builder.add(done, count), missing]

    builder.ret(emitter.repeat(emitter.whole(0), symbols, [emitter.whole(0), emitter.whole(0)], one_symbol)[1])
