"""Batches start where there is room for them; what engines and repositories keep is a part of the limit."""

import threading
from pathlib import Path

import polars as pl
import psutil
import pytest
from fakes import Watched, names, rising
from polars.testing import assert_frame_equal

import barsweep as bs
from barsweep import DuckDBRepository, FrameRepository, ProcessingEngine, ProcessingJob
from barsweep.data.importing import write_table
from barsweep.engine import braking, preparing, residing
from barsweep.engine.batching import Batch
from barsweep.engine.braking import Brake, EngineMemory, JobMemory
from barsweep.engine.budgeting import Demand
from barsweep.engine.plans import Plans

UP = "close > close[1]"


@pytest.fixture
def few_symbols_at_a_time(monkeypatch):
    monkeypatch.setattr(preparing, "rows_per_batch", lambda *_, **__: 400)


@pytest.fixture
def grown(monkeypatch):
    """How much the process seems to take: a list of one number, which a test may change."""
    size = [1_000_000_000]
    monkeypatch.setattr(braking, "resident", lambda: size[0])
    monkeypatch.setattr(braking, "give_back", lambda: None)
    monkeypatch.setattr(braking, "LIBRARIES", 0)
    return size


# Batches that start where there is room.


def job_memory(limit, held=lambda: 0, factor=1.0):
    """Of a job whose batches need 100 bytes a symbol, 10 of them for what they report."""
    demand = Demand(100, dict.fromkeys((*names(20), "A", "B", "C"), 1), found=10)
    return JobMemory(EngineMemory(limit, Plans()), demand, held, factor)


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
    memory.look(batch, 20)
    grown[0] -= 500
    memory.admits(batch, [])

    assert memory.factor == 2.5
    assert memory.needs(batch) == 500
    assert not memory.admits(batch, [batch])


@pytest.mark.parametrize(("shown", "known"), [(50, 1.0), (300, 1.5), (800, 4.0), (2000, 6.0)])
def test_until_a_batch_has_shown_what_it_takes_it_may_be_the_most(shown, known, grown):
    memory = job_memory(5000, factor=6.0)
    batch = Batch(("A", "B"))
    assert memory.needs(batch) == 1200
    assert memory.admits(batch, [])
    assert memory.admits(batch, [])
    assert memory.factor == 6.0

    grown[0] += shown
    memory.look(batch, 20)
    grown[0] -= shown
    memory.admits(batch, [])

    assert memory.factor == known


def test_what_a_batch_reports_is_known_though_nothing_was_measured(grown):
    """What libraries may have taken meanwhile hides what small batches take."""
    memory = job_memory(1000, factor=6.0)
    batch = Batch(("A", "B"))
    assert not memory.admits(batch, [])  # but one always runs

    memory.look(batch, 20 + 300)
    memory.admits(batch, [])

    assert memory.factor == 1 + 300 / 200


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


def test_mapped_files_are_no_growth():
    assert 0 < residing.resident() <= psutil.Process().memory_info().rss


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


# What repositories may take.


@pytest.mark.parametrize(
    ("limit", "settings", "expected"),
    [
        (1000 * 2**20, {}, "250.0 MiB"),
        (100 * 2**20, {}, "64.0 MiB"),
        (1000 * 2**20, {"memory_limit": "700MiB"}, "700.0 MiB"),
    ],
)
def test_duckdb_gets_a_share(limit, settings, expected, tmp_path):
    write_table(rising(3), tmp_path / "candles.duckdb", "candles")
    with DuckDBRepository(tmp_path / "candles.duckdb", settings=settings) as repository:
        repository.symbols("1d")
        ProcessingEngine(repository, memory_limit=limit).run(ProcessingJob(None, UP))
        (found,) = repository.cursor().execute("select current_setting('memory_limit')").fetchall()

    assert found == (expected,)


@pytest.mark.parametrize("share", [None, 0])
@pytest.mark.parametrize("symbols", [None, ["S001", "S002", "S005"], []])
def test_a_frame_in_pieces_is_copied_as_a_whole_only_where_there_is_room(share, symbols):
    """What is loaded is the same."""
    whole = rising(8, bars=30).with_columns(pl.col("volume").cast(pl.Int64))
    pieces = FrameRepository(pl.concat([whole.slice(row, 16) for row in range(0, whole.height, 16)], rechunk=False))
    if share is not None:
        pieces.limit_memory(share)
    asked = (symbols, "1d", None, None, ["close", "volume"], 0, bs.data.CandlePolicy())

    found, expected = pieces.load_checked(*asked), FrameRepository(whole).load_checked(*asked)

    assert_frame_equal(found.frame, expected.frame)
    assert pieces.given.n_chunks() > 1
    assert sorted(pieces.inspection.columns) == (["close", "volume"] if share is None else [])


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


def test_a_large_table_is_written_in_groups_of_rows(tmp_path, monkeypatch):
    from barsweep.engine import stored

    monkeypatch.setattr(stored, "BYTES_OF_GROUP", 10_000)
    table = rising(20, bars=100)
    with stored.TableFile(tmp_path / "table.parquet") as file:
        file.write(table)
        found = file.finish(table)

    assert_frame_equal(found.slice(0), table)
    assert found.height == 2000
    assert Path(found.path).stat().st_size > 0


def test_a_containers_bound_counts_where_it_is_less_than_the_machine_has(monkeypatch, tmp_path):
    """Control groups say "max", or a number beyond all memory, where there is no bound."""
    there, bounds = psutil.virtual_memory().total, [tmp_path / "max", tmp_path / "bytes", tmp_path / "missing"]
    monkeypatch.setattr(residing, "GROUPS", bounds)
    bounds[0].write_text("max\n")
    bounds[1].write_text(f"{2**63 - 4096}\n")
    assert residing.memory_at_hand() == there

    bounds[1].write_text(f"{2**28}\n")
    assert residing.memory_at_hand() == 2**28
    assert braking.limit_or_usual(None) == 2**26


def test_the_usual_limit_is_a_quarter_of_the_memory_and_elsewhere_no_more_than_a_gigabyte(monkeypatch):
    monkeypatch.setattr(braking, "memory_at_hand", lambda: 2**34)

    assert braking.limit_or_usual(None) == 2**32
    assert braking.limit_or_usual(None, apart=True) == 2**30
    assert braking.limit_or_usual(5) == 5


def test_batches_at_work_take_no_more_than_makes_them_faster():
    """What else there is, is for results."""
    demand = Demand(8, {"A": 10}, reported=2**20)
    assert [demand.at_work(2**size) for size in (24, 29, 30, 31, 34)] == [2**23, 2**28, 2**29, 2**30, 2**31]
