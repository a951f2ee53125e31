"""The symbols of a Parquet file are counted by the numbers that stand for them there, as they are by their names."""

import itertools
from datetime import date, timedelta

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from barsweep.data import ParquetRepository, coded_names, counting, parquet
from barsweep.errors import RepositoryError

NAMES = ["A", "AB", "B", "Z", "z", "É", "株", "😀"]
names = st.lists(st.tuples(st.sampled_from([*NAMES, None]), st.integers(1, 9)), max_size=12)


def candles(symbols):
    days = [date(2024, 1, 1) + timedelta(days=day) for day in range(len(symbols))]
    columns = {"symbol": symbols, "ts": days, "close": [1.0] * len(symbols)}
    return pl.DataFrame(columns, schema={"symbol": pl.String, "ts": pl.Date, "close": pl.Float64})


def by_polars(frame, path):
    frame.write_parquet(path, row_group_size=5)


def as_categories(frame, path):
    frame.with_columns(pl.col("symbol").cast(pl.Categorical)).write_parquet(path, row_group_size=5)


def without_list(frame, path):
    pq.write_table(frame.to_arrow(), path, use_dictionary=False, row_group_size=5)


def with_short_list(frame, path):
    pq.write_table(frame.to_arrow(), path, dictionary_pagesize_limit=1, data_page_size=1, write_batch_size=2)


def by_duckdb(frame, path):
    with duckdb.connect() as connection:
        connection.register("frame", frame.to_arrow())
        connection.execute(f"copy frame to '{path}' (format parquet)")


WAYS = [by_polars, as_categories, without_list, with_short_list, by_duckdb]


@pytest.mark.parametrize("write", WAYS)
@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=names, ascend=st.booleans(), part=st.integers(1, 40), codes=st.integers(1, 40), many=st.integers(0, 9))
def test_codes_tell_what_names_do(tmp_path, monkeypatch, write, runs, ascend, part, codes, many):
    """However the file is written, and in whatever pieces it is read."""
    runs = sorted(runs, key=lambda run: run[0] or "") if ascend else runs
    frame = candles(list(itertools.chain.from_iterable([name] * rows for name, rows in runs)))
    write(frame, tmp_path / "candles.parquet")
    repository = ParquetRepository(tmp_path / "candles.parquet")
    with monkeypatch.context() as patched:
        for module, name, size in (
            (counting, "PART", part),
            (counting, "FIRST", min(part, 7)),
            (coded_names, "PART", part),
            (coded_names, "CODES", codes),
        ):
            patched.setattr(module, name, size)
        patched.setattr(coded_names, "MANY", many)
        read = coded_names.CodedNames(repository.files(), "symbol")
        found = counting.counted_names(read.runs())
        expected = counting.counted_names(
            counting.runs_of(pl.scan_parquet(tmp_path / "candles.parquet").select("symbol"))
        )

    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert_frame_equal(found, expected)
        groups = pq.read_metadata(tmp_path / "candles.parquet")
        rows = [groups.row_group(number).num_rows for number in range(groups.num_row_groups)]
        assert read.ends == list(itertools.accumulate(rows))


def test_codes_are_counted_where_the_files_have_texts(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "LARGE", 10)
    large, few, numbers = tmp_path / "large.parquet", tmp_path / "few.parquet", tmp_path / "numbers.parquet"
    candles(["A"] * 10).write_parquet(large)
    candles(["A"] * 9).write_parquet(few)
    candles(["1"] * 10).with_columns(pl.col("symbol").cast(pl.Int64)).write_parquet(numbers)
    folders = tmp_path / "folders" / "symbol=A"
    folders.mkdir(parents=True)
    candles(["A"] * 10).drop("symbol").write_parquet(folders / "A.parquet")
    named = tmp_path / "named"
    named.mkdir()
    candles(["A"] * 10).drop("symbol").write_parquet(named / "A.parquet")

    counted = {path: ParquetRepository(path) for path in (large, few, numbers, folders.parent, named)}

    assert [path for path, each in counted.items() if each.has_codes] == [large]
    assert {each.symbols("1d")[0] for each in counted.values()} == {"A", "1"}


def test_what_arrow_does_not_read_as_codes(tmp_path, monkeypatch):
    """A file has numbers for names since it was looked at: Polars, which is asked then, names what is wrong."""
    monkeypatch.setattr(parquet, "LARGE", 0)
    candles(["A"] * 10).write_parquet(tmp_path / "a.parquet")
    candles(["B"] * 10).write_parquet(tmp_path / "b.parquet")
    repository = ParquetRepository(tmp_path)
    assert repository.has_codes
    candles(["1"] * 10).with_columns(pl.col("symbol").cast(pl.Int64)).write_parquet(tmp_path / "b.parquet")

    with pytest.raises(RepositoryError, match="cannot be read as Parquet"):
        repository.symbols("1d")


def test_a_broken_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "LARGE", 0)
    path = tmp_path / "candles.parquet"
    candles(["A"] * 10).write_parquet(path)
    repository = ParquetRepository(path)
    assert repository.has_codes
    path.write_bytes(path.read_bytes()[:40])

    with pytest.raises(RepositoryError, match="cannot be read as Parquet"):
        repository.symbols("1d")


def test_of_a_file_in_which_symbols_alternate_little_is_read(tmp_path, monkeypatch):
    """It is sorted by time: every row is a run, of which nobody needs to have all in memory."""
    monkeypatch.setattr(coded_names, "CODES", 1_000)
    monkeypatch.setattr(coded_names, "MANY", 100)
    path, seen = tmp_path / "candles.parquet", []
    candles(["A", "B"] * 50_000).write_parquet(path, row_group_size=100_000)
    really = coded_names.runs_of_codes
    monkeypatch.setattr(coded_names, "runs_of_codes", lambda names: seen.append(len(names)) or really(names))

    assert counting.counted_names(coded_names.CodedNames([path] * 4, "symbol").runs()) is None
    assert seen == [1_000]  # of the first file alone


def test_the_groups_of_rows_are_told_once_symbols_have_been_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "LARGE", 0)
    path = tmp_path / "candles.parquet"
    candles([name for name in "ABCDEF" for _ in range(10)]).write_parquet(path, row_group_size=20)
    repository = ParquetRepository(path)

    assert repository.borders("1d") == frozenset()
    assert repository.symbols("1d") == list("ABCDEF")
    assert repository.borders("1d") == {"C", "E"}

    candles([name for name in "ABCDEF" for _ in range(11)]).write_parquet(path, row_group_size=12)
    repository.forget()
    assert repository.borders("1d") == frozenset()
    assert repository.rows("1d") == dict.fromkeys("ABCDEF", 11)
    assert repository.borders("1d") == {"B", "C", "D", "E", "F"}
