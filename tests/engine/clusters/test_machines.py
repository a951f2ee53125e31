"""Machines that see other folders or candles, come late, or change in number: what the driver makes of them."""

import errno
import json
import os
import threading
import time
from collections import OrderedDict
from pathlib import Path

import pytest
from cluster_jobs import JOBS, assert_as_here, orders, write_candles

import barsweep as bs
from barsweep.engine.clusters import folders, working
from barsweep.engine.clusters.working import _note, carry_out
from barsweep.engine.collecting import with_references


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_candles(tmp_path_factory.mktemp("candles"), 40, 300)


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


def test_drivers_that_begin_at_the_same_moment_agree_on_the_folder(tmp_path, monkeypatch):
    """The slower one finds the name of the quicker, whose orders are out; without links it takes its own."""
    name = tmp_path / folders.IDENTITY

    def links(first, second):
        name.write_text("the quicker one's")
        return link(first, second)

    def no_links(first, second):
        raise OSError(errno.EPERM, "not permitted")

    link = os.link
    monkeypatch.setattr(folders.os, "link", links)
    assert folders.identity_of(tmp_path) == "the quicker one's"
    name.unlink()
    monkeypatch.setattr(folders.os, "link", no_links)
    assert folders.identity_of(tmp_path) == folders.identity_of(tmp_path) == name.read_text()
    assert list(tmp_path.iterdir()) == [name]


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


@pytest.mark.parametrize("name", ["scan", "ranking"])
def test_a_job_whose_orders_nobody_begins_ends(name, source, folder):
    """After the deadline without a worker at any of them; what was sent is taken back."""
    direct = Direct(folder, slots=2, place_after=3600)
    began = time.monotonic()
    with (
        bs.ProcessingEngine(source, cluster=direct, timeout=0.3, deadline=0.6, memory_limit=200_000) as engine,
        pytest.raises(bs.ProcessingEngineError, match=r"no worker of the cluster has begun a batch in 0\.6 s: .*room"),
    ):
        engine.run(JOBS[name])

    assert time.monotonic() - began < 30
    assert orders(folder, "given up")
    assert not orders(folder, "done")


def test_orders_that_wait_behind_others_of_their_job_are_waited_for(source, folder, monkeypatch):
    """Longer than the deadline, if there are more slots than places."""
    places = threading.Semaphore(1)

    def wait(errand, seconds):
        if not errand.begun:
            if not places.acquire(timeout=0.01):
                return None
            errand.begun = time.monotonic()
            _note(Path(errand.folder), json.loads(errand.text)["name"])
        if time.monotonic() < errand.begun + 0.4:
            time.sleep(0.01)
            return None
        places.release()
        return carry_out(errand.text, errand.folder)

    monkeypatch.setattr(DirectErrand, "begun", 0.0, raising=False)
    monkeypatch.setattr(DirectErrand, "wait", wait)
    direct = Direct(folder, slots=4)
    assert_as_here(JOBS["scan"], source, direct, timeout=30, deadline=0.9, memory_limit=200_000)

    assert len(direct.sent) >= 4


def test_what_is_the_same_for_all_orders_of_a_job_is_found_out_once(source, folder, monkeypatch):
    """The universe, the plan, the candles of other symbols; by each worker."""
    prepared = []
    monkeypatch.setattr(working, "with_references", lambda *given: prepared.append(given) or with_references(*given))
    direct = Direct(folder)

    assert_as_here(JOBS["other symbol"], source, direct, memory_limit=200_000)

    assert len(direct.sent) > 2
    assert len(prepared) == 1


def test_candles_that_go_while_a_job_runs_are_missed(source, folder, tmp_path, monkeypatch):
    """By every order anew, though the job was prepared before."""
    path = tmp_path / "candles.parquet"
    path.write_bytes(Path(source).read_bytes())
    monkeypatch.setattr(working, "RETRIES", 0)
    direct = Direct(folder)
    with bs.ProcessingEngine(path, cluster=direct, memory_limit=200_000) as engine:
        engine.run(JOBS["scan"])
        path.unlink()
        text = json.dumps({**direct.sent[0], "name": "another"})

        told = json.loads(carry_out(text, str(folder)))

    assert "no such file or folder" in told["error"]["message"]


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
        assert_as_here(JOBS["scan"], source, direct, memory_limit=200_000)
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
