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

from barsweep.data import sample_candles
from barsweep.data.connecting import fetched
from barsweep.engine.command_line.application import make_application


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_interrupting_returns_what_is_finished(tmp_path):
    """Ctrl-C while batches run: the finished symbols are written, the others counted."""
    path, started = tmp_path / "candles.parquet", tmp_path / "started"
    sample_candles(60, 50, defects=False).write_parquet(path)
    code = f"""
import pathlib, sys, time
from barsweep.engine import collecting, preparing
preparing.rows_per_batch = lambda *_, **__: 500
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
from barsweep.engine import collecting, preparing
preparing.rows_per_batch = lambda *_, **__: 500
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
def test_interrupting_while_commands_are_imported():
    code = """
import sys
from barsweep.engine.command_line import application, main
def interrupted(_): raise KeyboardInterrupt
application.make_application = interrupted
sys.argv[1:] = ["scan"]
main()
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (said.returncode, said.stdout, said.stderr) == (130, "", "interrupted\n")


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
