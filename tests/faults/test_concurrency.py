"""Several at once: jobs, engines, threads and tasks."""

import asyncio
import threading
import time

import pytest
from fakes import Service, Watched, names, rising
from faults.hanging import SOON, Blocked
from faults.soak import Soak
from sweeping import random_candles

from barsweep import FormulaError, ProcessingEngine, ProcessingJob

UP = "close > close[1]"


def test_a_running_job_is_cancelled_alone():
    repository = Blocked(rising(6))
    engine = ProcessingEngine(repository, max_workers=4)
    jobs = [engine.submit(ProcessingJob(None, UP)) for _ in range(3)]
    repository.await_loads(3)

    jobs[1].cancel()
    cancelled = jobs[1].result(SOON)

    assert {error.kind for error in cancelled.errors.values()} == {"cancelled"}
    assert [job.done() for job in jobs] == [False, True, False]
    assert [repr(job) for job in jobs[:2]] == ["<RunningJob: running>", "<RunningJob: ended>"]
    repository.over.set()
    assert [job.result(SOON).counts["matches"] for job in jobs] == [24, 0, 24]
    jobs[0].cancel()
    assert not jobs[0].result().cancelled


def test_the_engine_cancels_all_that_run():
    repository = Blocked(rising(6))
    engine = ProcessingEngine(repository, max_workers=4)
    jobs = [engine.submit(ProcessingJob(None, UP)) for _ in range(3)]

    engine.cancel()

    assert all(job.result(SOON).cancelled for job in jobs)
    repository.over.set()
    assert not engine.run(ProcessingJob(None, UP)).cancelled


def test_a_job_that_is_just_handed_over_is_cancelled_too():
    """There is no moment between `submit`, or the task's first step, and the job's thread in which a cancel is lost."""

    async def work(engine):
        task = asyncio.create_task(engine.process_batch(ProcessingJob(None, UP)))
        await asyncio.sleep(0)
        engine.cancel()
        return await task

    for _ in range(20):
        repository = Blocked(rising(2))
        engine = ProcessingEngine(repository)
        job = engine.submit(ProcessingJob(None, UP))
        engine.cancel()
        assert job.result(SOON).cancelled
        assert asyncio.run(work(engine)).cancelled
        repository.over.set()


def test_what_run_raises_the_running_job_does():
    engine = ProcessingEngine(rising(2))

    with pytest.raises(FormulaError, match="smaa"):
        engine.submit(ProcessingJob(None, "smaa(close) > 1")).result(SOON)
    repository = Blocked(rising(2))
    job = ProcessingEngine(repository).submit(ProcessingJob(None, UP))
    with pytest.raises(TimeoutError):
        job.result(0.01)
    repository.over.set()
    assert job.result(SOON).counts["matches"] == 8


def test_progress_of_a_running_job():
    calls = []

    job = ProcessingEngine(rising(40), Service()).submit(ProcessingJob(None, "x"), lambda *call: calls.append(call))

    assert not job.result(SOON).errors
    assert calls == sorted(calls)
    assert calls[-1] == (40, 40)


def test_jobs_of_one_engine_share_its_places():
    """However many jobs there are, no more batches compute at once than there are workers."""
    inside, most, lock = [0], [0], threading.Lock()

    class Counting(Service):
        def evaluate(self, formula, frame, parameters):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.002)
            with lock:
                inside[0] -= 1
            return super().evaluate(formula, frame, parameters)

    engine = ProcessingEngine(rising(48), Counting(), max_workers=2)
    jobs = [engine.submit(ProcessingJob(None, "x")) for _ in range(5)]

    assert [job.result(30).counts["matches"] for job in jobs] == [4 * 48] * 5
    assert most[0] == 2


def test_a_job_that_hangs_does_not_keep_others_from_their_places():
    """Its batches are given up, so that there are places again."""
    over = threading.Event()
    broken = Watched(rising(4), lambda _: over.wait(60))
    gates = ProcessingEngine(rising(4), max_workers=1, timeout=0.2)
    gates._preparer, sound = ProcessingEngine(broken, max_workers=1, timeout=0.2)._preparer, gates._preparer
    hanging = gates.submit(ProcessingJob(None, UP))
    time.sleep(0.05)
    gates._preparer = sound

    assert not gates.submit(ProcessingJob(None, UP)).result(SOON).errors
    assert {error.kind for error in hanging.result(SOON).errors.values()} == {"timeout"}
    over.set()


def test_several_engines_at_once():
    frame = random_candles(4, lengths=(200,) * 30, holes=0)
    job = ProcessingJob(None, "rank(rsi(close, 5)) > 20 and close > ema(close, 7)", timeframe="1h")
    expected = ProcessingEngine(frame).run(job).matches

    engines = [ProcessingEngine(frame, max_workers=workers) for workers in (1, 2, 3, 4)]
    jobs = [engine.submit(job) for engine in engines for _ in range(2)]

    assert expected.height > 100
    assert all(each.result(30).matches.equals(expected) for each in jobs)


def test_two_jobs_at_once_on_one_engine():
    engine = ProcessingEngine(rising(20), Service(slow=names(20), seconds=0.005))
    results = []
    threads = [threading.Thread(target=lambda: results.append(engine.run(ProcessingJob(None, "x")))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [result.counts["matches"] for result in results] == [80, 80, 80]


@pytest.mark.parametrize("executor", ["polars", "tiles"])
@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize(
    "formulas", [("close > sma(close, 3)", "rsi(close, 4) < 40"), ("rank(close) > 9", "sma(rank(-close), 2) > 9")]
)
def test_two_jobs_at_once_on_a_fresh_engine(formulas, executor, same):
    """Nothing is remembered yet, and both want it: each finds what it finds alone."""
    frame, first, second = random_candles(6, lengths=(300,) * 20, holes=0), *formulas
    jobs = [ProcessingJob(None, formula, timeframe="1h", executor=executor) for formula in (first, first, second)]
    jobs = jobs[:2] if same else jobs[1:]
    alone = [ProcessingEngine(frame).run(job).matches for job in jobs]

    engine, together = ProcessingEngine(frame), threading.Barrier(2)
    found = {}

    def run(number):
        together.wait()
        found[number] = engine.run(jobs[number]).matches

    threads = [threading.Thread(target=run, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(matches.height > 100 for matches in alone)
    assert [found[number].equals(alone[number]) for number in range(2)] == [True, True]


def test_tasks_of_one_loop():
    """One is cancelled, one raises, the others have their results."""
    repository = Watched(rising(6))

    async def work():
        async with ProcessingEngine(repository) as engine:
            sound = [engine.process_batch(ProcessingJob(None, UP)) for _ in range(4)]
            faulty = engine.process_batch(ProcessingJob(None, "smaa(close) > 1"))
            late = asyncio.create_task(engine.process_batch(ProcessingJob(None, UP)))
            late.cancel()
            return await asyncio.gather(*sound, faulty, late, return_exceptions=True)

    *found, raised, cancelled = asyncio.run(work())

    assert [each.counts["matches"] for each in found] == [24] * 4
    assert isinstance(raised, FormulaError)
    assert isinstance(cancelled, asyncio.CancelledError)


def test_a_task_group_ends_all_when_one_fails():
    repository = Blocked(rising(6))

    async def together(engine):
        async with asyncio.TaskGroup() as group:
            for formula in (UP, "smaa(close) > 1"):
                group.create_task(engine.process_batch(ProcessingJob(None, formula)))

    async def work():
        engine = ProcessingEngine(repository, max_workers=2)
        with pytest.raises(ExceptionGroup) as raised:
            await together(engine)
        assert engine._jobs._running == []
        return raised.value

    (error,) = asyncio.run(work()).exceptions
    assert isinstance(error, FormulaError)
    repository.over.set()


def test_a_short_soak():
    """Random jobs, faults and cancels; half an hour of it is `make soak`."""
    soak = Soak(seed=7, symbols=30, bars=80)

    told = soak.run(seconds=3)

    assert told.wrong == []
    assert told.jobs > 5
