"""Repositories that fail for a while are asked again; those that fail for good are not."""

import errno
import logging
import os
import subprocess
import sys
import threading
import time

import polars as pl
import pytest
from fakes import Watched, names, rising

from barsweep import (
    DuckDBRepository,
    FrameRepository,
    ParquetRepository,
    ProcessingEngine,
    ProcessingJob,
    RepositoryError,
    scan,
)
from barsweep.data.into_database import write_table
from barsweep.engine import retrying
from barsweep.engine.retrying import FIRST_PAUSE, LONGEST_PAUSE, Retries
from barsweep.engine.tallying import Tally

UP = "close > close[1]"
LOCKING = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print('locked', flush=True); sys.stdin.readline()"
PASSING = {
    "a locked file": lambda: RepositoryError("busy", retryable=True),
    "a lost connection": lambda: ConnectionResetError("reset by peer"),
    "a time-out": lambda: TimeoutError("slow"),
    "an interrupted read": lambda: InterruptedError(errno.EINTR, os.strerror(errno.EINTR)),
    "a file replaced on another machine": lambda: OSError(errno.ESTALE, os.strerror(errno.ESTALE)),
    "a file that is gone": lambda: FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)),
}
STAYING = {
    "no such column": lambda: RepositoryError("no such column"),
    "no right to read": lambda: PermissionError(errno.EACCES, os.strerror(errno.EACCES)),
    "a broken disk": lambda: OSError(errno.EIO, os.strerror(errno.EIO)),
}


@pytest.fixture
def _quick(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.001)


class Failing(Watched):
    """Fails so many times, in one of its methods, with what `fault` makes; `calls` counts them."""

    def __init__(self, frame, method, fault, times):
        super().__init__(frame)
        self.calls, own = 0, getattr(self, method)

        def asked(*arguments, **named):
            self.calls += 1
            if self.calls <= times:
                raise fault()
            return own(*arguments, **named)

        setattr(self, method, asked)


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("method", ["load", "health", "symbols", "columns", "rows", "span"])
@pytest.mark.parametrize("fault", PASSING)
def test_what_may_pass_is_asked_again(method, fault, caplog):
    """The first answer counts, wherever the repository failed before; every try is told."""
    frame, job = rising(4), ProcessingJob(None, UP, latest=True)  # which asks for the span too
    repository = Failing(frame, method, PASSING[fault], times=2)

    with caplog.at_level(logging.WARNING, logger="barsweep"):
        result = ProcessingEngine(repository).run(job)

    assert result.matches.equals(scan(UP, frame, latest=True).matches)
    assert not result.errors
    told = [record for record in caplog.records if record.event == "retry"]
    assert [record.attempt for record in told] == [1, 2]
    assert result.statistics.retries == 2
    assert "asked again 2 times" in result.summary()


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("fault", STAYING)
def test_what_stays_fails_at_once(fault):
    for method in ("health", "columns", "rows"):
        repository = Failing(rising(2), method, STAYING[fault], times=9)
        with pytest.raises(RepositoryError):
            ProcessingEngine(repository).run(ProcessingJob(None, UP))
        assert repository.calls == 1
    repository = Failing(rising(1), "load", STAYING[fault], times=9)

    result = ProcessingEngine(repository).run(ProcessingJob(None, UP))

    assert {error.kind for error in result.errors.values()} == {"repository"}
    assert (repository.calls, result.statistics.retries) == (1, 0)


@pytest.mark.usefixtures("_quick")
@pytest.mark.parametrize("retries", [0, 1, 3])
def test_there_is_a_limit(retries):
    repository = Failing(rising(1), "health", PASSING["a time-out"], times=99)

    with pytest.raises(RepositoryError, match="TimeoutError: slow") as raised:
        ProcessingEngine(repository, retries=retries).run(ProcessingJob(None, UP))

    assert raised.value.retryable
    assert repository.calls == retries + 1


@pytest.mark.usefixtures("_quick")
def test_faults_that_stay_are_waited_out_once_and_end_at_their_symbols():
    def on_load(symbols):
        if "S002" in symbols:
            raise RepositoryError("no such shard", retryable=True)

    repository = Watched(rising(4), on_load)

    result = ProcessingEngine(repository, retries=2).run(ProcessingJob(None, UP))

    assert {symbol: error.kind for symbol, error in result.errors.items()} == {"S002": "repository"}
    assert sum(each["symbols"] == tuple(names(4)) for each in repository.asked) == 3
    assert sum(each["symbols"] == ("S002",) for each in repository.asked) == 1
    assert (result.statistics.retries, result.statistics.halved) == (2, 2)


@pytest.mark.usefixtures("_quick")
def test_other_tables_are_asked_again():
    frame = rising(2)
    table = frame.select("symbol", "ts", eps=pl.col("close"))
    failing = Failing(table, "load", PASSING["a lost connection"], times=2)
    failing.stored = failing.inner.stored
    job = ProcessingJob(None, 'table("quarterly", eps) > 1')

    with ProcessingEngine(frame, tables={"quarterly": failing}) as engine:
        result = engine.run(job)

    assert failing.calls == 3
    assert result.matches.equals(scan(job.formula, frame, tables={"quarterly": table}).matches)


def test_pauses_grow_by_chance_up_to_a_limit():
    pauses, tally = [], Tally()

    def ask():
        raise RepositoryError("busy", retryable=True)

    for _ in range(20):
        with pytest.raises(RepositoryError, match="busy"):
            Retries(9, tally, pauses.append).ask(ask, "reading")

    assert tally.counts["retries"] == len(pauses) == 180
    for attempt in range(9):
        least, these = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt), pauses[attempt::9]
        assert all(least <= pause <= least + FIRST_PAUSE for pause in these)
        assert len(set(these)) > 10


def test_whoever_cancels_does_not_wait_for_the_next_try(monkeypatch):
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 60.0)
    repository = Failing(rising(2), "load", PASSING["a locked file"], times=9)
    with ProcessingEngine(repository) as engine:
        threading.Timer(0.2, engine.cancel).start()
        began = time.monotonic()
        result = engine.run(ProcessingJob(None, UP))

    assert result.cancelled
    assert time.monotonic() - began < 30


@pytest.fixture
def database(tmp_path):
    write_table([rising(3)], tmp_path / "candles.duckdb", "candles")
    return tmp_path / "candles.duckdb"


@pytest.mark.skipif(sys.platform == "win32", reason="another process cannot open the file at all there")
def test_a_database_that_another_process_writes_to_is_waited_for(database):
    command = [sys.executable, "-c", LOCKING, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout.readline().strip() == "locked"
        with pytest.raises(RepositoryError, match="another process writes to it") as raised:
            ProcessingEngine(database, retries=0).run(ProcessingJob(None, UP))
        threading.Timer(0.3, lambda: (writer.stdin.write("\n"), writer.stdin.flush())).start()
        with ProcessingEngine(database, retries=9) as engine:
            result = engine.run(ProcessingJob(None, UP))

    assert raised.value.retryable
    assert result.counts["matches"] == 12
    assert result.statistics.retries >= 1


@pytest.mark.usefixtures("_quick")
def test_a_database_whose_connection_breaks_down_is_opened_again(database):
    with DuckDBRepository(database) as repository, ProcessingEngine(repository) as engine:
        engine.run(ProcessingJob(None, UP))
        repository.connection.close()  # behind the repository's back

        result = engine.run(ProcessingJob(None, UP))

    assert result.counts["matches"] == 12
    assert result.statistics.retries == 1


@pytest.mark.parametrize("kind", ["parquet", "duckdb"])
def test_a_file_that_is_away_for_a_moment_is_waited_for(kind, database, tmp_path):
    path = database if kind == "duckdb" else tmp_path / "candles.parquet"
    rising(3).write_parquet(tmp_path / "candles.parquet")
    repository = DuckDBRepository(path) if kind == "duckdb" else ParquetRepository(path)
    away = path.rename(tmp_path / "away")
    threading.Timer(0.3, lambda: away.rename(path)).start()

    with ProcessingEngine(repository, retries=9) as engine:
        result = engine.run(ProcessingJob(None, UP))
    repository.__dict__.get("close", lambda: None)()

    assert result.counts["matches"] == 12
    assert result.statistics.retries >= 1


def test_a_parquet_file_that_is_being_written_may_be_whole_later(tmp_path, monkeypatch):
    """One that was written long ago and is none will not become one."""
    path = tmp_path / "candles.parquet"
    rising(3).write_parquet(path)
    whole, repository = path.read_bytes(), ParquetRepository(path)
    engine = ProcessingEngine(repository)
    engine.run(ProcessingJob(None, UP))
    path.write_bytes(whole[:100])
    threading.Timer(0.3, lambda: path.write_bytes(whole)).start()
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.1)

    assert engine.run(ProcessingJob(None, UP)).counts["matches"] == 12

    path.write_bytes(whole[:100])
    os.utime(path, (0, 0))
    with pytest.raises(RepositoryError, match="cannot be read as Parquet") as raised:
        engine.run(ProcessingJob(None, UP))
    assert not raised.value.retryable


@pytest.mark.usefixtures("_quick")
def test_a_repository_that_checks_is_asked_again_as_well():
    class Checking(FrameRepository):
        calls = 0

        def load_checked(self, *asked):
            Checking.calls += 1
            if Checking.calls < 3:
                raise ConnectionError("lost")
            return super().load_checked(*asked)

    assert ProcessingEngine(Checking(rising(3))).run(ProcessingJob(None, UP)).counts["matches"] == 12
    assert Checking.calls == 3
