"""timeframe() and symbol(): joined on the time a bar is known, never on its label."""

import datetime as dt

import polars as pl
import pytest
from sweeping import KINDS, LANGUAGE, sweep

import barsweep as bs
from barsweep.data.timeframes import Timeframe
from barsweep.errors import ProcessingEngineError

DAY, HOUR = Timeframe.parse("1d"), Timeframe.parse("1h")


def days(begin, count, symbol="A", weekends=False):
    """Daily bars whose close is the bar's number, from 1."""
    dates = [begin + dt.timedelta(days=day) for day in range(count)]
    dates = [date for date in dates if weekends or date.weekday() < 5]
    closes = [float(number) for number in range(1, len(dates) + 1)]
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), closes)
    return pl.DataFrame({"symbol": symbol, "ts": dates, "sector": "Tech", **prices})


def values(source, frame, timeframe=DAY, **references):
    return sweep({"f": source}, frame, timeframe, references)["f"].to_list()


def test_a_week_is_known_when_the_next_one_has_begun():
    """Friday's bar does not know that no more bars come: Monday's does."""
    frame = days(dt.date(2024, 1, 1), 12)  # Monday to Friday, then Monday to Friday

    assert values('timeframe("1w", close)', frame) == [None] * 5 + [5.0] * 5
    assert values('timeframe("1w", volume)', frame)[-1] == sum(range(1, 6))


def test_a_week_is_known_at_its_last_bar_where_the_calendar_says_so():
    """With bars on seven days, Sunday's bar ends when the week does."""
    frame = days(dt.date(2024, 1, 1), 9, weekends=True)

    assert values('timeframe("1w", close)', frame) == [None] * 6 + [7.0] * 3


def test_a_first_week_cut_by_the_start_of_the_data_is_undefined():
    frame = days(dt.date(2024, 1, 3), 17)  # begins on a Wednesday

    assert values('timeframe("1w", close)', frame) == [None] * 8 + [8.0] * 5


def test_names_and_history_count_the_other_timeframes_bars():
    """The expression is evaluated anew on weeks: [1] there is a week, outside a day."""
    frame = days(dt.date(2024, 1, 1), 19)
    source = 'change = close - close[1]\ntimeframe("1w", change)'

    assert values(source, frame) == [None] * 10 + [5.0] * 5
    assert values('timeframe("1w", close)[1]', frame)[5:7] == [None, 5.0]
    assert values('timeframe("1w", close > close[1])', frame) == [None] * 10 + [True] * 5


def test_symbols_do_not_touch_and_several_outputs_pass():
    frame = pl.concat([days(dt.date(2024, 1, 1), 12), days(dt.date(2024, 1, 8), 12, "B")])

    assert values('timeframe("1w", bbands(close, 1)).middle', frame) == ([None] * 5 + [5.0] * 5) * 2


def test_hours_of_a_day_in_the_exchange_zone():
    """A day of hourly bars is known with its last hour."""
    begin = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
    closes = [float(hour) for hour in range(50)]
    prices = dict.fromkeys(("open", "high", "low", "close", "volume"), closes)
    frame = pl.DataFrame(
        {"symbol": "A", "ts": [begin + dt.timedelta(hours=h) for h in range(50)], "sector": "Tech", **prices}
    )

    result = values('timeframe("1d", high - low)', frame, HOUR)

    assert result == [None] * 23 + [23.0] * 27


@pytest.mark.parametrize("target", ["1h", "12h"])
def test_a_timeframe_finer_than_the_data_is_an_error(target):
    with pytest.raises(ProcessingEngineError, match="cannot be made of 1d bars"):
        values(f'timeframe("{target}", close)', days(dt.date(2024, 1, 1), 5))


def test_another_symbol_joins_on_the_latest_bar_that_is_known():
    """A bar that the other symbol lacks shows its last one; before its first there is none."""
    own = days(dt.date(2024, 1, 1), 5)
    other = days(dt.date(2024, 1, 2), 4, "SPY").filter(pl.col("ts") != dt.date(2024, 1, 4))

    assert values('symbol("SPY", close)', own, SPY=other) == [None, 1.0, 2.0, 2.0, 4.0]
    assert values('symbol("SPY", close[1]) + close', own, SPY=other) == [None, None, 4.0, 5.0, 7.0]


def test_another_symbol_beside_several():
    """Each symbol's dates begin anew."""
    own = pl.concat([days(dt.date(2024, 1, 1), 3), days(dt.date(2024, 1, 1), 3, "B")])

    assert values('symbol("SPY", close)', own, SPY=days(dt.date(2024, 1, 2), 2, "SPY")) == [None, 1.0, 2.0] * 2


def test_another_symbol_on_another_timeframe():
    frame = days(dt.date(2024, 1, 1), 12)

    assert values('timeframe("1w", close / symbol("A", close))', frame, A=frame) == [None] * 5 + [1.0] * 5
    assert values('symbol("A", timeframe("1w", close))', frame, A=frame) == [None] * 5 + [5.0] * 5


def test_cutting_the_future_changes_nothing():
    """For weeks, months and quarters, at every cut."""
    frame = days(dt.date(2023, 11, 6), 200)
    sources = {unit: f'timeframe("{unit}", sma(close, 2))' for unit in ("1w", "2w", "1mo", "1q")}
    whole = sweep(sources, frame, DAY)
    assert all(LANGUAGE.check(source, KINDS).reach is None for source in sources.values())
    for count in range(1, frame.height, 9):
        assert sweep(sources, frame.head(count), DAY).equals(whole.head(count))


def test_a_timeframe_finer_than_the_data_is_told_before_any_candle_is_read():
    """One error of the job, not one of every symbol."""
    with pytest.raises(ProcessingEngineError, match=r"cannot be made of 1d bars: ask for whole multiples"):
        bs.scan('close > timeframe("1h", close)', days(dt.date(2024, 1, 1), 5))


def test_stale_without_latest_is_refused():
    with pytest.raises(ProcessingEngineError, match="ask for latest=True too"):
        bs.ProcessingJob(None, "close > 1", stale=3)
