"""Parquet files and folders: their faults, their partitions, their symbols by file name."""

import os
from datetime import UTC, date, datetime

import polars as pl
import pytest

from barsweep.data import ParquetRepository, open_repository
from barsweep.errors import RepositoryError

DAYS = [date(2024, 1, 2), date(2024, 1, 3)]
CANDLES = pl.DataFrame({"symbol": ["A", "B"], "date": DAYS, "close": [1.0, 2.0]})


def closes(repository, symbols=None, timeframe="1d", **options):
    return repository.load(symbols, timeframe, options.get("start"), None, ["close"])["close"].to_pylist()


def test_what_cannot_be_read(tmp_path):
    (tmp_path / "text.parquet").write_text("no Parquet")
    with pytest.raises(RepositoryError, match="cannot be read as Parquet"):
        ParquetRepository(tmp_path / "text.parquet").health()
    with pytest.raises(RepositoryError, match="no such file or folder") as caught:
        ParquetRepository(tmp_path / "nowhere.parquet").health()
    assert caught.value.retryable
    (tmp_path / "empty").mkdir()
    with pytest.raises(RepositoryError, match=r"holds no \.parquet file"):
        ParquetRepository(tmp_path / "empty").health()
    with pytest.raises(RepositoryError, match=r"holds neither \.parquet nor \.csv files"):
        open_repository(tmp_path / "empty")
    (tmp_path / "candles.xlsx").touch()
    with pytest.raises(RepositoryError, match=r"cannot tell what kind of file .*; known are \.csv, \.db"):
        open_repository(tmp_path / "candles.xlsx")


def test_a_file_that_goes_away_while_reading(tmp_path):
    CANDLES.write_parquet(tmp_path / "c.parquet")
    repository = open_repository(tmp_path / "c.parquet", timeframe="1d")
    repository.health()
    (tmp_path / "c.parquet").write_bytes(b"PAR1 gone PAR1")

    with pytest.raises(RepositoryError, match="cannot be read") as caught:
        closes(repository)
    assert caught.value.retryable


def test_partitions_by_symbol_and_year(tmp_path):
    for symbol, day, close in CANDLES.rows():
        folder = tmp_path / f"year={day.year}" / f"symbol={symbol}"
        folder.mkdir(parents=True)
        pl.DataFrame({"date": [day], "close": [close]}).write_parquet(folder / "part.parquet")

    repository = open_repository(tmp_path)

    assert closes(repository) == [1.0, 2.0]
    assert closes(repository, ["B"]) == [2.0]
    assert repository.columns("1d") == {"close": "number", "year": "number"}


def test_files_named_after_symbols_that_lack_columns(tmp_path):
    pl.DataFrame({"date": DAYS, "close": [1.0, 2.0], "volume": [5, 6]}).write_parquet(tmp_path / "BRK.B.parquet")
    pl.DataFrame({"date": DAYS, "close": [3.0, 4.0]}).write_parquet(tmp_path / "A.parquet")

    repository = open_repository(tmp_path)

    assert repository.symbols("1d") == ["A", "BRK.B"]
    assert closes(repository, ["A"]) == [3.0, 4.0]


def test_one_file_of_one_symbol(tmp_path):
    CANDLES.drop("symbol").write_parquet(tmp_path / "one.parquet")
    repository = open_repository(tmp_path / "one.parquet", symbol="ACME")

    assert repository.symbols("1d") == ["ACME"]
    assert closes(repository, ["ACME"]) == [1.0, 2.0]
    assert closes(repository, ["OTHER"]) == []


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["B", "A"])])
def test_symbols_by_category(tmp_path, dtype):
    CANDLES.with_columns(pl.col("symbol").cast(dtype)).write_parquet(tmp_path / "c.parquet")

    assert closes(open_repository(tmp_path / "c.parquet"), ["B"]) == [2.0]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("tz", [None, "UTC", "Asia/Tokyo"])
def test_bounds_of_timestamps_in_any_zone(tmp_path, tz, unit):
    ts = pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 1, 9), "1h", eager=True, time_zone=tz, time_unit=unit)
    pl.DataFrame({"ts": ts, "close": range(len(ts))}).write_parquet(tmp_path / "c.parquet", row_group_size=24)
    repository = open_repository(tmp_path / "c.parquet")

    table = repository.load(
        None, "1h", datetime(2024, 1, 5, tzinfo=UTC), datetime(2024, 1, 5, 1, tzinfo=UTC), ["close"], 1
    )

    offset = 9 if tz == "Asia/Tokyo" else 0
    assert table["close"].to_pylist() == [95 + offset, 96 + offset, 97 + offset]


def test_changed_files_are_looked_at_anew(tmp_path):
    CANDLES.head(1).write_parquet(tmp_path / "a.parquet")
    repository = open_repository(tmp_path)
    repository.health()
    assert repository.symbols("1d") == ["A"]
    CANDLES.tail(1).write_parquet(tmp_path / "b.parquet")
    os.utime(tmp_path / "a.parquet", ns=(1, 1))

    repository.health()

    assert repository.symbols("1d") == ["A", "B"]


def test_files_whose_numbers_and_texts_differ_in_kind(tmp_path):
    first = pl.DataFrame({"symbol": ["A"], "date": DAYS[:1], "close": [1], "volume": pl.Series([5], dtype=pl.Int32)})
    second = pl.DataFrame({"symbol": ["B"], "date": DAYS[1:], "close": [2.5], "volume": [6]})
    first.with_columns(pl.col("symbol").cast(pl.Categorical)).write_parquet(tmp_path / "1.parquet")
    second.write_parquet(tmp_path / "2.parquet")

    table = open_repository(tmp_path).load(None, "1d", None, None, ["close", "volume"])

    assert table.select(["symbol", "close", "volume"]).to_pylist() == [
        {"symbol": "A", "close": 1.0, "volume": 5.0},
        {"symbol": "B", "close": 2.5, "volume": 6.0},
    ]


def test_files_that_cannot_be_one_table(tmp_path):
    CANDLES.write_parquet(tmp_path / "1.parquet")
    CANDLES.with_columns(close=pl.lit("x")).write_parquet(tmp_path / "2.parquet")

    with pytest.raises(RepositoryError, match=r"close is Float64 in 1.parquet, String in 2.parquet; write it alike"):
        closes(open_repository(tmp_path))


def test_files_without_a_price_that_others_have_are_told(tmp_path):
    """Its bars are undefined there; what nobody takes for a price is nobody's concern."""
    later = CANDLES.with_columns(pl.col("date").dt.offset_by("1y"))
    for number, frame in enumerate(
        (CANDLES.with_columns(note=1), later.drop("close"), later.with_columns(note=pl.lit("x")))
    ):
        frame.write_parquet(tmp_path / f"{number}.parquet")

    told = "1.parquet has no column close, which others have: it is undefined there"
    assert open_repository(tmp_path).notes == (told,)
