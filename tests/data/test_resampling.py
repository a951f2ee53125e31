"""Longer bars from shorter ones."""

from datetime import UTC, date, datetime

import polars as pl
from polars.testing import assert_frame_equal

from barsweep.data import Timeframe, resample


def candles(days, **columns):
    return pl.DataFrame({"symbol": ["A"] * len(days), "ts": days, **columns})


WEEKS = [date(2024, 1, 3), date(2024, 1, 5), date(2024, 1, 8)]


def test_each_field_in_its_own_way():
    frame = candles(
        WEEKS, open=[1.0, 2.0, 3.0], high=[5.0, 9.0, 4.0], low=[0.5, 0.7, 2.0], close=[2.0, 3.0, 3.5],
        volume=[10.0, 5.0, 1.0],
        sector=["x", "y", "z"], score=[7.0, 8.0, 9.0],
    )  # fmt: skip

    weekly = resample(frame, Timeframe.parse("1w"))

    expected = pl.DataFrame(
        {
            "symbol": ["A", "A"], "ts": [date(2024, 1, 1), date(2024, 1, 8)], "open": [1.0, 3.0], "high": [9.0, 4.0],
            "low": [0.5, 2.0],
            "close": [3.0, 3.5], "volume": [15.0, 1.0], "sector": ["y", "z"], "score": [8.0, 9.0],
        }
    )  # fmt: skip
    assert_frame_equal(weekly, expected)


def test_undefined_values_are_passed_over():
    nan = float("nan")
    frame = candles(
        WEEKS, open=[None, 2.0, nan], high=[nan, 9.0, nan], close=[2.0, None, None], volume=[None, 5.0, None]
    )

    weekly = resample(frame, Timeframe.parse("1w"))

    assert weekly.select("open", "high", "close", "volume").rows() == [(2.0, 9.0, 2.0, 5.0), (None, None, None, None)]


def test_symbols_stay_apart_within_one_bucket():
    frame = pl.DataFrame({"symbol": ["A", "B"], "ts": [date(2024, 1, 3), date(2024, 1, 4)], "close": [1.0, 2.0]})

    assert resample(frame, Timeframe.parse("1w"))["close"].to_list() == [1.0, 2.0]


def test_edges_tell_the_end_and_whether_the_first_bucket_is_cut():
    weekly = resample(candles(WEEKS, close=[1.0, 2.0, 3.0]), Timeframe.parse("1w"), ["close"], edges=True)

    assert weekly["~bucket_end"].to_list() == [date(2024, 1, 8), date(2024, 1, 15)]
    assert (weekly["~first_ts"] > weekly["ts"]).to_list() == [True, False]
    assert weekly["~last_ts"].to_list() == [date(2024, 1, 5), date(2024, 1, 8)]


def test_days_begin_at_midnight_of_the_zone():
    ts = [datetime(2024, 1, 3, hour, tzinfo=UTC) for hour in (3, 6)]

    daily = resample(candles(ts, close=[1.0, 2.0]), Timeframe.parse("1d"), tz="America/New_York")

    assert daily["ts"].to_list() == [datetime(2024, 1, 2, 5, tzinfo=UTC), datetime(2024, 1, 3, 5, tzinfo=UTC)]


def test_nothing_gives_nothing():
    assert resample(candles(WEEKS, close=[1.0, 2.0, 3.0]).clear(), Timeframe.parse("1w")).is_empty()
