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
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeAlias, TypeVar, overload

import polars as pl

from ..data.repository import CandleRepository
from ..errors import RepositoryError
from .accounting import log_end, log_end_of_values
from .aside import CANCELLED, JobEndedError, run_aside
from .assembling import assemble, assert_begun, values_frame, values_table
from .braking import EngineMemory, limit_or_usual
from .collected import Collected
from .collecting import opened_cluster, run_batches, work_on
from .controlling import Control, ProgressAsked
from .evaluating import EvaluatingService
from .forking import assert_threads_live
from .jobs import ProcessingJob
from .limits import Limits, places_of, whole
from .origin import Origin
from .other_tables import close, named_tables
from .plans import Plans
from .preparing import Prepared, Preparer
from .progressing import Progress
from .results import BatchResult
from .running_jobs import Jobs, RunningJob, in_thread
from .service import FormulaService, as_service
from .sources import as_repository, limit_memory, timeframe_of
from .stored import StoredTable, TableFile, table_file

if TYPE_CHECKING:
    from .clusters.driving import Cluster
    from .signals import Asked, Signals

T = TypeVar("T")
Output: TypeAlias = str | os.PathLike[str]


class ProcessingEngine:
    """Runs jobs over a repository of candles; safe to use from several threads.

    `candle_repo`      a repository, a frame, a path, or an object with `get_range`
    `formula_service`  a FormulaService, or any object with `evaluate(formula, frame, parameters)`, which is then called
                       symbol by symbol
    `max_workers`      batches that compute at the same time (as many load), by default the usable cores; Polars' own
                       threads are fixed by POLARS_MAX_THREADS when it is imported
    `memory_limit`     bytes by which jobs may let the process grow, with what is kept for jobs to come, by default a
                       quarter of the memory; on clusters each batch its worker, by default 1 GiB. Results that do not
                       fit go to mapped files
    `timeout`          seconds for one batch; when they are over, its halves run once each, down to the culprit
    `deadline`         seconds for a batch with all its halves, and for a job to be prepared, by default 10 x timeout.
                       Time that a batch waits for others counts for neither
    `retries`          further tries, after growing pauses, when the repository says that one may help
    `tables`           other tables by the names that formulas have for them, `table("quarterly", eps)`: frames or paths
                       of rows with a symbol and the time from which each is known
    `cluster`          where batches run instead of here, such as a RayCluster: all machines have to see the paths;
                       "ray", "dask" or "processes" start one on this machine, which ends with the engine
    `columns`          the candles' own names for columns that are not recognised, {"ts": "Day", "close": "Adj Close"};
                       a repository is told them when it is made
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
        columns: Mapping[str, str] | None = None,
    ) -> None:
        usual = limit_or_usual(memory_limit, apart=cluster is not None)
        memory, tries = whole("memory_limit", usual, 1), whole("retries", retries, 0)
        assert_threads_live()
        self._opened = ExitStack()
        self._cluster = opened_cluster(cluster, self._opened)
        limits = self._limits = Limits.of(places_of(max_workers, self._cluster), timeout, deadline)
        service = as_service(formula_service)
        repository = as_repository(candle_repo, columns)
        beside = named_tables(tables)
        self._memory = EngineMemory(memory, Plans(), limit_memory(repository, memory))
        self._preparer = Preparer(repository, service, limits, self._memory, tries, beside, apart=cluster is not None)
        options: dict[str, Any] = {"timeout": limits.timeout, "deadline": limits.deadline, "retries": tries}
        again = partial(
            ProcessingEngine, repository, max_workers=max_workers, memory_limit=memory, tables=tables, **options
        )
        mine = repository is not candle_repo
        self._origin = partial(Origin, repository, dict(tables or {}), service, again, opened=mine)
        for opened in (*beside.values(), *([repository] if mine else [])):
            self._opened.callback(close, opened)
        self._jobs = Jobs(self._memory, self._opened.close)

    @property
    def timeframe(self) -> str:
        """The timeframe of the candles as they are stored; "1d" where the repository cannot tell."""
        return timeframe_of(self._preparer.repository)

    def run(
        self,
        job: ProcessingJob,
        progress_callback: ProgressAsked = None,
        *,
        output: Output | None = None,
    ) -> BatchResult:
        """Run a job; `progress_callback(completed, total)` counts symbols, on this thread; True draws a fitting bar.

        A callback with a method `found` is told the matches so far by `found(matches)`. The first error that it raises
        is logged and ignored; it is called on, later errors are not logged.
        With `output`, the path of a Parquet file, matches are written there while the job runs, so that they need not
        fit into memory: symbols in ascending order. The file gets its name, in the place of an older one, when the job
        has ended. One that was cancelled leaves what is finished beside it, as `found.unfinished.parquet`; one that
        raises leaves nothing.
        Raises FormulaError, RepositoryError or ProcessingEngineError before work starts; what concerns one symbol is
        that symbol's error in the result.
        """
        return self._run(partial(self._matches, job, output), Progress(progress_callback))

    def submit(
        self,
        job: ProcessingJob,
        progress_callback: ProgressAsked = None,
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
        progress_callback: ProgressAsked = None,
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
        self, job: ProcessingJob, progress_callback: ProgressAsked = None, *, output: None = None
    ) -> pl.DataFrame: ...
    @overload
    def evaluate(
        self, job: ProcessingJob, progress_callback: ProgressAsked = None, *, output: Output
    ) -> pl.LazyFrame: ...
    def evaluate(
        self,
        job: ProcessingJob,
        progress_callback: ProgressAsked = None,
        *,
        output: Output | None = None,
    ) -> pl.DataFrame | pl.LazyFrame:
        """The values of the job's formulas at every bar: symbol, ts, then a column a formula; sorted by symbol, ts.

        A frame for which there is no room in memory is mapped from a file that goes with it.
        With `output` they are written to that Parquet file, as by `run`, and handed out as the file scanned lazily.
        Symbols that fail are left out and logged; when all fail, raises ProcessingEngineError.
        """
        table, _ = self._run(partial(self._values, job, output), Progress(progress_callback))
        return table if isinstance(table, pl.DataFrame) else table.lazy

    def signals(self, job: ProcessingJob, progress_callback: ProgressAsked = None, *, delay: int = 0) -> Signals:
        """The job's conditions at every bar, for backtesters; see `barsweep.signals`."""
        from .signals import Asked  # noqa: PLC0415 - scans need none of it

        return self._run(partial(self._signals, Asked.of(job, delay)), Progress(progress_callback))

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
            return progress.around(partial(work, control, progress))
        finally:
            self._jobs.end(control)

    def _begin(self, work: Callable[[Control, Progress], BatchResult], progress: Progress) -> RunningJob:
        control = self._jobs.begin()
        shown = partial(progress.around, partial(work, control, progress))
        return RunningJob(shown, control, partial(self._jobs.end, control))

    def _matches(self, job: ProcessingJob, output: Output | None, control: Control, progress: Progress) -> BatchResult:
        began = time.perf_counter()
        with table_file(output, self._preparer.repository) as file, control.tally.job("run"):
            collected = self._collect(self._prepare(job, control), file, control, progress)
            result = assemble(collected, self._origin(job=job), began)
        progress.finish(result.counts["matches"])
        log_end(result.summary, result.statistics)
        return result

    def _values(
        self, job: ProcessingJob, output: Output | None, control: Control, progress: Progress
    ) -> tuple[pl.DataFrame | StoredTable, Collected]:
        began = time.perf_counter()
        with table_file(output, self._preparer.repository) as file, control.tally.job("evaluate"):
            collected = self._collect(self._prepare(job, control, everything=True), file, control, progress)
            progress.finish()
            table = values_table(collected)
        log_end_of_values(collected, table.height, began)
        return table, collected

    def _signals(self, asked: Asked, control: Control, progress: Progress) -> Signals:
        began = time.perf_counter()
        with control.tally.job("signals"):
            prepared = self._prepare(asked.job, control, everything=True)
            asked.assert_conditions(prepared)
            collected = self._collect(prepared, None, control, progress)
            progress.finish()
            assert_begun(collected)
            table, origin = values_frame(collected), self._origin(job=asked.given)
            made = asked.made_of(table, collected.total.errors, prepared, origin)
        log_end_of_values(collected, made.table.height, began)
        return made

    def _prepare(self, job: ProcessingJob, control: Control, *, everything: bool = False) -> Prepared:
        """The job prepared; of one that is cancelled meanwhile what can be said without the repository."""
        prepare = partial(self._preparer.prepare_beside, job, control.tally, everything=everything)
        try:
            return run_aside(prepare, self._limits, control)
        except JobEndedError as ended:
            if ended.error == CANCELLED:
                return self._preparer.unprepared(job)
            raise RepositoryError(f"the job could not be prepared: {ended.error}", retryable=True) from None

    def _collect(self, prepared: Prepared, file: TableFile | None, control: Control, progress: Progress) -> Collected:
        where = work_on(self._cluster, prepared, self._preparer)
        collected = Collected(prepared if where is None else where.cut(prepared), file, control)
        run_batches(collected, self._limits, self._memory, control, progress, where)
        return collected
