"""The engine: from a job to its results.

1. prepare: check and plan the formulas, ask the repository what there is, cut the universe     preparing.py
2. run the batches, a few at a time, each against its clock; halve what fails                   running.py
3. for each: load and check the candles                                                         loading.py
             evaluate the plan                                                                  evaluating.py
             split into what is reported                                                        splitting.py
   (plans with cross-sectional stages run stage by stage instead                                across.py)
4. put the pieces together in the order of the request                                          assembling.py
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Final, Self, TypeVar

import polars as pl
import psutil

from ..data.repository import CandleRepository
from ..errors import ProcessingEngineError
from .across import AcrossJob
from .assembling import Collected, assemble, values_table
from .batching import Batch
from .controlling import LOG, Control, Gate, ProgressCallback, Ticket
from .evaluating import EvaluatingService, PlanEvaluator
from .jobs import ProcessingJob
from .loading import Loaded
from .preparing import Prepared, Preparer
from .progressing import LoopProgress, Progress
from .results import BatchResult, SymbolError
from .running import Limits, Runner
from .service import FormulaService
from .sources import as_repository
from .splitting import Piece

T = TypeVar("T")
MEMORY: Final = 2**30  # bytes; a quarter of the machine's if that is less
DEADLINE: Final = 10  # timeouts: enough to halve a batch of 500 symbols down to the culprit


class ProcessingEngine:
    """Runs jobs over a repository of candles; safe to use from several threads.

    `candle_repo`      a repository, a frame, a path, or an object with `get_range`
    `formula_service`  a FormulaService, or any object with `evaluate(formula, frame, parameters)`, which is then called
                       symbol by symbol
    `max_workers`      batches that compute at the same time (as many load), by default the usable cores; Polars' own
                       threads are fixed by POLARS_MAX_THREADS when it is imported
    `memory_limit`     bytes that batches may take, by default 1 GiB or a quarter of the machine's memory
    `timeout`          seconds for one batch; when they are over, its halves run once each, down to the culprit
    `deadline`         seconds for a batch with all its halves, by default 10 x timeout
    `retries`          further tries, after growing pauses, when the repository says that one may help
    """

    def __init__(
        self,
        candle_repo: CandleRepository | object,
        formula_service: FormulaService | EvaluatingService | None = None,
        max_workers: int | None = None,
        *,
        memory_limit: int | None = None,
        timeout: float = 60.0,
        deadline: float | None = None,
        retries: int = 3,
    ) -> None:
        workers = _whole("max_workers", max_workers if max_workers is not None else _usable_cores(), least=1)
        memory = memory_limit if memory_limit is not None else min(MEMORY, psutil.virtual_memory().total // 4)
        patience = _seconds("timeout", timeout)
        last = _seconds("deadline", deadline if deadline is not None else DEADLINE * patience)
        limits = Limits(workers, patience, last, {"load": Gate(workers), "compute": Gate(workers)})
        service = formula_service if formula_service is not None else FormulaService()
        self._limits = limits
        memory, tries = _whole("memory_limit", memory, least=1), _whole("retries", retries, least=0)
        repository = as_repository(candle_repo)
        self._preparer = Preparer(repository, service, limits, memory, tries)
        self._close = getattr(repository, "close", None) if repository is not candle_repo else None
        self._running: list[Control] = []
        self._changed = threading.Condition()
        self._shut = False

    def run(self, job: ProcessingJob, progress_callback: ProgressCallback | None = None) -> BatchResult:
        """Run a job; `progress_callback(completed, total)` counts symbols, on this thread.

        The first error that the callback raises is logged and ignored; it is called on, later errors are not logged.
        Raises FormulaError, RepositoryError or ProcessingEngineError before work starts; what concerns one symbol is
        that symbol's error in the result.
        """
        return self._run(partial(self._matches, job), Progress(progress_callback))

    async def process_batch(self, job: ProcessingJob, progress_callback: ProgressCallback | None = None) -> BatchResult:
        """Run a job beside the event loop, on which `progress_callback(completed, total)` is called.

        The callback may be asynchronous: its calls are awaited one after the other, the last before this returns. Of
        its errors the first is logged, as in `run`. Cancelling the task cancels the job.
        """
        control = Control()
        progress = LoopProgress(progress_callback, asyncio.get_running_loop())
        future = _in_thread(partial(self._run, partial(self._matches, job), progress, control))
        try:
            result = await asyncio.wrap_future(future)
            await progress.told()
        except asyncio.CancelledError:
            control.cancel()
            raise
        return result

    def evaluate(self, job: ProcessingJob, progress_callback: ProgressCallback | None = None) -> pl.DataFrame:
        """The values of the job's formulas at every bar: symbol, ts, then a column a formula; sorted by symbol, ts.

        Symbols that fail are left out and logged; when all fail, raises ProcessingEngineError.
        """
        return self._run(partial(self._values, job), Progress(progress_callback))

    def cancel(self) -> None:
        """End the jobs that run at this moment, from any thread: what is finished is returned."""
        for control in list(self._running):
            control.cancel()

    def shutdown(self, wait: bool = True) -> None:
        """Take no more jobs; with `wait`, return when those that run have ended.

        A repository that the engine opened itself, of a path say, is closed when the last of them has.
        """
        with self._changed:
            self._shut = True
            self._close_unused()
            if wait:
                self._changed.wait_for(lambda: not self._running)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self.cancel()
        self.shutdown()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if error is not None:
            self.cancel()
        await asyncio.wrap_future(_in_thread(self.shutdown))

    def _run(self, work: Callable[[Control, Progress], T], progress: Progress, control: Control | None = None) -> T:
        with self._listed(control or Control()) as running:
            return work(running, progress)

    @contextmanager
    def _listed(self, control: Control) -> Iterator[Control]:
        with self._changed:
            if self._shut:
                raise ProcessingEngineError("the engine has been shut down; make a new one")
            self._running.append(control)
        try:
            yield control
        finally:
            with self._changed:
                self._running.remove(control)
                self._close_unused()
                self._changed.notify_all()

    def _close_unused(self) -> None:
        """Close the engine's own repository once, when the engine is shut and no job runs."""
        if self._shut and not self._running and callable(self._close):
            close, self._close = self._close, None
            close()

    def _matches(self, job: ProcessingJob, control: Control, progress: Progress) -> BatchResult:
        began = time.perf_counter()
        collected = self._collect(self._preparer.prepare(job), control, progress)
        result = assemble(collected, time.perf_counter() - began)
        progress.finish()
        LOG.info("%s", result.summary())
        return result

    def _values(self, job: ProcessingJob, control: Control, progress: Progress) -> pl.DataFrame:
        collected = self._collect(self._preparer.prepare(job, everything=True), control, progress)
        progress.finish()
        errors = collected.total.errors
        if errors and len(errors) == len(set(collected.prepared.requested)):
            symbol, error = next(iter(errors.items()))
            raise ProcessingEngineError(f"no symbol could be evaluated; {symbol}: {error}")
        return values_table(collected)

    def _collect(self, prepared: Prepared, control: Control, progress: Progress) -> Collected:
        collected = Collected(prepared)
        progress.total = len(prepared.requested)
        waiting = sum(len(batch.symbols) for batch in prepared.batches)
        if waiting < progress.total:  # unknown symbols, and those asked for twice
            progress.advance(progress.total - waiting)
        if prepared.references is not None and isinstance(prepared.evaluator, PlanEvaluator):
            progress.advance(0)
            references = prepared.references.load(self._limits, control)
            around = replace(prepared.evaluator.around, references=references)
            prepared = replace(prepared, evaluator=replace(prepared.evaluator, around=around))
        if isinstance(prepared.evaluator, PlanEvaluator) and prepared.evaluator.plan.across:
            AcrossJob(collected, prepared.evaluator, self._limits, control, progress).run()
            return collected

        def finished(batch: Batch, piece: Piece) -> None:
            collected.add(piece)
            progress.advance(len(batch.symbols))

        def failed(batch: Batch, error: SymbolError) -> None:
            collected.fail_batch(batch, error)
            progress.advance(len(batch.symbols))

        Runner(self._limits, control, partial(_process, prepared), finished, failed).run(prepared.batches)
        return collected


def _process(prepared: Prepared, batch: Batch, ticket: Ticket) -> Piece:
    """Load, evaluate and split one batch; runs in the batch's thread."""
    began = time.perf_counter()
    with ticket.place("load"):
        loaded = prepared.loader.load(batch.symbols, ticket, patient=not batch.retried)
    with ticket.place("compute"):
        piece = _evaluate(prepared, loaded, ticket)
    if not piece.elapsed:
        shares = loaded.candles.lengths * ((time.perf_counter() - began) / max(1, loaded.candles.height))
        piece.elapsed = dict(zip(loaded.candles.symbols, shares.tolist(), strict=True))
    return piece


def _evaluate(prepared: Prepared, loaded: Loaded, ticket: Ticket) -> Piece:
    if not loaded.candles.height:
        return Piece(errors=loaded.errors, defects=loaded.defects)
    piece = prepared.evaluator.piece(loaded.candles, prepared.selection, ticket)
    piece.loaded = loaded.candles.height
    piece.errors = {**loaded.errors, **piece.errors}
    piece.defects = loaded.defects
    return piece


def _in_thread(work: Callable[[], T]) -> Future[T]:
    """Run `work` in a thread of its own, which does not keep the process from ending."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # from here on, cancelling who awaits does not touch the outcome

    def target() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed to whoever awaits
            future.set_exception(error)

    threading.Thread(target=target, name="barsweep-job", daemon=True).start()
    return future


def _whole(name: str, value: object, least: int) -> int:
    """A whole number that was given for `name`, checked."""
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ProcessingEngineError(f"{name} is {value!r}; a whole number from {least} is needed")
    return value


def _seconds(name: str, value: object) -> float:
    """A time that was given for `name`, checked."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not value > 0:
        raise ProcessingEngineError(
            f"{name} is {value!r}; it is a number of seconds above 0 (float('inf') for no limit)"
        )
    return value


def _usable_cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
