"""How much history a node needs: warm-up, reach and settling, three facts that differ.

warm-up  the number of a symbol's first bars for which the node has no value
reach    how many earlier bars influence a value; None: all of them
settles  after how many bars what came before weighs less than 1e-9; None: never (cumulative sums, states)

Each is one recursive maximum over the inputs plus the node's own share.
"""

from __future__ import annotations

from collections.abc import Iterable

from .declaring import ALL
from .freezing import frozen
from .kinds import Shape
from .nodes import Apply, Column, Constant, Elsewhere, Node, Pick, SomeBars, inputs, walk


@frozen
class History:
    """A node's history, in bars. `warmup` is at most so long; None where a calendar or another symbol decides.

    `by_event` says that beyond the warm-up the node waits for the first event of a condition.
    """

    warmup: int | None
    reach: int | None
    settles: int | None
    by_event: bool


NOTHING = History(0, 0, 0, by_event=False)


def history(roots: Iterable[Node]) -> History:
    """The history of several nodes together: each fact's maximum."""
    roots = list(roots)
    known: dict[int, History] = {}
    for node in walk(roots):
        known[id(node)] = _own(node, [known[id(below)] for below in inputs(node)])
    return _together([known[id(root)] for root in roots])


def _own(node: Node, below: list[History]) -> History:
    match node:
        case Constant() | Column():
            return NOTHING
        case Pick():
            return below[0]
        case Elsewhere():
            return History(None, ALL, None, by_event=below[0].by_event or isinstance(node.place, SomeBars))
        case Apply():
            return _applied(node, _together(below))


def _applied(node: Apply, below: History) -> History:
    primitive, settings = node.primitive, node.settings
    warmup = primitive.warmup(*settings)
    reach = None if primitive.reach is None else primitive.reach(*settings)
    if primitive.settles is not None:
        settles: int | None = primitive.settles(*settings)
    else:
        settles = reach
    # a window may tell before all of its bars are known (one false will do for every), but not on every symbol
    begins = 0 if primitive.fills and primitive.shape is not Shape.WINDOW else below.warmup
    return History(
        warmup=None if begins is None else begins + warmup,
        reach=_sum(below.reach, reach),
        settles=_sum(below.settles, settles),
        by_event=primitive.by_event or (below.by_event and not primitive.fills),
    )


def _together(several: list[History]) -> History:
    if not several:
        return NOTHING
    return History(
        _most([h.warmup for h in several]),
        _most([h.reach for h in several]),
        _most([h.settles for h in several]),
        by_event=any(h.by_event for h in several),
    )


def _sum(left: int | None, right: int | None) -> int | None:
    return None if left is None or right is None else left + right


def _most(values: list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return max(known, default=0) if len(known) == len(values) else None


def is_across(node: Node) -> bool:
    """Whether the node needs all symbols at once."""
    return isinstance(node, Apply) and node.primitive.shape is Shape.ACROSS
