"""From declarations to LLVM functions: the loop over the bars of a block around a kernel's body.

Every kernel is a function `(operands, rows, settings, memory, tile)`: `operands` holds a pointer to the block's first
row, and the bytes from row to row, for each input and then each output. That is 0 for an input that is a constant,
and of an array outside of the arena all its bytes.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from typing import Any, Final

from llvmlite import ir

from .abreast import COUNTS, symbol_of
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
        for count in (1, *COUNTS) if kernel.abreast else (1,):
            emitter = Emitter(module, symbol_of(kernel.symbol, count), PARAMETERS)
            if kernel.form == "moving":
                kernel.body(emitter)
            elif kernel.form == "recursive":
                _Recursion([_Frame(emitter, kernel, number) for number in range(count)]).build()
            else:
                _Frame(emitter, kernel).build()
            emitter.builder.ret_void()
    return module


class _Frame:
    """A kernel under construction; of several that run side by side the one with this number."""

    def __init__(self, emitter: Emitter, kernel: Kernel, number: int = 0) -> None:
        self.emitter, self.kernel = emitter, kernel
        operands, self.rows, settings, memory, _ = emitter.function_made.args
        first = number * len(kernel.settings)
        self.scalars = {name: emitter.number(settings, first + k) for k, name in enumerate(kernel.settings)}
        self.table = emitter.offset(settings, emitter.whole(8 * len(kernel.settings)))
        self.settings = {name: self.lanes(emitter.splat(scalar)) for name, scalar in self.scalars.items()}
        self.memory = emitter.offset(memory, emitter.whole(ROW * number * (len(kernel.memory) + kernel.past)))
        width = kernel.inputs + kernel.outputs
        places = range(number * width, (number + 1) * width)
        self.pointers = [(emitter.pointer(operands, 2 * k), emitter.whole_at(operands, 2 * k + 1)) for k in places]

    def build(self) -> None:
        body = self.ranged if self.kernel.form == "ranged" else self.elementwise
        self.emitter.repeat(self.emitter.whole(0), self.rows, [], body)

    def elementwise(self, index: Value, _: list[Value]) -> Sequence[Value]:
        self.write(index, self.kernel.body(*self.read(index), **self.settings))
        return []

    def ranged(self, index: Value, _: list[Value]) -> Sequence[Value]:
        n = self.emitter.builder.fptosi(self.scalars["n"], WHOLE)
        window = Window(self.emitter, self.address(0, index), n, self.memory, self.table)
        self.write(index, self.kernel.body(window, *self.read(index)[1:], **self.settings))
        return []

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


class _Recursion:
    """Recursive kernels of one kind under construction, which go from bar to bar side by side."""

    def __init__(self, frames: Sequence[_Frame]) -> None:
        self.frames, self.emitter, self.kernel = frames, frames[0].emitter, frames[0].kernel

    def build(self) -> None:
        """Memory is held in registers throughout the block, loaded before and stored after."""
        places = [place for frame in self.frames for place in self.places(frame)]
        carried = [self.emitter.whole(0), *map(self.emitter.load_row, places)]
        if self.kernel.settled is not None:
            carried = self.emitter.loop(carried, self.begins, lambda values: self.bar(values, settled=False))
        options = {"settled": True} if self.kernel.settled is not None else {}
        carried = self.emitter.loop(carried, self.goes_on, lambda values: self.bar(values, **options))
        for value, place in zip(carried[1:], places, strict=True):
            self.emitter.store_row(value, place)

    def places(self, frame: _Frame) -> list[Value]:
        return [self.emitter.offset(frame.memory, self.emitter.whole(ROW * k)) for k in range(len(self.kernel.memory))]

    def goes_on(self, carried: list[Value]) -> Value:
        return self.emitter.builder.icmp_signed("<", carried[0], self.frames[0].rows)

    def begins(self, carried: list[Value]) -> Value:
        settled, builder = self.kernel.settled, self.emitter.builder
        assert settled is not None
        memories = zip(self.frames, self.remembered(carried), strict=True)
        masks = [settled(memory, **frame.settings).value for frame, memory in memories]
        begins = builder.not_(self.emitter.all_hold(functools.reduce(builder.and_, masks)))
        return builder.and_(self.goes_on(carried), begins)

    def bar(self, carried: list[Value], **options: bool) -> Sequence[Value]:
        """All read their inputs before any writes: what one reads for the last time may be where another writes."""
        index, memories = carried[0], self.remembered(carried)
        inputs = [frame.read(index) for frame in self.frames]
        for frame, memory, values in zip(self.frames, memories, inputs, strict=True):
            frame.write(index, self.kernel.body(memory, *values, **frame.settings, **options))
        following = self.emitter.builder.add(index, self.emitter.whole(1))
        return [following, *(getattr(memory, name).value for memory in memories for name in self.kernel.memory)]

    def remembered(self, carried: list[Value]) -> list[Memory]:
        count = len(self.kernel.memory)
        memories = []
        for number, frame in enumerate(self.frames):
            values = map(frame.lanes, carried[1 + number * count : 1 + (number + 1) * count])
            behind = self.emitter.offset(frame.memory, self.emitter.whole(ROW * count))
            past = Past(self.emitter, behind, self.kernel.past)
            memories.append(Memory(dict(zip(self.kernel.memory, values, strict=True)), past))
        return memories
