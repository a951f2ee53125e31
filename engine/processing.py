"""The engine: from a job to its results.

1. prepare: check and plan the formulas, ask the repository what there is, cut the universe     preparing.py
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
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias, TypeVar, overload

import polars as pl
import psutil

from ..data.repository import CandleRepository
from ..errors import ProcessingEngineError
from .assembling import Collected, assemble, values_frame, values_table
from .braking import EngineMemory
from .collecting import opened_cluster, run_batches, work_on
from .controlling import LOG, Control, ProgressCallback
from .evaluating import EvaluatingService
from .jobs import ProcessingJob
from .origin import Origin
from .other_tables import close, named_tables
from .preparing import Prepared, Preparer
from .progressing import Progress
from .results import BatchResult
from .running import Limits, places_of
from .service import FormulaService
from .sources import as_repository, limit_memory
from .stored import StoredTable, TableFile, target_of
from .told import seconds, whole

if TYPE_CHECKING:
    from .clusters.driving import Cluster
    from .signals import Asked, Signals

T = TypeVar("T")
Output: TypeAlias = str | os.PathLike[str]
MEMORY: Final = 2**30  # bytes; a quarter of the machine's if that is less
SHARE: Final = 4  # a repository with memory of its own, such as DuckDB, may take this part of it
LEAST_SHARE: Final = 2**27
DEADLINE: Final = 10  # timeouts: enough to halve a batch of 500 symbols down to the culprit


class ProcessingEngine:
    """Runs jobs over a repository of candles; safe to use from several threads.

    `candle_repo`      a repository, a frame, a path, or an object with `get_range`
    `formula_service`  a FormulaService, or any object with `evaluate(formula, frame, parameters)`, which is then called
                       symbol by symbol
    `max_workers`      batches that compute at the same time (as many load), by default the usable cores; Polars' own
                       threads are fixed by POLARS_MAX_THREADS when it is imported
    `memory_limit`     bytes that jobs may take together, with what is kept for jobs to come, on a cluster each batch by
                       itself; by default 1 GiB or a quarter of this machine's memory
    `timeout`          seconds for one batch; when they are over, its halves run once each, down to the culprit
    `deadline`         seconds for a batch with all its halves, by default 10 x timeout
    `retries`          further tries, after growing pauses, when the repository says that one may help
    `tables`           other tables by the names that formulas have for them, `table("quarterly", eps)`: frames or paths
                       of rows with a symbol and the time from which each is known
    `cluster`          where batches run instead of here, such as a RayCluster: all machines have to see the paths;
                       "ray", "dask" or "processes" start one on this machine, which ends with the engine
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
        cluster: Cluster | str | None = None,
    ) -> None:
        memory = memory_limit if memory_limit is not None else min(MEMORY, psutil.virtual_memory().total // 4)
        patience = seconds("timeout", timeout)
        last = seconds("deadline", deadline if deadline is not None else DEADLINE * patience)
        service = formula_service if formula_service is not None else FormulaService()
        memory, tries = whole("memory_limit", memory, least=1), whole("retries", retries, least=0)
        repository = as_repository(candle_repo)
        limit_memory(repository, max(LEAST_SHARE, memory // SHARE))
        beside = named_tables(tables)
        self._opened = ExitStack()
        self._cluster = opened_cluster(cluster, self._opened)
        limits = self._limits = Limits.of(places_of(max_workers, self._cluster), patience, last)
        self._preparer = Preparer(repository, service, limits, memory, tries, beside, apart=cluster is not None)
        options: dict[str, Any] = {"memory_limit": memory, "timeout": patience, "deadline": last, "retries": tries}
        again = partial(ProcessingEngine, repository, max_workers=max_workers, tables=tables, **options)
        mine = repository is not candle_repo
        self._origin = partial(Origin, repository, dict(tables or {}), service, again, opened=mine)
        self._memory = EngineMemory(memory, self._preparer.plans)
        for opened in (*beside.values(), *([repository] if mine else [])):
            self._opened.callback(close, opened)
        self._running: list[Control] = []
        self._changed = threading.Condition()
        self._shut = False

    @property
    def timeframe(self) -> str:
        """The timeframe of the candles as they are stored; "1d" where the repository cannot tell."""
        return str(getattr(self._preparer.repository, "stored", None) or "1d")

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

    async def process_batch(
        self,
        job: ProcessingJob,
        progress_callback: ProgressCallback | None = None,
        *,
        output: Output | None = None,
    ) -> BatchResult:
        """Run a job as `run` does, beside the event loop, on which `progress_callback(completed, total)` is called.

        The callback may be asynchronous: its calls are awaited one after the other, the last before this returns. Of
        its errors the first is logged, as in `run`. Cancelling the task cancels the job.
        """
        import asyncio  # noqa: PLC0415 - who awaits has imported it already, who does not need not wait for it

        from .awaiting import LoopProgress, in_thread  # noqa: PLC0415

        control = Control()
        progress = LoopProgress(progress_callback, asyncio.get_running_loop())
        future = in_thread(partial(self._run, partial(self._matches, job, output), progress, control))
        try:
            result = await asyncio.wrap_future(future)
            await progress.told()
        except asyncio.CancelledError:
            control.cancel()
            raise
        return result

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

    def signals(
        self, job: ProcessingJob, progress_callback: ProgressCallback | None = None, *, delay: int = 0
    ) -> Signals:
        """The job's conditions at every bar, for backtesters; see `barsweep.signals`."""
        from .signals import Asked  # noqa: PLC0415 - scans need none of it

        return self._run(partial(self._signals, Asked.of(job, delay)), Progress(progress_callback))

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
        from asyncio import wrap_future  # noqa: PLC0415 - as above

        from .awaiting import in_thread  # noqa: PLC0415

        await wrap_future(in_thread(self.shutdown))

    def _run(self, work: Callable[[Control, Progress], T], progress: Progress, control: Control | None = None) -> T:
        with self._listed(control or Control()) as running:
            return work(running, progress)

    @contextmanager
    def _listed(self, control: Control) -> Iterator[Control]:
        with self._changed:
            if self._shut:
                raise ProcessingEngineError("the engine has been shut down; make a new one")
            if not self._running:
                self._memory.measure()
            self._running.append(control)
        try:
            yield control
        finally:
            self._memory.clear()
            with self._changed:
                self._running.remove(control)
                self._close_unused()
                self._changed.notify_all()

    def _close_unused(self) -> None:
        """Close what the engine has opened itself, once, when it is shut and no job runs."""
        if self._shut and not self._running:
            self._opened.close()

    def _matches(self, job: ProcessingJob, output: Output | None, control: Control, progress: Progress) -> BatchResult:
        began = time.perf_counter()
        with self._file(output) as file:
            collected = self._collect(self._preparer.prepare(job), file, control, progress)
            result = assemble(collected, self._origin(job=job), time.perf_counter() - began)
        progress.finish()
        LOG.info("%s", result.summary())
        return result

    def _values(
        self, job: ProcessingJob, output: Output | None, control: Control, progress: Progress
    ) -> pl.DataFrame | StoredTable:
        with self._file(output) as file:
            collected = self._collect(self._preparer.prepare(job, everything=True), file, control, progress)
            progress.finish()
            errors = collected.total.errors
            if errors and len(errors) == len(set(collected.prepared.requested)):
                symbol, error = next(iter(errors.items()))
                raise ProcessingEngineError(f"no symbol could be evaluated; {symbol}: {error}")
            return values_table(collected)

    def _signals(self, asked: Asked, control: Control, progress: Progress) -> Signals:
        prepared = self._preparer.prepare(asked.job, everything=True)
        asked.assert_conditions(prepared)
        collected = self._collect(prepared, None, control, progress)
        progress.finish()
        return asked.made_of(values_frame(collected), collected.total.errors, prepared, self._origin(job=asked.given))

    def _file(self, output: Output | None) -> AbstractContextManager[TableFile | None]:
        """Where results are written to; refused here, before any work, if that cannot be."""
        if output is None:
            return nullcontext()
        path = getattr(self._preparer.repository, "path", None)
        return TableFile(target_of(output, path if isinstance(path, Path) else None))

    def _collect(self, prepared: Prepared, file: TableFile | None, control: Control, progress: Progress) -> Collected:
        where = work_on(self._cluster, prepared, self._preparer)
        collected = Collected(prepared if where is None else where.cut(prepared), file)
        run_batches(collected, self._limits, self._memory, control, progress, where)
        return collected
