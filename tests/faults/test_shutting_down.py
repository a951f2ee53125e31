"""Shutting an engine down: before, during and after its work."""

import asyncio
import threading
import time

import pytest
from fakes import Service, Watched, rising
from faults.hanging import SOON, Blocked

import barsweep
from barsweep import ProcessingEngine, ProcessingEngineError, ProcessingJob, RepositoryError
from barsweep.engine import processing

UP = "close > close[1]"


BEGINNINGS = {
    "run": lambda engine: engine.run(ProcessingJob(None, UP)),
    "submit": lambda engine: engine.submit(ProcessingJob(None, UP)),
    "evaluate": lambda engine: engine.evaluate(ProcessingJob(None, "close")),
    "process_batch": lambda engine: asyncio.run(engine.process_batch(ProcessingJob(None, UP))),
}


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_shut_engine_takes_no_jobs(beginning):
    with ProcessingEngine(rising(1)) as engine:
        pass

    with pytest.raises(ProcessingEngineError, match="shut down; make a new one"):
        BEGINNINGS[beginning](engine)


def test_shutting_down_waits_for_what_runs():
    repository = Blocked(rising(6))
    engine = ProcessingEngine(repository)
    job = engine.submit(ProcessingJob(None, UP))
    repository.await_loads(1)
    threading.Timer(0.1, repository.over.set).start()

    engine.shutdown()

    assert job.done()
    assert job.result().counts["matches"] == 24


def test_to_cancel_and_shut_down_ends_at_once():
    repository = Blocked(rising(6))
    engine = ProcessingEngine(repository)
    job = engine.submit(ProcessingJob(None, UP))
    repository.await_loads(1)

    engine.cancel()
    engine.shutdown()

    assert job.result(0).cancelled
    repository.over.set()


@pytest.mark.parametrize("wait", [True, False])
def test_a_job_may_shut_its_own_engine_down(wait):
    """From its progress callback: it does not wait for itself."""
    engine = ProcessingEngine(rising(40), Service())

    result = engine.run(ProcessingJob(None, "x"), lambda *_: engine.shutdown(wait=wait))

    assert not result.errors
    with pytest.raises(ProcessingEngineError, match="shut down"):
        engine.run(ProcessingJob(None, "x"))


def test_leaving_the_block_by_an_error_cancels():
    repository = Blocked(rising(6))

    def work():
        with ProcessingEngine(repository) as engine:
            jobs.append(engine.submit(ProcessingJob(None, UP)))
            repository.await_loads(1)
            raise ZeroDivisionError

    jobs = []
    with pytest.raises(ZeroDivisionError):
        work()

    assert jobs[0].result(0).cancelled
    repository.over.set()


def test_an_engine_that_was_shut_without_waiting_closes_what_it_opened(monkeypatch):
    closed, service = [], Service(slow=["S000"], seconds=0.3)
    repository = Watched(rising(1))
    repository.close = lambda: closed.append("closed")
    monkeypatch.setattr(processing, "as_repository", lambda *_: repository)
    engine = ProcessingEngine("candles.duckdb", service)
    job = engine.submit(ProcessingJob(None, "x"))
    while not service.called:
        time.sleep(0.01)

    engine.shutdown(wait=False)
    assert closed == []
    job.result(SOON)
    assert closed == ["closed"]
    engine.shutdown()
    assert closed == ["closed"]


def test_a_repository_that_is_opened_anew_for_each_job(tmp_path):
    """An engine that was shut has let go of its file; another one opens it while the first one's last query ends."""
    path = tmp_path / "candles.parquet"
    rising(5).write_parquet(path)

    found = [barsweep.scan(UP, path).counts["matches"] for _ in range(5)]

    assert found == [20] * 5
    with pytest.raises(RepositoryError, match="no such file"):
        barsweep.scan(UP, tmp_path / "others.parquet")
