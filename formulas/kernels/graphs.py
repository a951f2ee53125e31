"""Which kernels make up some primitives: a graph of calls in which equal calls are one.

A reader may look back at any series: history costs no pass of its own. Blocks of windows are series like all others,
so windows of several lengths, and several functions over the same input, share them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Protocol, TypeAlias

from ..freezing import frozen
from .declaring import COMPOSED, KERNELS, Kernel

Key: TypeAlias = tuple[object, ...]


@frozen(eq=False)
class Loaded:
    """A column of the candles, packed into a register."""

    column: str


@frozen(eq=False)
class Fixed:
    """A constant: one row that stands for all."""

    number: float


@frozen(eq=False)
class Operation:
    """A kernel's run over a block. `settings` are the kernel's own, and then its table."""

    kernel: Kernel
    inputs: tuple[Series, ...]
    settings: tuple[float, ...]


Source: TypeAlias = Loaded | Fixed | Operation


@frozen
class Series:
    """A value per bar: an output of its source, so many bars ago."""

    source: Source
    output: int = 0
    lag: int = 0
    graph: Graph | None = None

    @property
    def constant(self) -> float | None:
        """The number, if it is the same at every bar."""
        return self.source.number if isinstance(self.source, Fixed) else None

    def ago(self, bars: int) -> Series:
        """The value so many bars ago; undefined at a symbol's first bars, a constant's too."""
        if bars == 0:
            return self
        if isinstance(self.source, Fixed):
            assert self.graph is not None
            return self.graph.call("same", self).ago(bars)
        return Series(self.source, self.output, self.lag + bars, self.graph)

    def beside(self, output: int) -> Series:
        """Another output of the same source."""
        return replace(self, output=output)

    @property
    def key(self) -> Key:
        """Equal for equal series."""
        return (id(self.source), self.output, self.lag)


class Call(Protocol):
    """`call("sma", x, n=20)`: the first output of a primitive or kernel over series.

    `table` are numbers that a ranged kernel reads beside its settings, one for each bar of its window.
    """

    def __call__(self, name: str, *inputs: Series, table: Sequence[float] = (), **settings: float) -> Series:
        """Enter it into the graph, unless it is there already."""


class Graph:
    """The calls that some results need, in an order in which they can run."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self._known: dict[Key, Source] = {}

    def load(self, column: str) -> Series:
        """A column of the candles."""
        return Series(self._source(("load", column), Loaded(column)), graph=self)

    def constant(self, number: float) -> Series:
        """The same number at every bar."""
        return Series(self._source(("constant", repr(number)), Fixed(number)), graph=self)

    def call(self, name: str, *inputs: Series, table: Sequence[float] = (), **settings: float) -> Series:
        """The first output of a primitive or kernel; `table` are numbers beside the settings of a ranged one."""
        if name in COMPOSED:
            return self._composed(name, inputs, settings)[0]
        return self._run(name, inputs, settings, table)

    def outputs(self, name: str, inputs: Sequence[Series], settings: Sequence[float]) -> tuple[Series, ...]:
        """All outputs of a primitive, whose settings are given by position."""
        named = dict(zip(settings_of(name), settings, strict=True))
        if name in COMPOSED:
            return self._composed(name, inputs, named)
        first = self._run(name, inputs, named, ())
        return tuple(first.beside(k) for k in range(KERNELS[name].outputs))

    def _composed(self, name: str, inputs: Sequence[Series], settings: dict[str, float]) -> tuple[Series, ...]:
        found = COMPOSED[name](self.call, *inputs, **settings)
        return found if isinstance(found, tuple) else (found,)

    def _run(self, name: str, inputs: Sequence[Series], settings: dict[str, float], table: Sequence[float]) -> Series:
        kernel = KERNELS[name]
        numbers = (*(float(settings[setting]) for setting in kernel.settings), *table)
        inputs = tuple(inputs)
        assert len(inputs) == kernel.inputs, name
        if kernel.form == "ranged" and isinstance(inputs[0].source, Fixed):
            inputs = (self.call("same", inputs[0]), *inputs[1:])
        key = (name, tuple(each.key for each in inputs), numbers)
        return Series(self._source(key, Operation(kernel, inputs, numbers)), graph=self)

    def _source(self, key: Key, fresh: Source) -> Source:
        if key not in self._known:
            self._known[key] = fresh
            self.sources.append(fresh)
        return self._known[key]


def needed(sources: Sequence[Source], results: Iterable[Series]) -> list[Source]:
    """The sources that the results need, in their order."""
    wanted = {id(series.source) for series in results}
    for source in reversed(sources):
        if id(source) in wanted and isinstance(source, Operation):
            wanted.update(id(each.source) for each in source.inputs)
    return [source for source in sources if id(source) in wanted]


def settings_of(name: str) -> tuple[str, ...]:
    """The names of a primitive's settings, in the order of its declaration."""
    if name in KERNELS and name not in COMPOSED:
        return KERNELS[name].settings
    code = COMPOSED[name].__code__
    first = code.co_argcount
    return code.co_varnames[first : first + code.co_kwonlyargcount]


def is_computed(name: str) -> bool:
    """Whether there are kernels for a primitive."""
    return name in KERNELS or name in COMPOSED
