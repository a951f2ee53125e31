"""All batches of a job: each is loaded, evaluated and split; what they report is collected, or written as they end."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from ..data.held import HeldRepository
from .across import AcrossJob
from .assembling import Collected
from .batching import Batch
from .braking import Brake, EngineMemory, MemoryWatch
from .controlling import Control, Ticket
from .culprits import apart_from_culprits
from .evaluating import PlanEvaluator
from .limits import Limits
from .loading import Loaded
from .matching import make_at_once
from .preparing import Prepared
from .progressing import Progress
from .results import SymbolError
from .running import Runner
from .splitting import Piece


def run_batches(
    collected: Collected, limits: Limits, memory: EngineMemory, control: Control, progress: Progress
) -> None:
    """Run the batches of a prepared job to their end, good or bad."""
    prepared = collected.prepared
    progress.total = len(prepared.requested)
    waiting = sum(len(batch.symbols) for batch in prepared.batches)
    if waiting < progress.total:  # unknown symbols, and those asked for twice
        progress.advance(progress.total - waiting)
    if prepared.references is not None and isinstance(prepared.evaluator, PlanEvaluator):
        progress.advance(0)
        references = prepared.references.load(limits, control)
        around = replace(prepared.evaluator.around, references=references)
        prepared = replace(prepared, evaluator=replace(prepared.evaluator, around=around))
    if isinstance(prepared.evaluator, PlanEvaluator) and prepared.evaluator.plan.across:
        AcrossJob(collected, prepared.evaluator, limits, control, progress).run()
        return

    def finished(batch: Batch, piece: Piece) -> None:
        collected.add(piece, batch)
        progress.advance(len(batch.symbols))

    def failed(batch: Batch, error: SymbolError) -> None:
        collected.fail_batch(batch, error)
        progress.advance(len(batch.symbols))

    collected.write_as_they_end(memory.limit)
    brake = Brake(watch(collected, memory), collected.stream)
    prepared = replace(prepared, at_once=collected.file is not None)
    Runner(limits, control, partial(process, prepared), finished, failed, brake=brake).run(prepared.batches)


def watch(collected: Collected, memory: EngineMemory) -> MemoryWatch | None:
    """What looks at the memory; candles that are in memory already are not the job's."""
    if isinstance(collected.prepared.loader.repository, HeldRepository):
        return None
    return MemoryWatch(memory.limit, lambda: collected.held, memory.before)


def process(prepared: Prepared, batch: Batch, ticket: Ticket) -> Piece:
    """Load, evaluate and split one batch; runs in the batch's thread."""
    began = time.perf_counter()
    with ticket.place("load"):
        loaded = prepared.loader.load(batch.symbols, ticket, patient=not batch.retried)
    with ticket.place("compute"):
        piece = _evaluate(prepared, loaded, ticket)
        if prepared.at_once:
            make_at_once(piece)
    if not piece.elapsed:
        shares = loaded.candles.lengths * ((time.perf_counter() - began) / max(1, loaded.candles.height))
        piece.elapsed = dict(zip(loaded.candles.symbols, shares.tolist(), strict=True))
    return piece


def _evaluate(prepared: Prepared, loaded: Loaded, ticket: Ticket) -> Piece:
    made, loaded = apart_from_culprits(loaded, lambda each: prepared.evaluator.piece(each, prepared.selection, ticket))
    piece = made or Piece()
    piece.loaded = loaded.candles.height
    piece.errors = {**loaded.errors, **piece.errors}
    piece.defects = loaded.defects
    return piece
