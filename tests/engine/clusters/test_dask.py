"""Jobs on Dask are those of this process. `make clusters` runs this where distributed is installed."""

import signal
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from cluster_jobs import JOBS, SCAN, assert_as_here, assert_gone_on_from, caught, orders, sent, write_candles

import barsweep as bs
from barsweep.engine.clusters.dask import _Errand
from barsweep.engine.clusters.journal import ClusterJournal

distributed = pytest.importorskip("distributed", reason="distributed is not installed: make clusters has it")

# Dask leaves sockets to their fate when a worker is lost.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

MEMORY = 1_500_000  # so that a job has some twenty batches


@pytest.fixture(scope="module")
def client():
    workers = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with workers, distributed.Client(workers) as made:
        yield made


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_candles(tmp_path_factory.mktemp("candles"), 120, 2500)


@pytest.fixture
def cluster(client, tmp_path):
    with bs.DaskCluster(tmp_path / "folder", client) as made:
        yield made


@pytest.mark.parametrize("name", ["scan", "sweep", "ranking of averaged rankings"])
def test_a_job_on_dask_is_the_job_here(name, source, cluster):
    """To the bit; in several batches."""
    assert_as_here(JOBS[name], source, cluster, memory_limit=MEMORY)

    assert cluster.slots == 2
    assert len(orders(cluster.folder, "done")) > 2


def test_a_worker_that_is_killed_has_its_batch_run_again(source, cluster, client):
    """By another one, or by the one in its place."""

    def pids():
        return list(client.run(lambda: __import__("os").getpid()).values())

    workers = pids()

    def kill():
        order = caught(cluster.folder, lambda: workers)
        sent(signal.SIGKILL, workers)
        return order

    with ThreadPoolExecutor(1) as threads:
        killed = threads.submit(kill)
        assert_as_here(bs.ProcessingJob(None, SCAN), source, cluster, memory_limit=MEMORY)

    assert ClusterJournal(cluster.folder).run_again()[killed.result()] == 2


def test_a_driver_that_was_killed_is_gone_on_from(source, client, tmp_path):
    """By one that runs fewer batches at a time."""
    opened = f"bs.DaskCluster(folder, {client.scheduler.address!r})"
    cluster = bs.DaskCluster(tmp_path / "folder", client, slots=1)
    assert_gone_on_from(opened, cluster, source, "rank(sma(rank(close), 3)) > 20", memory_limit=MEMORY)


def test_waiting_is_quiet_until_there_is_an_answer(client):
    """However often somebody looks: distributed's own clock raises UnboundLocalError now and then."""
    errand = _Errand(client.submit(time.sleep, 0.5, pure=False))

    assert {errand.wait(0.001) for _ in range(200)} == {None}


def test_what_is_not_there_is_told(client, tmp_path):
    """A scheduler, a folder."""
    with pytest.raises(bs.ProcessingEngineError, match=r"no Dask scheduler at 10\.x"):
        bs.DaskCluster(tmp_path, "10.x")
    with pytest.raises(bs.ProcessingEngineError, match="name a folder that this machine and all workers"):
        bs.DaskCluster(client=client)
