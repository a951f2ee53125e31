"""Binding a call's arguments to a signature: by position, by name, and what can go wrong with that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from ..freezing import frozen, mutable
from ..syntax import Argument, Call, Expression
from .ahead import PARAMETERS
from .faults import Faults
from .naming import CANDLE_COLUMNS, LETTERS, suggestion
from .values import Bound, Given, Value

Evaluate: TypeAlias = Callable[[Expression], Value]


@frozen
class Slot:
    """A parameter as the binder sees it; those that are `named` have no position."""

    name: str
    required: bool
    several: bool = False
    named: bool = False


@mutable
class Binder:
    """Binds the arguments of one call to the slots of one signature; faults are noted, not raised.

    `signature` gives the signature for messages: it is asked where there is a fault.
    """

    call: Call
    slots: Sequence[Slot]
    signature: Callable[[], str]
    faults: Faults

    def bind(self, evaluate: Evaluate) -> Bound | None:
        """The arguments by parameter, evaluated; None if they do not fit. All are evaluated, for their own faults."""
        bound: dict[str, Given | Sequence[Given]] = {}
        fits = True
        position = 0
        for argument in self.call.arguments:
            given = Given(evaluate(argument.value), argument.value.span)
            slot = self._named(argument) if argument.name else self._at(position)
            position += argument.name is None
            if slot is None or (slot.name in bound and not slot.several):
                fits = self._refused(argument, slot)
            elif slot.several:
                bound[slot.name] = [*bound.get(slot.name, ()), given]
            else:
                bound[slot.name] = given
        return bound if fits and self._complete(bound) else None

    def _at(self, position: int) -> Slot | None:
        if position < len(self.slots) and not self.slots[position].named:  # those that are named stand last
            return self.slots[position]
        slots = [slot for slot in self.slots if not slot.named]
        return slots[-1] if slots and slots[-1].several else None

    def _named(self, argument: Argument) -> Slot | None:
        return next((slot for slot in self.slots if slot.name == argument.name and not slot.several), None)

    def _refused(self, argument: Argument, slot: Slot | None) -> bool:
        if slot is not None:
            self.faults.add(argument.span, f"{self.faults.written(self.call)}'s {slot.name} is given twice")
        elif argument.name:
            nearest = suggestion(argument.name, [s.name for s in self.slots])
            compares = argument.name.lower() in {*CANDLE_COLUMNS, *LETTERS}
            hint = "to compare, write == ; " if compares else f"did you mean {nearest}=? " if nearest else ""
            message = f"{self.faults.written(self.call)} has no parameter {argument.name!r}"
            way_out = PARAMETERS.get(argument.name.lower(), "")
            self.faults.add(argument.span, message, way_out or f"{hint}it is {self.signature()}")
        else:
            self.faults.add(
                argument.span,
                f"{self.faults.written(self.call)} has no room for this argument",
                f"it is {self.signature()}",
            )
        return False

    def _complete(self, bound: Bound) -> bool:
        missing = [slot.name for slot in self.slots if slot.required and slot.name not in bound]
        if missing:
            message = f"{self.faults.written(self.call)} lacks its {' and '.join(missing)}"
            self.faults.add(self.call.span, message, f"it is {self.signature()}")
        return not missing
