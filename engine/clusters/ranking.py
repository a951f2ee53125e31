"""Plans with rankings on a cluster: rounds along time by symbols, across symbols by ts, and files between them.

A part is known here by its symbols and the orders whose tables have its rows. A ranking gathers a run of ts from the
tables of all parts and writes one; the round after it picks each part's symbols out of those. So no frame is sent, and
no table is as long as the universe.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from ...data.candles import Candles
from ...formulas.freezing import frozen, mutable
from ..batching import Batch
from ..controlling import Ticket
from ..evaluating import PlanEvaluator
from ..executors.columns import Whole
from ..loading import Loaded, Loader
from ..preparing import Prepared
from ..splitting import Piece, Selection
from ..staging import Task
from .orders import Order
from .parcels import error_of, read_piece, read_told

if TYPE_CHECKING:
    from .driving import ClusterWork

RUNS_OF_SLOT: Final = 2
"""Runs of ts that a ranking is cut into for each slot."""


@frozen
class Counted:
    """Symbols and how many rows each has; the rows are in files."""

    symbols: tuple[str, ...]
    lengths: Whole

    @property
    def height(self) -> int:
        """The number of rows."""
        return int(self.lengths.sum())


@mutable
class FilePart:
    """Some symbols' rows: in the tables of the orders `inputs`, which may have other symbols' too."""

    candles: Counted
    inputs: tuple[str, ...] = ()
    first: int = 0  # ts, as Polars keeps them
    last: int = 0

    def slice(self, first: int, last: int) -> FilePart:
        """Some of the symbols."""
        counted = Counted(self.candles.symbols[first:last], self.candles.lengths[first:last])
        return FilePart(counted, self.inputs, self.first, self.last)


@mutable
class ClusterStaging:
    """Rounds as orders; they are the plan's stages."""

    work: ClusterWork
    prepared: Prepared
    across: Sequence[bool] = field(init=False)

    def __post_init__(self) -> None:
        assert isinstance(self.prepared.evaluator, PlanEvaluator)
        self.across = [stage.direction == "across" for stage in self.prepared.evaluator.plan.stages]

    def load(
        self, batch: Batch, _: Loader, rounds: range, __: Callable[[Candles], Candles], ticket: Ticket
    ) -> tuple[Loaded, FilePart]:
        """The candles are loaded where the first rounds run."""
        told, order = self._round(batch.symbols, rounds, (), ticket)
        errors = {symbol: error_of(each) for symbol, each in told["errors"].items()}
        nothing = Candles((), np.zeros(1, np.int64), pl.DataFrame(schema={"ts": pl.Date}))
        return Loaded(nothing, errors, told["defects"]), _part(told, order)

    def advance(self, rounds: range, part: FilePart, ticket: Ticket) -> FilePart:
        """Rounds along time; which are reported is said by `report`."""
        if not rounds:
            return part
        told, order = self._round(part.candles.symbols, rounds, part.inputs, ticket)
        return _part(told, order)

    def ranking(self, number: int, parts: list[FilePart], _: int) -> list[Task]:
        """An order for each run of ts."""
        inputs = tuple(dict.fromkeys(itertools.chain.from_iterable(part.inputs for part in parts)))
        first, last = min(part.first for part in parts), max(part.last for part in parts)
        runs = RUNS_OF_SLOT * self.work.once.slots
        edges = np.unique(np.linspace(first, last + 1, runs + 1).astype(np.int64)).tolist()
        orders = [
            self.work.order.for_symbols((), ranking=number, inputs=list(inputs), run=run)
            for run in itertools.pairwise(edges)
        ]
        for part in parts:
            part.inputs = tuple(order.name for order in orders)
        return [partial(self.work.carry_out, order) for order in orders]

    def report(self, part: FilePart, _: Selection, ticket: Ticket) -> Piece:
        """What is reported of a part after the last round."""
        order = self.work.order.for_symbols(part.candles.symbols, report=True, inputs=list(part.inputs))
        self.work.carry_out(order, ticket)
        return read_piece(self.work.cluster.folder, order.name, self.prepared.selection)

    def _round(
        self, symbols: Sequence[str], rounds: range, inputs: Sequence[str], ticket: Ticket
    ) -> tuple[Mapping[str, Any], Order]:
        order = self.work.order.for_symbols(symbols, rounds=list(rounds), inputs=list(inputs))
        if inputs:
            self.work.carry_out(order, ticket)
        else:
            with ticket.place("compute"):
                self.work.carry_out(order, ticket)
        told = read_told(self.work.cluster.folder, order.name)
        assert told is not None
        return told, order


def _part(told: Mapping[str, Any], order: Order) -> FilePart:
    counted = Counted(tuple(told["symbols"]), np.array(told["lengths"], np.int64))
    return FilePart(counted, (order.name,), told["first"], told["last"])
