"""Writers that are killed, at random and at each step, leave the file as it was or the new one; two do not collide.

Here a few of each; `killing.py` kills as many as one likes. What was killed elsewhere: docs/reliability.md.
"""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import polars as pl
import pytest
from fakes import candles

import barsweep as bs
from barsweep.data import import_candles, importing, writing
from barsweep.data.storing import write_store
from barsweep.engine.command_line.formats import Format
from barsweep.engine.command_line.showing import write
from barsweep.errors import RepositoryError

KILLING = Path(__file__).parent / "killing.py"
TABLE = candles({"A": [1, 2, 3], "B": [4, 5, 6]})


@pytest.mark.skipif(not hasattr(os, "fork"), reason="writers are forked")
def test_killed_writers_leave_the_old_or_the_new_file():
    told = subprocess.run([sys.executable, KILLING, "1", "7"], capture_output=True, text=True, check=False)

    assert told.returncode == 0, told.stderr
    found = {each["kind"]: each for each in map(json.loads, told.stdout.splitlines())}
    assert list(found) == ["database", "store", "results", "command"]
    for kind, each in found.items():
        assert sum(each["at random"].values()) == 1
        assert each["at steps"].keys() <= {"old", "new"}
        assert each["at steps"]["old"] >= 1
        assert len(each["files"]) == 1  # what was left is gone after the next one
        assert each["inside"] == (["columns", "store.json"] if kind == "store" else [])
        assert each["at once"] == {"content": 4, "whole": 1}


@pytest.fixture
def source(tmp_path):
    (tmp_path / "in").mkdir()
    TABLE.write_parquet(tmp_path / "in" / "candles.parquet")
    return tmp_path / "in" / "candles.parquet"


@pytest.fixture
def target(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out" / "candles.duckdb"


def tables_of(path):
    with duckdb.connect(str(path), read_only=True) as connection:
        return dict(connection.execute("select table_name, estimated_size from duckdb_tables() order by 1").fetchall())


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


class Held:
    """A writer that stops where it has read the target, until it is let go."""

    def __init__(self, monkeypatch, name):
        self.reached, self.go = threading.Event(), threading.Event()
        self.really, self.first = getattr(importing, name), True
        monkeypatch.setattr(importing, name, self)

    def __call__(self, *arguments):
        if self.first:
            self.first = False
            self.reached.set()
            assert self.go.wait(20)
        return self.really(*arguments)


def import_beside(held, first, second):
    """Run the first, and while it is held, the second; what each raised."""
    raised = {}

    def run(name, work):
        try:
            work()
        except RepositoryError as error:
            raised[name] = str(error)

    threads = [threading.Thread(target=run, args=pair) for pair in (("first", first), ("second", second))]
    threads[0].start()
    assert held.reached.wait(20)
    threads[1].start()
    threads[1].join(0.3)
    assert threads[1].is_alive()  # it waits
    held.go.set()
    for thread in threads:
        thread.join(20)
    return raised


def test_a_second_import_waits_and_keeps_what_the_first_brought(source, target, monkeypatch):
    held = Held(monkeypatch, "write_table")

    raised = import_beside(
        held, lambda: import_candles(source, target, "one"), lambda: import_candles(source, target, "two")
    )

    assert raised == {}
    assert tables_of(target) == {"one": 6, "two": 6}
    assert left_in(target.parent) == ["candles.duckdb"]


@pytest.mark.parametrize(
    ("name", "writer", "message"),
    [("c.duckdb", "write_table", "has a table candles already"), ("c.store", "write_store", "has candles already")],
)
def test_a_second_import_of_the_same_is_told_that_it_is_there(source, target, name, writer, message, monkeypatch):
    path = target.with_name(name)
    held = Held(monkeypatch, writer)

    raised = import_beside(held, lambda: import_candles(source, path), lambda: import_candles(source, path))

    assert list(raised) == ["second"]
    assert message in raised["second"]
    assert bs.evaluate("close", path).height == 6


def test_what_a_killed_process_left_in_the_log_of_a_database_is_kept(source, target):
    """The log lies beside the file: a copy of the file alone had lost the table."""
    script = f"""
import duckdb, os
connection = duckdb.connect({str(target)!r})
connection.execute("set checkpoint_threshold = '1GB'")
connection.execute("create table mine as select 42 as answer")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
    assert left_in(target.parent) == ["candles.duckdb", "candles.duckdb.wal"]

    import_candles(source, target)

    assert tables_of(target) == {"candles": 6, "mine": 1}
    assert left_in(target.parent) == ["candles.duckdb"]


def test_an_import_says_what_it_put_in_order_and_left_out(target, tmp_path):
    """Nothing told that rows without a time were not there."""
    odd = pl.concat([TABLE.reverse(), TABLE.head(2).with_columns(ts=pl.lit(None, pl.Date))])
    odd.write_parquet(tmp_path / "odd.parquet")

    for path in (target, target.with_suffix(".store")):
        found = import_candles(tmp_path / "odd.parquet", path)
        assert (found.rows, found.defects) == (6, {"null": 2, "unsorted": 4})


def test_a_link_stays_a_link(source, target, tmp_path):
    import_candles(source, tmp_path / "real.duckdb")
    target.symlink_to(tmp_path / "real.duckdb")

    import_candles(source, target, "more")

    assert target.is_symlink()
    assert tables_of(tmp_path / "real.duckdb") == {"candles": 6, "more": 6}


@pytest.mark.skipif(os.name != "posix", reason="permissions of another kind")
def test_a_private_file_stays_private(target):
    output = target.with_name("found.parquet")
    bs.scan("close > 0", TABLE, output=output)
    output.chmod(0o600)

    bs.scan("close > 0", TABLE, output=output)

    assert output.stat().st_mode & 0o777 == 0o600


def test_what_is_written_elsewhere_at_this_moment_is_not_removed(target):
    output = target.with_name("found.csv")
    with writing.Aside(output) as first:
        first.path.write_text("first")
        write(TABLE, Format.CSV, output)
        assert first.path.read_text() == "first"
        first.take_place()

    assert output.read_text() == "first"
    assert left_in(target.parent) == ["found.csv"]


def test_a_writer_whose_folder_was_taken_for_left_makes_another(target, monkeypatch):
    """Between making the folder and locking it: rare, but then nothing must be lost."""
    really, made = writing.tempfile.mkdtemp, []

    def removed_at_once(**options):
        made.append(really(**options))
        if len(made) == 1:
            writing.remove_left(target)
        return made[-1]

    monkeypatch.setattr(writing.tempfile, "mkdtemp", removed_at_once)

    with writing.Aside(target) as aside:
        aside.path.write_text("whole")
        aside.take_place()

    assert len(made) == 2
    assert target.read_text() == "whole"


def test_a_file_system_without_locks(target, monkeypatch, caplog):
    import filelock

    def refused(*_, **__):
        raise OSError(writing.errno.ENOLCK, "No locks available")

    monkeypatch.setattr(filelock, "lock_descriptor", refused)
    with caplog.at_level("INFO", "barsweep"):
        write(TABLE, Format.CSV, target.with_suffix(".csv"))

    assert left_in(target.parent) == ["candles.csv"]
    assert "has no locks" in caplog.text
    monkeypatch.setattr(writing, "WITHOUT_LOCKS", set())
    with pytest.raises(OSError, match="No locks available"):
        writing.locked(target)


def test_a_lock_that_was_removed_by_its_holder_is_taken_anew(target, monkeypatch):
    """Whoever waited has the lock of a file that is no longer there."""
    really, answers = writing.is_at, [False]
    monkeypatch.setattr(writing, "is_at", lambda *both: answers.pop() if answers else really(*both))

    with writing.alone(target):
        assert left_in(target.parent) == [".candles.duckdb.lock"]
    assert left_in(target.parent) == []


def test_columns_that_a_killed_writer_left_in_a_store_go(tmp_path):
    store = tmp_path / "c.store"
    write_store([TABLE], store, "1d", "UTC")
    (store / "columns-0123456789ab").mkdir()
    (store / "columns-0123456789ab" / "0.arrow").write_bytes(b"half")

    write_store([TABLE], store, "1d", "UTC")

    assert len(left_in(store)) == 2


def test_a_pipe_is_written_to_as_it_is():
    write(TABLE, Format.CSV, Path(os.devnull))
    assert not Path(os.devnull).is_file()
