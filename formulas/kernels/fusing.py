"""Kernels of one bar alone, two in one: what one would write for the other to read stays in the CPU's registers.

To write a block's numbers and read them again takes longer than most kernels compute. Which two: those of which one
most often reads the other, in the library's functions and the cookbook's scans.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Final

from . import arithmetic, logic, moments, rounding  # noqa: F401 - they declare those that are fused
from .declaring import KERNELS, Kernel
from .graphs import Operation, Source
from .lanes import Lanes

PAIRS: Final = (
    ("weighed", "finite", 0),
    ("total", "finite", 0),
    ("total", "total", 1),
    ("spread", "scaled", 0),
    ("trend", "scaled", 0),
    ("subtract", "larger", 0),
    ("subtract", "negate", 0),
    ("negate_subtract", "larger", 0),
    ("subtract", "abs", 0),
    ("subtract", "multiply", 1),
    ("subtract", "divide", 0),
    ("add", "add", 0),
    ("add", "divide", 0),
    ("add", "divide", 1),
    ("divide", "multiply", 1),
    ("divide_1_add", "multiply", 1),
    ("multiply", "add", 1),
    ("multiply", "divide", 0),
    ("multiply", "if", 2),
    ("equal", "if", 0),
    ("both", "both", 0),
    ("greater", "both", 0),
    ("greater", "both", 1),
    ("less", "both", 1),
    ("both", "if", 0),
    ("if", "if", 1),
)
"""The kernel that is read, the one that reads it, and the place of its input."""
CHEAP: Final = frozenset({"subtract", "total"})
"""Those that take less to do twice than to write once."""
WITHIN: Final = "of_"
"""How settings begin that are those of the kernel that is read."""


def fuse(read: Kernel, reader: Kernel, place: int) -> Kernel:
    """The kernel of both: first the inputs of the one that is read, then the others of the one that reads it."""

    def body(*values: Lanes, **settings: Lanes) -> Lanes:
        inner = {name: settings[WITHIN + name] for name in read.settings}
        others = list(values[read.inputs :])
        others.insert(place, read.body(*values[: read.inputs], **inner))
        outer: Lanes = reader.body(*others, **{name: settings[name] for name in reader.settings})
        return outer

    name = f"{reader.name}_{place}_{read.name}" if reader.inputs > 1 else f"{reader.name}_{read.name}"
    settings = (*(WITHIN + name for name in read.settings), *reader.settings)
    return Kernel(name, "elementwise", read.inputs + reader.inputs - 1, 1, settings, body)


def _declared() -> dict[tuple[str, str, int], Kernel]:
    found = {}
    for read, reader, place in PAIRS:
        kernel = fuse(KERNELS[read], KERNELS[reader], place)
        assert kernel.name not in KERNELS, kernel.name
        found[read, reader, place] = KERNELS[kernel.name] = kernel
    return found


FUSED: Final = _declared()


def with_fused(sources: Sequence[Source], leaving: Collection[int]) -> dict[int, Source]:
    """What stands for each source, by its id; nobody need compute sources that are read by none of those any more.

    `leaving` are the ids of sources that others than these read.
    """
    readers: dict[int, list[tuple[Operation, int, int]]] = defaultdict(list)
    for reader in sources:
        if isinstance(reader, Operation):
            for place, each in enumerate(reader.inputs):
                readers[id(each.source)].append((reader, place, each.lag))
    found: dict[int, Source] = {}
    passing = set[int]()
    for source in sources:
        made = _with(source, found, passing) if isinstance(source, Operation) else source
        found[id(source)] = made
        if isinstance(made, Operation) and id(source) not in leaving and _is_passing(made, readers[id(source)]):
            passing.add(id(made))
    return found


def _is_passing(read: Operation, readers: Sequence[tuple[Operation, int, int]]) -> bool:
    """Whether no reader needs a register for what it reads there."""
    different = {id(reader) for reader, _, _ in readers}
    if len(different) < len(readers) or not (len(readers) == 1 or read.kernel.name in CHEAP):
        return False
    return all(not lag and (read.kernel.name, reader.kernel.name, place) in FUSED for reader, place, lag in readers)


def _with(reader: Operation, found: Mapping[int, Source], passing: Collection[int]) -> Operation:
    """The operation, over what stands for its inputs; with those of them that pass through no register."""
    inputs = tuple(replace(each, source=found[id(each.source)]) for each in reader.inputs)
    if any(now.source is not before.source for now, before in zip(inputs, reader.inputs, strict=True)):
        reader = replace(reader, inputs=inputs)
    for place, each in enumerate(reader.inputs):
        read = each.source
        if isinstance(read, Operation) and id(read) in passing:
            kernel = FUSED.get((read.kernel.name, reader.kernel.name, place))
            if kernel is not None:
                others = (*reader.inputs[:place], *reader.inputs[place + 1 :])
                return Operation(kernel, (*read.inputs, *others), (*read.settings, *reader.settings))
    return reader
