"""A section's groups, each of them a section to the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from llvmlite import ir

from .cells import Cells
from .emitting import DOUBLE, INDEX, POINTER, WHOLE, Value

KERNEL: Final = ir.FunctionType(ir.VoidType(), [WHOLE, POINTER, POINTER, POINTER, POINTER, POINTER])
PRESENT, APART_X, APART_Y, APART_VALUES, INDICES, COUNTS = range(6)
"""Words of `parts`: room for the numbers of a section's groups; for what the kernel reads and writes, and whose numbers
these are, one group after the other; and a count for every group there is, 0 between sections."""


def define_parting(module: ir.Module) -> Value:
    """`part(kernel, groups, parts, n, x, y, values, settings, scratch)`: call the kernel for each group of the section.

    What groups there are besides costs nothing. Within a group numbers stay in the order of the symbols.
    """
    cells = Cells(module, "part_section", [KERNEL.as_pointer(), POINTER, POINTER, *KERNEL.args])
    return _Parting(cells).build()


class _Parting:
    def __init__(self, cells: Cells) -> None:
        self.cells, self.builder = cells, cells.builder
        self.kernel, self.groups, parts, self.n, self.x, self.y, self.values, *self.rest = cells.function_made.args
        words = (PRESENT, APART_X, APART_Y, APART_VALUES, INDICES, COUNTS)
        self.present, *self.apart, self.indices, self.counts = (cells.pointer(parts, word) for word in words)

    def build(self) -> Value:
        cells, whole = self.cells, self.cells.whole
        present = cells.repeat(whole(0), self.n, [whole(0)], self.count)[0]
        cells.repeat(whole(0), present, [whole(0)], self.begin)
        cells.each(whole(0), self.n, self.copy)
        cells.repeat(whole(0), present, [whole(0)], self.call)
        cells.each(whole(0), self.n, self.give_back)
        self.builder.ret_void()
        return cells.function_made

    def count(self, index: Value, found: list[Value]) -> Sequence[Value]:
        """Count the numbers of each group, and list the groups as they come."""
        cells, group = self.cells, self.group(index)
        so_far = cells.read(self.counts, group, WHOLE)
        cells.write(self.counts, group, self.builder.add(so_far, cells.whole(1)))
        cells.write(self.present, found[0], group)
        is_new = self.builder.icmp_signed("==", so_far, cells.whole(0))
        return [self.builder.add(found[0], self.builder.zext(is_new, WHOLE))]

    def begin(self, number: Value, total: list[Value]) -> Sequence[Value]:
        """Turn the counts into the places where the groups begin."""
        group = self.cells.read(self.present, number, WHOLE)
        count = self.cells.read(self.counts, group, WHOLE)
        self.cells.write(self.counts, group, total[0])
        return [self.builder.add(total[0], count)]

    def copy(self, index: Value) -> None:
        """Put a number to the others of its group; in the end the places are where the groups end."""
        cells, group = self.cells, self.group(index)
        place = cells.read(self.counts, group, WHOLE)
        for source, target in zip((self.x, self.y), self.apart, strict=False):
            cells.write(target, place, cells.read(source, index, DOUBLE))
        cells.write(self.indices, place, index)
        cells.write(self.counts, group, self.builder.add(place, cells.whole(1)))

    def call(self, number: Value, begin: list[Value]) -> Sequence[Value]:
        cells, group = self.cells, self.cells.read(self.present, number, WHOLE)
        end = cells.read(self.counts, group, WHOLE)
        cells.write(self.counts, group, cells.whole(0))
        arrays = [cells.cell(each, begin[0], DOUBLE) for each in self.apart]
        self.builder.call(self.kernel, [self.builder.sub(end, begin[0]), *arrays, *self.rest])
        return [end]

    def give_back(self, place: Value) -> None:
        """Put a value to the number that it belongs to."""
        value = self.cells.read(self.apart[-1], place, DOUBLE)
        self.cells.write(self.values, self.cells.read(self.indices, place, WHOLE), value)

    def group(self, index: Value) -> Value:
        return self.cells.wide(self.cells.read(self.groups, index, INDEX))
