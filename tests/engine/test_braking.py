"""While memory is short, batches are started one at a time, and in halves."""

import threading

import polars as pl
import pytest
from fakes import Watched, rising
from polars.testing import assert_frame_equal

import barsweep as bs
from barsweep import DuckDBRepository, ProcessingEngine, ProcessingJob
from barsweep.data.importing import write_table
from barsweep.engine import braking, preparing
from barsweep.engine.batching import Batch
from barsweep.engine.braking import Brake, MemoryWatch

UP = "close > close[1]"


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(preparing, "rows_per_batch", lambda *_, **__: 400)


def test_growth_is_what_counts(monkeypatch):
    """Neither what was there before nor the results that are kept."""
    size, kept = [1_000], [0]
    monkeypatch.setattr(braking, "resident", lambda: size[0])
    watch = MemoryWatch(100, lambda: kept[0], before=braking.resident())

    size[0] = 1_070
    assert not watch.is_near()
    size[0] = 1_080
    assert watch.is_near()
    kept[0] = 30
    assert not watch.is_near()


@pytest.mark.parametrize("formula", ["close > 0", "rank(close) > 0"])
def test_what_is_kept_for_jobs_to_come_is_a_part_of_the_limit(formula):
    """A formula that is true everywhere leaves room for a row and two values of each bar."""
    frame, bar = rising(16, bars=1000), 3 * 8
    jobs = [ProcessingJob(None, f"x = sma(close, {n}); y = sma(open, {n}); {formula}") for n in (1, 2, 3)]
    engine = ProcessingEngine(frame, max_workers=1)
    plans = engine._preparer.plans
    for job in jobs:
        engine.run(job)
    assert plans.kept > 3 * 400 * bar

    one = plans.kept // 3
    small = ProcessingEngine(frame, max_workers=1, memory_limit=braking.KEPT_OF * (2 * one + one // 2))
    found = [small.run(job).matches for job in (*jobs, jobs[0])]
    plans = small._preparer.plans

    assert one < plans.kept <= 2 * one + one // 2
    assert [executor.kept > 0 for executor in plans._executors()] == [False, True, True]
    assert_frame_equal(found[0], found[-1])


def test_what_is_kept_counts_as_growth_and_what_the_caller_took_does_not(monkeypatch):
    size = [1_000_000]
    monkeypatch.setattr(braking, "resident", lambda: size[0])
    engine = ProcessingEngine(rising(16, bars=1000), max_workers=1)
    memory, job = engine._memory, ProcessingJob(None, "x = sma(close, 3); close > 0")
    engine.run(job)

    size[0] = 9_000_000
    engine.run(job)
    assert memory.plans.kept > 0
    assert memory.before == 9_000_000 - memory.plans.kept

    other = engine._jobs.begin()
    size[0] = 10_000_000
    engine.run(job)
    assert memory.before == 9_000_000 - memory.plans.kept
    engine._jobs.end(other)


def test_mapped_files_are_no_growth():
    assert 0 < braking.resident() <= braking.psutil.Process().memory_info().rss


def test_a_batch_is_halved_once():
    brake = Brake(MemoryWatch(0, lambda: 0, before=-1))

    assert brake.halves(Batch(("A", "B", "C")))
    assert not brake.halves(Batch(("A", "B", "C")).halves()[1])
    assert not brake.halves(Batch(("A",)))
    assert not Brake().halves(Batch(("A", "B", "C")))


@pytest.mark.parametrize("output", [False, True])
def test_a_job_that_is_short_of_memory_runs_one_batch_at_a_time(output, tmp_path, monkeypatch):
    """It ends nevertheless, with the same results."""
    running, most, lock, sizes = set(), [0], threading.Lock(), []

    def loading(symbols):
        with lock:
            running.add(symbols)
            most[0] = max(most[0], len(running))
            sizes.append(len(symbols))
        threading.Event().wait(0.01)
        with lock:
            running.discard(symbols)

    frame = rising(16, bars=100)
    monkeypatch.setattr(braking, "resident", iter(range(2**40, 2**60, 2**40)).__next__)
    path = tmp_path / "found.parquet" if output else None
    with ProcessingEngine(Watched(frame, loading), max_workers=4) as engine:
        result = engine.run(ProcessingJob(None, UP), output=path)

    assert_frame_equal(result.matches, bs.scan(UP, frame).matches)
    assert (most, sizes) == ([1], [2] * 8)


def test_duckdb_gets_a_share(tmp_path):
    write_table(rising(3), tmp_path / "candles.duckdb", "candles")
    for settings, expected in ({}, "250.0 MiB"), ({"memory_limit": "700MiB"}, "700.0 MiB"):
        with DuckDBRepository(tmp_path / "candles.duckdb", settings=settings) as repository:
            repository.symbols("1d")
            engine = ProcessingEngine(repository, memory_limit=1000 * 2**20)
            engine.run(ProcessingJob(None, UP))
            (limit,) = repository.cursor().execute("select current_setting('memory_limit')").fetchall()

        assert limit == (expected,)


@pytest.mark.parametrize("kind", ["parquet", "duckdb", "folder", "hive"])
def test_files_are_streamed(kind, tmp_path):
    frame = rising(12, bars=100)
    source = tmp_path / f"candles.{kind}"
    if kind == "parquet":
        frame.write_parquet(source, row_group_size=130)
    elif kind == "duckdb":
        write_table(frame, source, "candles")
    else:
        for (symbol,), rows in frame.group_by("symbol"):
            part = source / (f"symbol={symbol}" if kind == "hive" else "")
            part.mkdir(parents=True, exist_ok=True)
            rows.drop("symbol").write_parquet(part / f"{symbol}.parquet")

    result = bs.scan(UP, source, output=tmp_path / "found.parquet")

    assert_frame_equal(pl.read_parquet(tmp_path / "found.parquet"), bs.scan(UP, frame).matches)
    assert result.counts["loaded"] == 1_200
