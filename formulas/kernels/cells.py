"""Cells of plain arrays, as kernels across symbols read and write them."""

from __future__ import annotations

from typing import Final

from llvmlite import ir

from .emitting import DOUBLE, INDEX, WHOLE, Emitter, Value

SIZES: Final = {INDEX: 4, WHOLE: 8, DOUBLE: 8}


class Cells(Emitter):
    """Reads and writes cells of plain arrays."""

    def cell(self, array: Value, index: Value, kind: Value) -> Value:
        """Where a cell stands."""
        return self.offset(array, self.builder.mul(index, self.whole(SIZES[kind])))

    def read(self, array: Value, index: Value, kind: Value) -> Value:
        """What a cell holds."""
        return self.builder.load(self.cell(array, index, kind), typ=kind, align=SIZES[kind])

    def write(self, array: Value, index: Value, value: Value) -> None:
        """Put a value into a cell."""
        self.builder.store(value, self.cell(array, index, value.type), align=SIZES[value.type])

    def wide(self, value: Value) -> Value:
        """A small whole number as a large one."""
        return value if value.type == WHOLE else self.builder.sext(value, WHOLE)

    def slot(self, ts: Value, origin: Value, inverse: Value) -> Value:
        """The place of a ts among those that are `1 / inverse` apart from `origin` on; dates are one apart."""
        distance = self.builder.sub(self.wide(ts), origin)
        if ts.type == INDEX:
            return distance
        steps = self.builder.fmul(self.builder.sitofp(distance, DOUBLE), inverse)
        return self.builder.fptosi(self.builder.fadd(steps, ir.Constant(DOUBLE, 0.5)), WHOLE)
