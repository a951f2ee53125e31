"""Jobs on Ray are those of this process, whatever dies on the way. `make clusters` runs this where ray is installed."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from cluster_jobs import JOBS, SCAN, assert_as_here, assert_gone_on_from, caught, orders, sent, write_candles

import barsweep as bs
from barsweep.engine.clusters.journal import ClusterJournal

ray = pytest.importorskip("ray", reason="ray is not installed: make clusters has an environment with it")

# Ray leaves sockets, log files and processes to their fate when a node is removed.
pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

SMALL = 80 * 2**20  # bytes of a node's object store, in which nothing of ours lies
MEMORY = 1_500_000  # so that a job has some twenty batches
PATIENT = 300.0  # seconds: where much else runs, Ray takes more than one minute to miss a node
RANKING = "rank(sma(rank(close), 3)) > 20"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """A head that computes nothing, and two nodes with a CPU each."""
    from ray.cluster_utils import Cluster

    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    small = {"object_store_memory": SMALL, "include_dashboard": False}
    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, **small})
    for _ in range(2):
        made.add_node(num_cpus=1, **small)
    made.wait_for_nodes()
    yield made
    ray.shutdown()
    made.shutdown()


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_candles(tmp_path_factory.mktemp("candles"), 120, 2500)


@pytest.fixture
def cluster(nodes, tmp_path):
    with bs.RayCluster(tmp_path / "folder", nodes.address) as made:
        yield made


def workers_of(*nodes):
    """The processes that carry out tasks on these nodes; others of Ray have titles like theirs."""
    found = []
    for node in nodes:
        for process in psutil.Process(node.all_processes["raylet"][0].process.pid).children(recursive=True):
            try:
                words = process.cmdline()
            except psutil.NoSuchProcess:  # it has just ended
                continue
            if words and words[0].startswith(("ray::IDLE", "ray::_carry_out")):
                found.append(process.pid)
    return found


def until_slots(cluster, slots, seconds=60):
    """Nodes come into sight, and out of it, when Ray notices."""
    until = time.monotonic() + seconds
    while cluster.slots != slots and time.monotonic() < until:
        time.sleep(0.1)
    assert cluster.slots == slots


@pytest.fixture
def meanwhile():
    """`meanwhile(work)` does something while a job runs; `.result()` is what it returned, or raises what it raised."""
    with ThreadPoolExecutor(1) as threads:
        yield threads.submit


@pytest.mark.parametrize("name", ["scan", "several", "sweep", "latest", "ranking of averaged rankings"])
def test_a_job_on_several_nodes_is_the_job_here(name, source, cluster):
    """To the bit; in several batches."""
    assert_as_here(JOBS[name], source, cluster, memory_limit=MEMORY)

    assert cluster.slots == 2
    assert len(orders(cluster.folder, "done")) > (0 if name == "latest" else 2)  # of which little is read
    assert ClusterJournal(cluster.folder).run_again() == {}


@pytest.mark.parametrize("formula", [SCAN, RANKING])
def test_a_worker_that_is_killed_has_its_batch_run_again(formula, source, cluster, nodes, meanwhile):
    """By Ray, elsewhere; the journal says which."""

    def kill():
        order = caught(cluster.folder, lambda: workers_of(*nodes.worker_nodes))
        sent(signal.SIGKILL, workers_of(*nodes.worker_nodes))
        return order

    killed = meanwhile(kill)
    assert_as_here(bs.ProcessingJob(None, formula), source, cluster, memory_limit=MEMORY, timeout=PATIENT)

    again = ClusterJournal(cluster.folder).run_again()
    assert again[killed.result()] == 2
    assert len(again) <= 2


def test_a_node_that_is_removed_has_its_batch_run_again(source, cluster, nodes, meanwhile):
    """On those that are left; a new one is used as soon as it is there."""
    victim = nodes.add_node(num_cpus=1, object_store_memory=SMALL, include_dashboard=False)
    nodes.wait_for_nodes()
    until_slots(cluster, 3)

    def remove():
        order = caught(cluster.folder, lambda: workers_of(victim))
        nodes.remove_node(victim, allow_graceful=False)
        return order

    removed = meanwhile(remove)
    assert_as_here(JOBS["several"], source, cluster, memory_limit=MEMORY // 2, timeout=PATIENT)

    assert ClusterJournal(cluster.folder).run_again() == {removed.result(): 2}
    until_slots(cluster, 2)


def test_whoever_waits_does_not_join_another_cluster_when_one_is_left(cluster, monkeypatch):
    """Ray would connect by itself to what it finds."""
    errand = cluster.send("{}")
    monkeypatch.setattr(ray, "is_initialized", lambda: False)

    errand.give_up()
    with pytest.raises(bs.ProcessingEngineError, match="the Ray cluster has been left before a batch was done"):
        errand.wait(60)


@pytest.mark.parametrize("formula", [SCAN, RANKING])
def test_a_driver_that_was_killed_is_gone_on_from(formula, source, nodes, tmp_path):
    """By one that runs fewer batches at a time."""
    opened = f"bs.RayCluster(folder, {nodes.address!r})"
    assert_gone_on_from(
        opened, bs.RayCluster(tmp_path / "folder", nodes.address, slots=1), source, formula, memory_limit=MEMORY
    )


def test_a_job_can_be_cancelled(source, cluster, nodes, meanwhile):
    """While its workers stand still; and the next one runs."""
    with bs.ProcessingEngine(source, cluster=cluster, memory_limit=MEMORY) as engine:

        def cancel():
            caught(cluster.folder, lambda: workers_of(*nodes.worker_nodes))
            engine.cancel()

        cancelled = meanwhile(cancel)
        result = engine.run(JOBS["scan"])
        cancelled.result()
        sent(signal.SIGCONT, workers_of(*nodes.worker_nodes))

        assert result.cancelled
        assert not engine.run(JOBS["scan"]).cancelled


def test_a_node_without_room_is_told(nodes, tmp_path):
    """Instead of waiting for ever; who tells the slots may wait for nodes that come."""
    with pytest.raises(bs.ProcessingEngineError, match="no node of the Ray cluster has room for cpus=64: ask for less"):
        bs.RayCluster(tmp_path, nodes.address, cpus=64)
    with pytest.raises(bs.ProcessingEngineError, match=r"room for cpus=1 and memory=1,000,000,000,000,000"):
        bs.RayCluster(tmp_path, nodes.address, memory=10**15)
    with pytest.raises(bs.ProcessingEngineError, match="cpus is 0; a number above 0 is needed"):
        bs.RayCluster(tmp_path, nodes.address, cpus=0)
    with bs.RayCluster(tmp_path, nodes.address, cpus=64, slots=3) as cluster:
        assert cluster.slots == 3
    with bs.RayCluster(tmp_path, nodes.address, cpus=0.5) as cluster:
        assert cluster.slots == 4


def test_other_clusters_and_private_folders_are_refused(cluster, nodes):
    """A process is in one Ray cluster at a time; nodes do not see this machine's temporary folder."""
    with pytest.raises(bs.ProcessingEngineError, match=r"connected to the Ray cluster at .*, not to 10\.0\.0\.1:6379"):
        bs.RayCluster(cluster.folder, "10.0.0.1:6379")
    with pytest.raises(bs.ProcessingEngineError, match=r"name a folder that this machine and all nodes of .* see"):
        bs.RayCluster(address=nodes.address)


ALONE = """
import sys, barsweep as bs
with bs.ProcessingEngine(sys.argv[1], cluster="ray") as engine:
    folder = engine._cluster.folder
    print(engine.run(bs.ProcessingJob(None, "close > open")).counts["matches"], list(folder.glob("*.arrow")) != [])
import ray
print(ray.is_initialized(), folder.exists())
"""


def test_ray_by_name_is_started_here_and_ended(source):
    """With a folder of its own."""
    done = subprocess.run([sys.executable, "-c", ALONE, source], check=True, capture_output=True, text=True)
    with bs.ProcessingEngine(source) as engine:
        matches = engine.run(bs.ProcessingJob(None, "close > open")).counts["matches"]

    assert done.stdout.split() == [str(matches), "True", "False", "False"]


def test_a_worker_without_barsweep_ends_the_job(source, nodes, tmp_path):
    """With what to do."""
    with bs.RayCluster(tmp_path, nodes.address) as cluster:

        def missing(*_):
            raise ModuleNotFoundError("No module named 'barsweep'")

        cluster._task = ray.remote(missing)
        began = time.monotonic()
        with (
            bs.ProcessingEngine(source, cluster=cluster, memory_limit=MEMORY) as engine,
            pytest.raises(bs.ProcessingEngineError, match=r"cannot run barsweep: No module named 'barsweep'; install"),
        ):
            engine.run(JOBS["scan"])

    assert time.monotonic() - began < 60  # not once for each symbol
