"""Whatever people store: kinds of numbers, of symbols, of times, and names in any case."""

from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from barsweep.data import FrameRepository, open_repository
from barsweep.errors import RepositoryError

DAYS = [date(2024, 1, 2), date(2024, 1, 3)]


def load(frame, timeframe="1d", start=None, end=None, columns=("close",), before=0, **options):
    return pl.DataFrame(FrameRepository(frame, **options).load(None, timeframe, start, end, columns, before))


@pytest.mark.parametrize(
    "dtype", [pl.Int8, pl.UInt16, pl.Int64, pl.UInt64, pl.Int128, pl.Float32, pl.Float64, pl.Decimal(9, 2), pl.String]
)
def test_numbers_of_any_kind(dtype):
    frame = pl.DataFrame({"date": DAYS, "close": pl.Series(["1", "2"]).cast(pl.Float64).cast(dtype)})

    assert load(frame)["close"].equals(pl.Series("close", [1.0, 2.0]))


def test_decimals_of_arrow_and_missing_values():
    table = pa.table({"date": DAYS, "close": pa.array([Decimal("1.25"), None], pa.decimal128(10, 4))})

    assert load(table)["close"].to_list() == [1.25, None]


def test_nan_and_infinity_stay_as_stored():
    loaded = load(pl.DataFrame({"date": DAYS, "close": [float("nan"), float("inf")]}))

    assert loaded["close"].is_nan().to_list() == [True, False]
    assert loaded["close"].is_infinite().to_list() == [False, True]


@pytest.mark.parametrize("name", ["symbol", "Ticker", "CODE", "instrument"])
@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["B", "A"])])
def test_symbols_of_any_kind(name, dtype):
    frame = pl.DataFrame({name: pl.Series(["B", "A"], dtype=dtype), "date": DAYS, "close": [1.0, 2.0]})

    assert load(frame)["symbol"].to_list() == ["A", "B"]


def test_symbols_of_arrow_dictionaries_and_numbers():
    words = pa.array(["B", "A"]).dictionary_encode()

    assert load(pa.table({"symbol": words, "date": DAYS, "close": [1, 2]}))["symbol"].to_list() == ["A", "B"]
    assert load(pl.DataFrame({"code": [600000, 1], "date": DAYS, "close": [1, 2]}))["symbol"].to_list() == [
        "1",
        "600000",
    ]
    large = pa.array(["B", "A"], pa.large_string())
    assert load(pa.table({"symbol": large, "date": DAYS, "close": [1, 2]}))["symbol"].to_list() == ["A", "B"]


@pytest.mark.parametrize(
    "stored",
    [
        pl.Series([datetime(2024, 1, 2, 9), datetime(2024, 1, 2, 10)]),
        pl.Series([datetime(2024, 1, 2, 9), datetime(2024, 1, 2, 10)]).cast(pl.Datetime("ns")),
        pl.Series([datetime(2024, 1, 2, 9), datetime(2024, 1, 2, 10)]).dt.replace_time_zone("UTC"),
        pl.Series([datetime(2024, 1, 2, 4), datetime(2024, 1, 2, 5)]).dt.replace_time_zone("America/New_York"),
        pl.Series([1704186000, 1704189600]),
        pl.Series([1704186000000, 1704189600000]),
        pl.Series([1704186000.0, 1704189600.0]),
        pl.Series([1704186000000000000, 1704189600000000000]),
        pl.Series(["2024-01-02T09:00:00", "2024-01-02T10:00:00"]),
        pl.Series(["2024-01-02 10:00:00+01:00", "2024-01-02 11:00:00+01:00"]),
        pl.Series(["2024-01-02T09:00:00Z", "2024-01-02T10:00:00Z"]),
    ],
    ids=str,
)
def test_times_of_any_kind(stored):
    loaded = load(pl.DataFrame({"time": stored, "close": [1.0, 2.0]}), "1h")

    assert loaded.schema["ts"] == pl.Datetime("us", "UTC")
    assert loaded["ts"].to_list() == [datetime(2024, 1, 2, 9, tzinfo=UTC), datetime(2024, 1, 2, 10, tzinfo=UTC)]


@pytest.mark.parametrize(
    "stored",
    [[20240102, 20240103], ["20240102", "20240103"], ["2024-01-02", "2024-01-03"], ["2024/01/02", "2024/01/03"]],
)
def test_dates_of_any_kind(stored):
    loaded = load(pl.DataFrame({"date": stored, "close": [1.0, 2.0]}))

    assert loaded["ts"].to_list() == DAYS


def test_times_without_zone_are_in_the_zone_told():
    frame = pl.DataFrame({"ts": [datetime(2024, 7, 1, 9, 30), datetime(2024, 7, 1, 10, 30)], "close": [1.0, 2.0]})

    loaded = load(frame, "1h", tz="America/New_York")

    assert loaded["ts"][0] == datetime(2024, 7, 1, 13, 30, tzinfo=UTC)


def test_a_date_is_a_whole_day_of_the_zone():
    ts = pl.datetime_range(datetime(2024, 7, 1), datetime(2024, 7, 3), "1h", eager=True)
    frame = pl.DataFrame({"ts": ts, "close": range(len(ts))})

    loaded = load(frame, "1h", "2024-07-01", "2024-07-01", tz="Asia/Tokyo")

    assert (loaded.height, loaded["close"].max()) == (24, 23.0)
    assert load(frame, "1h", "2024-07-01T22:00", datetime(2024, 7, 2, 1))["close"].to_list() == [22, 23, 24, 25]
    assert load(frame, "1h", np.datetime64("2024-07-02"), None).height == 25


def test_ends_of_bars_become_their_starts():
    hourly = pl.DataFrame({"ts": [datetime(2024, 1, 2, 10, 30), datetime(2024, 1, 2, 11, 30)], "close": [1.0, 2.0]})
    weekly = pl.DataFrame({"date": [date(2024, 1, 5), date(2024, 1, 12)], "close": [1.0, 2.0]})

    assert load(hourly, "1h", label="end")["ts"][0] == datetime(2024, 1, 2, 9, 30, tzinfo=UTC)
    assert load(weekly, "1w", label="end")["ts"].to_list() == [date(2024, 1, 1), date(2024, 1, 8)]
    assert load(pl.DataFrame({"date": DAYS, "close": [1, 2]}), label="end")["ts"].to_list() == DAYS


def test_a_pandas_index_of_dates():
    frame = pd.DataFrame({"Open": [1, 2], "Close": [3, 4]}, index=pd.DatetimeIndex(["2024-01-02", "2024-01-03"]))

    loaded = load(frame, columns=("open", "close"), symbol="ACME")

    assert loaded.rows() == [
        ("ACME", datetime(2024, 1, 2, tzinfo=UTC), 1.0, 3.0), ("ACME", datetime(2024, 1, 3, tzinfo=UTC), 2.0, 4.0)
    ]  # fmt: skip


def test_a_pandas_index_of_symbols_and_dates():
    index = pd.MultiIndex.from_product([["B", "A"], pd.DatetimeIndex(["2024-01-02"])], names=["ticker", "Date"])

    assert load(pd.DataFrame({"close": [1, 2]}, index=index))["symbol"].to_list() == ["A", "B"]


def test_a_pandas_index_that_says_nothing_is_left_out():
    frame = pd.DataFrame({"Date": pd.to_datetime(["2024-01-02", "2024-01-03"]), "close": [1, 2]}, index=[5, 9])

    assert FrameRepository(frame).columns("1d") == {"close": "number"}


def test_names_in_any_case_and_letters():
    frame = pl.DataFrame(
        {"Date": DAYS, "O": [1, 1], "H": [2, 2], "l": [1, 1], "C": [2, 2], "Vol": [5, 5], "PE": [9, 9]}
    )

    kinds = FrameRepository(frame).columns("1d")

    assert list(kinds) == ["open", "high", "low", "close", "volume", "PE"]


def test_mapped_names_come_first():
    frame = pl.DataFrame({"date": DAYS, "Last": [1, 1], "close": [2, 2], "who": ["A", "A"]})

    repository = FrameRepository(frame, columns={"close": "Last", "symbol": "who"})
    loaded = pl.DataFrame(repository.load(None, "1d", None, None, ["close"]))

    assert loaded.rows() == [("A", DAYS[0], 1.0), ("A", DAYS[1], 1.0)]


def test_booleans_and_text_of_the_users_own():
    frame = pl.DataFrame(
        {
            "date": DAYS,
            "listed": [True, False],
            "sector": pl.Series(["x", "y"], dtype=pl.Categorical),
            "tags": [["a"], ["b"]],
        }
    )

    assert FrameRepository(frame).columns("1d") == {"listed": "boolean", "sector": "text"}
    assert load(frame, columns=("sector", "listed")).row(0) == ("data", DAYS[0], "x", True)


def test_lazy_frames():
    assert load(pl.LazyFrame({"date": DAYS, "close": [1, 2]})).height == 2


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("nowhere.parquet", "no such file or folder: nowhere.parquet"),
        (42, "a int is no frame: give a Polars, pandas or Arrow table, a path or a repository"),
        (pl.DataFrame(), "the frame has no column for the time of a bar"),
    ],
)
def test_what_cannot_be_opened(data, message):
    with pytest.raises(RepositoryError, match=message):
        open_repository(data).health()


def test_options_that_make_no_sense():
    frame = pl.DataFrame({"date": DAYS, "close": [1, 2]})
    with pytest.raises(RepositoryError, match="unknown time zone 'Mars/Olympus'"):
        FrameRepository(frame, tz="Mars/Olympus")
    with pytest.raises(RepositoryError, match="labelled by its 'start' or its 'end'"):
        FrameRepository(frame, label="middle")
    with pytest.raises(RepositoryError, match="cannot read 'tomorrow' as a date"):
        load(frame, start="tomorrow")
    with pytest.raises(RepositoryError, match="give the options when the repository is made"):
        open_repository(FrameRepository(frame), tz="UTC")


def test_a_time_of_day_that_is_none_is_told_in_our_words(tmp_path):
    """No text of Polars' own comes through."""
    file = tmp_path / "odd.csv"
    file.write_text("date,time,last\n2024-01-02,1,1\n")

    with pytest.raises(RepositoryError, match="cannot read '2024-01-02 1' as the time of a bar"):
        open_repository(file).symbols("1d")
