"""The engine: from a job to its results.

1. prepare: check and plan the formulas, ask the repository what there is, cut the universe     preparing.py
   (in a thread of its own, since a repository may not answer                                   aside.py)
2. run the batches, a few at a time, each against its clock; halve what fails                   running.py
   (fewer while memory is short                                                                 braking.py)
3. for each: load and check the candles                                                         loading.py
             evaluate the plan                                                                  evaluating.py
             split into what is reported                                                        splitting.py
             write it to a file, if one is asked for                                            streaming.py
   (plans with cross-sectional stages run stage by stage instead                                across.py)
   (2 and 3 are put together in                                                                 collecting.py)
4. put the pieces together in the order of the request                                          assembling.py
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeAlias, TypeVar, overload

import polars as pl
import psutil

from ..data.repository import CandleRepository
from ..errors import ProcessingEngineError, RepositoryError
from .aside import CANCELLED, JobEndedError, run_aside
from .assembling import Collected, assemble, values_table
from .braking import EngineMemory
from .collecting import run_batches
from .controlling import LOG, Control, ProgressCallback
from .evaluating import EvaluatingService
from .forking import assert_threads_live
from .jobs import ProcessingJob
from .limits import Limits, whole
from .other_tables import close, named_tables
from .preparing import Prepared, Preparer
from .progressing import Progress
from .results import BatchResult
from .running_jobs import Jobs, RunningJob, in_thread
from .service import FormulaService
from .sources import as_repository, limit_memory
from .stored import StoredTable, TableFile, target_of

T = TypeVar("T")
Output: TypeAlias = str | os.PathLike[str]
MEMORY: Final = 2**30  # bytes; a quarter of the machine's if that is less
SHARE: Final = 4  # a repository with memory of its own, such as DuckDB, may take this part of it
LEAST_SHARE: Final = 2**27


class ProcessingEngine:
    """Runs jobs over a repository of candles; safe to use from several threads.

    `candle_repo`      a repository, a frame, a path, or an object with `get_range`
    `formula_service`  a FormulaService, or any object with `evaluate(formula, frame, parameters)`, which is then called
                       symbol by symbol
    `max_workers`      batches that compute at the same time (as many load), by default the usable cores; Polars' own
                       threads are fixed by POLARS_MAX_THREADS when it is imported
    `memory_limit`     bytes that jobs may take together, with what is kept for jobs to come; by default 1 GiB or a
                       quarter of the machine's memory
    `timeout`          seconds for one batch; when they are over, its halves run once each, down to the culprit
    `deadline`         seconds for a batch with all its halves, and for a job to be prepared, by default 10 x timeout.
                       Time that a batch waits for others counts for neither
    `retries`          further tries, after growing pauses, when the repository says that one may help
    `tables`           other tables by the names that formulas have for them, `table("quarterly", eps)`: frames or paths
                       of rows with a symbol and the time from which each is known
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
        tables: Mapping[str, object] | None = None,
    ) -> None:
        limits = self._limits = Limits.of(max_workers, timeout, deadline)
        memory = memory_limit if memory_limit is not None else min(MEMORY, psutil.virtual_memory().total // 4)
        memory, tries = whole("memory_limit", memory, least=1), whole("retries", retries, least=0)
        assert_threads_live()
        service = formula_service if formula_service is not None else FormulaService()
        repository = as_repository(candle_repo)
        limit_memory(repository, max(LEAST_SHARE, memory // SHARE))
        beside = named_tables(tables)
        self._preparer = Preparer(repository, service, limits, memory, tries, beside)
        self._memory = EngineMemory(memory, self._preparer.plans)
        self._opened = ExitStack()
        for opened in (*beside.values(), *([repository] if repository is not candle_repo else [])):
            self._opened.callback(close, opened)
        self._jobs = Jobs(self._memory, self._opened.close)

    def run(
        self,
        job: ProcessingJob,
        progress_callback: ProgressCallback | None = None,
        *,
        output: Output | None = None,
    ) -> BatchResult:
        """Run a job; `progress_callback(completed, total)` counts symbols, on this thread.

        The first error that the callback raises is logged and ignored; it is called on, later errors are not logged.
        With `output`, the path of a Parquet file, matches are written there while the job runs, so that they need not
        fit into memory: symbols in ascending order. The file gets its name, in the place of an older one, when the job
        has ended; a job that was cancelled leaves what is finished, one that raises leaves the older file.
        Raises FormulaError, RepositoryError or ProcessingEngineError before work starts; what concerns one symbol is
        that symbol's error in the result.
        """
        return self._run(partial(self._matches, job, output), Progress(progress_callback))

    def submit(
        self,
        job: ProcessingJob,
        progress_callback: ProgressCallback | None = None,
        *,
        output: Output | None = None,
    ) -> RunningJob:
        """Begin a job as `run` does, in a thread of its own, and hand out what waits for it and cancels it alone.

        `progress_callback` is called in that thread. What `run` raises, `result()` of the running job does.
        """
        return self._begin(partial(self._matches, job, output), Progress(progress_callback))

    async def process_batch(
        self,
        job: ProcessingJob,
        progress_callback: ProgressCallback | None = None,
        *,
        output: Output | None = None,
    ) -> BatchResult:
        """Run a job as `run` does, beside the event loop, on which `progress_callback(completed, total)` is called.

        The callback may be asynchronous: its calls are awaited one after the other, the last before this returns. Of
        its errors the first is logged, as in `run`. Cancelling the task cancels the job: the task ends when the job
        has, and the callback is not called any more.
        """
        import asyncio  # noqa: PLC0415 - who awaits has imported it already, who does not need not wait for it

        from .awaiting import LoopProgress, ended  # noqa: PLC0415

        progress = LoopProgress(progress_callback, asyncio.get_running_loop())
        return await ended(self._begin(partial(self._matches, job, output), progress), progress)

    @overload
    def evaluate(
        self, job: ProcessingJob, progress_callback: ProgressCallback | None = None, *, output: None = None
    ) -> pl.DataFrame: ...
    @overload
    def evaluate(
        self, job: ProcessingJob, progress_callback: ProgressCallback | None = None, *, output: Output
    ) -> pl.LazyFrame: ...
    def evaluate(
        self,
        job: ProcessingJob,
        progress_callback: ProgressCallback | None = None,
        *,
        output: Output | None = None,
    ) -> pl.DataFrame | pl.LazyFrame:
        """The values of the job's formulas at every bar: symbol, ts, then a column a formula; sorted by symbol, ts.

        With `output` they are written to that Parquet file, as by `run`, and handed out as the file scanned lazily.
        Symbols that fail are left out and logged; when all fail, raises ProcessingEngineError.
        """
        table = self._run(partial(self._values, job, output), Progress(progress_callback))
        return table if isinstance(table, pl.DataFrame) else table.lazy

    def cancel(self) -> None:
        """End the jobs that run at this moment, from any thread: what is finished is returned."""
        self._jobs.cancel()

    def shutdown(self, wait: bool = True) -> None:
        """Take no more jobs; with `wait`, return when those that run have ended, but for one that makes this call.

        To have them end early, call `cancel()` first. A repository that the engine opened itself, of a path say, is
        closed when the last of them has ended.
        """
        self._jobs.shut(wait=wait)

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
        from asyncio import wrap_future  # noqa: PLC0415 - as above

        await wrap_future(in_thread(self.shutdown))

    def _run(self, work: Callable[[Control, Progress], T], progress: Progress) -> T:
        control = self._jobs.begin()
        control.thread = threading.current_thread()
        try:
            return work(control, progress)
        finally:
            self._jobs.end(control)

    def _begin(self, work: Callable[[Control, Progress], BatchResult], progress: Progress) -> RunningJob:
        control = self._jobs.begin()
        return RunningJob(partial(work, control, progress), control, partial(self._jobs.end, control))

    def _matches(self, job: ProcessingJob, output: Output | None, control: Control, progress: Progress) -> BatchResult:
        began = time.perf_counter()
        with self._file(output) as file:
            collected = self._collect(self._prepare(job, control), file, control, progress)
            result = assemble(collected, time.perf_counter() - began)
        progress.finish()
        LOG.info("%s", result.summary())
        return result

    def _values(
        self, job: ProcessingJob, output: Output | None, control: Control, progress: Progress
    ) -> pl.DataFrame | StoredTable:
        with self._file(output) as file:
            collected = self._collect(self._prepare(job, control, everything=True), file, control, progress)
            progress.finish()
            errors = collected.total.errors
            if control.cancelled and not collected.prepared.requested:
                raise ProcessingEngineError("the job was cancelled before any symbol was evaluated")
            if errors and len(errors) == len(set(collected.prepared.requested)):
                symbol, error = next(iter(errors.items()))
                raise ProcessingEngineError(f"no symbol could be evaluated; {symbol}: {error}")
            return values_table(collected)

    def _file(self, output: Output | None) -> AbstractContextManager[TableFile | None]:
        """Where results are written to; refused here, before any work, if that cannot be."""
        if output is None:
            return nullcontext()
        path = getattr(self._preparer.repository, "path", None)
        return TableFile(target_of(output, path if isinstance(path, Path) else None))

    def _prepare(self, job: ProcessingJob, control: Control, *, everything: bool = False) -> Prepared:
        """The job prepared; of one that is cancelled meanwhile what can be said without the repository."""
        prepare = partial(self._preparer.prepare_beside, job, everything=everything)
        try:
            return run_aside(prepare, self._limits, control)
        except JobEndedError as ended:
            if ended.error == CANCELLED:
                return self._preparer.unprepared(job)
            raise RepositoryError(f"the job could not be prepared: {ended.error}", retryable=True) from None

    def _collect(self, prepared: Prepared, file: TableFile | None, control: Control, progress: Progress) -> Collected:
        collected = Collected(prepared, file, control)
        run_batches(collected, self._limits, self._memory, control, progress)
        return collected
