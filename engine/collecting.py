"""All batches of a job: each is loaded, evaluated and split; what they report is collected, or written as they end."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from ..data.options import shown
from ..errors import ProcessingEngineError
from .batching import Batch
from .braking import Brake, EngineMemory, JobMemory
from .collected import Collected
from .controlling import Control, Ticket
from .culprits import apart_from_culprits
from .evaluating import PlanEvaluator
from .figures import Figures
from .gathering import with_gathered
from .limits import Limits
from .loading import Loaded
from .preparing import Prepared, Preparer
from .progressing import Progress
from .results import SymbolError
from .running import Runner
from .splitting import Piece

if TYPE_CHECKING:
    from .clusters.driving import Cluster
    from .staging import Staging


class Elsewhere(Protocol):
    """Where batches run that do not run in this process."""

    def cut(self, prepared: Prepared) -> Prepared:
        """The job, cut as it was when it was begun."""
        ...

    def along(self, prepared: Prepared) -> Callable[[Batch, Ticket], Piece]:
        """What runs a batch of a plan without rankings."""
        ...

    def staging(self, prepared: Prepared) -> Staging:
        """How the rounds of a plan with rankings run."""
        ...


def opened_cluster(cluster: Cluster | str | None, opened: ExitStack) -> Cluster | None:
    """The cluster that an engine was given; one of a name is started here, and ends with what else was opened.

    Raises ProcessingEngineError for an unknown name, and where it cannot be started.
    """
    if not isinstance(cluster, str):
        if cluster is not None and (isinstance(cluster, type) or not callable(getattr(cluster, "send", None))):
            raise ProcessingEngineError(
                f'a cluster is one such as RayCluster(folder), or "ray"; {shown(cluster)} is none'
            )
        return cluster
    from .clusters.naming import start  # noqa: PLC0415 - most jobs run here

    return opened.enter_context(start(cluster))


def work_on(cluster: Cluster | None, prepared: Prepared, preparer: Preparer) -> Elsewhere | None:
    """A job's batches on a cluster, None without one.

    Raises RepositoryError or ProcessingEngineError for what cannot be sent.
    """
    if cluster is None:
        return None
    from .clusters.driving import ClusterWork  # noqa: PLC0415 - most jobs run here

    return ClusterWork.of(cluster, prepared, preparer)


def run_batches(
    collected: Collected,
    limits: Limits,
    memory: EngineMemory,
    control: Control,
    progress: Progress,
    elsewhere: Elsewhere | None = None,
) -> None:
    """Run the batches of a prepared job to their end, good or bad; here, or where `elsewhere` has them run."""
    _begin(progress, collected.prepared)
    prepared = with_references(collected.prepared, limits, control)
    prepared = collected.prepared = with_gathered(prepared, limits, control, collected.spill, memory.limit)
    demand, room = prepared.demand, memory.room() - prepared.demand.held
    own = JobMemory(memory, demand, lambda: collected.held)
    collected.room, collected.memory = room - demand.at_work(room), memory
    if isinstance(prepared.evaluator, PlanEvaluator) and prepared.evaluator.plan.across:
        from .across import AcrossJob  # noqa: PLC0415 - most formulas rank nothing

        staging = None if elsewhere is None else elsewhere.staging(prepared)
        AcrossJob(collected, prepared.evaluator, limits, control, progress, own, staging).run()
        return

    def finished(batch: Batch, piece: Piece) -> None:
        collected.add(piece, batch)
        if collected.matches is not None:
            progress.found(collected.matches)
        progress.advance(len(batch.symbols))

    def failed(batch: Batch, error: SymbolError) -> None:
        collected.fail_batch(batch, error)
        progress.advance(len(batch.symbols))

    collected.write_as_they_end(memory.limit)
    # what batches take elsewhere is not this process's; and halves would not be the orders that were run before
    brake = Brake(own if elsewhere is None else None, collected.stream)
    work = partial(process, prepared, own) if elsewhere is None else elsewhere.along(prepared)
    Runner(limits, control, work, finished, failed, brake=brake).run(prepared.batches)


def _begin(progress: Progress, prepared: Prepared) -> None:
    """Show how many symbols there are, and that those without a batch are done: unknown ones, those asked for twice."""
    progress.begin(len(prepared.requested))
    waiting = sum(len(batch.symbols) for batch in prepared.batches)
    if waiting < progress.total:
        progress.advance(progress.total - waiting)
    if prepared.references is not None:  # they are loaded first
        progress.advance(0)


def with_references(prepared: Prepared, limits: Limits, control: Control) -> Prepared:
    """A prepared job with the candles of other symbols that its formulas name."""
    evaluator = prepared.evaluator
    if prepared.references is None or not isinstance(evaluator, PlanEvaluator):
        return prepared
    around = replace(evaluator.around, references=prepared.references.load(limits, control))
    return replace(prepared, evaluator=replace(evaluator, around=around))


def process(prepared: Prepared, memory: JobMemory, batch: Batch, ticket: Ticket) -> Piece:
    """Load, evaluate and split one batch; runs in the batch's thread."""
    began = time.perf_counter()
    with ticket.tally.span("batch", symbols=len(batch.symbols)):
        with ticket.place("load"):
            loaded = prepared.loader.load(batch.symbols, ticket, patient=not batch.retried)
        with ticket.place("compute"):
            piece = _evaluate(prepared, loaded, ticket)
            memory.look()
    if not piece.elapsed:
        shares = loaded.candles.lengths * ((time.perf_counter() - began) / max(1, loaded.candles.height))
        piece.elapsed = Figures.of(loaded.candles.symbols, shares)
    return piece


def _evaluate(prepared: Prepared, loaded: Loaded, ticket: Ticket) -> Piece:
    made, loaded = apart_from_culprits(loaded, lambda each: prepared.evaluator.piece(each, prepared.selection, ticket))
    piece = made or Piece()
    piece.loaded = loaded.candles.height
    piece.errors = {**loaded.errors, **piece.errors}
    piece.defects = loaded.defects
    return piece
