"""Warning of sums and comparisons of numbers that measure different things: close > volume."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from ..declaring import Primitive
from ..nodes import NODE_TYPES
from ..syntax import Span
from ..units import COMPARED, Unit, agree, unit_of
from .faults import Faults
from .values import Bound, Given


def compare(primitive: Primitive, bound: Bound, span: Span, faults: Faults) -> None:
    """Warn if the arguments of a sum, choice or comparison do not agree. What a library does is its own affair."""
    said = COMPARED.get(primitive.name)
    if said is None or faults.is_inside:
        return
    measured = list(_measured(bound))
    for first, second in itertools.pairwise(measured):
        if not agree(first[1], second[1]):
            told = [f"{' '.join(faults.source[at.start : at.end].split())} is {unit}" for at, unit in (first, second)]
            faults.warn(span, f"{said}: {first[1]} and {second[1]}", ", ".join(told))
            return


def _measured(bound: Bound) -> Iterator[tuple[Span, Unit]]:
    """Each argument's place and unit, if it is a number."""
    for each in bound.values():
        for given in (each,) if isinstance(each, Given) else each:
            unit = unit_of(given.value) if isinstance(given, Given) and isinstance(given.value, NODE_TYPES) else None
            if unit is not None:
                yield given.span, unit
