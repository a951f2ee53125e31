"""From plan nodes to a graph of kernels.

Nodes that no kernel computes (calendar fields, text, other timeframes and symbols, a user's Python functions) are left
to Polars: they become columns that the tiles read, like those of the candles.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..declaring import PRIMITIVES, Primitive
from ..kernels.graphs import Graph, Series, is_computed
from ..kinds import Kind, Shape
from ..nodes import Apply, Column, Constant, Elsewhere, Node, Pick, inputs, walk


def is_tiled(node: Node) -> bool:
    """Whether kernels compute this node, given its inputs."""
    if any(below.kind is Kind.CATEGORY for below in inputs(node)):
        return False
    match node:
        case Apply():
            return _is_built_in(node.primitive) and is_computed(node.primitive.name)
        case Pick():
            return is_tiled(node.source)
        case Elsewhere():
            return False
        case Constant() | Column():
            return node.kind is not Kind.CATEGORY


def _is_built_in(primitive: Primitive) -> bool:
    """Whether it is no function of the user's that is called like a kernel."""
    return PRIMITIVES.get(primitive.name) is primitive and primitive.shape is not Shape.ACROSS


def left_to_polars(roots: Sequence[Node], given: Mapping[Node, str]) -> list[Node]:
    """The nodes that Polars has to compute before the tiles: those without a kernel that tiles or results read."""
    return [node for node in walk(roots, _Boundary(given), frames=False) if node not in given and not is_tiled(node)]


class _Boundary:
    """Where a walk through tiled nodes stops: at what is given, and at what Polars computes."""

    def __init__(self, given: Mapping[Node, str]) -> None:
        self._given = given

    def __contains__(self, node: object) -> bool:
        return node in self._given or not is_tiled(node)  # type: ignore[arg-type]


def tile_nodes(roots: Sequence[Node], given: Mapping[Node, str]) -> tuple[Graph, dict[Node, Series]]:
    """The graph of tiled nodes, and where each root is found in it; nodes in `given` are columns."""
    tiler = _Tiler(given)
    for node in walk(roots, _Boundary(given), frames=False):
        tiler.place(node)
    return tiler.graph, {root: tiler.stored(root) for root in roots}


class _Tiler:
    def __init__(self, given: Mapping[Node, str]) -> None:
        self.graph = Graph()
        self._given = given
        self._outputs: dict[Node, tuple[Series, ...]] = {}

    def place(self, node: Node) -> None:
        self._outputs[node] = self._series(node)

    def stored(self, node: Node) -> Series:
        """What leaves has a register of its own: a constant has but one row."""
        series = self._outputs[node][0]
        return series if series.constant is None else self.graph.call("same", series)

    def _series(self, node: Node) -> tuple[Series, ...]:
        if node in self._given:
            return (self.graph.load(self._given[node]),)
        match node:
            case Column():
                return (self.graph.load(node.name),)
            case Constant():
                return (self.graph.constant(math.nan if node.value is None else float(node.value)),)
            case Pick():
                return (self._outputs[node.source][node.source.primitive.outputs.index(node.output)],)
            case Apply():
                settings = [float(setting) for setting in node.settings if setting is not None]
                sources = [self._outputs[below][0] for below in inputs(node)]
                return self.graph.outputs(node.primitive.name, sources, settings)
            case Elsewhere():
                raise AssertionError(node)
