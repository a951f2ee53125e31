"""Batches start where there is room for them; what engines and repositories keep is a part of the limit."""

import threading

import numpy as np
import psutil
import pytest
from fakes import Watched, names, rising
from polars.testing import assert_frame_equal

import barsweep as bs
from barsweep import ProcessingEngine, ProcessingJob
from barsweep.engine import braking, dividing, residing
from barsweep.engine.batching import Batch
from barsweep.engine.braking import Brake, EngineMemory, JobMemory
from barsweep.engine.budgeting import Demand
from barsweep.engine.plans import Plans

UP = "close > close[1]"


@pytest.fixture
def few_symbols_at_a_time(monkeypatch):
    monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, **__: 400)


@pytest.fixture
def grown(monkeypatch):
    """How much the process seems to take: a list of one number, which a test may change."""
    size = [1_000_000_000]
    monkeypatch.setattr(braking, "resident", lambda: size[0])
    monkeypatch.setattr(braking, "give_back", lambda: None)
    monkeypatch.setattr(braking, "LIBRARIES", 0)
    return size


# Batches that start where there is room.


def job_memory(limit, held=lambda: 0, most=0):
    """Of a job whose batches need 100 bytes a symbol."""
    return JobMemory(
        EngineMemory(limit, Plans()), Demand(100, dict.fromkeys((*names(20), "A", "B", "C"), 1), most), held
    )


def test_a_batch_starts_where_there_is_room_for_it(grown):
    """Beside what others were promised, what waits to be handed out, and what the process has grown by."""
    held = [0]
    memory = job_memory(1000, lambda: held[0])
    one, two = Batch(("A",)), Batch(("B", "C"))

    assert memory.admits(two, [])
    assert memory.admits(two, [two, two])
    assert not memory.admits(two, [two] * 4)
    assert not memory.admits(one, [two] * 4)
    held[0] = 300
    assert not memory.admits(two, [two, two])
    assert memory.admits(two, [two])
    grown[0] += 700
    assert not memory.admits(two, [])
    assert memory.admits(one, [])


def test_batches_that_need_more_than_was_thought_teach_the_next_ones(grown):
    memory = job_memory(1000)
    batch = Batch(("A", "B"))
    assert memory.admits(batch, [])

    grown[0] += 500
    memory.look()
    grown[0] -= 500
    memory.admits(batch, [])

    assert memory.factor == 2.5
    assert memory.needs(batch) == 500
    assert not memory.admits(batch, [batch])


def test_what_may_be_found_is_reckoned_with_though_nothing_was_found_yet(grown):
    memory = job_memory(5000, most=600)
    batch = Batch(("A", "B"))

    memory.admits(batch, [])
    memory.look()
    memory.admits(batch, [])

    assert memory.needs(batch) == 1200


def test_what_libraries_take_is_no_room_for_batches(grown, monkeypatch):
    batch = Batch(("A", "B"))
    assert job_memory(1000).admits(batch, [batch, batch])

    monkeypatch.setattr(braking, "LIBRARIES", 300)
    assert not job_memory(1000).admits(batch, [batch, batch])


@pytest.mark.usefixtures("few_symbols_at_a_time", "grown")
def test_nothing_starts_beside_results_that_are_not_handed_on_where_there_is_no_room(tmp_path):
    """They are still in memory while they are written."""
    loads, written = [], []
    frame = rising(12, bars=100)
    with ProcessingEngine(Watched(frame, loads.append), max_workers=2, memory_limit=45_000) as engine:
        engine.run(ProcessingJob(None, UP), lambda *_: written.append(len(loads)), output=tmp_path / "found.parquet")

    assert written == [1, 2, 3]


def test_small_jobs_are_not_measured_at_every_batch(monkeypatch):
    memory = job_memory(10**9)
    monkeypatch.setattr(braking, "resident", lambda: pytest.fail("measured"))

    assert memory.admits(Batch(("A",)), [Batch(("B",))])


@pytest.mark.parametrize(("symbols", "room", "halved"), [(4, 500, False), (4, 300, True), (1, 50, False)])
def test_a_batch_that_is_too_large_is_halved(symbols, room, halved, grown):
    brake = Brake(job_memory(1000))
    grown[0] += 850 - room

    assert brake.halves(Batch(tuple(names(symbols)))) == halved
    assert not Brake().halves(Batch(tuple(names(symbols))))


def test_batches_are_not_halved_without_end(grown):
    """Where the process itself has passed the limit, small batches would not help."""
    brake = Brake(job_memory(64 * 200 + 1))
    grown[0] += 10**9

    assert brake.halves(Batch(("A", "B", "C")))
    assert not brake.halves(Batch(("A", "B")))


def test_growth_is_told_after_idle_memory_was_given_back(monkeypatch):
    sizes = iter([1000, 1600, 1200])
    monkeypatch.setattr(braking, "resident", lambda: next(sizes))
    monkeypatch.setattr(braking, "give_back", lambda: None)
    memory = EngineMemory(1000, Plans())

    assert memory.grown() == 200
    assert memory.most == 600


@pytest.mark.parametrize("system", ["this one", "another one"])
def test_mapped_files_are_no_growth(system, tmp_path, monkeypatch):
    """Linux tells the pages itself; elsewhere psutil is asked, which tells the same."""
    if system == "another one":
        monkeypatch.setattr(residing, "OWN_PAGES", tmp_path / "missing")
        residing._total.cache_clear()

    assert 0 < residing.resident() <= psutil.Process().memory_info().rss
    assert abs(residing.resident() - told()) < 2**24
    assert residing._total() == psutil.virtual_memory().total


def told():
    memory = psutil.Process().memory_info()
    return memory.rss - getattr(memory, "shared", 0)


def test_memory_is_given_back_where_the_system_can(monkeypatch):
    residing.give_back()  # as it is here
    asked = []
    for trim in (asked.append, None):  # None: as where the C library is another one
        monkeypatch.setattr(residing, "_trim", lambda trim=trim: trim)
        residing.give_back()

    assert asked == [0]


@pytest.mark.parametrize("output", [False, True])
@pytest.mark.usefixtures("few_symbols_at_a_time")
def test_a_job_that_is_short_of_memory_runs_one_batch_at_a_time(output, tmp_path, monkeypatch):
    """It ends nevertheless, with the same results."""
    running, most, lock = set(), [0], threading.Lock()

    def loading(symbols):
        with lock:
            running.add(symbols)
            most[0] = max(most[0], len(running))
        threading.Event().wait(0.01)
        with lock:
            running.discard(symbols)

    frame = rising(16, bars=100)
    monkeypatch.setattr(braking, "resident", iter(range(2**40, 2**60, 2**40)).__next__)
    path = tmp_path / "found.parquet" if output else None
    with ProcessingEngine(Watched(frame, loading), max_workers=4, memory_limit=100_000) as engine:
        result = engine.run(ProcessingJob(None, UP), output=path)

    assert_frame_equal(result.matches, bs.scan(UP, frame).matches)
    assert most == [1]


# What is kept from job to job.


@pytest.mark.parametrize("formula", ["close > 0", "rank(close) > 0"])
@pytest.mark.usefixtures("few_symbols_at_a_time")
def test_what_is_kept_goes_where_it_is_too_much(formula):
    """A formula that is true everywhere leaves room for a row and two values of each bar."""
    frame, bar = rising(16, bars=1000), 3 * 8
    jobs = [ProcessingJob(None, f"x = sma(close, {n}); y = sma(open, {n}); {formula}") for n in (1, 2, 3)]
    engine = ProcessingEngine(frame, max_workers=1)
    plans = engine._preparer.plans
    for job in jobs:
        engine.run(job)
    machines = plans.kept - plans.rooms.kept
    assert plans.rooms.kept > 400 * bar
    assert machines > 0

    plans.keep_within(machines)
    assert (plans.kept, plans.rooms.kept) == (machines, 0)
    plans.keep_within(machines // 2)
    assert plans.kept <= machines // 2
    assert [executor.kept > 0 for executor in plans._executors()] == [False, False, True]
    assert_frame_equal(engine.run(jobs[0]).matches, bs.scan(jobs[0].formula, frame).matches)


@pytest.mark.parametrize("limit", [600_000, 1_000_000])
@pytest.mark.usefixtures("grown")
def test_what_is_kept_for_jobs_to_come_is_a_part_of_the_limit(limit):
    """At the end of every job: of the one that finds nothing, too, ahead of which another one's matches went."""
    frame = rising(16, bars=4000)
    engine = ProcessingEngine(frame, max_workers=1, memory_limit=limit)
    plans = engine._preparer.plans
    for formula in ("x = sma(close, 3); close > 0", "close < 0"):
        engine.run(ProcessingJob(None, formula))

    assert plans.kept <= limit // braking.KEPT_OF
    assert (plans.kept > 600_000 // braking.KEPT_OF) == (limit > 600_000)


@pytest.mark.parametrize("formula", ["x = sma(close, {n}); close > 0", "x = rank(close + {n}); close > 0"])
def test_plans_of_one_engine_share_the_memory_of_what_they_find(formula):
    """Jobs that take turns do not each wait for the system to hand out memory of their own."""
    frame = rising(16, bars=1000)
    engine = ProcessingEngine(frame, max_workers=1)
    rooms = engine._preparer.plans.rooms
    engine.run(ProcessingJob(None, formula.format(n=3)))
    once = rooms.kept
    for length in (4, 5, 6):
        engine.run(ProcessingJob(None, formula.format(n=length)))
    assert rooms.kept == once > 0
    assert all(stage.rooms is rooms for each in engine._preparer.plans._executors() for stage in each.every_stage())


def test_what_is_kept_makes_nobody_short_of_memory(grown):
    """It is taken again, or goes: results need not be put aside for it."""
    plans = Plans()
    memory = EngineMemory(800, plans)
    plans.rooms.give(np.empty(10))
    grown[0] += 600
    assert memory.grown() == 520
    assert plans.rooms.kept == 80

    plans.rooms.give(np.empty(10))
    assert memory.grown() == 500, "no more counts as idle than may be kept"

    grown[0] += 150
    assert memory.is_short()
    assert plans.rooms.kept == 0


@pytest.mark.usefixtures("few_symbols_at_a_time")
def test_what_is_kept_counts_as_growth_and_what_the_caller_took_does_not(grown):
    engine = ProcessingEngine(rising(16, bars=1000), max_workers=1)
    memory, job = engine._memory, ProcessingJob(None, "x = sma(close, 3); close > 0")
    engine.run(job)

    grown[0] = 9_000_000
    engine.run(job)
    assert memory.plans.kept > 0
    assert memory.before == 9_000_000 - memory.plans.kept

    other = engine._jobs.begin()
    grown[0] = 10_000_000
    engine.run(job)
    assert memory.before == 9_000_000 - memory.plans.kept
    engine._jobs.end(other)
