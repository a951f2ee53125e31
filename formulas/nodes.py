"""The typed plan: interned nodes, each a series of one kind.

Nodes are frozen and made by an `Interner` only, which hands out the same object for the same content: equal
sub-expressions are one node, so that ten formulas which share an indicator compute it once.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Container, Iterable, Iterator
from typing import Final, TypeAlias, TypeVar

from .declaring import Primitive, Setting
from .freezing import frozen
from .kinds import Kind


@frozen(eq=False, repr=False, weakref_slot=True)
class Constant:
    """A value known before any data is read; None is the undefined value."""

    value: Setting | None
    kind: Kind

    def __repr__(self) -> str:
        return f"Constant({self.value!r})"


@frozen(eq=False, repr=False, weakref_slot=True)
class Column:
    """A column of the candle table."""

    name: str
    kind: Kind

    def __repr__(self) -> str:
        return f"Column({self.name!r})"


@frozen(eq=False, repr=False, weakref_slot=True)
class Apply:
    """A primitive with its arguments in the order of its signature: nodes for series, plain values for settings."""

    primitive: Primitive
    arguments: tuple[Node | Setting | None, ...]
    kind: Kind

    @property
    def settings(self) -> tuple[Setting | None, ...]:
        """The constant arguments."""
        return tuple(a for a in self.arguments if not isinstance(a, NODE_TYPES))

    def __repr__(self) -> str:
        # a node's inputs are shared: written out, a small plan would fill pages
        return f"Apply({self.primitive.name}, {len(self.arguments)} arguments)"


@frozen(eq=False, repr=False, weakref_slot=True)
class Pick:
    """One of several outputs of a primitive."""

    source: Apply
    output: str
    kind: Kind

    def __repr__(self) -> str:
        return f"Pick({self.source!r}, {self.output!r})"


@frozen
class OtherBars:
    """The symbol's bars of a coarser timeframe: completed ones, and with `forming` the one in the making as well."""

    timeframe: str
    forming: bool = False


@frozen
class OtherSymbol:
    """Another symbol's bars."""

    symbol: str


@frozen
class OtherTable:
    """The symbol's rows of another table."""

    table: str


@frozen
class SomeBars:
    """Those of the bars at hand where a condition is true, as if there were no others."""

    condition: Node


Place: TypeAlias = OtherBars | OtherSymbol | OtherTable | SomeBars


@frozen(eq=False, repr=False, weakref_slot=True)
class Elsewhere:
    """`source` evaluated on other rows than those at hand, each row's value seen from the moment it is known."""

    source: Node
    place: Place
    kind: Kind

    def __repr__(self) -> str:
        return f"Elsewhere({self.place!r}, {self.source!r})"


Node: TypeAlias = Constant | Column | Apply | Pick | Elsewhere
N = TypeVar("N", Constant, Column, Apply, Pick, Elsewhere)
NODE_TYPES = (Apply, Constant, Column, Pick, Elsewhere)  # the most frequent first


def inputs(node: Node, *, frames: bool = True) -> tuple[Node, ...]:
    """The nodes that `node` reads directly; without `frames` only those on the rows at hand."""
    match node:
        case Apply():
            return tuple([a for a in node.arguments if isinstance(a, NODE_TYPES)])
        case Constant() | Column():
            return ()
        case Pick():
            return (node.source,)
        case Elsewhere():
            own = (node.place.condition,) if isinstance(node.place, SomeBars) else ()
            return (node.source, *own) if frames else own


def walk(roots: Iterable[Node], known: Container[Node] = (), *, frames: bool = True) -> Iterator[Node]:
    """Every node below `roots` and the roots themselves, once each, inputs before what reads them.

    Nothing is visited below the nodes in `known`, nor, without `frames`, what is evaluated on other rows.
    """
    seen: set[Node] = set()
    stack: list[tuple[Node, bool]] = [(root, False) for root in reversed(list(roots))]
    while stack:
        node, ready = stack.pop()
        if ready:
            yield node
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if node not in known:
                stack.extend((below, False) for below in reversed(inputs(node, frames=frames)))


class _At:
    """The nodes that are evaluated at places of some kinds."""

    def __init__(self, *places: type[Place]) -> None:
        self._places = places

    def __contains__(self, node: object) -> bool:
        return isinstance(node, Elsewhere) and isinstance(node.place, self._places)


IN_TABLES: Final = _At(OtherTable)
FOREIGN: Final = _At(OtherTable, OtherSymbol)


def columns_read(roots: Iterable[Node], known: Container[Node] = IN_TABLES) -> frozenset[str]:
    """The columns that are read below `roots`, nothing below `known`: by default those of candles, whosever."""
    return frozenset(node.name for node in walk(roots, known) if isinstance(node, Column))


class Interner:
    """Makes nodes. It holds them weakly: what no formula uses any more is forgotten."""

    def __init__(self) -> None:
        self._nodes: weakref.WeakValueDictionary[tuple[object, ...], Node] = weakref.WeakValueDictionary()
        self._lock = threading.Lock()

    def constant(self, value: Setting | None, kind: Kind) -> Constant:
        """A constant. 1 and 1.0 are one number; true and 1 are not one value, for they differ in kind."""
        value = float(value) if kind is Kind.NUMBER and value is not None else value
        return self._intern(("constant", repr(value), kind), Constant, value, kind)

    def column(self, name: str, kind: Kind) -> Column:
        """A candle column."""
        return self._intern(("column", name, kind), Column, name, kind)

    def apply(self, primitive: Primitive, arguments: tuple[Node | Setting | None, ...], kind: Kind) -> Apply:
        """A primitive applied."""
        keys = [id(a) if isinstance(a, NODE_TYPES) else repr(a) for a in arguments]
        return self._intern(("apply", id(primitive), *keys, kind), Apply, primitive, arguments, kind)

    def pick(self, source: Apply, output: str, kind: Kind) -> Pick:
        """One of several outputs."""
        return self._intern(("pick", id(source), output), Pick, source, output, kind)

    def elsewhere(self, source: Node, place: Place) -> Elsewhere:
        """A series on other rows."""
        return self._intern(("elsewhere", id(source), place), Elsewhere, source, place, source.kind)

    def _intern(self, key: tuple[object, ...], make: Callable[..., N], *parts: object) -> N:
        fresh = make(*parts)
        with self._lock:
            return self._nodes.setdefault(key, fresh)  # type: ignore[return-value]


class CountingInterner(Interner):
    """Makes the nodes of one formula, which are those of `shared`, and counts them."""

    def __init__(self, shared: Interner) -> None:
        self._shared = shared
        self._made: dict[tuple[object, ...], Node] = {}

    @property
    def count(self) -> int:
        """How many different nodes were made."""
        return len(self._made)

    def _intern(self, key: tuple[object, ...], make: Callable[..., N], *parts: object) -> N:
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = self._shared._intern(key, make, *parts)  # noqa: SLF001 - the same class
        return made  # type: ignore[return-value]
