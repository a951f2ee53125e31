"""Jobs on a cluster are those of this process, whatever is killed on the way; and nothing is sent but text."""

import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from cluster_jobs import JOBS, SCAN, assert_as_here, assert_gone_on_from, write_candles

import barsweep as bs
from barsweep.data import sample_candles
from barsweep.engine.clusters.journal import ClusterJournal
from barsweep.engine.clusters.processes import ProcessCluster
from barsweep.engine.clusters.ray import _entered, _Presence


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


def test_changed_text_files_and_other_tables_are_other_orders(tmp_path):
    """Also where a worker had them open for the job before."""
    candles, quarterly = tmp_path / "candles.csv", tmp_path / "quarterly.csv"
    job = bs.ProcessingJob(None, {"close": "close", "eps": 'table("quarterly", eps)'})
    with ProcessCluster(tmp_path / "out", 1) as cluster:
        for close, eps in ((1.5, 10.0), (2.5, 10.0), (2.5, 20.0)):
            candles.write_text(f"symbol,date,close\nA,2024-01-02,{close}\n")
            quarterly.write_text(f"symbol,published,eps\nA,2023-12-01,{eps}\n")
            with bs.ProcessingEngine(candles, cluster=cluster, tables={"quarterly": quarterly}) as engine:
                assert engine.evaluate(job).select("close", "eps").rows() == [(close, eps)]


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
    with pytest.raises(bs.ProcessingEngineError, match=r"10\.0\.0\.1:6379 is an address: say cluster=bs.RayCluster\("):
        bs.ProcessingEngine(source, cluster="10.0.0.1:6379")


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").touch()

    with pytest.raises(bs.ProcessingEngineError, match="cannot be the folder of a cluster: Not a directory"):
        bs.ProcessCluster(tmp_path / "file" / "folder")


def test_ray_is_left_when_nobody_calls_it_any_more():
    """Whoever calls it later, an abandoned batch say, would make it join a cluster again."""
    presence = _Presence(SimpleNamespace(is_initialized=lambda: True))
    with ThreadPoolExecutor(1) as threads:
        with presence.call() as inside:
            leaving = threads.submit(presence.leave)
            with pytest.raises(TimeoutError):
                leaving.result(0.1)
        leaving.result(60)

    assert inside
    with presence.call() as inside:
        assert not inside


def test_a_ray_that_wants_a_token_is_told():
    """Ray itself says of it only that it could not connect."""

    def init(*_, **__):
        try:
            raise RuntimeError("ray.exceptions.AuthenticationError: RPC error: InvalidAuthToken")
        except RuntimeError as error:
            raise ConnectionError("Failed to connect to Ray cluster at 10.0.0.1:6379") from error

    locked = SimpleNamespace(is_initialized=lambda: False, init=init)

    with pytest.raises(
        bs.ProcessingEngineError, match=r"no Ray cluster at .*; it lets in who has its token: set RAY_AU"
    ):
        _entered(locked, "10.0.0.1:6379", {})


@pytest.mark.parametrize("address", ["10.0.0.1:6379", "auto", "tcp://10.0.0.1:8786", "ray://head:10001"])
def test_an_address_is_no_folder(address, tmp_path, monkeypatch):
    """Else a cluster on this machine would be started without a word."""
    monkeypatch.chdir(tmp_path)
    for kind in (bs.RayCluster, bs.DaskCluster):
        with pytest.raises(bs.ProcessingEngineError, match="is an address; the folder for results comes first"):
            kind(address)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("kind", "package"), [(bs.RayCluster, "ray"), (bs.DaskCluster, "distributed")])
def test_what_is_not_installed_is_told(kind, package, monkeypatch):
    """With the command that installs it."""
    monkeypatch.setitem(sys.modules, package, None)

    with pytest.raises(bs.ProcessingEngineError, match=rf"needs {package}, and it cannot be imported .* pip install"):
        kind()
