"""Who waits for a job: progress, cancelling, clocks, shutting down, several jobs at once."""

import asyncio
import logging
import threading
import time

import pytest
from fakes import Service, Watched, names, rising
from sweeping import random_candles

from barsweep import (
    ProcessingEngine,
    ProcessingEngineError,
    ProcessingJob,
)
from barsweep.engine import processing

UP = "close > close[1]"


def test_progress_is_monotone_and_ends_at_the_total():
    calls = []
    engine = ProcessingEngine(rising(40), Service())

    engine.run(ProcessingJob([*names(40), "unknown", "S000"], "x"), lambda *call: calls.append(call))

    assert calls == sorted(calls)
    assert calls[-1] == (42, 42)
    assert len(calls) > 2


def test_a_job_without_symbols_is_done_at_once():
    calls = []

    result = ProcessingEngine(rising(1)).run(ProcessingJob([], UP), lambda *call: calls.append(call))

    assert (len(result), calls, result.matches.columns) == (0, [(0, 0)], ["symbol", "ts"])


def test_a_callback_that_raises_is_logged_once_and_ignored(caplog):
    calls = []

    def broken(completed, total):
        calls.append(completed)
        raise RuntimeError("no display")

    with caplog.at_level(logging.ERROR, logger="barsweep"):
        result = ProcessingEngine(rising(40), Service()).run(ProcessingJob(None, "x"), broken)

    assert not result.errors
    assert sum("progress callback" in record.message for record in caplog.records) == 1
    assert len(calls) > 2
    assert calls[-1] == 40


def test_an_async_callback_is_awaited_call_after_call(caplog):
    calls = []

    async def callback(completed, total):
        calls.append(("begins", completed))
        await asyncio.sleep(0.02)
        calls.append(("ends", completed))
        raise RuntimeError("no display")

    async def work():
        async with ProcessingEngine(rising(40), Service()) as engine:
            return await engine.process_batch(ProcessingJob(None, "x"), callback)

    with caplog.at_level(logging.ERROR, logger="barsweep"):
        result = asyncio.run(work())

    assert not result.errors
    assert calls[-1] == ("ends", 40)
    assert len(calls) > 4
    assert [word for word, _ in calls] == ["begins", "ends"] * (len(calls) // 2)
    assert sum("progress callback" in record.message for record in caplog.records) == 1


def test_run_cannot_await_a_callback(caplog):
    async def callback(completed, total):
        raise AssertionError("nobody awaits")

    class Callback:
        async def __call__(self, completed, total):
            raise AssertionError("nobody awaits")

    for given in (callback, Callback()):
        with pytest.raises(ProcessingEngineError, match="use process_batch"):
            ProcessingEngine(rising(1)).run(ProcessingJob(None, UP), given)
    with caplog.at_level(logging.ERROR, logger="barsweep"):
        ProcessingEngine(rising(40), Service()).run(ProcessingJob(None, "x"), lambda done, _: callback(done, 40))
    assert sum("only process_batch does" in str(record.exc_info) for record in caplog.records) == 1


def test_progress_comes_on_the_callers_thread():
    threads = set()

    ProcessingEngine(rising(2)).run(ProcessingJob(None, UP), lambda *_: threads.add(threading.current_thread()))

    assert threads == {threading.current_thread()}


def test_process_batch_reports_on_the_event_loop():
    async def work():
        threads, ticks = [], 0
        done = asyncio.Event()

        async def tick():
            nonlocal ticks
            while not done.is_set():
                ticks += 1
                await asyncio.sleep(0.005)

        ticking = asyncio.create_task(tick())
        async with ProcessingEngine(rising(3), Service(slow=["S001"], seconds=0.1)) as engine:
            result = await engine.process_batch(
                ProcessingJob(None, "x"), lambda *call: threads.append((threading.current_thread(), call))
            )
        done.set()
        await ticking
        return result, threads, ticks

    result, threads, ticks = asyncio.run(work())

    assert not result.errors
    assert {thread for thread, _ in threads} == {threading.main_thread()}
    assert threads[-1][1] == (3, 3)
    assert ticks > 3


def test_cancelling_the_task_cancels_the_job():
    service = Service(slow=names(40), seconds=0.05)

    async def work():
        engine = ProcessingEngine(rising(40), service)
        task = asyncio.create_task(engine.process_batch(ProcessingJob(None, "x")))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.to_thread(engine.shutdown)

    asyncio.run(work())

    assert len(service.called) < 40


def test_cancel_returns_what_is_finished():
    service = Service(slow=names(64)[16:], seconds=0.2)
    engine = ProcessingEngine(rising(64), service, max_workers=1)

    began = time.monotonic()
    result = engine.run(ProcessingJob(None, "x"), lambda *_: engine.cancel())

    assert time.monotonic() - began < 8
    kinds = [each.error.kind if each.error else "" for each in result]
    assert kinds == [""] * 16 + ["cancelled"] * 48
    assert result.cancelled


def test_a_culprit_that_hangs_is_found_by_halving():
    service = Service(slow=["S005"], seconds=20)
    engine = ProcessingEngine(rising(8), service, max_workers=1, timeout=0.5)

    result = engine.run(ProcessingJob(None, "x"))

    assert {symbol: error.kind for symbol, error in result.errors.items()} == {"S005": "timeout"}
    assert sum(len(each.matches) for each in result) == 7 * 4


def test_the_deadline_caps_the_halving():
    service = Service(slow=names(8), seconds=20)
    engine = ProcessingEngine(rising(8), service, max_workers=2, timeout=0.2, deadline=0.5)

    began = time.monotonic()
    result = engine.run(ProcessingJob(None, "x"))

    assert time.monotonic() - began < 10
    assert {error.kind for error in result.errors.values()} == {"timeout"}


def test_the_clock_that_ran_out_is_named():
    def message(**clocks):
        service = Service(slow=["S000"], seconds=20)
        return ProcessingEngine(rising(1), service, **clocks).run(ProcessingJob(None, "x")).errors["S000"].message

    assert message(timeout=0.2) == "not finished in time (0.2 s for a batch); " + where
    assert (
        message(timeout=9, deadline=0.3)
        == "not finished before the deadline (0.3 s for a batch and its halves); " + where
    )


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("max_workers", [0, 1.5, True]),
        ("retries", [-1, 0.5, None]),
        ("timeout", [None, 0, -1, float("nan"), "5"]),
        ("deadline", [0, -1]),
        ("memory_limit", [0, "1 GB"]),
    ],
)
def test_impossible_limits_are_refused(name, values):
    for value in values:
        with pytest.raises(ProcessingEngineError, match=f"^{name} is"):
            ProcessingEngine(rising(1), **{name: value})


def test_limits_may_be_off():
    engine = ProcessingEngine(rising(2), timeout=float("inf"), retries=0)

    assert not engine.run(ProcessingJob(None, UP)).errors


def test_an_engine_that_was_shut_without_waiting_closes_what_it_opened(monkeypatch):
    closed, service = [], Service(slow=["S000"], seconds=0.3)
    repository = Watched(rising(1))
    repository.close = lambda: closed.append("closed")
    monkeypatch.setattr(processing, "as_repository", lambda _: repository)
    engine = ProcessingEngine("candles.duckdb", service)
    job = threading.Thread(target=engine.run, args=(ProcessingJob(None, "x"),))
    job.start()
    while not service.called:
        time.sleep(0.01)

    engine.shutdown(wait=False)
    assert closed == []
    job.join()
    assert closed == ["closed"]
    engine.shutdown()
    assert closed == ["closed"]


def test_waiting_for_a_place_does_not_count_against_the_clock():
    """Six batches of a service that takes longer than the timeout together, but not each."""
    engine = ProcessingEngine(rising(96), Service(slow=names(96)[::16], seconds=0.2), max_workers=1, timeout=1.0)

    assert not engine.run(ProcessingJob(None, "x")).errors


def test_a_shut_engine_takes_no_jobs():
    with ProcessingEngine(rising(1)) as engine:
        pass

    with pytest.raises(ProcessingEngineError, match="shut down"):
        engine.run(ProcessingJob(None, UP))


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
