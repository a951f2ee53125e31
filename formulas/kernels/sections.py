"""Sections: what all symbols have at one ts, laid side by side, for kernels across symbols.

A block of dates at a time is gathered from the symbols' columns, each symbol's rows in one go, and stays in the cache
while a kernel runs over one section after the other and writes each value to its own bar. Nothing as large as the
table is made; the interpreter's lock is not held. A kernel is `(n, x, y, places, settings, scratch)`: n numbers of one
series or two, all of them defined, in the order of the symbols, and the addresses where their values go. Where there
are groups, each group of a section is a section to the kernel (parting.py).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Final

from llvmlite import ir

from .cells import SIZES, Cells
from .emitting import BIT, DOUBLE, INDEX, POINTER, WHOLE, Value
from .parting import KERNEL, define_parting

LINE: Final = 64
AHEAD: Final = 6  # symbols
FETCHED: Final = 16  # rows of each; of more the CPU sees by itself that they follow each other
NAN: Final = ir.Constant(DOUBLE, math.nan)

SYMBOLS, FIRST, LAST, BLOCK, BASES, CURSORS, CODES, ORIGIN, INVERSE, ROOM = range(10)
FILLS, X, Y, PLACES, GROUPS, FUNCTION, SETTINGS, SCRATCH, PARTS = range(10, 19)
"""Words of a work order: dates FIRST up to LAST in blocks of BLOCK, ROOM numbers to a section, BLOCK + 1 sections."""
TS, OUT, GROUP, SERIES = range(4)
"""Words of a symbol in BASES: where its columns begin, first and second series last. In CURSORS it has two: its next
row, and the end."""
BASE: Final = 5
MOST_SERIES: Final = 2


def define_sections(module: ir.Module) -> None:
    """The loops over ts of 4 bytes (dates, or codes) and of 8 (instants): count, seek, and over one series or two."""
    part = define_parting(module)
    for kind in (INDEX, WHOLE):
        suffix = 8 * SIZES[kind]
        _define_count(Cells(module, f"count_{suffix}", [POINTER, WHOLE, WHOLE, WHOLE, POINTER], WHOLE), kind)
        _define_seek(Cells(module, f"seek_{suffix}", [POINTER, POINTER, WHOLE, WHOLE, WHOLE]), kind)
        for series, grouped in itertools.product(range(1, MOST_SERIES + 1), (False, True)):
            name = f"{'groups' if grouped else 'symbols'}_{series}_{suffix}"
            cells = Cells(module, f"gather_{name}", [POINTER, WHOLE, WHOLE])
            gather = _Gather(cells, kind, series, grouped=grouped).build()
            over = Cells(module, f"over_{name}", [POINTER, POINTER], WHOLE)
            _define_over(over, gather, part if grouped else None)


def _define_count(cells: Cells, kind: Value) -> None:
    """`count(ts, rows, origin, step, counts) -> strays`: count the rows of each slot, and those that are in none."""
    builder, whole = cells.builder, cells.whole
    ts, rows, origin, step, counts = cells.function_made.args
    inverse = builder.fdiv(ir.Constant(DOUBLE, 1.0), builder.sitofp(step, DOUBLE))

    def one(row: Value, strays: list[Value]) -> Sequence[Value]:
        moment = cells.read(ts, row, kind)
        slot = cells.slot(moment, origin, inverse)
        cells.write(counts, slot, builder.add(cells.read(counts, slot, INDEX), ir.Constant(INDEX, 1)))
        if kind == INDEX:  # no date is between two
            return strays
        distance = builder.sub(moment, origin)
        stray = builder.icmp_signed("!=", builder.mul(slot, step), distance)
        return [builder.add(strays[0], builder.zext(stray, WHOLE))]

    builder.ret(cells.repeat(whole(0), rows, [whole(0)], one)[0])


def _define_seek(cells: Cells, kind: Value) -> None:
    """`seek(bases, cursors, symbols, first ts, last ts)`: leave each symbol's rows from first to before last."""
    builder = cells.builder
    bases, cursors, symbols, first, last = cells.function_made.args

    def below(column: Value, begin: Value, end: Value, limit: Value) -> Value:
        def halve(bounds: list[Value]) -> Sequence[Value]:
            low, high = bounds
            middle = builder.lshr(builder.add(low, high), cells.whole(1))
            is_below = builder.icmp_signed("<", cells.wide(cells.read(column, middle, kind)), limit)
            following = builder.add(middle, cells.whole(1))
            return [builder.select(is_below, following, low), builder.select(is_below, high, middle)]

        return cells.loop([begin, end], lambda bounds: builder.icmp_signed("<", *bounds), halve)[0]

    def one(symbol: Value) -> None:
        column = cells.pointer(cells.offset(bases, builder.mul(symbol, cells.whole(8 * BASE))), TS)
        cursor = cells.offset(cursors, builder.mul(symbol, cells.whole(16)))
        begin, end = cells.whole_at(cursor, 0), cells.whole_at(cursor, 1)
        begin = below(column, begin, end, first)
        cells.write(cursor, cells.whole(0), begin)
        cells.write(cursor, cells.whole(1), below(column, begin, end, last))

    cells.each(cells.whole(0), symbols, one)
    cells.builder.ret_void()


class _Gather:
    """`gather(work, begin, end)`: each symbol's rows of the dates from begin to before end into their sections.

    There are no branches within a symbol's rows: what does not belong is put into a section or a cell that is not used.
    """

    def __init__(self, cells: Cells, kind: Value, series: int, *, grouped: bool) -> None:
        self.cells, self.builder, self.kind = cells, cells.builder, kind
        work, self.begin, self.end = cells.function_made.args
        self.symbols, self.origin = cells.whole_at(work, SYMBOLS), cells.whole_at(work, ORIGIN)
        self.room, self.block = cells.whole_at(work, ROOM), cells.whole_at(work, BLOCK)
        self.inverse = cells.number(work, INVERSE)
        self.grouped = grouped
        words = (BASES, CURSORS, CODES, FILLS, PLACES, GROUPS)
        self.bases, self.cursors, self.codes, *sections = (cells.pointer(work, word) for word in words)
        self.fills, self.places, self.groups = sections
        self.numbers = [cells.pointer(work, word) for word in (X, Y)[:series]]
        self.columns = {word: kind if word == TS else DOUBLE for word in (TS, OUT, *range(SERIES, SERIES + series))}
        self.columns |= {GROUP: INDEX} if grouped else {}

    def build(self) -> Value:
        self.cells.each(self.cells.whole(0), self.symbols, self.symbol)
        self.builder.ret_void()
        return self.cells.function_made

    def fetch(self, number: Value) -> None:
        """Ask for the cells of a symbol whose turn comes soon: they lie far apart, and no CPU would guess where."""
        cells, builder = self.cells, self.builder
        last = builder.sub(self.symbols, cells.whole(1))
        number = builder.select(builder.icmp_signed("<", number, last), number, last)
        base = cells.offset(self.bases, builder.mul(number, cells.whole(8 * BASE)))
        row = cells.whole_at(cells.offset(self.cursors, builder.mul(number, cells.whole(16))), 0)
        for word, kind in self.columns.items():
            first = cells.cell(cells.pointer(base, word), row, kind)
            for line in range(FETCHED * SIZES[kind] // LINE + 1):
                cells.fetch(cells.offset(first, cells.whole(LINE * line)), writing=word == OUT)

    def symbol(self, number: Value) -> None:
        cells, builder = self.cells, self.builder
        self.fetch(builder.add(number, cells.whole(AHEAD)))
        base = cells.offset(self.bases, builder.mul(number, cells.whole(8 * BASE)))
        columns = {word: cells.pointer(base, word) for word in self.columns}
        cursor = cells.offset(self.cursors, builder.mul(number, cells.whole(16)))
        begin, end = cells.whole_at(cursor, 0), cells.whole_at(cursor, 1)

        def goes_on(carried: list[Value]) -> Value:
            return builder.and_(builder.icmp_signed("<", carried[0], end), carried[1])

        last, inside = cells.loop([begin, ir.Constant(BIT, 1)], goes_on, lambda c: self.row(c[0], columns))
        # the row that was one too many; to count only what is inside would have each row wait for the one before
        cells.write(cursor, cells.whole(0), builder.sub(last, builder.zext(builder.not_(inside), WHOLE)))

    def row(self, row: Value, columns: Mapping[int, Value]) -> Sequence[Value]:
        cells, builder = self.cells, self.builder
        here = {word: cells.read(column, row, self.columns[word]) for word, column in columns.items() if word != OUT}
        slot = cells.slot(here[TS], self.origin, self.inverse)
        code = cells.wide(cells.read(self.codes, slot, INDEX))
        inside = builder.icmp_signed("<", code, self.end)
        section = builder.select(inside, builder.sub(code, self.begin), self.block)
        numbers = [here[SERIES + number] for number, _ in enumerate(self.numbers)]
        kept = builder.and_(inside, builder.fcmp_ordered("ord", numbers[0], numbers[-1]))
        filled = cells.read(self.fills, section, WHOLE)
        place = builder.add(builder.mul(section, self.room), filled)
        for target, number in zip(self.numbers, numbers, strict=True):
            cells.write(target, place, number)
        cells.write(self.places, place, builder.ptrtoint(cells.cell(columns[OUT], row, DOUBLE), WHOLE))
        cells.write(columns[OUT], row, NAN)
        if self.grouped:
            cells.write(self.groups, place, here[GROUP])
            kept = builder.and_(kept, builder.icmp_signed(">=", here[GROUP], ir.Constant(INDEX, 0)))
        cells.write(self.fills, section, builder.add(filled, builder.zext(kept, WHOLE)))
        return [builder.add(row, cells.whole(1)), inside]


def _define_over(cells: Cells, gather: Value, part: Value | None) -> None:
    """`over(work, stop) -> the date before which all is done`; `stop` as in sweeping.py, read after each block.

    `part` is for groups, see parting.py.
    """
    builder, whole = cells.builder, cells.whole
    work, stop = cells.function_made.args
    last, block, room = (cells.whole_at(work, word) for word in (LAST, BLOCK, ROOM))
    fills, x, y, places, groups = (cells.pointer(work, word) for word in (FILLS, X, Y, PLACES, GROUPS))
    settings, scratch, parts = (cells.pointer(work, word) for word in (SETTINGS, SCRATCH, PARTS))
    function = builder.load(cells.cell(work, whole(FUNCTION), WHOLE), typ=KERNEL.as_pointer(), align=8)

    def goes_on(carried: list[Value]) -> Value:
        stopped = builder.load(stop, typ=WHOLE, align=8)
        stopped.volatile = True
        inside = builder.icmp_signed("<", carried[0], last)
        return builder.and_(inside, builder.icmp_signed("==", stopped, whole(0)))

    def section(date: Value) -> None:
        filled, first = cells.read(fills, date, WHOLE), builder.mul(date, room)
        arguments = [filled, *(cells.cell(each, first, DOUBLE) for each in (x, y)), cells.cell(places, first, WHOLE)]
        arguments += [settings, scratch]
        with builder.if_then(builder.icmp_signed(">", filled, whole(0))):
            if part is None:
                builder.call(function, arguments)
            else:
                builder.call(part, [function, cells.cell(groups, first, INDEX), parts, *arguments])

    def advance(carried: list[Value]) -> Sequence[Value]:
        begin = carried[0]
        end = builder.add(begin, block)
        end = builder.select(builder.icmp_signed("<", end, last), end, last)
        cells.each(whole(0), builder.add(block, whole(1)), lambda date: cells.write(fills, date, whole(0)))
        builder.call(gather, [work, begin, end])
        cells.each(whole(0), builder.sub(end, begin), section)
        return [end]

    builder.ret(cells.loop([cells.whole_at(work, FIRST)], goes_on, advance)[0])
