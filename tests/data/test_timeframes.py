"""Timeframes: their text, their order, their buckets, and how they are told from data."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from barsweep.data import Timeframe, infer_timeframe
from barsweep.errors import RepositoryError


def bucketed(text, ts, tz="UTC"):
    frame = pl.DataFrame({"ts": [ts]})
    timeframe = Timeframe.parse(text)
    return frame.select(
        timeframe.bucket(pl.col("ts"), tz).alias("start"), timeframe.end(pl.col("ts"), tz).alias("end")
    ).row(0)


@pytest.mark.parametrize("text", ["5m", "1h", "4h", "1d", "1w", "1mo", "1q", "1y", "30s"])
def test_text_is_kept(text):
    assert Timeframe.parse(text).text == text


@pytest.mark.parametrize("text", ["", "d", "0d", "1", "1 fortnight", "-1d", "1.5h"])
def test_unknown_timeframes_are_refused(text):
    with pytest.raises(RepositoryError, match="such as 5m, 1h, 1d"):
        Timeframe.parse(text)


def test_order_is_by_length():
    texts = ["1y", "5m", "1mo", "90m", "1w", "1h", "1q", "1d", "4h"]

    assert [str(found) for found in sorted(map(Timeframe.parse, texts))] == [
        "5m", "1h", "90m", "4h", "1d", "1w", "1mo", "1q", "1y"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "day", "start", "end"),
    [
        ("1d", date(2024, 2, 29), date(2024, 2, 29), date(2024, 3, 1)),
        ("1w", date(2024, 3, 3), date(2024, 2, 26), date(2024, 3, 4)),
        ("1w", date(2024, 3, 4), date(2024, 3, 4), date(2024, 3, 11)),
        ("1mo", date(2024, 2, 29), date(2024, 2, 1), date(2024, 3, 1)),
        ("1q", date(2024, 2, 29), date(2024, 1, 1), date(2024, 4, 1)),
        ("1y", date(2024, 2, 29), date(2024, 1, 1), date(2025, 1, 1)),
    ],
)
def test_buckets_of_dates(text, day, start, end):
    assert bucketed(text, day) == (start, end)


def test_buckets_of_instants():
    ts = datetime(2024, 3, 3, 14, 35, tzinfo=UTC)

    assert bucketed("4h", ts) == (datetime(2024, 3, 3, 12, tzinfo=UTC), datetime(2024, 3, 3, 16, tzinfo=UTC))


def test_a_day_with_a_change_of_clocks_has_25_hours():
    ts = datetime(2024, 11, 3, 12, tzinfo=UTC)

    start, end = bucketed("1d", ts, "America/New_York")

    assert end - start == timedelta(hours=25)
    assert start == datetime(2024, 11, 3, 4, tzinfo=UTC)


def test_a_bar_ends_after_its_length_also_off_the_hour():
    frame = pl.DataFrame({"ts": [datetime(2024, 1, 2, 14, 30, tzinfo=UTC)]})

    assert frame.select(Timeframe.parse("1h").after(pl.col("ts")))["ts"][0] == datetime(2024, 1, 2, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("coarse", "fine", "expected"),
    [
        ("1h", "5m", True), ("1h", "7m", False), ("1d", "1h", True), ("1w", "1d", True), ("1mo", "1d", True),
        ("1mo", "1w", False), ("1y", "1q", True), ("1q", "1mo", True), ("1d", "1mo", False), ("1mo", "5h", False),
    ],
)  # fmt: skip
def test_what_is_made_of_what(coarse, fine, expected):
    assert Timeframe.parse(coarse).made_of(Timeframe.parse(fine)) is expected


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("5m", "5m"),
        ("90m", "90m"),
        ("1h", "1h"),
        ("1d", "1d"),
        ("1w", "1w"),
        ("1mo", "1mo"),
        ("1q", "1q"),
        ("1y", "1y"),
        ("1s", "1s"),
    ],
)
def test_timeframes_are_inferred(step, expected):
    start = datetime(2010, 1, 4, tzinfo=UTC)
    ts = pl.select(
        ts=pl.datetime_range(
            start, start + timedelta(days=4500) if step[-1] in "wqyo" else start + timedelta(days=9), step
        )
    )
    frame = ts.head(300).select(pl.lit("A").alias("symbol"), "ts")

    assert infer_timeframe(frame).text == expected


def test_weekends_do_not_make_days_longer():
    days = [date(2024, 1, 4), date(2024, 1, 5), date(2024, 1, 8), date(2024, 1, 9)]

    assert infer_timeframe(pl.DataFrame({"symbol": "A", "ts": days})).text == "1d"


def test_one_bar_is_a_day():
    assert infer_timeframe(pl.DataFrame({"symbol": ["A", "B"], "ts": [date(2024, 1, 4)] * 2})).text == "1d"
