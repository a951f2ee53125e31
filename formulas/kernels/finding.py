"""Finding bars at which a condition is true: no column is made for it, nor are rows listed while the kernels run.

A tile's row of sixteen truths is a mark of sixteen bits, kept for every row of every tile; values are written in the
order in which bars are found, row after row of a tile. What stands at which bar of which symbol is worked out from the
marks when somebody looks (gathering.py).

The values of all conditions go to one roll, one behind the other: memory that is written from front to back is written
several times as fast as an array for each of them. It consists of sheets of equal size, and of entries, one for each
block of a condition that has any bars found: the address of that condition's next entry (0: none), the count of the
bars, then so many values of each series. Its words are the address where the next entry goes, and the one behind the
sheet at hand; where the address of the next sheet stands in a list of them, and the bytes of a sheet; then for each
condition the address of its first entry, and the one where that of its next entry is to be written.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from llvmlite import ir

from .declaring import Kernel
from .emitting import COUNTS, DOUBLE, INDEX, POINTER, WHOLE, Emitter, Value
from .lanes import LANES
from .moving import BYTE, HALFWORD, Mover
from .tiles import (
    BEFORE,
    ENTRY,
    IDS,
    LENGTHS,
    LISTED_AT_ONCE,
    LONGEST,
    MARK,
    MARKS_AT_ONCE,
    ROLL_LIMIT,
    ROLL_NEXT,
    ROLL_PLACE,
    ROLL_SIZE,
    WORD,
)

PLACES: Final = ir.VectorType(HALFWORD, LISTED_AT_ONCE)
SEVERAL: Final = ir.VectorType(ir.IntType(1), LANES * MARKS_AT_ONCE)
FEW: Final = ir.VectorType(BYTE, LANES * MARKS_AT_ONCE)
"""Counts of at most `COUNTED` rows, of which several are looked at together."""
COUNTED: Final = MARKS_AT_ONCE * (2**8 - 1)


def _true(emitter: Emitter, condition: Value) -> Value:
    return emitter.compare("==", condition, emitter.constant(1.0))


COMPARED: Final[Mapping[str, Callable[..., Value]]] = {
    "true": _true,
    "greater": lambda emitter, x, y: emitter.compare(">", x, y),
    "less": lambda emitter, x, y: emitter.compare("<", x, y),
    "at_most": lambda emitter, x, y: emitter.compare("<=", x, y),
    "no_less": lambda emitter, x, y: emitter.compare(">=", x, y),
}
"""Tests of a bar by their names: of a condition, or of two numbers, which need not become a condition first."""


def _marking(test: str, *, further: bool) -> Kernel:
    """`begin` marks the block's bars that pass a test, `narrow` leaves those marked that pass a further one.

    Operands: what is tested, one or two registers or constants; the marks. None are left beyond a symbol's end.
    """
    inputs = 1 if test == "true" else 2

    def body(emitter: Emitter) -> None:
        move = Mover(emitter)
        builder, marks = emitter.builder, _of_block(move, inputs)
        tested = [(move.pointer(k), emitter.whole_at(move.operands, 2 * k + 1)) for k in range(inputs)]

        def step(row: Value) -> None:
            numbers = [emitter.load_row(emitter.offset(at, builder.mul(row, stride))) for at, stride in tested]
            bits, place = emitter.bits(COMPARED[test](emitter, *numbers)), _mark(emitter, marks, row)
            if further:
                bits = builder.and_(bits, builder.load(place, typ=bits.type, align=MARK))
            builder.store(bits, place, align=MARK)

        emitter.each(emitter.whole(0), move.rows, step)
        if not further:
            _clear_beyond(move, marks)

    return Kernel(f"{'narrow' if further else 'begin'}_{test}", "moving", inputs + 1, 0, (), body)


def _clear_beyond(move: Mover, marks: Value) -> None:
    """Clear the block's marks beyond the end of a symbol, if one ends there."""
    emitter, builder = move.emitter, move.builder
    lengths = builder.load(emitter.offset(move.tile, emitter.whole(8 * LENGTHS)), typ=COUNTS, align=8)

    def clear(row: Value) -> None:
        place = _mark(emitter, marks, row)
        inside = builder.icmp_signed("<", splat(emitter, builder.add(move.first, row), COUNTS), lengths)
        bits = builder.load(place, typ=ir.IntType(LANES), align=MARK)
        builder.store(builder.and_(bits, emitter.bits(inside)), place, align=MARK)

    end = splat(emitter, builder.add(move.first, move.rows), COUNTS)
    with builder.if_then(builder.not_(emitter.all_hold(builder.icmp_signed(">=", lengths, end)))):
        emitter.each(emitter.whole(0), move.rows, clear)


def enlist(emitter: Emitter) -> None:
    """List the block's marked bars, and begin an entry of the roll if there are any.

    Operands: marks; a list: how many there are, then the cell of each in a register; the roll. Settings: the roll's
    word with the address where the entry's own is to be written; how many series there are values of.

    There are no branches, which nobody could foresee: of each eight bits the places of those that are set are looked
    up, all eight are written, and the next ones go behind those that count.
    """
    move = Mover(emitter)
    builder, marks, listed = emitter.builder, _of_block(move, 0), move.pointer(1)
    cells = emitter.offset(listed, emitter.whole(8))
    known = _places_of_bits(emitter.module)

    def half(number: Value, carried: list[Value]) -> Sequence[Value]:
        bits = builder.load(emitter.offset(marks, number), typ=BYTE, align=1)
        place = builder.mul(builder.zext(bits, WHOLE), emitter.whole(2 * LISTED_AT_ONCE))
        places = builder.load(emitter.offset(known, place), typ=PLACES, align=2)
        first = builder.trunc(builder.mul(number, emitter.whole(LISTED_AT_ONCE)), HALFWORD)
        there = builder.add(places, splat(emitter, first, PLACES))
        builder.store(there, emitter.offset(cells, builder.mul(carried[0], emitter.whole(2))), align=2)
        count = builder.call(emitter.declared("llvm.ctpop.i8", BYTE, [BYTE]), [bits])
        return [builder.add(carried[0], builder.zext(count, WHOLE))]

    halves = builder.mul(move.rows, emitter.whole(MARK))
    count = emitter.repeat(emitter.whole(0), halves, [emitter.whole(0)], half)[0]
    builder.store(count, listed, align=8)
    with builder.if_then(builder.icmp_signed(">", count, emitter.whole(0))):
        _begin_entry(move, move.pointer(2), count)


def _begin_entry(move: Mover, roll: Value, count: Value) -> None:
    emitter, builder, whole = move.emitter, move.builder, move.emitter.whole
    end, width = (builder.fptosi(emitter.number(move.settings, k), WHOLE) for k in range(2))
    size = builder.mul(builder.add(builder.mul(count, width), whole(ENTRY)), whole(WORD))
    behind = builder.add(emitter.whole_at(roll, ROLL_PLACE), size)
    with builder.if_then(builder.icmp_signed(">", behind, emitter.whole_at(roll, ROLL_LIMIT)), likely=False):
        sheets = emitter.whole_at(roll, ROLL_NEXT)
        sheet = builder.load(builder.inttoptr(sheets, POINTER), typ=WHOLE, align=WORD)
        _write(move, roll, ROLL_PLACE, sheet)
        _write(move, roll, ROLL_LIMIT, builder.add(sheet, emitter.whole_at(roll, ROLL_SIZE)))
        _write(move, roll, ROLL_NEXT, builder.add(sheets, whole(WORD)))
    entry = emitter.whole_at(roll, ROLL_PLACE)
    place = builder.inttoptr(entry, POINTER)
    _write(move, builder.inttoptr(emitter.whole_at(roll, end), POINTER), 0, entry)
    builder.store(entry, move.element(roll, end), align=WORD)
    _write(move, place, 0, whole(0))
    _write(move, place, 1, count)
    _write(move, roll, ROLL_PLACE, builder.add(entry, whole(WORD * ENTRY)))


def _write(move: Mover, words: Value, index: int, word: Value) -> None:
    move.builder.store(word, move.element(words, move.emitter.whole(index)), align=WORD)


def _places_of_bits(module: ir.Module) -> Value:
    """For each byte the places of its set bits, then zeros."""
    numbers = []
    for byte in range(256):
        places = [place for place in range(LISTED_AT_ONCE) if byte >> place & 1]
        numbers += places + [0] * (LISTED_AT_ONCE - len(places))
    kind = ir.ArrayType(HALFWORD, len(numbers))
    table = ir.GlobalVariable(module, kind, "places_of_bits")
    table.linkage, table.global_constant = "internal", True
    table.initializer = ir.Constant(kind, numbers)
    return table


def pick(emitter: Emitter) -> None:
    """Write the values at the listed bars to the roll. Operands: register, list, roll."""
    move = Mover(emitter)
    builder, whole = emitter.builder, emitter.whole
    register, listed, roll = (move.pointer(k) for k in range(3))
    count, place = emitter.whole_at(listed, 0), emitter.whole_at(roll, ROLL_PLACE)
    target = builder.inttoptr(place, POINTER)

    def copy(index: Value) -> None:
        place = emitter.offset(listed, builder.add(builder.mul(index, whole(2)), whole(8)))
        cell = builder.zext(builder.load(place, typ=HALFWORD, align=2), WHOLE)
        number = builder.load(move.element(register, cell), typ=DOUBLE, align=8)
        builder.store(number, move.element(target, index), align=8)

    emitter.each(whole(0), count, copy)
    _write(move, roll, ROLL_PLACE, builder.add(place, builder.mul(count, whole(WORD))))


def tally(emitter: Emitter) -> None:
    """Count how many bars of each of a tile's symbols are marked, and clear the marks that are read beyond its own.

    Operands: counts by symbol; marks.
    """
    move = Mover(emitter)
    builder, counts = emitter.builder, move.pointer(0)
    marks = _mark(emitter, move.pointer(1), emitter.whole_at(move.tile, BEFORE))
    longest = emitter.whole_at(move.tile, LONGEST)
    # of the next tile, too, which has yet to write its own
    builder.store(emitter.whole(0), _mark(emitter, marks, longest), align=MARK)

    def word(row: Value, carried: list[Value]) -> Sequence[Value]:
        bits = builder.load(_mark(emitter, marks, row), typ=WHOLE, align=MARK)
        # a mask read as whole numbers is -1 where it holds
        return [builder.sub(carried[0], builder.sext(builder.bitcast(bits, SEVERAL), FEW))]

    def some(begin: Value, carried: list[Value]) -> Sequence[Value]:
        end = move.at_most(builder.add(begin, emitter.whole(COUNTED)), longest)
        found = emitter.repeat(begin, end, [ir.Constant(FEW, [0] * FEW.count)], word, by=MARKS_AT_ONCE)[0]
        rows = [_places_from(builder, found, LANES * row) for row in range(MARKS_AT_ONCE)]
        return [functools.reduce(builder.add, (builder.zext(row, COUNTS) for row in rows), carried[0])]

    found = emitter.repeat(emitter.whole(0), longest, [ir.Constant(COUNTS, [0] * LANES)], some, by=COUNTED)[0]
    for lane in range(LANES):
        count = builder.extract_element(found, ir.Constant(INDEX, lane))
        builder.store(count, move.element(counts, move.of_lane(IDS, emitter.whole(lane))), align=8)


def _places_from(builder: ir.IRBuilder, few: Value, first: int) -> Value:
    """Sixteen of several counts, from one on."""
    places = ir.Constant(ir.VectorType(INDEX, LANES), list(range(first, first + LANES)))
    return builder.shuffle_vector(few, ir.Constant(FEW, ir.Undefined), places)


def each_mark(
    emitter: Emitter, marks: Value, rows: Value, begin: Value, step: Callable[[Value, Value, Value], Value]
) -> Value:
    """`carried = step(row, bit, carried)` for each bit of the marks: lane `bit % 16` of the row `bit // 16` further."""
    builder, nothing = emitter.builder, ir.Constant(WHOLE, 0)

    def word(row: Value, carried: list[Value]) -> Sequence[Value]:
        bits = builder.load(_mark(emitter, marks, row), typ=WHOLE, align=MARK)

        def lowest(values: list[Value]) -> Sequence[Value]:
            left, each = values
            count = emitter.declared("llvm.cttz.i64", WHOLE, [WHOLE, ir.IntType(1)])
            bit = builder.call(count, [left, ir.Constant(ir.IntType(1), 1)])
            following = step(row, bit, each)
            return [builder.and_(left, builder.sub(left, emitter.whole(1))), following]

        some = emitter.loop([bits, *carried], lambda values: builder.icmp_unsigned("!=", values[0], nothing), lowest)
        return some[1:]

    return emitter.repeat(emitter.whole(0), rows, [begin], word, by=MARKS_AT_ONCE)[0]


def _of_block(move: Mover, operand: int) -> Value:
    """Where the marks of the block's rows begin."""
    row = move.builder.add(move.emitter.whole_at(move.tile, BEFORE), move.first)
    return _mark(move.emitter, move.pointer(operand), row)


def _mark(emitter: Emitter, marks: Value, row: Value) -> Value:
    return emitter.offset(marks, emitter.builder.mul(row, emitter.whole(MARK)))


def splat(emitter: Emitter, number: Value, kind: Value) -> Value:
    """A whole number in every lane of a vector."""
    nothing = ir.Constant(kind, ir.Undefined)
    first = emitter.builder.insert_element(nothing, number, ir.Constant(INDEX, 0))
    places = ir.Constant(ir.VectorType(INDEX, kind.count), [0] * kind.count)
    return emitter.builder.shuffle_vector(first, nothing, places)


FINDING: Final = [
    *(_marking(test, further=further) for test in COMPARED for further in (False, True)),
    *(
        Kernel(body.__name__, "moving", inputs, 0, settings, body)
        for body, inputs, settings in ((enlist, 3, ("end", "width")), (pick, 3, ()), (tally, 2, ()))
    ),
]
