"""Ctrl-C in the shell: what is finished is shown, and nobody waits for what is not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import click
import polars as pl
import pytest
from click.testing import CliRunner

from barsweep.data import import_candles, sample_candles
from barsweep.data.connecting import fetched
from barsweep.engine.command_line.application import make_application


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_interrupting_returns_what_is_finished(tmp_path):
    """Ctrl-C while batches run: the finished symbols are written, the others counted."""
    path, started = tmp_path / "candles.parquet", tmp_path / "started"
    sample_candles(60, 50, defects=False).write_parquet(path)
    code = f"""
import pathlib, sys, time
from barsweep.engine import collecting, dividing
dividing.rows_per_batch = lambda *_, **__: 500
work, begun = collecting.process, []
def slowly(*given):
    begun.append(given)
    if len(begun) == 4:  # of six: with two workers two are finished
        pathlib.Path({str(started)!r}).touch()
    time.sleep(0.5)
    return work(*given)
collecting.process = slowly
sys.argv[1:] = ["scan", "close > close[1]", {str(path)!r}, "--format", "csv"]
from barsweep.engine.command_line import main
main()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as job:
        patience = time.monotonic() + 30
        while not Path(started).exists() and time.monotonic() < patience:
            time.sleep(0.02)
        job.send_signal(signal.SIGINT)
        out, err = job.communicate(timeout=30)

    assert job.returncode == 130, err
    assert len(out.splitlines()) > 1
    assert "interrupted: " in err


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("name", ["found.csv", "found.parquet"])
def test_what_was_finished_takes_no_older_files_place(tmp_path, name):
    path, output = tmp_path / "candles.parquet", tmp_path / name
    sample_candles(60, 50, defects=False).write_parquet(path)
    output.write_text("older")
    code = f"""
import signal, sys
from barsweep.engine import collecting, controlling, dividing
controlling.GRACE = 20.0
dividing.rows_per_batch = lambda *_, **__: 500
work, begun = collecting.process, []
def counting(*given):
    begun.append(given)
    if len(begun) == 4:  # of six
        signal.raise_signal(signal.SIGINT)
    return work(*given)
collecting.process = counting
sys.argv[1:] = ["scan", "close > close[1]", {str(path)!r}, "--output", {str(output)!r}]
from barsweep.engine.command_line import main
main()
"""

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    place = output.with_stem("found.unfinished")
    assert said.returncode == 130, said.stderr
    assert f"{output} stays as it was; what was finished is in {place}" in said.stderr
    assert output.read_text() == "older"
    assert 0 < read(place)["symbol"].n_unique() < 60


def read(path):
    return pl.read_csv(path) if path.suffix == ".csv" else pl.read_parquet(path)


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("further", [[], ["--sort", "close", "--top", "3"]])
def test_interrupting_before_anything_is_known(further, tmp_path):
    """Ctrl-C while a large file is opened, or a database does not answer: nobody waits for it."""
    path, started = tmp_path / "candles.parquet", tmp_path / "started"
    sample_candles(3, 50, defects=False).write_parquet(path)
    code = f"""
import pathlib, sys, time
from barsweep.data import ParquetRepository
from barsweep.engine import leaving
leaving.PATIENCE = 0.2
def health(self):
    pathlib.Path({str(started)!r}).touch()
    time.sleep(60)
ParquetRepository.health = ParquetRepository.columns = health
sys.argv[1:] = ["scan", "close > close[1]", {str(path)!r}, "--format", "csv", *{further!r}]
from barsweep.engine.command_line import main
main()
"""
    began = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as job:
        while not Path(started).exists() and time.monotonic() < began + 30:
            time.sleep(0.02)
        job.send_signal(signal.SIGINT)
        _, err = job.communicate(timeout=30)

    assert job.returncode == 130, err
    assert time.monotonic() - began < 50
    assert "interrupted: before it was known what symbols there are" in err


def test_a_command_that_is_interrupted_says_so():
    """Also where it does not look at it itself: click would end with 1, as if nothing had been found."""

    @click.command()
    def slow():
        raise KeyboardInterrupt

    commands = make_application("scan")
    commands.add_command(slow, "slow")

    result = CliRunner().invoke(commands, ["slow"])

    assert (result.exit_code, result.stderr) == (130, "interrupted\n")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_interrupting_while_modules_are_imported_by_several_threads(tmp_path):
    """Where Python raises in the middle of an import it may keep the lock of all imports: other threads wait for ever.

    The lock is taken whenever a lock of one module is let go of; that is where the signal arrives.
    """
    import_candles(as_parquet(tmp_path), tmp_path / "candles.duckdb")  # which another thread looks at meanwhile
    code = f"""
import _imp, importlib._bootstrap, signal, sys, threading
class Locks:
    def __getattr__(self, name):
        return getattr(_imp, name)
    def acquire_lock(self):
        _imp.acquire_lock()
        lets_go = sys._getframe(1).f_code.co_name == "cb"
        main_thread = threading.current_thread() is threading.main_thread()
        if lets_go and main_thread and "barsweep.data.database" in sys.modules:
            signal.raise_signal(signal.SIGINT)
importlib._bootstrap._imp = Locks()
from barsweep.engine.command_line import main
sys.argv[1:] = ["scan", "close > 1", {str(tmp_path / "candles.duckdb")!r}]
main()
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)

    assert (said.returncode, said.stdout, said.stderr) == (130, "", "interrupted\n")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_that_the_shell_has_ignored_stays_ignored(tmp_path):
    """As of what runs in the background of a script."""
    code = f"""
import signal, sys
signal.signal(signal.SIGINT, signal.SIG_IGN)
from barsweep.engine import collecting
from barsweep.engine.command_line import main, application
make, work = application.make_application, collecting.process
application.make_application = lambda asked: signal.raise_signal(signal.SIGINT) or make(asked)
collecting.process = lambda *given: signal.raise_signal(signal.SIGINT) or work(*given)
sys.argv[1:] = ["scan", "close > 0", {str(as_parquet(tmp_path))!r}, "--format", "csv"]
main()
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert said.returncode == 0, said.stderr
    assert len(said.stdout.splitlines()) == 21


def as_parquet(folder):
    sample_candles(2, 10, defects=False).write_parquet(folder / "candles.parquet")
    return folder / "candles.parquet"


@pytest.mark.parametrize(("text", "raised"), [("Query interrupted", KeyboardInterrupt), ("broken", RuntimeError)])
def test_a_query_of_the_main_thread_that_is_interrupted(text, raised):
    """DuckDB answers Ctrl-C by an error of its own."""

    class Cursor:
        closed = False

        def sql(self, *_, **__):
            raise RuntimeError(text)

        def close(self):
            self.closed = True

    cursor = Cursor()
    with pytest.raises(raised):
        fetched(cursor, "select 1", [], "a file")
    assert cursor.closed
