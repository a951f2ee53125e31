"""Times: far away, in no calendar, in several zones, as numbers that are none; and ranges that reach as far."""

from datetime import UTC, date, datetime, timedelta

import duckdb
import numpy as np
import polars as pl
import pytest
from stored_as import stored_as

import barsweep as bs
from barsweep.data import open_repository
from barsweep.errors import RepositoryError

DAYS = [date(2024, 1, day) for day in range(1, 11)]
MOMENTS = [datetime(2024, 1, day) for day in range(1, 11)]
MEAN = "sma(close, 3)"


def candles(ts, symbol="A"):
    return pl.DataFrame({"symbol": symbol, "ts": ts, "close": [float(bar) for bar in range(1, len(ts) + 1)]})


def beside(faulty):
    """The rows of B, and those of A, which are in order; of one kind of time."""
    other = candles(pl.Series(DAYS if faulty.schema["ts"] == pl.Date else MOMENTS).cast(faulty.schema["ts"]))
    return pl.concat([other, faulty])


def replaced(ts, place, value):
    """Times of which one is another, as stored: a date as days, a timestamp as ticks since 1970."""
    stored = pl.Series(ts.to_physical().to_list(), dtype=pl.Int64)
    stored[place] = value
    return stored.cast(pl.Int32 if ts.dtype == pl.Date else pl.Int64).cast(ts.dtype)


BEYOND = {
    "the last day of int32": replaced(pl.Series(DAYS), 9, 2**31 - 1),
    "the first day of int32": replaced(pl.Series(DAYS), 9, -(2**31)),
    "a day of the year 10000": replaced(pl.Series(DAYS), 9, 2932897),
    "the last microsecond of int64": replaced(pl.Series(MOMENTS), 9, 2**63 - 1),
    "a millisecond that overflows": replaced(pl.Series(MOMENTS).dt.cast_time_unit("ms"), 9, 2**62),
    "the year 0": replaced(pl.Series(MOMENTS), 9, -62_135_596_800_000_001),
}


@pytest.mark.parametrize("kind", ["frame", "parquet", "store"])
@pytest.mark.parametrize("name", list(BEYOND))
def test_a_time_that_no_calendar_has_is_no_time(name, kind, tmp_path):
    """The row goes, like one without a time, and is counted: Polars panicked, or made 1970 of it."""
    table = beside(candles(BEYOND[name], "B"))
    source = stored_as[kind](table, tmp_path)

    found = bs.evaluate(MEAN, source).group_by("symbol", maintain_order=True).agg("value")

    means = [None, None, *(float(bar) for bar in range(2, 10))]
    assert found.rows() == [("A", means), ("B", means[:9])]
    result = bs.scan(None, source, timeframe="1d")
    assert [dict(each.defects) for each in result] == [{}, {} if kind == "store" else {"null": 1}]
    assert bs.scan("close == 9", source, latest=True, stale=5)["B"].bars == 1


def test_infinity_of_duckdb_is_no_time(tmp_path):
    path = tmp_path / "c.duckdb"
    for kind in ("date", "timestamp", "timestamptz", "timestamp_ns"):
        far = "infinity" if kind == "timestamp_ns" else "20000-01-01"
        with duckdb.connect(str(path)) as connection:
            rows = [f"('A', {kind} '2024-01-0{day}', {day})" for day in range(1, 9)]
            rows += [f"('B', {kind} '{time}infinity', 7)" for time in ("", "-")]
            rows.insert(4, f"('A', {kind} '{far}', 1)")
            values = f"select * from (values {', '.join(rows)}) t(symbol, ts, close)"
            connection.execute(f"create or replace table candles as {values}")

        assert bs.evaluate("close", path)["value"].to_list() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]
        assert bs.scan(None, path).defects == {"null": 1}
        assert bs.scan("close > 0", path, latest=True)["A"].matches.frame["ts"].dt.day().to_list() == [8]


@pytest.mark.parametrize("unit", ["ms", "us"])
@pytest.mark.parametrize("far", [datetime(1, 1, 1), datetime(1600, 2, 29), datetime(9999, 12, 31)])
def test_times_at_the_ends_of_the_calendar(far, unit):
    ordered = sorted([*MOMENTS[:9], far])
    frame = candles(pl.Series(ordered).dt.cast_time_unit(unit))

    found = bs.evaluate(MEAN, frame)

    assert found["ts"].to_list() == [moment.replace(tzinfo=UTC) for moment in ordered]
    assert found["value"].to_list() == [None, None, *(float(bar) for bar in range(2, 10))]
    assert bs.evaluate('timeframe("1w", close)', frame).height == 10


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York"])
@pytest.mark.parametrize("kind", ["frame", "parquet", "duckdb", "store"])
@pytest.mark.parametrize("times", [DAYS, MOMENTS], ids=["dates", "moments"])
def test_ranges_that_reach_the_ends_of_the_calendar(times, kind, zone, tmp_path):
    repository = open_repository(stored_as[kind](candles(times), tmp_path), tz=zone)

    for start, end in (("0001-01-01", "9999-12-31"), (datetime.min, datetime.max), (None, None)):
        assert bs.evaluate(MEAN, repository, start=start, end=end).height == 10
        assert bs.scan("close > 0", repository, start=start, end=end, timeframe="1w").counts["errors"] == 0


@pytest.mark.parametrize(
    ("none", "dtype"),
    [
        (float("nan"), pl.Float64),
        (float("inf"), pl.Float64),
        (2**64 - 1, pl.UInt64),
        (2**63 - 1, pl.Int64),
        (-(2**63), pl.Int64),
    ],
    ids=str,
)
def test_numbers_that_are_no_time_have_no_place(none, dtype):
    stamps = [int(moment.replace(tzinfo=UTC).timestamp()) * 1000 for moment in MOMENTS]
    frame = candles(pl.Series([*stamps[:9], none], dtype=dtype, strict=False))

    found = bs.evaluate("close", frame)

    assert found["ts"].to_list() == [moment.replace(tzinfo=UTC) for moment in MOMENTS[:9]]
    assert bs.scan(None, frame).defects == {"null": 1}


def test_a_day_that_no_month_has_has_no_place():
    frame = candles([20240226, 20240227, 20240228, 20240230])

    assert bs.evaluate("close", frame)["ts"].to_list() == [date(2024, 2, day) for day in (26, 27, 28)]
    assert bs.scan(None, frame).defects == {"null": 1}


def test_several_zones_are_one_instant():
    """Text with an offset each is in UTC, whichever offset a row has; a row without one is refused by name."""
    hours = [datetime(2024, 1, 2, hour, tzinfo=UTC) for hour in range(10)]
    offsets = [timedelta(hours=offset) for offset in (0, 2, -5, 9, 0, 2, -5, 9, 0, 2)]
    local = [(hour + offset).replace(tzinfo=None).isoformat() for hour, offset in zip(hours, offsets, strict=True)]
    signs = [f"{'-' if offset < timedelta() else '+'}{abs(offset).seconds // 3600:02d}:00" for offset in offsets]
    written = [text + sign for text, sign in zip(local, signs, strict=True)]

    assert bs.evaluate("close", candles(written), timeframe="1h")["ts"].to_list() == hours
    with pytest.raises(RepositoryError, match="cannot read '2024-01-02T04:00:00' as the time of a bar"):
        bs.evaluate("close", candles([*written[:4], "2024-01-02T04:00:00", *written[5:]]))


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo", "UTC"])
def test_a_stored_zone_does_not_change_the_instant(zone, tmp_path):
    ts = pl.Series([moment.replace(tzinfo=UTC) for moment in MOMENTS]).dt.convert_time_zone(zone)
    expected = bs.evaluate(MEAN, candles(ts.dt.convert_time_zone("UTC")), timeframe="1d")

    for kind in ("frame", "parquet", "duckdb"):
        assert bs.evaluate(MEAN, open_repository(stored_as[kind](candles(ts), tmp_path), tz="UTC")).equals(expected)


@pytest.mark.parametrize("kind", [pl.Time, pl.Duration, pl.Boolean, pl.List(pl.Date)], ids=str)
def test_what_is_no_time_at_all_is_refused(kind):
    stored = {
        pl.Time: pl.lit(datetime(2024, 1, 1).time()),
        pl.Duration: pl.duration(days=1),
        pl.Boolean: pl.lit(value=True),
    }
    frame = candles(DAYS).with_columns(ts=stored.get(kind, pl.concat_list("ts")))

    with pytest.raises(RepositoryError, match=r"the time column holds .*; dates, timestamps"):
        bs.evaluate("close", frame)


def test_numpy_bounds_far_away():
    assert bs.evaluate("close", candles(DAYS), start=np.datetime64("0001-01-01")).height == 10
