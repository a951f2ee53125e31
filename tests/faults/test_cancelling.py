"""Cancelling: whatever a job does at that moment, it answers, and what is finished is delivered."""

import asyncio
import threading
import time

import numpy as np
import polars as pl
import pytest
from fakes import Service, Watched, names, rising
from faults.hanging import LONG, METHODS, SOON, UP, Hanging, cancelled_when

from barsweep import (
    FormulaService,
    ProcessingEngine,
    ProcessingEngineError,
    ProcessingJob,
    function,
)
from barsweep.engine import collected, controlling, dividing, evaluating, loading, staging
from barsweep.engine.executors.finding import Found
from barsweep.engine.uniting import united_in_parts


@pytest.mark.parametrize("method", [*METHODS, "load"])
def test_cancel_does_not_wait_for_a_repository_that_hangs(method):
    repository = Hanging(rising(6), method)
    engine, job = ProcessingEngine(repository), METHODS.get(method, ProcessingJob(None, UP))
    cancelled_when(engine, repository.begun)

    began = time.monotonic()
    result = engine.run(job)

    assert time.monotonic() - began < SOON
    assert result.cancelled
    assert {error.kind for error in result.errors.values()} == ({"cancelled"} if method == "load" else set())
    assert len(result) == (6 if method == "load" else 0)
    repository.over.set()


@pytest.mark.parametrize("formula", [UP, {"up": UP, "down": "close < close[1]"}])
def test_symbols_that_were_asked_for_are_told_although_nobody_knows_them_yet(formula, tmp_path):
    repository = Hanging(rising(6), "symbols")
    engine = ProcessingEngine(repository)
    cancelled_when(engine, repository.begun)

    result = engine.run(ProcessingJob(["S003", "nobody", "S001"], formula), output=tmp_path / "found.parquet")

    assert [(each.symbol, each.error.kind) for each in result] == [
        ("S003", "cancelled"),
        ("nobody", "cancelled"),
        ("S001", "cancelled"),
    ]
    assert result.matches.is_empty()
    repository.over.set()


def test_values_of_a_job_that_was_cancelled_at_once_are_an_error():
    repository = Hanging(rising(6), "symbols")
    engine = ProcessingEngine(repository)
    cancelled_when(engine, repository.begun)

    with pytest.raises(ProcessingEngineError, match="cancelled before any symbol was evaluated"):
        engine.evaluate(ProcessingJob(None, "sma(close, 2)"))
    repository.over.set()


@pytest.mark.parametrize("executor", ["tiles", "polars"])
def test_a_function_of_a_batch_that_was_given_up_is_called_no_more(executor, assert_nothing_runs):
    calls, engines = [], []

    @function()
    def counted(close: np.ndarray) -> np.ndarray:
        """Cancels at the third symbol; before there is an engine it is only tried."""
        calls.extend(engines)
        if len(calls) == 3:
            engines[0].cancel()
            time.sleep(0.2)
        return close

    engine = ProcessingEngine(rising(400), FormulaService(functions=[counted]), max_workers=1)
    engines.append(engine)
    engine.run(ProcessingJob(None, "counted(close) > 1", executor=executor))
    assert_nothing_runs()

    assert 3 <= len(calls) < 10


@pytest.mark.parametrize(
    ("place", "name", "formula", "executor"),
    [
        (loading, "check_candles", UP, "tiles"),
        (evaluating, "split_found", UP, "tiles"),
        (evaluating, "split", UP, "polars"),
        (staging.TileStaging, "ranking", "rank(close) > 1", "tiles"),
        (staging.TileStaging, "report", "rank(close) > 1", "tiles"),
        (staging.FrameStaging, "ranking", "rank(close) > 1", "polars"),
        (staging.FrameStaging, "report", "rank(close) > 1", "polars"),
    ],
)
def test_cancel_answers_whatever_is_being_done(place, name, formula, executor, monkeypatch, assert_nothing_runs):
    """Checking, splitting, making a ranking ready, reporting: none of it is done by who waits for the cancel."""
    begun, over = threading.Event(), threading.Event()

    def hang(*_, **__):
        begun.set()
        over.wait(LONG)
        raise AssertionError("nobody waits for this any more")

    monkeypatch.setattr(place, name, hang)
    engine = ProcessingEngine(Watched(rising(6)))
    cancelled_when(engine, begun)

    began = time.monotonic()
    result = engine.run(ProcessingJob(None, formula, executor=executor))

    assert time.monotonic() - began < SOON
    assert {error.kind for error in result.errors.values()} == {"cancelled"}
    assert len(result.errors) == 6
    over.set()
    assert_nothing_runs()


@pytest.mark.parametrize("formula", [UP, {"up": UP, "higher": "close > 1"}])
def test_cancel_while_results_are_written_leaves_whole_symbols(formula, tmp_path, monkeypatch):
    """What is not written yet when somebody cancels is not written: those symbols are cancelled, not cut off."""
    path, parts = tmp_path / "found.parquet", []
    frame, job = rising(40, bars=50), ProcessingJob(None, formula)
    monkeypatch.setattr(controlling, "GRACE", 0.0)
    monkeypatch.setattr(collected, "parts_of", lambda table: each_symbol(table, engine, parts))
    monkeypatch.setattr(collected, "united_in_parts", lambda tables, found, _: each_run(tables, found, engine, parts))
    engine = ProcessingEngine(frame)

    result = engine.run(job, output=path)

    done = [each.symbol for each in result if each.ok]
    expected = ProcessingEngine(frame).run(job, output=tmp_path / "all.parquet").matches
    assert result.output == path.with_stem("found.unfinished")
    assert done == names(40)[:5]
    assert {error.kind for error in result.errors.values()} == {"cancelled"}
    assert len(result.errors) == 35
    assert pl.read_parquet(result.output).equals(expected.filter(pl.col("symbol").is_in(done)))
    assert result["S004"].matches.frame.equals(expected.filter(pl.col("symbol") == "S004"))
    assert (len(result["S005"].matches), result["S005"].bars, result.counts["bars"]) == (0, 0, 5 * 50)


def test_of_what_comes_too_late_to_be_written_no_table_is_made(tmp_path, monkeypatch):
    """Several formulas leave their tables to be made as they are written; the first batch ends last."""
    made, listed, others = [], Found.listed, threading.Event()
    monkeypatch.setattr(controlling, "GRACE", 0.0)
    monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, **__: 500)
    monkeypatch.setattr(Found, "listed", lambda found: made.append(engine.cancel()) or listed(found))
    frame = rising(40, bars=50)
    engine = ProcessingEngine(Watched(frame, lambda symbols: symbols[0] == "S000" and others.wait(20)), max_workers=2)

    def advanced(done, _):
        if done == 30:  # all but the first ten symbols wait for these
            others.set()

    job = ProcessingJob(None, {"up": UP, "higher": "close > 1"})
    result = engine.run(job, advanced, output=tmp_path / "found.parquet")

    assert len(made) == 2
    assert {error.kind for error in result.errors.values()} == {"cancelled"}
    assert len(result.errors) == 40


def each_run(tables, found, engine, parts):
    for symbols, run in united_in_parts(tables, found, size=1):
        yield symbols, run
        parts.append(symbols)
        if len(parts) == 5:
            engine.cancel()


def each_symbol(table, engine, parts):
    for part in table.partition_by("symbol", maintain_order=True):
        yield [part["symbol"][0]], part
        parts.append(part)
        if len(parts) == 5:
            engine.cancel()


def test_the_order_of_the_request_is_made_when_somebody_looks():
    """To put millions of rows into another order takes longer than a cancel may."""
    frame, asked = rising(6), ["S003", "S005", "S000"]

    result = ProcessingEngine(frame).run(ProcessingJob(asked, UP))

    assert not isinstance(result._table, pl.DataFrame)
    assert result["S005"].matches.frame["symbol"].to_list() == ["S005"] * 4
    assert result.matches["symbol"].unique(maintain_order=True).to_list() == asked
    assert result.lazy.collect().equals(result.matches)
    assert result["S000"].matches[0].symbol == "S000"


def test_cancel_returns_what_is_finished():
    service = Service(slow=names(64)[16:], seconds=0.2)
    engine = ProcessingEngine(rising(64), service, max_workers=1)

    began = time.monotonic()
    result = engine.run(ProcessingJob(None, "x"), lambda *_: engine.cancel())

    assert time.monotonic() - began < 8
    assert [each.error.kind if each.error else "" for each in result] == [""] * 16 + ["cancelled"] * 48
    assert result.cancelled


def test_what_was_cancelled_is_logged_in_one_line_a_batch(caplog):
    engine = ProcessingEngine(Watched(rising(300), lambda _: engine.cancel()))

    with caplog.at_level("WARNING", logger="barsweep"):
        result = engine.run(ProcessingJob(None, UP))

    assert len(result.errors) == 300
    assert [record.message for record in caplog.records] == ["300 symbols were cancelled, S000 to S299"]


async def started(service):
    while not service.called:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("way", ["cancel", "wait_for", "timeout"])
def test_cancelling_the_task_ends_the_job_before_the_task(way, assert_nothing_runs):
    """Nothing is left running, nothing is told any more."""
    service, calls = Service(slow=names(64), seconds=0.02), []

    async def callback(completed, total):
        calls.append(completed)
        await asyncio.sleep(0)

    async def work():
        engine = ProcessingEngine(rising(64), service, max_workers=1)
        job = engine.process_batch(ProcessingJob(None, "x"), callback)
        if way == "wait_for":
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(job, 0.3)
        elif way == "timeout":
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await job
        else:
            task = asyncio.create_task(job)
            await started(service)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert engine._jobs._running == []
        told = len(calls)
        await asyncio.sleep(0.05)
        assert len(calls) == told
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(work())
    assert_nothing_runs()

    assert len(service.called) < 64


def test_a_task_that_is_cancelled_at_once_has_begun_nothing(assert_nothing_runs):
    repository = Hanging(rising(3), "symbols")

    async def work():
        task = asyncio.create_task(ProcessingEngine(repository).process_batch(ProcessingJob(None, UP)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    repository.over.set()
    assert_nothing_runs()

    assert repository.asked == []
