"""Large temporary files go to a disk."""

from types import SimpleNamespace

import psutil
import pytest

from barsweep.data import temporary


@pytest.fixture
def mounted(monkeypatch):
    """Kinds of file systems by where they are mounted."""

    def mount(**kinds):
        places = {"/": "ext4"} | {f"/{place.replace('_', '/')}": kind for place, kind in kinds.items()}
        found = [SimpleNamespace(mountpoint=place, fstype=kind) for place, kind in places.items()]
        monkeypatch.setattr(psutil, "disk_partitions", lambda **how: found if how["all"] else [])
        monkeypatch.setattr(temporary.tempfile, "tempdir", "/tmp")
        monkeypatch.setattr(temporary.Path, "resolve", lambda path: path)
        monkeypatch.setattr(temporary.os, "access", lambda *_: True)

    return mount


def test_the_usual_folder_serves_where_it_is_on_a_disk(mounted):
    mounted()
    assert temporary.temporary_folder({}) == "/tmp"
    mounted(tmp="ext4", dev_shm="tmpfs")
    assert temporary.temporary_folder({}) == "/tmp"


def test_where_it_is_memory_another_does(mounted, monkeypatch):
    mounted(tmp="tmpfs")
    assert temporary.temporary_folder({}) == "/var/tmp"

    monkeypatch.setattr(temporary.os, "access", lambda *_: False)
    assert temporary.temporary_folder({}) == "/tmp"


def test_what_is_told_counts(mounted):
    mounted(tmp="tmpfs")
    assert temporary.temporary_folder({"TMPDIR": "/tmp"}) == "/tmp"


def test_where_all_is_memory_that_is_taken(mounted):
    mounted(tmp="tmpfs", var_tmp="tmpfs")
    assert temporary.temporary_folder({}) == "/tmp"
