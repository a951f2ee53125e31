"""Imports part by part, from sources and into targets that are not as one would like them."""

import subprocess
import sys
from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pytest
from imported import (
    SYMBOLS,
    TARGETS,
    as_csv,
    as_duckdb,
    as_duckdb_table,
    as_parquet,
    content_of,
    content_of_frame,
    universe,
)

import barsweep as bs
from barsweep.data import import_candles, intake
from barsweep.data.parquet_files import ParquetFiles
from barsweep.errors import RepositoryError


def test_holes_stay_where_one_of_several_parts_has_all_rows(tmp_path, small_parts):
    """Of a slice, which begins anywhere in a byte of what tells numbers from holes."""
    closes = [1.0, None, 3.0, 4.0, None, 6.0, 7.0, 8.0]
    old = [pl.DataFrame({"symbol": s, "ts": date(2000, 1, 1), "close": 2.0}) for s in "AB" for _ in range(29)]
    late = pl.DataFrame({"ts": [date(2024, 1, 1 + day) for day in range(8)], "close": closes})
    frame = pl.concat([*old, *(late.select(pl.lit(symbol).alias("symbol"), "ts", "close") for symbol in "CD")])
    import_candles(as_parquet(frame, tmp_path), tmp_path / "all.store")

    import_candles(tmp_path / "all.store", tmp_path / "late.store", start="2024-01-01")

    assert content_of(tmp_path / "late.store")["close"].to_list() == closes * 2


@pytest.mark.parametrize("target", TARGETS)
def test_an_import_of_no_bars_makes_nothing(tmp_path, small_parts, target):
    with pytest.raises(RepositoryError, match=r"in\.parquet holds no bars in this range: nothing was imported$"):
        import_candles(as_parquet(universe(), tmp_path), tmp_path / target, start="2030-01-01")

    assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]


@pytest.mark.parametrize(
    ("stored", "first"),
    [
        ([1_000_000_000, 1_600_000_000_000], datetime(1970, 1, 12, 13, 46, 40, tzinfo=UTC)),
        (["2020-01-02", "2020-01-02 00:00:00"], datetime(2020, 1, 2, 5, tzinfo=UTC)),
    ],
)
def test_what_times_mean_is_told_by_all_of_them(tmp_path, monkeypatch, stored, first):
    """The unit of numbers by the largest, say: of a part it would be another one."""
    monkeypatch.setattr(intake, "CELLS", 1)
    frame = pl.DataFrame({"symbol": ["A", "B"], "ts": stored, "close": [1.0, 2.0]})

    import_candles(as_parquet(frame, tmp_path), tmp_path / "c.store", tz="America/New_York", timeframe="1m")

    assert bs.evaluate("close", tmp_path / "c.store")["ts"][0] == first


def test_a_view_is_asked_once(tmp_path, small_parts):
    """It may answer something else the next time: of one that reads a file, say, or takes a sample."""
    universe().write_csv(tmp_path / "in.csv")
    with duckdb.connect(str(tmp_path / "in.duckdb")) as connection:
        connection.execute(f"create view candles as select * from read_csv('{tmp_path / 'in.csv'}')")
    told = []

    def change(*done):
        told.append(done)
        if done[0]:
            universe().with_columns(close=pl.lit(0.5)).write_csv(tmp_path / "in.csv")

    import_candles(tmp_path / "in.duckdb", tmp_path / "candles.store", progress=change)

    assert told == [(0, len(SYMBOLS)), (len(SYMBOLS), len(SYMBOLS))]
    assert 0.5 not in content_of(tmp_path / "candles.store")["close"]


def test_whose_connection_is_shared_has_the_memory_that_it_had(tmp_path):
    source = as_duckdb(universe(), tmp_path)
    with duckdb.connect(str(source)) as connection:
        connection.execute("set memory_limit = '3.3GiB'")
        before = connection.execute("select current_setting('memory_limit')").fetchone()
        for number in range(3):
            import_candles(source, tmp_path / f"{number}.store")
            assert connection.execute("select current_setting('memory_limit')").fetchone() == before


def test_a_killed_writer_of_a_new_store_is_in_nobodys_way(tmp_path, small_parts):
    source, target = as_parquet(universe(), tmp_path), tmp_path / "candles.store"
    code = f"""
import os, signal
from barsweep.data import import_candles, intake
intake.CELLS = 210
import_candles({str(source)!r}, {str(target)!r}, progress=lambda done, _: done and os.kill(os.getpid(), signal.SIGKILL))
"""
    subprocess.run([sys.executable, "-c", code], check=False)
    assert [path.name.partition("-")[0] for path in target.iterdir()] == ["columns"]

    import_candles(source, target)

    assert content_of(target).height == universe().height
    assert len(list(target.iterdir())) == 2


def test_ctrl_c_is_told_as_that_also_where_the_source_has_changed(tmp_path, small_parts, monkeypatch):
    source = as_parquet(universe(), tmp_path)

    def interrupted(*_):
        universe().head(9).write_parquet(source)
        raise KeyboardInterrupt

    monkeypatch.setattr(intake.Intake, "load", interrupted)
    with pytest.raises(KeyboardInterrupt):
        import_candles(source, tmp_path / "candles.store")


def test_texts_that_are_cut_from_others_do_not_take_these_along(tmp_path, small_parts):
    long = universe().with_columns(
        sector=pl.format("a text that is too long for a view, of {}", pl.int_range(pl.len()))
    )
    import_candles(as_parquet(long, tmp_path), tmp_path / "first.store")

    import_candles(tmp_path / "first.store", tmp_path / "second.store")

    first, second = (size_of(tmp_path / name) for name in ("first.store", "second.store"))
    assert second < 1.2 * first
    assert content_of(tmp_path / "second.store").equals(content_of(tmp_path / "first.store"))


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*.arrow"))


def test_of_files_named_after_symbols_a_part_opens_its_own(tmp_path, small_parts, monkeypatch):
    (tmp_path / "in").mkdir()
    for (symbol,), rows in universe().group_by("symbol"):
        rows.drop("symbol").write_parquet(tmp_path / "in" / f"{symbol}.parquet")
    opened, really = [], ParquetFiles.opened
    monkeypatch.setattr(ParquetFiles, "opened", lambda self, files: opened.append(len(files)) or really(self, files))

    import_candles(tmp_path / "in", tmp_path / "candles.store")

    assert sum(count for count in opened if count < len(SYMBOLS)) == len(SYMBOLS)
    assert content_of(tmp_path / "candles.store").equals(content_of_frame(universe()))


@pytest.mark.parametrize("write", [as_parquet, as_csv, as_duckdb_table])
def test_rows_without_a_symbol_are_counted(tmp_path, small_parts, write):
    frame = universe().with_columns(symbol=pl.when(pl.int_range(pl.len()) % 9 == 4).then(None).otherwise("symbol"))

    source = write(frame, tmp_path)
    imported = import_candles(source, tmp_path / "candles.store")

    assert imported.defects["nameless"] == frame["symbol"].null_count() > 0
    assert f"left out: {frame['symbol'].null_count()} rows without a symbol" in bs.scan("close > 0", source).notes


@pytest.mark.parametrize("cells", [70, 2**24])
def test_progress_that_is_none_is_refused(tmp_path, cells, monkeypatch):
    monkeypatch.setattr(intake, "CELLS", cells)
    with pytest.raises(RepositoryError, match=r"progress=3: progress\(completed, total\) is called"):
        import_candles(as_parquet(universe(), tmp_path), tmp_path / "c.store", progress=3)
