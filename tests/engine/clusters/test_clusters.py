"""Jobs on a cluster are those of this process, whatever is killed on the way; and nothing is sent but text."""

import json
import os
import signal
import sys
import threading
import time
from collections import OrderedDict

import numpy as np
import polars as pl
import pytest
from cluster_jobs import JOBS, SCAN, assert_as_here, assert_gone_on_from, orders, write_candles

import barsweep as bs
from barsweep.data import sample_candles
from barsweep.engine.clusters.journal import ClusterJournal
from barsweep.engine.clusters.processes import ProcessCluster
from barsweep.engine.clusters.working import carry_out


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_candles(tmp_path_factory.mktemp("candles"), 40, 300)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    made = ProcessCluster(tmp_path_factory.mktemp("cluster"), 2)
    yield made
    made.close()


@pytest.mark.parametrize("name", JOBS)
def test_a_job_on_a_cluster_is_the_job_here(name, source, cluster):
    """Matches to the bit, errors, defects and counts."""
    assert_as_here(JOBS[name], source, cluster)


def test_values_on_a_cluster_are_those_here(source, cluster):
    """Rankings among them."""
    job = bs.ProcessingJob(None, {"r": "rank(close, percent=true)", "s": "sma(close, 3)", "up": "close > open"})
    with bs.ProcessingEngine(source) as here, bs.ProcessingEngine(source, cluster=cluster) as there:
        assert there.evaluate(job).equals(here.evaluate(job), null_equal=True)


def test_libraries_go_as_text_and_functions_in_python_not_at_all(source, cluster, tmp_path):
    """No code is sent."""
    path = tmp_path / "own.formula"
    path.write_text("# Twice.\ndef twice(x) = 2 * x\n")
    job = bs.ProcessingJob(None, "twice(close) > 100")
    with bs.ProcessingEngine(source, bs.FormulaService(libraries=[path])) as engine:
        here = engine.run(job)

    with bs.ProcessingEngine(source, bs.FormulaService(libraries=[path]), cluster=cluster) as engine:
        assert engine.run(job).matches.equals(here.matches)

    @bs.function()
    def own(x: np.ndarray) -> np.ndarray:
        return x

    with (
        bs.ProcessingEngine(source, bs.FormulaService(functions=[own]), cluster=cluster) as engine,
        pytest.raises(bs.ProcessingEngineError, match="own: functions in Python are in this process alone"),
    ):
        engine.run(bs.ProcessingJob(None, "own(close) > 1"))


def test_candles_of_this_process_alone_are_refused(cluster):
    """With what to do."""
    with (
        bs.ProcessingEngine(sample_candles(3, 30), cluster=cluster) as engine,
        pytest.raises(bs.RepositoryError, match="holds candles in this process alone: write them to a Parquet file"),
    ):
        engine.run(bs.ProcessingJob(None, "close > 1"))


def test_what_was_run_is_not_run_again_and_the_journal_says_so(source, tmp_path):
    """A driver that comes again takes up what is there."""
    job = bs.ProcessingJob(None, "close > ema(close, 7)")
    cluster = ProcessCluster(tmp_path, 1)
    results = []
    for _ in range(2):
        with bs.ProcessingEngine(source, cluster=cluster) as engine:
            results.append(engine.run(job))
    cluster.close()

    events = [line["event"] for line in ClusterJournal(tmp_path).lines()]

    assert results[0].matches.equals(results[1].matches)
    assert sorted(set(events)) == ["done", "sent", "there"]
    assert events.count("there") == events.count("done") == len(list((tmp_path / "begun").iterdir()))


def test_changed_candles_are_other_orders(source, tmp_path):
    """Results of older candles are never taken for those of new ones."""
    path = tmp_path / "candles.parquet"
    frame = pl.read_parquet(source)
    frame.write_parquet(path)
    cluster = ProcessCluster(tmp_path / "out", 1)
    job = bs.ProcessingJob(None, "close > 1000")
    with bs.ProcessingEngine(path, cluster=cluster) as engine:
        assert engine.run(job).counts["matches"] == 0
    frame.with_columns(pl.col("close") + 10_000, pl.col("high") + 10_000).write_parquet(path)

    with bs.ProcessingEngine(path, cluster=cluster) as engine:
        assert engine.run(job).counts["matches"] > 0
    cluster.close()


def test_a_worker_that_is_killed_is_replaced(source, tmp_path):
    """Its batch is run again, in halves."""
    cluster = ProcessCluster(tmp_path, 1)
    with bs.ProcessingEngine(source, cluster=cluster) as engine:
        engine.run(bs.ProcessingJob(None, "close > 1"))
        (worker,) = cluster._all
        os.kill(worker.process.pid, signal.SIGSTOP)
        killing = threading.Timer(0.3, os.kill, (worker.process.pid, signal.SIGKILL))
        killing.start()

        result = engine.run(bs.ProcessingJob(None, SCAN))
    cluster.close()

    with bs.ProcessingEngine(source) as engine:
        assert result.matches.equals(engine.run(bs.ProcessingJob(None, SCAN)).matches)
    assert len(cluster._all) == 2


def test_a_job_on_a_cluster_can_be_cancelled(source, tmp_path):
    """Whatever its workers do."""
    cluster = ProcessCluster(tmp_path, 1)
    with bs.ProcessingEngine(source, cluster=cluster) as engine:
        engine.run(bs.ProcessingJob(None, "close > 1"))
        os.kill(cluster._all[0].process.pid, signal.SIGSTOP)
        threading.Timer(0.3, engine.cancel).start()
        began = time.monotonic()

        result = engine.run(bs.ProcessingJob(None, SCAN))
    cluster.close()

    assert result.cancelled
    assert {error.kind for error in result.errors.values()} == {"cancelled"}
    assert time.monotonic() - began < 30  # a worker that stands still would never have answered


@pytest.mark.parametrize("formula", [SCAN, "rank(sma(rank(close), 3)) > 20"])
def test_a_driver_that_was_killed_is_gone_on_from(formula, source, tmp_path):
    """The same result, and what was done before is not done again."""
    opened = "bs.ProcessCluster(folder, 1)"
    assert_gone_on_from(opened, bs.ProcessCluster(tmp_path, 3), source, formula, memory_limit=1_000_000)


class Direct:
    """A cluster of this thread: `carry_out` is called by whoever waits; `slots` may change."""

    def __init__(self, folder, seen_as=None, slots=1, place_after=0.0):
        self.folder, self.slots, self.place_after = folder, slots, place_after
        self.seen_as, self.sent = str(seen_as or folder), []

    def send(self, text):
        self.sent.append(json.loads(text))
        return DirectErrand(text, self.seen_as, time.monotonic() + self.place_after)


class DirectErrand:
    def __init__(self, text, folder, begin):
        self.text, self.folder, self.begin = text, folder, begin

    def wait(self, seconds):
        if time.monotonic() < self.begin:
            time.sleep(0.01)
            return None
        return carry_out(self.text, self.folder)

    def give_up(self):
        """Nothing runs."""


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "folder"
    made.mkdir()
    return made


def test_a_folder_that_a_machine_does_not_see_ends_the_job(source, folder, tmp_path):
    """Told once, not for each symbol."""
    with bs.ProcessingEngine(source, cluster=Direct(folder, tmp_path / "elsewhere")) as engine:
        with pytest.raises(bs.ProcessingEngineError, match=r"does not see the driver's folder .*elsewhere: mount it"):
            engine.run(JOBS["scan"])
        with pytest.raises(bs.ProcessingEngineError, match="does not see the driver's folder"):
            engine.run(JOBS["ranking"])

    assert len(engine._cluster.sent) == 2


def test_another_folder_of_the_same_path_is_not_the_drivers(source, folder, tmp_path):
    """As on a machine where nothing is mounted, so that its own disk is there instead."""
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "folder.id").write_text("another")
    with (
        bs.ProcessingEngine(source, cluster=Direct(folder, other)) as engine,
        pytest.raises(bs.ProcessingEngineError, match="does not see the driver's folder"),
    ):
        engine.run(JOBS["scan"])


def test_candles_that_a_machine_does_not_see_end_the_job(source, folder, monkeypatch):
    """With the machine's name and what to do."""
    direct = Direct(folder)
    monkeypatch.setattr("barsweep.engine.clusters.working.open_described", unseen)
    monkeypatch.setattr("barsweep.engine.clusters.working._kept", OrderedDict())
    with (
        bs.ProcessingEngine(source, cluster=direct) as engine,
        pytest.raises(bs.ProcessingEngineError, match=r"cannot open the candles: gone; all machines have to see them"),
    ):
        engine.run(JOBS["scan"])

    assert len(direct.sent) == 1


def unseen(_):
    raise bs.RepositoryError("gone")


def test_another_version_ends_the_job(source, folder, monkeypatch):
    """Since every batch would meet it."""
    monkeypatch.setattr("barsweep.engine.clusters.working.code_version", lambda: "another")
    with (
        bs.ProcessingEngine(source, cluster=Direct(folder)) as engine,
        pytest.raises(bs.ProcessingEngineError, match="has another version of barsweep than the driver: install"),
    ):
        engine.run(JOBS["scan"])


def test_a_result_that_never_comes_into_sight_ends_the_job(source, folder, monkeypatch):
    """The driver waits a while: network folders are slow to show what another machine wrote."""
    monkeypatch.setattr("barsweep.engine.clusters.driving.SEEN", 0.3)
    monkeypatch.setattr(DirectErrand, "wait", lambda self, seconds: "{}")
    with (
        bs.ProcessingEngine(source, cluster=Direct(folder)) as engine,
        pytest.raises(bs.ProcessingEngineError, match="its result has not been seen in"),
    ):
        engine.run(JOBS["scan"])


def test_the_clock_of_a_batch_stands_still_until_a_worker_begins(source, folder):
    """Others may use the cluster too."""
    direct = Direct(folder, place_after=1.2)

    assert_as_here(JOBS["scan"], source, direct, timeout=1.0)

    assert len(direct.sent) == 1


def test_a_job_is_cut_once(source, folder):
    """With more slots the same orders are there, rankings among them."""
    for job in (JOBS["scan"], JOBS["ranking of averaged rankings"]):
        assert_as_here(job, source, Direct(folder, slots=1), memory_limit=1_000_000)
        done = orders(folder, "done")

        wider = Direct(folder, slots=7)
        assert_as_here(job, source, wider, memory_limit=1_000_000)

        assert wider.sent == []
        assert done <= orders(folder, "there")


def test_the_memory_limit_is_each_workers(source, tmp_path):
    """More slots do not make batches smaller for want of memory."""
    sent = []
    for slots in (1, 20):
        direct = Direct(tmp_path / str(slots), slots=slots)
        direct.folder.mkdir()
        assert_as_here(JOBS["scan"], source, direct, memory_limit=1_000_000)
        sent.append(len(direct.sent))

    assert sent[0] == sent[1] > 1


def test_slots_that_come_are_used(source, folder, monkeypatch):
    """While the job runs."""
    direct, inside, most = Direct(folder, slots=1), set(), []

    def wait(errand, seconds):
        inside.add(errand)
        most.append(len(inside))
        direct.slots = 3
        time.sleep(0.3)
        answer = carry_out(errand.text, errand.folder)
        inside.discard(errand)
        return answer

    monkeypatch.setattr(DirectErrand, "wait", wait)
    assert_as_here(JOBS["scan"], source, direct, memory_limit=200_000)

    assert 2 <= max(most) <= 3


def test_a_cluster_by_name_ends_with_the_engine(source):
    """Its folder as well; names that there are not are told."""
    with bs.ProcessingEngine(source, cluster="processes") as engine:
        cluster = engine._cluster
        assert engine.run(JOBS["scan"]).counts["matches"] > 0
        assert list(cluster.folder.glob("*.arrow"))

    assert not cluster.folder.exists()
    assert all(worker.process.returncode is not None for worker in cluster._all)
    with pytest.raises(bs.ProcessingEngineError, match="no cluster 'spark'; known are ray, dask, processes"):
        bs.ProcessingEngine(source, cluster="spark")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(bs.ProcessingEngineError, match="cannot be the folder of a cluster: Not a directory"):
        bs.ProcessCluster(tmp_path / "file" / "folder")


@pytest.mark.parametrize(("kind", "package"), [(bs.RayCluster, "ray"), (bs.DaskCluster, "distributed")])
def test_what_is_not_installed_is_told(kind, package, monkeypatch):
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(bs.ProcessingEngineError, match=rf"needs {package}, and it cannot be imported .* pip install"):
        kind()
