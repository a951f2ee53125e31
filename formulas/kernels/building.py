"""From declarations to LLVM functions: the loop over the bars of a block around a kernel's body.

Every kernel is a function `(operands, rows, settings, memory, tile)`: `operands` holds a pointer to the block's first
row, and the bytes from row to row, for each input and then each output. That is 0 for an input that is a constant.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from llvmlite import ir

from .declaring import Kernel, Memory
from .emitting import POINTER, WHOLE, Emitter, Value
from .lanes import Lanes
from .pasts import Past
from .tiles import ROW
from .windows import Window

PARAMETERS: Final = (POINTER, WHOLE, POINTER, POINTER, POINTER)


def build(kernels: Iterable[Kernel]) -> ir.Module:
    """A module with a function for each kernel, under its symbol."""
    module = ir.Module("kernels")
    for kernel in kernels:
        emitter = Emitter(module, kernel.symbol, PARAMETERS)
        if kernel.form == "moving":
            kernel.body(emitter)
        else:
            _Frame(emitter, kernel).build()
        emitter.builder.ret_void()
    return module


class _Frame:
    """A kernel under construction."""

    def __init__(self, emitter: Emitter, kernel: Kernel) -> None:
        self.emitter, self.kernel = emitter, kernel
        operands, self.rows, settings, self.memory, _ = emitter.function_made.args
        self.scalars = {name: emitter.number(settings, k) for k, name in enumerate(kernel.settings)}
        self.table = emitter.offset(settings, emitter.whole(8 * len(kernel.settings)))
        self.settings = {name: self.lanes(emitter.splat(scalar)) for name, scalar in self.scalars.items()}
        places = range(kernel.inputs + kernel.outputs)
        self.pointers = [(emitter.pointer(operands, 2 * k), emitter.whole_at(operands, 2 * k + 1)) for k in places]

    def build(self) -> None:
        begin = self.emitter.whole(0)
        if self.kernel.form == "recursive":
            self.recursion(begin)
        else:
            body = self.ranged if self.kernel.form == "ranged" else self.elementwise
            self.emitter.repeat(begin, self.rows, [], body)

    def elementwise(self, index: Value, _: list[Value]) -> Sequence[Value]:
        self.write(index, self.kernel.body(*self.read(index), **self.settings))
        return []

    def ranged(self, index: Value, _: list[Value]) -> Sequence[Value]:
        n = self.emitter.builder.fptosi(self.scalars["n"], WHOLE)
        window = Window(self.emitter, self.address(0, index), n, self.memory, self.table)
        self.write(index, self.kernel.body(window, *self.read(index)[1:], **self.settings))
        return []

    def recursion(self, begin: Value) -> None:
        """Memory is held in registers throughout the block, loaded before and stored after."""
        emitter, kernel = self.emitter, self.kernel
        places = [emitter.offset(self.memory, emitter.whole(ROW * k)) for k in range(len(kernel.memory))]
        carried = [begin, *map(emitter.load_row, places)]
        if kernel.settled is not None:
            carried = emitter.loop(carried, self.begins, lambda values: self.bar(values, settled=False))
        options = {"settled": True} if kernel.settled is not None else {}
        carried = emitter.loop(carried, self.goes_on, lambda values: self.bar(values, **options))
        for value, place in zip(carried[1:], places, strict=True):
            emitter.store_row(value, place)

    def goes_on(self, carried: list[Value]) -> Value:
        return self.emitter.builder.icmp_signed("<", carried[0], self.rows)

    def begins(self, carried: list[Value]) -> Value:
        assert self.kernel.settled is not None
        settled = self.kernel.settled(self.remembered(carried), **self.settings)
        begins = self.emitter.builder.not_(self.emitter.all_hold(settled.value))
        return self.emitter.builder.and_(self.goes_on(carried), begins)

    def bar(self, carried: list[Value], **options: bool) -> Sequence[Value]:
        index, memory = carried[0], self.remembered(carried)
        self.write(index, self.kernel.body(memory, *self.read(index), **self.settings, **options))
        following = self.emitter.builder.add(index, self.emitter.whole(1))
        return [following, *(getattr(memory, name).value for name in self.kernel.memory)]

    def remembered(self, carried: list[Value]) -> Memory:
        named = dict(zip(self.kernel.memory, map(self.lanes, carried[1:]), strict=True))
        behind = self.emitter.offset(self.memory, self.emitter.whole(ROW * len(named)))
        return Memory(named, Past(self.emitter, behind, self.kernel.past))

    def read(self, index: Value) -> list[Lanes]:
        return [self.lanes(self.emitter.load_row(self.address(k, index))) for k in range(self.kernel.inputs)]

    def write(self, index: Value, answer: Any) -> None:
        answers = answer if isinstance(answer, tuple) else (answer,)
        for k, lanes in enumerate(answers, start=self.kernel.inputs):
            self.emitter.store_row(lanes.value, self.address(k, index))

    def address(self, operand: int, index: Value) -> Value:
        """Outputs and windows are never constant: their rows stand side by side, which LLVM may know."""
        pointer, stride = self.pointers[operand]
        fixed = operand >= self.kernel.inputs or (operand == 0 and self.kernel.form == "ranged")
        step = self.emitter.whole(ROW) if fixed else stride
        return self.emitter.offset(pointer, self.emitter.builder.mul(index, step))

    def lanes(self, value: Value) -> Lanes:
        return Lanes(self.emitter, value)
