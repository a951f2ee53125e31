"""Bars made of shorter ones are whole: none is handed out that the data, or the load, cut."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

import barsweep as bs
from barsweep.data import FrameRepository, ParquetRepository

FIRST, LAST = date(2024, 1, 3), date(2024, 1, 24)  # both Wednesdays


def daily(begin, end, symbol="A", weekends=True):
    days = pl.Series("ts", [begin + timedelta(days=day) for day in range((end - begin).days + 1)])
    frame = pl.DataFrame({"symbol": symbol, "ts": days, "close": 1.0, "volume": 1.0})
    return frame if weekends else frame.filter(pl.col("ts").dt.weekday() <= 5)


def weeks(repository, start=None, end=None, before=0, timeframe="1w"):
    table = pl.DataFrame(repository.load(None, timeframe, start, end, ["volume"], before))
    return [(ts.day, volume) for ts, volume in table.select("ts", "volume").rows()]


@pytest.fixture(params=["frame", "file"])
def cut(request, tmp_path):
    """Daily bars from a Wednesday to a Wednesday."""
    frame = daily(FIRST, LAST)
    if request.param == "frame":
        return FrameRepository(frame)
    frame.write_parquet(tmp_path / "candles.parquet")
    return ParquetRepository(tmp_path / "candles.parquet")


def test_weeks_that_the_data_cut_are_left_out(cut):
    assert weeks(cut) == [(8, 7.0), (15, 7.0)]
    assert cut.span("1w") == (date(2024, 1, 8), date(2024, 1, 15))
    assert bs.evaluate("volume", daily(FIRST, LAST), timeframe="1w")["value"].to_list() == [7.0, 7.0]


def test_a_start_does_not_cut(cut):
    """The week that holds it begins before it; those after it are whole, however little is read."""
    assert weeks(cut, start="2024-01-10") == [(15, 7.0)]
    assert weeks(cut, start="2024-01-10", before=1) == [(8, 7.0), (15, 7.0)]
    assert weeks(cut, start="2024-01-10", before=9) == [(8, 7.0), (15, 7.0)]
    assert weeks(cut, start="2024-01-10", before=None) == [(8, 7.0), (15, 7.0)]


def test_a_week_with_bars_after_the_end_is_left_out(cut):
    assert weeks(cut, end="2024-01-20") == [(8, 7.0)]
    assert weeks(cut, end="2024-01-21") == [(8, 7.0), (15, 7.0)]
    assert weeks(cut, start="2024-01-20", end="2024-01-20", before=1) == [(8, 7.0)]


def test_an_end_on_the_last_bar_of_a_week_does_not_cut_it():
    repository = FrameRepository(daily(date(2024, 1, 1), date(2024, 1, 22), weekends=False))

    assert weeks(repository, end="2024-01-18") == [(1, 5.0), (8, 5.0)]
    assert weeks(repository, end="2024-01-19") == [(1, 5.0), (8, 5.0), (15, 5.0)]


@pytest.mark.parametrize(
    ("last", "known"), [(date(2024, 1, 19), 2), (date(2024, 1, 20), 2), (date(2024, 1, 21), 3), (date(2024, 1, 22), 3)]
)
def test_a_week_is_closed_by_the_end_of_its_last_day_or_by_a_later_bar(last, known):
    """Friday's bar does not know that no more come; Sunday's does, and so does Monday's."""
    days = daily(date(2024, 1, 1), last, weekends=last.weekday() > 4)
    days = days if last.weekday() else daily(date(2024, 1, 1), last, weekends=False)

    assert len(weeks(FrameRepository(days))) == known


def test_each_symbol_by_its_own_bars():
    """What other symbols have closes nothing, and begins nothing."""
    early, late = daily(FIRST, date(2024, 1, 17), "A"), daily(date(2024, 1, 8), date(2024, 1, 28), "B")
    repository = FrameRepository(pl.concat([early, late]))

    assert weeks(repository) == [(8, 7.0), (8, 7.0), (15, 7.0), (22, 7.0)]
    assert repository.span("1w") == (date(2024, 1, 8), date(2024, 1, 22))


def test_the_span_passes_over_holes():
    days = daily(FIRST, LAST).filter(~pl.col("ts").is_between(date(2024, 1, 8), date(2024, 1, 14)))
    assert FrameRepository(days).span("1w") == (date(2024, 1, 15), date(2024, 1, 15))

    late = pl.concat([daily(FIRST, date(2024, 1, 21)), daily(date(2024, 3, 6), date(2024, 3, 7))])
    assert FrameRepository(late).span("1w") == (date(2024, 1, 8), date(2024, 1, 15))


def test_without_a_whole_bar_there_is_none():
    repository = FrameRepository(daily(FIRST, date(2024, 1, 5)))

    assert weeks(repository) == []
    assert repository.span("1w") is None
    assert bs.scan("close > 0", daily(FIRST, date(2024, 1, 5)), timeframe="1w", latest=True).matches.is_empty()


def test_the_latest_bar_is_the_last_whole_one():
    frame = pl.concat([daily(FIRST, LAST, "A"), daily(FIRST, LAST, "B")])

    for end, expected in ((None, 15), ("2024-01-20", 8)):
        matches = bs.scan("volume == 7", frame, timeframe="1w", latest=True, end=end).matches
        assert matches["ts"].to_list() == [date(2024, 1, expected)] * 2


def test_a_job_on_weeks_and_a_formula_on_weeks_know_the_same():
    frame = daily(FIRST, LAST).with_columns(close=pl.int_range(pl.len()).cast(pl.Float64))

    jobs = bs.evaluate("close", frame, timeframe="1w")["value"].to_list()
    formulas = bs.evaluate('timeframe("1w", close)', frame)["value"].drop_nulls().unique(maintain_order=True).to_list()

    assert jobs == formulas


def test_bars_that_do_not_begin_on_the_hour_close_their_hours():
    minutes = [datetime(2024, 1, 2, 14, 30, tzinfo=UTC) + timedelta(minutes=30 * place) for place in range(4)]
    repository = FrameRepository(pl.DataFrame({"symbol": "A", "ts": minutes, "volume": 1.0}))

    hours = pl.DataFrame(repository.load(None, "1h", None, None, ["volume"]))

    assert hours.select(pl.col("ts").dt.hour(), "volume").rows() == [(15, 2.0)]


def test_months_labelled_by_their_last_day_begin_a_whole_quarter():
    ends = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 3, 31), date(2024, 4, 30)]
    repository = FrameRepository(pl.DataFrame({"symbol": "A", "ts": ends, "volume": 1.0}), timeframe="1mo")

    assert weeks(repository, timeframe="1q") == [(1, 3.0)]


def test_days_are_closed_in_the_exchange_zone():
    hours = [datetime(2024, 1, 2, 5, tzinfo=UTC) + timedelta(hours=hour) for hour in range(48)]  # from midnight there
    frame = pl.DataFrame({"symbol": "A", "ts": hours, "volume": 1.0})

    assert weeks(FrameRepository(frame, tz="America/New_York"), timeframe="1d") == [(2, 24.0), (3, 24.0)]
    assert weeks(FrameRepository(frame.head(-1), tz="America/New_York"), timeframe="1d") == [(2, 24.0)]
    assert weeks(FrameRepository(frame), timeframe="1d") == [(3, 24.0)]
