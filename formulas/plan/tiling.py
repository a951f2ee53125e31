"""From plan nodes to a tile program: kernels over registers, in the order in which they run.

Nodes that no kernel computes (calendar fields, text, other timeframes and symbols, a user's Python functions) are left
to Polars: they become inputs of the tile program, like the candle columns.
"""

from __future__ import annotations

import functools
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace

from ..kernels import KERNELS, Kernel
from ..kinds import Kind, Shape
from ..nodes import Apply, Column, Constant, Node, OnSymbol, OnTimeframe, Pick, inputs, walk


@dataclass(frozen=True, slots=True)
class Operation:
    """One kernel run: registers read and written, its settings, and which state it keeps."""

    kernel: Kernel
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    settings: tuple[float, ...]
    state: int


@dataclass(frozen=True, slots=True)
class TileProgram:
    """Kernels over `registers` registers, each of `head` rows of history and the rows of a tile.

    `loads` are columns packed into registers, `constants` registers filled once, `stores` registers unpacked into
    columns of the results in the order of the roots; `kept` are those whose last rows later windows look back at.
    """

    registers: int
    head: int
    loads: tuple[tuple[str, int], ...]
    constants: tuple[tuple[float, int], ...]
    operations: tuple[Operation, ...]
    stores: tuple[int, ...]
    kept: tuple[int, ...]


def is_tiled(node: Node) -> bool:
    """Whether a kernel computes this node, given its inputs."""
    if any(below.kind is Kind.CATEGORY for below in inputs(node)):
        return False
    match node:
        case Apply():
            return node.primitive.name in KERNELS and node.primitive.shape is not Shape.ACROSS
        case Pick():
            return is_tiled(node.source)
        case OnTimeframe() | OnSymbol():
            return False
        case Constant() | Column():
            return node.kind is not Kind.CATEGORY


def left_to_polars(roots: Sequence[Node], given: Mapping[Node, str]) -> list[Node]:
    """The nodes that Polars has to compute before the tiles: those without a kernel that tiles or results read."""
    found: dict[Node, None] = {}
    for node in walk(roots, _Boundary(given), frames=False):
        if node not in given and not is_tiled(node):
            found[node] = None
    return list(found)


class _Boundary:
    """Where a walk through tiled nodes stops: at what is given, and at what Polars computes."""

    def __init__(self, given: Mapping[Node, str]) -> None:
        self._given = given

    def __contains__(self, node: object) -> bool:
        return node in self._given or not is_tiled(node)  # type: ignore[arg-type]


def compile_tiles(roots: Sequence[Node], given: Mapping[Node, str]) -> TileProgram:
    """Compile tiled nodes; those in `given` are columns. Every root must be tiled or given."""
    return _Tiler(given).program(roots)


class _Tiler:
    def __init__(self, given: Mapping[Node, str]) -> None:
        self._given = given
        self._register: dict[Node, int] = {}
        self._outputs: dict[Node, tuple[int, ...]] = {}
        self._loads: list[tuple[str, int]] = []
        self._constants: list[tuple[float, int]] = []
        self._operations: list[Operation] = []
        self._count = 0

    def program(self, roots: Sequence[Node]) -> TileProgram:
        for node in walk(roots, _Boundary(self._given), frames=False):
            self._place(node)
        stores = [self._register[root] for root in roots]
        kept = {register for op in self._operations if op.kernel.head(*op.settings) for register in op.inputs}
        fixed = {*kept, *stores, *(register for _, register in self._constants)}
        physical = _pooled(self._count, self._loads, self._operations, fixed)
        return TileProgram(
            registers=max(physical.values(), default=-1) + 1,
            head=max((op.kernel.head(*op.settings) for op in self._operations), default=0),
            loads=tuple((name, physical[register]) for name, register in self._loads),
            constants=tuple((value, physical[register]) for value, register in self._constants),
            operations=tuple(_moved(op, physical) for op in self._operations),
            stores=tuple(physical[register] for register in stores),
            kept=tuple(sorted(physical[register] for register in kept)),
        )

    def _fresh(self) -> int:
        self._count += 1
        return self._count - 1

    def _place(self, node: Node) -> None:
        if node in self._given:
            self._load(node, self._given[node])
            return
        match node:
            case Column():
                self._load(node, node.name)
            case Constant():
                self._register[node] = register = self._fresh()
                self._constants.append((float("nan") if node.value is None else float(node.value), register))
            case Pick():
                place = node.source.primitive.outputs.index(node.output)
                self._register[node] = self._outputs[node.source][place]
            case Apply():
                self._apply(node)
            case _:
                raise AssertionError(node)

    def _load(self, node: Node, column: str) -> None:
        self._register[node] = register = self._fresh()
        self._loads.append((column, register))

    def _apply(self, node: Apply) -> None:
        kernel = KERNELS[node.primitive.name]
        sources = [self._register[below] for below in inputs(node)]
        settings = tuple(float(setting) for setting in node.settings if setting is not None)
        if node.primitive.parameters and node.primitive.parameters[-1].several:
            # max and min take any number of values; their kernels take two
            last = functools.reduce(lambda left, right: self._run(kernel, (left, right), settings)[0], sources)
            self._outputs[node] = (last,)
        else:
            self._outputs[node] = self._run(kernel, tuple(sources), settings)
        self._register[node] = self._outputs[node][0]

    def _run(self, kernel: Kernel, sources: tuple[int, ...], settings: tuple[float, ...]) -> tuple[int, ...]:
        made = tuple(self._fresh() for _ in range(kernel.outputs))
        self._operations.append(Operation(kernel, sources, made, settings, len(self._operations)))
        return made


def _pooled(
    count: int, loads: Sequence[tuple[str, int]], operations: Sequence[Operation], fixed: Container[int]
) -> dict[int, int]:
    """Where each register really lies: one whose last reader has run is used again, except the `fixed` ones."""
    last = {register: place for place, op in enumerate(operations) for register in (*op.outputs, *op.inputs)}
    physical: dict[int, int] = {}
    free: list[int] = []
    begun = [register for register in range(count) if register in fixed]
    for register in (*begun, *(register for _, register in loads)):
        physical.setdefault(register, len(physical))
    size = len(physical)
    for place, op in enumerate(operations):
        for register in op.outputs:
            if register not in physical:
                physical[register] = free.pop() if free else size
                size += physical[register] == size
        done = {r for r in (*op.inputs, *op.outputs) if last[r] == place and r not in fixed}
        free.extend(physical[register] for register in done)
    return physical


def _moved(operation: Operation, physical: Mapping[int, int]) -> Operation:
    return replace(
        operation,
        inputs=tuple(physical[register] for register in operation.inputs),
        outputs=tuple(physical[register] for register in operation.outputs),
    )
