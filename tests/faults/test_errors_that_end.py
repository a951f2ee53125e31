"""Errors that are not passed on, each for its reason (tests/test_house.py asks for it): what happens instead."""

import os
import sys

import polars as pl
import pytest
from click.testing import CliRunner
from fakes import candles

import barsweep as bs
from barsweep.data import CandleStore, writing
from barsweep.engine.command_line import leave
from barsweep.engine.command_line.application import make_application
from barsweep.engine.stored import TableFile
from barsweep.errors import FormulaError, RepositoryError
from barsweep.formulas.kernels import kept

TABLE = candles({"A": [1, 2, 3]})


def test_kernels_that_cannot_be_kept_are_compiled_all_the_same(tmp_path, caplog):
    with caplog.at_level("INFO", "barsweep"):
        kept.write(tmp_path / "nowhere" / "kernels.code", [b"code"])

    assert "compiled kernels cannot be kept" in caplog.text
    assert kept.read(tmp_path / "nowhere" / "kernels.code") is None


def test_a_file_that_cannot_even_be_closed_goes(tmp_path):
    class Full:
        def close(self):
            raise OSError(28, "No space left on device")

    with TableFile(tmp_path / "found.parquet") as file:
        file._writer = Full()

    assert list(tmp_path.iterdir()) == []


def test_a_swept_formula_that_is_faulty_is_told_as_any_other():
    with pytest.raises(FormulaError, match="unknown function 'smaa'"):
        bs.scan("param n = 2; smaa(close, n) > 0", TABLE, parameters={"n": [2, 3]})
    with pytest.raises(FormulaError):
        bs.scan("param n = ; close > n", TABLE, parameters={"n": [2, 3]})


def test_a_faulty_formula_is_told_before_what_sorts_its_matches(tmp_path):
    TABLE.write_parquet(tmp_path / "c.parquet")

    done = CliRunner().invoke(make_application(), ["scan", "close >", str(tmp_path / "c.parquet"), "--sort", "close"])

    assert done.exit_code == 2
    assert "FormulaError" in done.stderr


def test_a_store_that_is_not_there_is_told_by_who_opens_it(tmp_path):
    store = CandleStore(tmp_path / "nowhere.store")

    assert store.fingerprint() is None
    with pytest.raises(RepositoryError, match=r"is no candle store: it has no store\.json"):
        store.health()


def test_a_field_too_long_to_look_into(tmp_path):
    """Python's own reader gives up; what is said is still ours."""
    (tmp_path / "c.csv").write_text(f"date,close\n2024-01-02,1\n2024-01-03,{'9' * 200_000},7\n")

    with pytest.raises(RepositoryError, match=r"c\.csv cannot be read as CSV"):
        bs.evaluate("close", tmp_path / "c.csv")


def test_what_others_left_stays_where_it_cannot_be_looked_into(tmp_path):
    """An empty folder goes, one with anything else in it does not; neither stops a writer."""
    for name in (".c.csv-empty", ".c.csv-full/lock"):  # a folder cannot be opened to be locked
        (tmp_path / name).mkdir(parents=True)

    with writing.Aside(tmp_path / "c.csv") as aside:
        aside.path.write_text("whole")
        aside.take_place()

    assert sorted(path.name for path in tmp_path.iterdir()) == [".c.csv-full", "c.csv"]


def test_a_folder_that_could_not_be_removed_goes_with_the_next_writer(tmp_path, monkeypatch):
    """Its lock is the last thing in it to go: without one nobody would know it for left."""

    def refused(*_, **__):
        raise PermissionError("in use")

    aside = writing.Aside(tmp_path / "c.csv").__enter__()
    aside.path.write_text("half")
    with monkeypatch.context() as patch:
        patch.setattr(writing.Path, "unlink", refused)
        aside.__exit__()
    assert sorted(path.name for path in aside.folder.iterdir()) == ["c.csv", "lock"]

    with writing.Aside(tmp_path / "c.csv"):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_seen_enough_is_no_error(monkeypatch):
    """As `barsweep functions | head` does."""

    class Closed:
        def flush(self):
            raise BrokenPipeError(32, "Broken pipe")

    codes = []
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", Closed())
        patch.setattr(sys, "gettrace", lambda: None)  # as where coverage is not measured
        patch.setattr(os, "_exit", codes.append)
        leave(3)

    assert codes == [3]


def test_one_broken_file_of_a_folder_is_left_out_and_told_of(tmp_path):
    (tmp_path / "A.csv").write_text("date,close\n2024-01-02,1\n2024-01-03,2\n")
    (tmp_path / "B.csv").write_text("date,close\n2024-01-02,1,5\n")

    result = bs.scan("close > close[1]", tmp_path)
    shown = CliRunner().invoke(make_application(), ["scan", "close > close[1]", str(tmp_path)])

    assert result.matches.select("symbol", pl.col("ts").dt.day()).rows() == [("A", 3)]
    assert len(result.notes) == 1
    assert "B.csv, line 2: 3 values where the heading has 2 columns" in result.notes[0]
    assert "B.csv, line 2: 3 values" in shown.stderr
