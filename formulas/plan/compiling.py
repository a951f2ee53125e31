"""From plan nodes to a program of Polars expressions.

Elementwise nodes become part of the expressions that read them, unless several do; windows, recursions and rankings
become columns. Every value that leaves the finite range becomes undefined before anything can compare or count it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import polars as pl

from ..freezing import frozen
from ..kinds import Kind, Shape
from ..nodes import NODE_TYPES, Apply, Column, Constant, Elsewhere, Node, OtherBars, Pick, Place, SomeBars, inputs, walk
from ..scope import Scope
from .forming import compile_forming
from .programs import ElsewhereCall, FormingProgram, Program, Step, arrange

WIDEST_EXPRESSION: Final = 12
"""An expression that names so many columns gets a column of its own: Polars shares no sub-expressions, and a rule may
use an argument several times."""

DEEPEST_EXPRESSION: Final = 24
"""One of so many operations on each other gets a column too: Polars takes the square of the depth to arrange them."""


@frozen
class Value:
    """An expression for a node. If not `finite`, it may hold NaN or infinities, which mean undefined.

    `depth` is how many operations stand on each other in it, a column counted as none.
    """

    expression: pl.Expr
    finite: bool = True
    depth: int = 0


def compile_nodes(roots: Sequence[Node], given: Mapping[Node, str] | None = None, prefix: str = "~") -> Program:
    """Compile `roots`; the nodes in `given` are columns already. New columns are named by `prefix` and a number."""
    compiler = _Compiler(roots, dict(given or {}), prefix)
    return compiler.program(roots)


class _Compiler:
    def __init__(self, roots: Sequence[Node], given: dict[Node, str], prefix: str) -> None:
        self._scope = Scope(prefix)
        self._calls: list[tuple[int, ElsewhereCall]] = []
        self._order = list(walk(roots, given, frames=False))
        self._readers = Counter(
            below for node in self._order if node not in given for below in inputs(node, frames=False)
        )
        self._readers.update(roots)
        self._values: dict[Node, Value] = {node: Value(pl.col(name)) for node, name in given.items()}
        self._outputs: dict[Node, tuple[pl.Expr, ...]] = {}

    def program(self, roots: Sequence[Node]) -> Program:
        for node in self._order:
            if node not in self._values and isinstance(node, Elsewhere):
                self._call(node.place)
            elif node not in self._values:
                self._values[node] = self._shared(node, self._value(node))
        names = [self._column(self._values[root]).meta.output_name() for root in roots]
        steps: list[Step] = list(self._scope.steps)
        for number, call in reversed(self._calls):
            steps.insert(number, call)
        return arrange(steps, names)

    def _call(self, place: Place) -> None:
        """One call for all nodes on the same other rows, so that these are made once."""
        nodes = [node for node in self._order if isinstance(node, Elsewhere) and node.place == place]
        nodes = [node for node in nodes if node not in self._values]
        names = tuple(self._scope.fresh() for _ in nodes)
        sources = [node.source for node in nodes]
        forming = isinstance(place, OtherBars) and place.forming
        program: Program | FormingProgram = (
            compile_forming(sources, compile_nodes) if forming else compile_nodes(sources)
        )
        condition = None
        if isinstance(place, SomeBars):
            condition = self._column(self._values[place.condition]).meta.output_name()
        self._calls.append((len(self._scope.steps), ElsewhereCall(names, place, program, condition)))
        self._values.update({node: Value(pl.col(name)) for node, name in zip(nodes, names, strict=True)})

    def _value(self, node: Node) -> Value:
        match node:
            case Constant():
                return Value(pl.lit(node.value, dtype=node.kind.dtype))
            case Column():
                return Value(pl.col(node.name))
            case Pick():
                index = node.source.primitive.outputs.index(node.output)
                return Value(self._outputs[node.source][index])
            case Apply():
                return self._elementwise(node) if node.primitive.shape is Shape.ELEMENTWISE else self._whole(node)
            case Elsewhere():
                raise AssertionError(node)

    def _elementwise(self, node: Apply) -> Value:
        primitive = node.primitive
        values = [self._values[below] for below in inputs(node)]
        finite = not primitive.carries or all(value.finite for value in values)
        expressions = [value.expression if primitive.carries else self._finite(value) for value in values]
        arguments = iter(map(self._scope.full, expressions) if primitive.dense else expressions)
        result = self._apply(node, [next(arguments) if isinstance(a, NODE_TYPES) else a for a in node.arguments])
        depth = 1 + max((value.depth for value in values), default=0)
        return Value(result, finite and (primitive.bounded or node.kind is not Kind.NUMBER), depth)

    def _whole(self, node: Apply) -> Value:
        """A node over many rows: its inputs and its results are columns; rows before its warm-up are masked."""
        columns = iter([self._column(self._values[below]) for below in inputs(node)])
        result = self._apply(node, [next(columns) if isinstance(a, NODE_TYPES) else a for a in node.arguments])
        several = result if isinstance(result, tuple) else (result,)
        self._outputs[node] = tuple(self._masked(node, each) for each in several)
        return Value(self._outputs[node][0])

    def _masked(self, node: Apply, result: pl.Expr) -> pl.Expr:
        rows = node.primitive.warmup(*node.settings) if node.primitive.shape is Shape.WINDOW else 0
        valid = [self._scope.bar >= rows] if rows else []
        if not node.primitive.bounded and node.kind is Kind.NUMBER:
            result = self._scope.column(result)
            valid.append(result.is_finite())
        return self._scope.column(pl.when(*valid).then(result) if valid else result)

    def _apply(self, node: Apply, arguments: Sequence[object]) -> pl.Expr:
        scope = (self._scope,) if node.primitive.scoped else ()
        result: pl.Expr = node.primitive.rule(*scope, *arguments)
        return result

    def _shared(self, node: Node, value: Value) -> Value:
        wide = len(value.expression.meta.root_names()) > WIDEST_EXPRESSION
        if self._readers[node] > 1 or wide or value.depth >= DEEPEST_EXPRESSION:
            return Value(self._column(value)) if not isinstance(node, Constant) else value
        return value

    def _finite(self, value: Value) -> pl.Expr:
        if value.finite:
            return value.expression
        raw = self._scope.column(value.expression)
        return pl.when(raw.is_finite()).then(raw)

    def _column(self, value: Value) -> pl.Expr:
        return self._scope.column(self._finite(value))
