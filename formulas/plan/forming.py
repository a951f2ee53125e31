"""Expressions on a bar in the making: at each row the completed bars before it, and the bar so far.

The frame has a row for each of the data's own bars, with the columns of the bar in the making as they are known there.
What looks at one bar alone is computed over these rows. What spans several bars is not, since the rows before are no
bars before: it peeks (programs.py), one primitive at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias

from ..declaring import PRIMITIVES
from ..kernels.graphs import is_computed
from ..kinds import Kind, Shape
from ..nodes import NODE_TYPES, Apply, Interner, Node, Pick, columns_read, inputs, walk
from .programs import FormingProgram, Peek, Program

Compile: TypeAlias = Callable[[Sequence[Node], Mapping[Node, str], str], Program]

NUMBER: Final = "bar_index"
"""It goes from bar to bar, yet the frame has it at each row."""


def compile_forming(roots: Sequence[Node], compile_nodes: Compile) -> FormingProgram:
    """Compile `roots` for a bar in the making; `compile_nodes` is that of compiling.py."""
    given: dict[Node, str] = {}
    parts: list[Program | Peek] = []
    for level, nodes in enumerate(_spanning(roots)):
        needed = list(dict.fromkeys(below for node in nodes for below in inputs(node)))
        program = compile_nodes(needed, given, f"~{level}before")
        columns = dict(zip(needed, program.outputs, strict=True))
        parts.append(program)
        for number, node in enumerate(nodes):
            peek = _peek(node, compile_nodes, [columns[below] for below in inputs(node)], f"~{level}peek{number}")
            parts.append(peek)
            given[node] = peek.names[0]
            given.update((pick, name) for pick, name in _picks(roots, node, peek.names))
    last = compile_nodes(roots, given, "~after")
    return FormingProgram((*parts, last), last.outputs, columns_read(roots))


def _spanning(roots: Sequence[Node]) -> list[list[Apply]]:
    """The nodes that span several bars, in levels that read earlier ones alone."""
    levels: list[list[Apply]] = []
    depth: dict[Node, int] = {}
    for node in walk(roots):
        depth[node] = max((depth[below] for below in inputs(node)), default=0)
        if isinstance(node, Apply) and node.primitive.shape is not Shape.ELEMENTWISE and node.primitive.name != NUMBER:
            levels.extend([] for _ in range(depth[node] + 1 - len(levels)))
            levels[depth[node]].append(node)
            depth[node] += 1
    return levels


def _peek(node: Apply, compile_nodes: Compile, columns: Sequence[str], name: str) -> Peek:
    primitive, kinds = node.primitive, [below.kind for below in inputs(node)]
    names = tuple(f"{name}.{output}" for output in primitive.outputs or ("value",))
    computed = (
        PRIMITIVES.get(primitive.name) is primitive and is_computed(primitive.name) and Kind.CATEGORY not in kinds
    )
    held, windowed = (computed and primitive.shape is shape for shape in (Shape.RECURSIVE, Shape.WINDOW))
    reach = None if primitive.reach is None else primitive.reach(*node.settings)
    alone = Interner()
    places = iter(alone.column(column, kind) for column, kind in zip(columns, kinds, strict=True))
    arguments = tuple(next(places) if isinstance(a, NODE_TYPES) else a for a in node.arguments)
    applied = alone.apply(primitive, arguments, node.kind)
    picked: list[Node] = [
        alone.pick(applied, output, kind)
        for output, kind in zip(primitive.outputs, primitive.output_kinds, strict=True)
    ]
    program = compile_nodes(picked or [applied], {}, "~alone")
    settings = tuple(float(setting) for setting in node.settings if setting is not None) if computed else ()
    return Peek(
        names, tuple(columns), program, reach, primitive.name, settings, held, windowed, node.kind is Kind.BOOLEAN
    )


def _picks(roots: Sequence[Node], source: Apply, names: Sequence[str]) -> list[tuple[Node, str]]:
    outputs = dict(zip(source.primitive.outputs, names, strict=False))
    return [(node, outputs[node.output]) for node in walk(roots) if isinstance(node, Pick) and node.source is source]
