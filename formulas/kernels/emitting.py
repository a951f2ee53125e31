"""Making LLVM instructions of what a kernel's body says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from llvmlite import ir

from .lanes import LANES

Value: TypeAlias = Any  # llvmlite's classes of values have no types of their own

DOUBLE: Final = ir.DoubleType()
WHOLE: Final = ir.IntType(64)
BIT: Final = ir.IntType(1)
POINTER: Final = ir.PointerType()
WIDE: Final = ir.VectorType(DOUBLE, LANES)
MASK: Final = ir.VectorType(BIT, LANES)
COUNTS: Final = ir.VectorType(WHOLE, LANES)
INDEX: Final = ir.IntType(32)
LOGIC: Final = frozenset({"and", "or"})
"""What llvmlite names with a line below: these are words of Python."""


class Emitter:
    """A function under construction: `builder` stands where the next instruction goes."""

    def __init__(self, module: ir.Module, name: str, parameters: Sequence[Value], result: Value = None) -> None:
        self.module = module
        kind = ir.FunctionType(result or ir.VoidType(), parameters)
        self.function_made = ir.Function(module, kind, name)
        self.builder = ir.IRBuilder(self.function_made.append_basic_block("entry"))

    # What bodies ask for: see lanes.Body.

    def constant(self, number: float) -> Value:
        """The number in every lane."""
        return ir.Constant(WIDE, [ir.Constant(DOUBLE, number)] * LANES)

    def arithmetic(self, operation: str, x: Value, y: Value) -> Value:
        """Plain IEEE arithmetic: no flag lets LLVM contract or reorder it."""
        return getattr(self.builder, f"f{operation}")(x, y)

    def function(self, name: str, *values: Value) -> Value:
        """An instruction, or where the CPU has none a call of the C library: either gives the one right answer."""
        callee = self.declared(f"llvm.{name}.v{LANES}f64", WIDE, [WIDE] * len(values))
        return self.builder.call(callee, values)

    def compare(self, operator: str, x: Value, y: Value) -> Value:
        """Ordered, so that NaN fails; save !=, by which NaN differs from everything."""
        if operator == "!=":
            return self.builder.fcmp_unordered("!=", x, y)
        return self.builder.fcmp_ordered(operator, x, y)

    def logic(self, operation: str, x: Value, y: Value) -> Value:
        """One of and, or, xor on masks."""
        return self._whole(operation, x, y)

    def select(self, mask: Value, yes: Value, no: Value) -> Value:
        """Lane by lane one of two."""
        return self.builder.select(mask, yes, no)

    def every(self) -> Value:
        """The mask that holds in each lane."""
        return ir.Constant(MASK, [ir.Constant(BIT, 1)] * LANES)

    def pattern(self, bits: int) -> Value:
        """The same 64 bits in every lane."""
        return ir.Constant(COUNTS, [ir.Constant(WHOLE, bits)] * LANES)

    def as_patterns(self, x: Value) -> Value:
        """The bits that numbers are made of."""
        return self.builder.bitcast(x, COUNTS)

    def as_numbers(self, patterns: Value) -> Value:
        """The numbers that bits make."""
        return self.builder.bitcast(patterns, WIDE)

    def bitwise(self, operation: str, x: Value, y: Value) -> Value:
        """One of add, and, or, shl, lshr on bits, taken as whole numbers."""
        return self._whole(operation, x, y)

    # What the kernels' frames ask for.

    def whole(self, number: int) -> Value:
        """A constant for counting and addressing."""
        return ir.Constant(WHOLE, number)

    def number(self, values: Value, index: int | Value) -> Value:
        """The double at a place of an array."""
        return self._word(values, index, DOUBLE)

    def pointer(self, values: Value, index: int | Value) -> Value:
        """The pointer at a place of an array of them."""
        return self._word(values, index, POINTER)

    def whole_at(self, values: Value, index: int | Value) -> Value:
        """The whole number at a place of an array."""
        return self._word(values, index, WHOLE)

    def offset(self, address: Value, distance: Value) -> Value:
        """An address so many bytes further."""
        return self.builder.gep(address, [distance], source_etype=ir.IntType(8))

    def splat(self, number: Value) -> Value:
        """One double in every lane."""
        first = self.builder.insert_element(ir.Constant(WIDE, ir.Undefined), number, ir.Constant(INDEX, 0))
        return self.builder.shuffle_vector(
            first, ir.Constant(WIDE, ir.Undefined), ir.Constant(ir.VectorType(INDEX, LANES), [0] * LANES)
        )

    def load_row(self, address: Value) -> Value:
        """Sixteen numbers; rows stand at whole multiples of eight bytes only."""
        return self.builder.load(address, typ=WIDE, align=8)

    def store_row(self, row: Value, address: Value) -> None:
        """Write sixteen numbers."""
        self.builder.store(row, address, align=8)

    def all_hold(self, mask: Value) -> Value:
        """Whether a mask holds in every lane."""
        return self.builder.icmp_signed("==", self.bits(mask), ir.Constant(ir.IntType(LANES), -1))

    def bits(self, mask: Value) -> Value:
        """The mask as a whole number, lane 0 in the lowest bit."""
        return self.builder.bitcast(mask, ir.IntType(LANES))

    def loop(
        self,
        carried: Sequence[Value],
        test: Callable[[list[Value]], Value],
        step: Callable[[list[Value]], Sequence[Value]],
    ) -> list[Value]:
        """While `test(carried)` holds, `carried` becomes `step(carried)`; answers with what it is in the end."""
        before = self.builder.block
        header, body, after = (self.builder.append_basic_block(name) for name in ("while", "do", "done"))
        self.builder.branch(header)
        self.builder.position_at_end(header)
        phis = [self.builder.phi(value.type) for value in carried]
        for phi, value in zip(phis, carried, strict=True):
            phi.add_incoming(value, before)
        self.builder.cbranch(test(list(phis)), body, after)
        self.builder.position_at_end(body)
        following = step(list(phis))
        for phi, value in zip(phis, following, strict=True):
            phi.add_incoming(value, self.builder.block)
        self.builder.branch(header)
        self.builder.position_at_end(after)
        return list(phis)

    def repeat(
        self,
        begin: Value,
        end: Value,
        carried: Sequence[Value],
        step: Callable[[Value, list[Value]], Sequence[Value]],
        by: int = 1,
    ) -> list[Value]:
        """`step(index, carried)` for each index from `begin` up to but not including `end`."""

        def advance(values: list[Value]) -> Sequence[Value]:
            index, *rest = values
            following = step(index, rest)
            return [self.builder.add(index, self.whole(by)), *following]

        _, *last = self.loop([begin, *carried], lambda v: self.builder.icmp_signed("<", v[0], end), advance)
        return last

    def each(self, begin: Value, end: Value, step: Callable[[Value], object], by: int = 1) -> None:
        """`step(index)` for each index from `begin` up to but not including `end`."""

        def advance(index: Value, _: list[Value]) -> list[Value]:
            step(index)
            return []

        self.repeat(begin, end, [], advance, by)

    def fetch(self, address: Value, *, writing: bool, near: bool = True) -> None:
        """Have the line with this address brought into the nearest cache, or into the second.

        To the nearest one a CPU brings only a dozen or two at a time, and waits to do anything else if more are asked.
        """
        prefetch = self.declared("llvm.prefetch.p0", ir.VoidType(), [POINTER, INDEX, INDEX, INDEX])
        self.builder.call(
            prefetch, [address, *(ir.Constant(INDEX, each) for each in (int(writing), 3 if near else 2, 1))]
        )

    def declared(self, name: str, result: Value, parameters: Sequence[Value]) -> Value:
        """A function that is defined elsewhere."""
        known = self.module.globals.get(name)
        return known or ir.Function(self.module, ir.FunctionType(result, parameters), name)

    def _word(self, values: Value, index: int | Value, kind: Value) -> Value:
        place = self.whole(8 * index) if isinstance(index, int) else self.builder.mul(index, self.whole(8))
        return self.builder.load(self.offset(values, place), typ=kind, align=8)

    def _whole(self, operation: str, x: Value, y: Value) -> Value:
        return getattr(self.builder, f"{operation}_" if operation in LOGIC else operation)(x, y)
