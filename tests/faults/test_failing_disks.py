"""Disks that are full or fail: who writes is told, and the older file is as it was."""

import polars as pl
import pytest
from fakes import candles

import barsweep as bs
from barsweep.data import writing
from barsweep.engine.command_line.formats import Format
from barsweep.engine.command_line.showing import write

TABLE = candles({"A": [1, 2, 3], "B": [4, 5, 6]})


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "out").mkdir()
    return tmp_path / "out"


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    "written",
    [
        lambda path: bs.scan("close > 1", TABLE).report(path),
        lambda path: bs.scan("close > 1", TABLE).chart("A").save(path),
        lambda path: bs.LiveScanner("close > 1", TABLE).save(path),
    ],
    ids=["report", "chart", "state"],
)
def test_pages_and_states_are_whole_or_as_they_were(written, folder, monkeypatch):
    output = folder / "found.html"
    output.write_text("older")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(writing.Aside, "take_place", full)
        with pytest.raises(bs.ProcessingEngineError, match=r"found\.html cannot be written: No space left"):
            written(output)

    assert output.read_text() == "older"
    written(output)
    assert output.read_bytes()[:5] != b"older"
    assert left_in(folder) == ["found.html"]


def test_a_file_that_cannot_be_written_to_the_end_leaves_the_older_one(folder, monkeypatch):
    output = folder / "found.csv"
    output.write_text("older")

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_csv", full)
    with pytest.raises(bs.ProcessingEngineError, match=r"found\.csv cannot be written: No space left"):
        write(TABLE, Format.CSV, output)

    assert output.read_text() == "older"
    assert left_in(folder) == ["found.csv"]


def test_who_writes_for_long_flushes_on_the_way(folder, monkeypatch):
    """What is on the disk by then, the end need not wait for."""
    really, flushed = writing.flush, []
    monkeypatch.setattr(writing, "flush", lambda path: (flushed.append(path.stat().st_size), really(path)))
    monkeypatch.setattr(writing, "FLUSHED_TOGETHER", 10)

    target = folder / "found.txt"
    with writing.Aside(target) as aside:
        for size in (9, 10, 19, 25):
            aside.path.write_text("x" * size)
            aside.flush_along()
            if aside._flushing is not None:
                aside._flushing.join()
        aside.take_place()

    assert flushed == [10, 25, 25]
    assert target.read_text() == "x" * 25


def test_a_disk_that_fails_on_the_way_leaves_the_older_file(folder, monkeypatch):
    """It is told once, to whoever flushes then; another flush would be content."""
    output, answers = folder / "found.parquet", [OSError(5, "Input/output error")]
    bs.scan("close > 0", TABLE, output=output)
    really = writing.flush

    def failing(path):
        if answers:
            raise answers.pop()
        really(path)

    monkeypatch.setattr(writing, "flush", failing)
    monkeypatch.setattr(writing, "FLUSHED_TOGETHER", 1)
    with pytest.raises(bs.ProcessingEngineError, match=r"found\.parquet cannot be written: Input/output error"):
        bs.scan("close > 2", TABLE, output=output)

    assert pl.read_parquet(output).height == 6
    assert left_in(folder) == ["found.parquet"]
