"""The last values that a recursion has kept, newest first: rows of its memory behind the named ones.

Each lane keeps its own, so that a bar which is passed over in one symbol moves nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .emitting import Emitter, Value
from .lanes import Lanes, Mask, where
from .tiles import ROW

Step = Callable[[Lanes, Lanes, list[Lanes]], Sequence[Lanes]]


class Past:
    """`rows` values of each lane, from `address` on; 0 before there are any."""

    def __init__(self, emitter: Emitter, address: Value, rows: int) -> None:
        self._emitter, self._address, self._rows = emitter, address, rows

    def push(self, value: Lanes, where_: Mask) -> None:
        """Put a value before the others in the lanes of the mask; the oldest is dropped."""
        emitter = self._emitter

        def step(index: Value, carried: list[Value]) -> list[Value]:
            place = self._row(index)
            old = emitter.load_row(place)
            emitter.store_row(where(where_, self._lanes(carried[0]), self._lanes(old)).value, place)
            return [old]

        emitter.repeat(emitter.whole(0), emitter.whole(self._rows), [value.value], step)

    def fold(self, first: Sequence[Lanes], step: Step) -> list[Lanes]:
        """`step(age, value, carried)` for each value, newest first, its age counted from 0."""
        emitter = self._emitter

        def advance(index: Value, carried: list[Value]) -> list[Value]:
            age, *rest = map(self._lanes, carried)
            following = step(age, self._lanes(emitter.load_row(self._row(index))), rest)
            return [(age + 1.0).value, *(each.value for each in following)]

        begin = [emitter.constant(0.0), *(each.value for each in first)]
        last = emitter.repeat(emitter.whole(0), emitter.whole(self._rows), begin, advance)
        return [self._lanes(each) for each in last[1:]]

    def _row(self, index: Value) -> Value:
        return self._emitter.offset(self._address, self._emitter.builder.mul(index, self._emitter.whole(ROW)))

    def _lanes(self, value: Value) -> Lanes:
        return Lanes(self._emitter, value)
