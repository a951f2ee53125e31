"""What the command line says where the data are not what somebody thinks they are."""

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner
from fakes import rising

import barsweep as bs
from barsweep.data import FrameRepository, ParquetRepository
from barsweep.engine.command_line.application import make_application


def run(*arguments):
    return CliRunner().invoke(make_application(arguments[0]), list(arguments))


@pytest.fixture
def path(tmp_path):
    rising(3, bars=12).write_csv(tmp_path / "candles.csv")
    return tmp_path / "candles.csv"


def test_of_several_tables_of_a_source_one_is_chosen(tmp_path):
    source = tmp_path / "two.duckdb"
    with duckdb.connect(str(source)) as connection:
        for name in ("one", "two"):
            connection.register("given", rising(2, bars=3).to_arrow())
            connection.execute(f"create table {name} as select * from given")

    asked = run("import", str(source), str(tmp_path / "c.store"))
    told = run("import", str(source), str(tmp_path / "c.store"), "--source-table", "two")

    assert (asked.exit_code, told.exit_code) == (3, 0)
    assert "two.duckdb holds several tables, choose one with --source-table: one, two" in asked.stderr
    assert told.stdout.startswith("6 bars of 2 symbols")


@pytest.mark.parametrize("command", [["scan", "close > 1e9"], ["import"]])
def test_texts_that_may_be_the_symbol_are_named(tmp_path, path, command):
    pl.read_csv(path).rename({"symbol": "name"}).write_csv(tmp_path / "named.csv")

    said = run(*command, str(tmp_path / "named.csv"), *([str(tmp_path / "c.store")] if command == ["import"] else []))

    assert "no column for the symbol: all rows are taken for 'data'" in said.stderr
    assert "if one of name tells it, say --column symbol=name" in said.stderr


def test_a_misspelt_column_is_guessed_at(path):
    said = run("scan", "close > 0", str(path), "--column", "close=Clsoe")

    assert "did you mean 'close'?" in said.stderr
    assert "goes first" not in said.stderr


def test_a_name_on_the_wrong_side_is_told(path):
    said = run("scan", "close > 0", str(path), "--column", "close=price", "--column", "volume=symbol")

    assert "has no column 'price'" in said.stderr


@pytest.mark.parametrize("text", ["1M", " 3 M"])
def test_a_month_as_others_write_it_is_no_minute(path, text):
    said = run("scan", "close > 0", str(path), "--timeframe", text)

    assert said.exit_code == 2
    assert "mo for months" in said.stderr
    assert "m for minutes" in said.stderr


def test_why_no_longer_bar_is_there(path):
    said = run("scan", "close > 0", str(path), "--timeframe", "1y")

    assert "no bar of 1y is whole: the data has those of 1d, from 2024-01-01 to 2024-01-12" in said.stderr


def test_a_csv_is_not_watched(path):
    said = run("watch", "close > 0", str(path))

    assert said.exit_code == 2
    assert "candles.csv is CSV, which is read once, as a whole: nobody would see what is added" in said.stderr


def test_rows_without_a_symbol_are_told(tmp_path, path):
    frame = pl.read_csv(path).with_columns(symbol=pl.when(pl.int_range(pl.len()) < 5).then(None).otherwise("symbol"))
    frame.write_csv(tmp_path / "nameless.csv")

    for command in (["scan", "close > 1e9"], ["import"]):
        said = run(*command, str(tmp_path / "nameless.csv"))
        assert "left out: 5 rows without a symbol" in said.stderr


def test_rows_without_a_symbol_are_told_as_long_as_they_are_there(tmp_path, path):
    frame, source = pl.read_csv(path, try_parse_dates=True), tmp_path / "mended.parquet"
    frame.with_columns(symbol=pl.when(pl.int_range(pl.len()) < 5).then(None).otherwise("symbol")).write_parquet(source)
    repository = ParquetRepository(source)
    assert bs.scan("close > 0", repository, start="2024-01-05").notes == ("left out: 5 rows without a symbol",)

    frame.write_parquet(source)

    assert bs.scan("close > 0", repository).notes == ()


def test_who_has_told_the_symbol_is_not_asked_for_it(tmp_path):
    frame = rising(1, bars=5).drop("symbol").with_columns(exchange=pl.lit("NYSE"))

    assert bs.scan("close > 0", FrameRepository(frame, symbol="ACME")).notes == ()
    assert "no column for the symbol" in bs.scan("close > 0", frame).notes[0]
