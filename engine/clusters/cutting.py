"""A job is cut once: whoever takes it up again, with more nodes or fewer, gives out the same orders.

How large batches are depends on how many run at a time. Batches cut otherwise would be other orders, and what was done
before would be done again; so the first driver writes down how it cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, chain, pairwise
from pathlib import Path

from ...formulas.freezing import frozen
from ..batching import Batch
from .orders import Order
from .parcels import read_told, write_told


@frozen
class Cut:
    """A job's batches, and `slots`: how many ran at a time when it was cut."""

    batches: list[Batch]
    slots: int


def cut_once(folder: Path, order: Order, batches: Sequence[Batch], slots: int, memory_limit: int) -> Cut:
    """The cut that was written down for the same symbols and memory; there is none: these batches, written down."""
    symbols = tuple(chain.from_iterable(batch.symbols for batch in batches))
    name = f"cut-{order.for_symbols(symbols, memory_limit=memory_limit).name}"
    told = read_told(folder, name)
    if told is None:
        write_told(folder, name, {"symbols": [len(batch.symbols) for batch in batches], "slots": slots})
        return Cut(list(batches), slots)
    edges = [0, *accumulate(told["symbols"])]
    return Cut([Batch(symbols[first:last]) for first, last in pairwise(edges)], told["slots"])
