"""Telling how far a job is."""

import asyncio
import logging
import threading

import pytest
from fakes import Service, names, rising

from barsweep import (
    ProcessingEngine,
    ProcessingEngineError,
    ProcessingJob,
)

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
