"""Sections: what all symbols have at one ts, laid side by side, for kernels across symbols.

A block of dates at a time is gathered from the symbols' columns, each symbol's rows in one go, and stays in the cache
while a kernel runs over one section after the other. What it finds stands side by side likewise, and goes back to the
symbols' bars in one go: bar by bar, each would be in another page of memory. Nothing as large as the table is made; the
interpreter's lock is not held. A kernel is `(n, x, y, values, settings, scratch)`: n numbers of one series or two, all
of them defined, in the order of the symbols, and room for as many values, each of which it writes. Where there are
groups, each group of a section is a section to the kernel (parting.py).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Final

from llvmlite import ir

from .cells import SIZES, Cells
from .emitting import BIT, DOUBLE, INDEX, POINTER, WHOLE, Value
from .parting import KERNEL, define_parting

LINE: Final = 64
AHEAD: Final = 6  # symbols
FETCHED: Final = 16  # rows of each; of more the CPU sees by itself that they follow each other

SYMBOLS, FIRST, LAST, BLOCK, BASES, CURSORS, CODES, ORIGIN, INVERSE, ROOM = range(10)
FILLS, X, Y, VALUES, CELLS, GROUPS, FUNCTION, SETTINGS, SCRATCH, PARTS, UNDEFINED = range(10, 21)
"""Words of a work order: dates FIRST up to LAST in blocks of BLOCK, ROOM numbers to a section, BLOCK + 1 sections.

CELLS has for each row of a block, symbol by symbol, its cell in the sections, with one to spare. The first cell of the
last section, which is for rows that are in none, has an undefined value. In UNDEFINED such values are counted.
"""
TS, OUT, GROUP, SERIES = range(4)
"""Words of a symbol in BASES: where its columns begin, first and second series last."""
BASE: Final = 5
NEXT, END, BEGIN = range(3)
"""Words of a symbol in CURSORS: the row after those of the block at hand, the end of its rows, the block's first."""
CURSOR: Final = 3
MOST_SERIES: Final = 2


def define_sections(module: ir.Module) -> None:
    """The loops over ts of 4 bytes (dates, or codes) and of 8 (instants): count, seek, and over one series or two."""
    part = define_parting(module)
    deliver = _define_deliver(Cells(module, "deliver_values", [POINTER]))
    for kind in (INDEX, WHOLE):
        suffix = 8 * SIZES[kind]
        _define_count(Cells(module, f"count_{suffix}", [POINTER, POINTER, WHOLE, WHOLE, WHOLE, POINTER], WHOLE), kind)
        _define_seek(Cells(module, f"seek_{suffix}", [POINTER, POINTER, WHOLE, WHOLE, WHOLE]), kind)
        for series, grouped in itertools.product(range(1, MOST_SERIES + 1), (False, True)):
            name = f"{'groups' if grouped else 'symbols'}_{series}_{suffix}"
            cells = Cells(module, f"gather_{name}", [POINTER, WHOLE, WHOLE])
            gather = _Gather(cells, kind, series, grouped=grouped).build()
            over = Cells(module, f"over_{name}", [POINTER, POINTER], WHOLE)
            _define_over(over, gather, deliver, part if grouped else None)


def _define_count(cells: Cells, kind: Value) -> None:
    """`count(ts, starts, symbols, origin, step, counts) -> strays`: count the rows of each slot; strays are in none.

    Symbols next to each other nearly always have the same ts, which is soon seen: those are counted together.
    """
    builder, whole = cells.builder, cells.whole
    ts, starts, symbols, origin, step, counts = cells.function_made.args
    inverse = builder.fdiv(ir.Constant(DOUBLE, 1.0), builder.sitofp(step, DOUBLE))

    def rows(begin: Value, end: Value, weight: Value, strays: Value) -> Value:
        def one(row: Value, strays: list[Value]) -> Sequence[Value]:
            moment = cells.read(ts, row, kind)
            slot = cells.slot(moment, origin, inverse)
            cells.write(counts, slot, builder.add(cells.read(counts, slot, INDEX), weight))
            if kind == INDEX:  # no date is between two
                return strays
            distance = builder.sub(moment, origin)
            stray = builder.icmp_signed("!=", builder.mul(slot, step), distance)
            return [builder.add(strays[0], builder.zext(stray, WHOLE))]

        return cells.repeat(begin, end, [strays], one)[0]

    def symbol(number: Value, carried: list[Value]) -> Sequence[Value]:
        first, last, weight, strays = carried
        begin, end = (cells.read(starts, builder.add(number, whole(place)), WHOLE) for place in (0, 1))
        before, here = (cells.cell(ts, row, kind) for row in (first, begin))
        alike = _same(cells, kind, before, builder.sub(last, first), here, builder.sub(end, begin))
        strays = rows(first, builder.select(alike, first, last), weight, strays)
        one = ir.Constant(INDEX, 1)
        weight = builder.select(alike, builder.add(weight, one), one)
        return [builder.select(alike, first, begin), builder.select(alike, last, end), weight, strays]

    start = [whole(0), whole(0), ir.Constant(INDEX, 0), whole(0)]
    builder.ret(rows(*cells.repeat(whole(0), symbols, start, symbol)))


def _same(cells: Cells, kind: Value, ts: Value, rows: Value, other: Value, count: Value) -> Value:
    """Whether some rows of ts are the same as others, and as many."""
    builder, as_many = cells.builder, cells.builder.icmp_signed("==", rows, count)

    def look(row: Value, found: list[Value]) -> Sequence[Value]:
        return [builder.or_(found[0], builder.xor(cells.read(ts, row, kind), cells.read(other, row, kind)))]

    none = ir.Constant(kind, 0)
    differ = cells.repeat(cells.whole(0), builder.select(as_many, count, cells.whole(0)), [none], look)[0]
    return builder.and_(as_many, builder.icmp_signed("==", differ, none))


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
        column = cells.pointer(_base(cells, bases, symbol), TS)
        cursor = _cursor(cells, cursors, symbol)
        begin, end = cells.whole_at(cursor, NEXT), cells.whole_at(cursor, END)
        begin = below(column, begin, end, first)
        cells.write(cursor, cells.whole(NEXT), begin)
        cells.write(cursor, cells.whole(END), below(column, begin, end, last))

    cells.each(cells.whole(0), symbols, one)
    cells.builder.ret_void()


def _base(cells: Cells, bases: Value, symbol: Value) -> Value:
    return cells.offset(bases, cells.builder.mul(symbol, cells.whole(8 * BASE)))


def _cursor(cells: Cells, cursors: Value, symbol: Value) -> Value:
    return cells.offset(cursors, cells.builder.mul(symbol, cells.whole(8 * CURSOR)))


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
        words = (BASES, CURSORS, CODES, FILLS, CELLS, GROUPS)
        self.bases, self.cursors, self.codes, *sections = (cells.pointer(work, word) for word in words)
        self.fills, self.listed, self.groups = sections
        self.nowhere = self.builder.mul(self.block, self.room)
        self.numbers = [cells.pointer(work, word) for word in (X, Y)[:series]]
        self.columns = {word: kind if word == TS else DOUBLE for word in (TS, *range(SERIES, SERIES + series))}
        self.columns |= {GROUP: INDEX} if grouped else {}

    def build(self) -> Value:
        self.cells.repeat(self.cells.whole(0), self.symbols, [self.listed], self.symbol)
        self.builder.ret_void()
        return self.cells.function_made

    def fetch(self, number: Value) -> None:
        """Ask for the cells of a symbol whose turn comes soon."""
        number = _soon(self.cells, number, self.symbols)
        base, cursor = _base(self.cells, self.bases, number), _cursor(self.cells, self.cursors, number)
        row = self.cells.whole_at(cursor, NEXT)
        for word, kind in self.columns.items():
            _fetch(self.cells, self.cells.pointer(base, word), row, kind)

    def symbol(self, number: Value, listed: list[Value]) -> Sequence[Value]:
        cells, builder = self.cells, self.builder
        self.fetch(number)
        base, cursor = _base(cells, self.bases, number), _cursor(cells, self.cursors, number)
        columns = {word: cells.pointer(base, word) for word in self.columns}
        begin, end = cells.whole_at(cursor, NEXT), cells.whole_at(cursor, END)
        first = cells.cell(listed[0], builder.neg(begin), INDEX)

        def goes_on(carried: list[Value]) -> Value:
            return builder.and_(builder.icmp_signed("<", carried[0], end), carried[1])

        last, inside = cells.loop([begin, ir.Constant(BIT, 1)], goes_on, lambda c: self.row(c[0], columns, first))
        # the row that was one too many; to count only what is inside would have each row wait for the one before
        after = builder.sub(last, builder.zext(builder.not_(inside), WHOLE))
        cells.write(cursor, cells.whole(BEGIN), begin)
        cells.write(cursor, cells.whole(NEXT), after)
        return [cells.cell(first, after, INDEX)]

    def row(self, row: Value, columns: Mapping[int, Value], listed: Value) -> Sequence[Value]:
        cells, builder = self.cells, self.builder
        here = {word: cells.read(column, row, self.columns[word]) for word, column in columns.items()}
        slot = cells.slot(here[TS], self.origin, self.inverse)
        code = cells.wide(cells.read(self.codes, slot, INDEX))
        inside = builder.icmp_signed("<", code, self.end)
        section = builder.select(inside, builder.sub(code, self.begin), self.block)
        numbers = [here[SERIES + number] for number, _ in enumerate(self.numbers)]
        kept = builder.and_(inside, builder.fcmp_ordered("ord", numbers[0], numbers[-1]))
        filled = cells.read(self.fills, section, WHOLE)
        cell = builder.add(builder.mul(section, self.room), filled)
        for target, number in zip(self.numbers, numbers, strict=True):
            cells.write(target, cell, number)
        if self.grouped:
            cells.write(self.groups, cell, here[GROUP])
            kept = builder.and_(kept, builder.icmp_signed(">=", here[GROUP], ir.Constant(INDEX, 0)))
        cells.write(listed, row, builder.trunc(builder.select(kept, cell, self.nowhere), INDEX))
        cells.write(self.fills, section, builder.add(filled, builder.zext(kept, WHOLE)))
        return [builder.add(row, cells.whole(1)), inside]


def _soon(cells: Cells, number: Value, symbols: Value) -> Value:
    """The number of a symbol whose cells had better be asked for now."""
    builder, last = cells.builder, cells.builder.sub(symbols, cells.whole(1))
    number = builder.add(number, cells.whole(AHEAD))
    return builder.select(builder.icmp_signed("<", number, last), number, last)


def _fetch(cells: Cells, column: Value, row: Value, kind: Value, *, writing: bool = False) -> None:
    """Ask for the cells from a row on: those of symbols lie far apart, and no CPU would guess where."""
    first = cells.cell(column, row, kind)
    for line in range(FETCHED * SIZES[kind] // LINE + 1):
        cells.fetch(cells.offset(first, cells.whole(LINE * line)), writing=writing)


def _define_deliver(cells: Cells) -> Value:
    """`deliver(work)`: write a block's values to the bars of each symbol, and count those that are undefined."""
    builder, whole = cells.builder, cells.whole
    (work,) = cells.function_made.args
    symbols = cells.whole_at(work, SYMBOLS)
    bases, cursors, values, listed = (cells.pointer(work, word) for word in (BASES, CURSORS, VALUES, CELLS))

    def symbol(number: Value, carried: list[Value]) -> Sequence[Value]:
        soon = _soon(cells, number, symbols)
        row = cells.whole_at(_cursor(cells, cursors, soon), BEGIN)
        _fetch(cells, cells.pointer(_base(cells, bases, soon), OUT), row, DOUBLE, writing=True)
        cursor, column = _cursor(cells, cursors, number), cells.pointer(_base(cells, bases, number), OUT)
        begin, end = cells.whole_at(cursor, BEGIN), cells.whole_at(cursor, NEXT)
        first = cells.cell(carried[0], builder.neg(begin), INDEX)

        def one(row: Value, undefined: list[Value]) -> Sequence[Value]:
            value = cells.read(values, cells.wide(cells.read(first, row, INDEX)), DOUBLE)
            cells.write(column, row, value)
            missing = builder.fcmp_unordered("uno", value, value)
            return [builder.add(undefined[0], builder.zext(missing, WHOLE))]

        undefined = cells.repeat(begin, end, [carried[1]], one)
        return [cells.cell(first, end, INDEX), *undefined]

    _, undefined = cells.repeat(whole(0), symbols, [listed, whole(0)], symbol)
    cells.write(work, whole(UNDEFINED), builder.add(cells.whole_at(work, UNDEFINED), undefined))
    builder.ret_void()
    return cells.function_made


def _define_over(cells: Cells, gather: Value, deliver: Value, part: Value | None) -> None:
    """`over(work, stop) -> the date before which all is done`; `stop` as in sweeping.py, read after each block.

    `part` is for groups, see parting.py.
    """
    builder, whole = cells.builder, cells.whole
    work, stop = cells.function_made.args
    last, block, room = (cells.whole_at(work, word) for word in (LAST, BLOCK, ROOM))
    fills, x, y, values, groups = (cells.pointer(work, word) for word in (FILLS, X, Y, VALUES, GROUPS))
    settings, scratch, parts = (cells.pointer(work, word) for word in (SETTINGS, SCRATCH, PARTS))
    function = builder.load(cells.cell(work, whole(FUNCTION), WHOLE), typ=KERNEL.as_pointer(), align=8)

    def goes_on(carried: list[Value]) -> Value:
        stopped = builder.load(stop, typ=WHOLE, align=8)
        stopped.volatile = True
        inside = builder.icmp_signed("<", carried[0], last)
        return builder.and_(inside, builder.icmp_signed("==", stopped, whole(0)))

    def section(date: Value) -> None:
        filled, first = cells.read(fills, date, WHOLE), builder.mul(date, room)
        arguments = [filled, *(cells.cell(each, first, DOUBLE) for each in (x, y, values))]
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
        builder.call(deliver, [work])
        return [end]

    builder.ret(cells.loop([cells.whole_at(work, FIRST)], goes_on, advance)[0])
