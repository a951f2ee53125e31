"""The file that results are written to: refused before work starts, whole or not there at all."""

import os

import polars as pl
import pytest
from fakes import Watched, rising

import barsweep as bs
from barsweep import FormulaError, ProcessingEngine, ProcessingEngineError, ProcessingJob, RepositoryError
from barsweep.engine import dividing, preparing, stored
from barsweep.engine.stored import TableFile

UP = "close > close[1]"


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, **__: 200)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "found.parquet"


def left_in(folder):
    return sorted(file.name for file in folder.iterdir())


def test_an_older_file_is_replaced_when_all_is_done(path):
    path.write_text("older")
    seen = []

    bs.scan(UP, rising(10, bars=100), output=path, progress=lambda *_: seen.append(path.read_bytes()))

    assert seen[0] == b"older"
    assert pl.read_parquet(path).height == 990


def test_an_older_file_outlives_a_job_that_raises(path):
    path.write_text("older")

    with pytest.raises(FormulaError):
        bs.scan("smaa(close) > 3", rising(1), output=path)

    assert path.read_text() == "older"
    assert left_in(path.parent) == [path.name]


def test_nothing_is_left_of_a_job_that_raises_while_it_runs(path, monkeypatch):
    """A full disk, say."""

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with TableFile(path) as file:
        file.write(pl.DataFrame({"symbol": ["A"]}))
        monkeypatch.setattr(type(file._writer), "write_table", full)
        with pytest.raises(ProcessingEngineError, match="cannot be written: No space left"):
            bs.scan(UP, rising(10, bars=100), output=path)
        assert len(left_in(path.parent)) == 1

    assert left_in(path.parent) == []


def test_nothing_is_left_when_no_symbol_can_be_evaluated(path):
    def broken(_):
        raise RepositoryError("everything is broken")

    with (
        ProcessingEngine(Watched(rising(2), broken)) as engine,
        pytest.raises(ProcessingEngineError, match="no symbol"),
    ):
        engine.evaluate(ProcessingJob(None, "close"), output=path)

    assert left_in(path.parent) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("found.csv", r"found\.csv does not end in \.parquet"),
        ("no/found.parquet", "there is no folder"),
        ("folder.parquet", "is a folder"),
        ("candles.parquet", "is the file with the candles"),
        ("hive/found.parquet", "lies among the candles"),
        ("texts/found.parquet", "lies among the candles"),
        ("link.parquet", "is the file with the candles"),
    ],
)
def test_a_path_that_does_not_do_is_refused_before_work_starts(name, message, tmp_path, monkeypatch):
    (tmp_path / "folder.parquet").mkdir()
    (tmp_path / "hive").mkdir()
    rising(2).write_parquet(tmp_path / "candles.parquet")
    rising(2).write_parquet(tmp_path / "hive" / "candles.parquet")
    (tmp_path / "texts").mkdir()
    rising(2).write_csv(tmp_path / "texts" / "candles.csv")
    (tmp_path / "link.parquet").symlink_to(tmp_path / "candles.parquet")
    monkeypatch.setattr(preparing.Preparer, "prepare", lambda *_: pytest.fail("work has started"))
    folder = name.partition("/")[0]
    source = tmp_path / (folder if folder in {"hive", "texts"} else "candles.parquet")

    with pytest.raises(ProcessingEngineError, match=message):
        bs.scan(UP, source, output=tmp_path / name)


def test_a_folder_that_must_not_be_written_to_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)

    with pytest.raises(ProcessingEngineError, match="permission denied"):
        bs.scan(UP, rising(1), output=tmp_path / "found.parquet")


def test_columns_are_kept_in_the_kinds_of_the_first_table(path):
    with TableFile(path) as file:
        for values in ([1.5, None], [2, 3]):
            file.write(pl.DataFrame({"symbol": ["A", "B"], "x": values}))
        file.finish(pl.DataFrame())

    assert pl.read_parquet(path)["x"].to_list() == [1.5, None, 2.0, 3.0]


def test_long_tables_are_several_row_groups(path, monkeypatch):
    monkeypatch.setattr(stored, "ROWS_OF_GROUP", 100)

    result = bs.scan(UP, rising(3, bars=151), output=path)

    assert result.matches.height == 450
    assert result["S001"].matches.frame["symbol"].unique().to_list() == ["S001"]
