"""How a plan with cross-sectional stages runs over parts: with Polars by frames, or in tiles.

A part is a batch's symbols between two rounds. The first round begins with the loaded candles, the last ends with what
is reported; rounds along time take each part alone, rounds across symbols all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any, Protocol, Self, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..data.candles import Candles
from ..formulas import Stage
from ..formulas.freezing import frozen, mutable
from ..formulas.plan.layering import Step
from .batching import Batch
from .controlling import Ticket
from .culprits import apart_from_culprits
from .evaluating import PlanEvaluator
from .executors.across_executor import AcrossExecutor, Part, rankings_over
from .executors.sections import Universe
from .loading import Loaded, Loader
from .matching import split_found
from .splitting import Piece, Selection, split, split_columns

PARTS_PER_WORKER = 4
"""Runs of dates that a ranking is cut into for each worker: who is done early takes one more."""

LEAST_ROWS = 100_000
"""Of such a run: a task of its own would cost more than what fewer rows take."""


class CountedRows(Protocol):
    """Symbols, and how many rows each has, as candles tell."""

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols, ascending."""

    @property
    def lengths(self) -> NDArray[np.int64]:
        """The number of rows of each."""

    @property
    def height(self) -> int:
        """The number of rows."""


class Portion(Protocol):
    """Some symbols' rows."""

    @property
    def candles(self) -> CountedRows:
        """Their candles, or what is known of them here."""

    def slice(self, first: int, last: int) -> Self:
        """Some of the symbols."""


Task: TypeAlias = Callable[[Ticket], None]


class Staging(Protocol):
    """Rounds of a plan, numbered; `across` says of each whether it needs all parts. Parts are the staging's own."""

    @property
    def across(self) -> Sequence[bool]:
        """For each round whether it goes across symbols."""

    def load(
        self, batch: Batch, loader: Loader, rounds: range, keep: Callable[[Candles], Candles], ticket: Ticket
    ) -> tuple[Loaded, Portion]:
        """A batch's candles, and the part, as `keep` keeps it, after the first rounds, which go along time."""

    def advance(self, rounds: range, part: Any, ticket: Ticket) -> Portion:
        """Rounds along time."""

    def ranking(self, number: int, parts: list[Any], workers: int) -> list[Task]:
        """A round across symbols, as tasks that may run at the same time; afterwards the parts have its results."""

    def report(self, part: Any, selection: Selection, ticket: Ticket) -> Piece:
        """What is reported of a part after the last round."""


class LocalStaging(ABC):
    """Parts in this process."""

    @abstractmethod
    def begin(self, candles: Candles, ticket: Ticket) -> Any:
        """A part before the first round."""

    @abstractmethod
    def along(self, number: int, part: Any, ticket: Ticket) -> Any:
        """A round along time."""

    def load(
        self, batch: Batch, loader: Loader, rounds: range, keep: Callable[[Candles], Candles], ticket: Ticket
    ) -> tuple[Loaded, Any]:
        """Load here, at a gate, and compute at another."""
        with ticket.place("load"):
            loaded = loader.load(batch.symbols, ticket, patient=not batch.retried)
        with ticket.place("compute"), ticket.tally.stage("compute"):

            def compute(candles: Candles) -> Any:
                return self.advance(rounds, self.begin(keep(candles), ticket), ticket)

            part, usable = apart_from_culprits(loaded, compute)
        return usable, part or self.begin(usable.candles, ticket)

    def advance(self, rounds: range, part: Any, ticket: Ticket) -> Any:
        """One round after the other."""
        for number in rounds:
            part = self.along(number, part, ticket)
        return part


@mutable
class FramePart:
    """Candles, and the frame that a Polars stage has made of them."""

    candles: Candles
    frame: pl.DataFrame

    def slice(self, first: int, last: int) -> FramePart:
        """Some of the symbols."""
        begin, end = int(self.candles.starts[first]), int(self.candles.starts[last])
        return FramePart(self.candles.slice(first, last), self.frame.slice(begin, end - begin))


@frozen(slots=False)
class FrameStaging(LocalStaging):
    """Stage by stage with an executor of frames."""

    evaluator: PlanEvaluator

    @cached_property
    def across(self) -> Sequence[bool]:
        """As the plan's stages are."""
        return [stage.direction == "across" for stage in self.evaluator.plan.stages]

    def begin(self, candles: Candles, _: Ticket) -> FramePart:
        """The frame that the first stage reads."""
        return FramePart(candles, self.evaluator.start(candles))

    def along(self, number: int, part: FramePart, ticket: Ticket) -> FramePart:
        """A stage along time."""
        stage = self.evaluator.plan.stages[number]
        return FramePart(part.candles, self.evaluator.advance((stage,), part.frame, ticket))

    def ranking(self, number: int, parts: list[FramePart], _: int) -> list[Task]:
        """One task: Polars has threads of its own."""

        def work(ticket: Ticket) -> None:
            whole = pl.concat([part.frame for part in parts])
            whole = self.evaluator.advance((self.evaluator.plan.stages[number],), whole, ticket)
            row = 0
            for part in parts:
                part.frame = whole.slice(row, part.candles.height)
                row += part.candles.height

        return [work]

    def report(self, part: FramePart, selection: Selection, _: Ticket) -> Piece:
        """The rows that are reported."""
        return split(part.frame, selection)


class TileStaging(LocalStaging):
    """Layer by layer in tiles."""

    def __init__(self, executor: AcrossExecutor, evaluator: PlanEvaluator) -> None:
        self.executor, self.around = executor, evaluator.around
        self.steps: tuple[Step, ...] = executor.layers.steps
        self.across = [not isinstance(step, Stage) for step in self.steps]
        self._known: tuple[list[Candles], Universe] | None = None

    def begin(self, candles: Candles, _: Ticket) -> Part:
        """No column is made yet."""
        return Part(candles)

    def along(self, number: int, part: Part, ticket: Ticket) -> Part:
        """A layer along time."""
        ticket.look()
        step = self.steps[number]
        assert isinstance(step, Stage)
        made = self.executor.along(step, part, self.around, ticket.stop)
        ticket.look()
        assert made is not None, "only who abandons a batch stops its kernels"
        return made.keeping(self.executor.layers.keeps[number])

    def ranking(self, number: int, parts: list[Part], workers: int) -> list[Task]:
        """Each ranking over runs of dates."""
        step = self.steps[number]
        assert not isinstance(step, Stage)
        universe = self._universe([part.candles for part in parts])
        rankings = list(rankings_over(universe, step, parts, self.executor.rooms, self.executor.layers.lives))
        for part in parts:
            kept = part.keeping(self.executor.layers.keeps[number])
            part.columns, part.written = kept.columns, kept.written

        def work(across: Callable[..., bool], first: int, last: int, ticket: Ticket) -> None:
            across(first, last, ticket.stop)
            ticket.look()

        parts_of_dates = min(PARTS_PER_WORKER * workers, universe.rows // LEAST_ROWS) if workers > 1 else 1
        ranges = universe.calendar.ranges(max(1, parts_of_dates))
        return [partial(work, ranking.run, *dates) for ranking in rankings for dates in ranges]

    def report(self, part: Part, selection: Selection, ticket: Ticket) -> Piece:
        """Every bar, or the matches."""
        ticket.look()
        candles = replace(part.candles)  # whose column of symbols goes with the piece: the part stays to the end
        if selection.everything:
            names = tuple(selection.results.values())
            columns = self.executor.report_columns(part, names, self.around, ticket.stop)
            ticket.look()
            assert columns is not None, "only who abandons a batch stops its kernels"
            return split_columns(candles, columns, selection)
        find = partial(self.executor.report_found, part, selection.wanted, self.around)
        return split_found(candles, selection, find, ticket)

    def _universe(self, candles: list[Candles]) -> Universe:
        """Rankings of the same symbols share it."""
        if self._known is None or [id(each) for each in self._known[0]] != [id(each) for each in candles]:
            self._known = candles, Universe.of([each.ts for each in candles], [each.starts for each in candles])
        return self._known[1]


def staging_of(evaluator: PlanEvaluator) -> FrameStaging | TileStaging:
    """As the plan's executor wants it."""
    executor = evaluator.executor
    return TileStaging(executor, evaluator) if isinstance(executor, AcrossExecutor) else FrameStaging(evaluator)
