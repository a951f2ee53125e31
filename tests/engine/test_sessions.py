"""timeframe() by an exchange's session: its hours, its days and its zone, over the change of the clocks too."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import barsweep as bs
from barsweep.errors import RepositoryError

NEW_YORK = "America/New_York"
REGULAR = bs.Session("09:30", "16:00", tz=NEW_YORK, holidays=["2024-03-29"])
FUTURES = bs.Session("18:00", "17:00", tz=NEW_YORK)
ALWAYS = bs.Session("00:00", "00:00", tz=NEW_YORK, weekdays=range(1, 8))


def local(day, hour=0, minute=0):
    return dt.datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(NEW_YORK)).astimezone(dt.UTC)


def minutes(first, last, step, hours=(0, 24), symbol="A", seed=1):
    """Bars of `step` minutes of New York's dates, with random closes and volumes."""
    ts, day = [], first
    while day <= last:
        begin, end = local(day), local(day + dt.timedelta(days=1))
        while begin < end:
            wall = begin.astimezone(ZoneInfo(NEW_YORK))
            if hours[0] <= wall.hour + wall.minute / 60 < hours[1] and day.weekday() < 5:
                ts.append(begin)
            begin += dt.timedelta(minutes=step)
        day += dt.timedelta(days=1)
    rng = np.random.default_rng(seed)
    close = (100 + rng.normal(0, 1, len(ts)).cumsum()).round(2)
    return pl.DataFrame(
        {"symbol": symbol, "ts": ts, "close": close, "high": close + 1.0, "volume": rng.integers(1, 9, len(ts)) * 1.0},
        schema_overrides={"ts": pl.Datetime("us", "UTC")},
    )


def evaluated(formula, candles, timeframe, session, **options):
    return bs.evaluate(formula, candles, timeframe=timeframe, session=session, **options)["value"]


def days(begin, count, symbol="A"):
    dates = [begin + dt.timedelta(days=day) for day in range(count)]
    dates = [date for date in dates if date.weekday() < 5]
    closes = [float(n) for n in range(1, len(dates) + 1)]
    return pl.DataFrame({"symbol": symbol, "ts": dates, "close": closes, "volume": closes})


def test_a_week_is_complete_at_the_close_of_its_last_session():
    """Friday's bar knows the week; without a session Monday's does."""
    candles = days(dt.date(2024, 3, 4), 19)

    assert evaluated('timeframe("1w", close)', candles, "1d", REGULAR).to_list() == [None] * 4 + [5.0] * 5 + [
        10.0
    ] * 5 + [15.0]
    assert evaluated('timeframe("1w", close)', candles, "1d", None).to_list()[:6] == [None] * 5 + [5.0]


def test_a_holiday_ends_the_week_before():
    """Good Friday, 29 March 2024: Thursday's bar knows the week, and the month."""
    candles = days(dt.date(2024, 3, 4), 30).filter(pl.col("ts") != dt.date(2024, 3, 29))
    at = candles["ts"].to_list().index(dt.date(2024, 3, 28))

    weekly = evaluated('timeframe("1w", close)', candles, "1d", REGULAR)

    assert weekly[at] == candles["close"][at]
    assert weekly[at - 1] == candles["close"][at - 4]
    assert evaluated('timeframe("1w", volume)', candles, "1d", REGULAR)[at] == sum(candles["volume"][at - 3 : at + 1])


def test_data_that_begin_with_the_first_session_of_a_week_do_not_cut_it():
    holiday = bs.Session("09:30", "16:00", holidays=["2024-03-04"])
    candles = days(dt.date(2024, 3, 5), 4)

    assert evaluated('timeframe("1w", close)', candles, "1d", holiday).to_list() == [None, None, None, 4.0]
    assert evaluated('timeframe("1w", close)', candles, "1d", REGULAR).to_list() == [None] * 4


def test_hours_are_counted_from_the_opening():
    """Four hours from 9:30, then two and a half: a bar ends at 13:30 and at the close."""
    candles = minutes(dt.date(2024, 3, 4), dt.date(2024, 3, 5), 30, (9.5, 16))

    found = evaluated('timeframe("4h", close)', candles, "30m", REGULAR).to_list()

    closes = candles["close"].to_list()
    assert found == [None] * 7 + [closes[7]] * 5 + [closes[12]] * 8 + [closes[20]] * 5 + [closes[25]]


def test_bars_outside_the_session_do_not_count():
    """What is traded before the opening and after the close shows the latest known day, and is in none."""
    whole = minutes(dt.date(2024, 3, 4), dt.date(2024, 3, 6), 30, (8, 20))
    wall = pl.col("ts").dt.convert_time_zone(NEW_YORK)
    inside = pl.time(9, 30).le(wall.dt.time()) & wall.dt.time().lt(pl.time(16))

    made = whole.with_columns(day=evaluated('timeframe("1d", volume)', whole, "30m", REGULAR))
    forming = whole.with_columns(day=evaluated('timeframe("1d", volume, forming=true)', whole, "30m", REGULAR))

    totals = whole.filter(inside).group_by(wall.dt.date().alias("date")).agg(pl.col("volume").sum()).sort("date")
    last = made.group_by(wall.dt.date().alias("date"), maintain_order=True).last()
    assert last["day"].to_list() == totals["volume"].to_list()
    assert made.filter(wall.dt.time() == pl.time(15, 30))["day"].to_list() == totals["volume"].to_list()
    assert forming.filter(wall.dt.time() == pl.time(19, 30))["day"].to_list() == totals["volume"].to_list()
    first = whole.filter(wall.dt.time() == pl.time(9, 30))["volume"].to_list()
    assert forming.filter(wall.dt.time() == pl.time(9, 30))["day"].to_list() == first


def sessions_of(session, bars):
    """By plain Python: for each bar its session's day, opening and close, or None."""
    zone = ZoneInfo(session.tz)
    found = []
    for ts in bars:
        wall = ts.astimezone(zone).replace(tzinfo=None)
        overnight = session.closes <= session.opens
        opens = dt.timedelta(hours=session.opens.hour, minutes=session.opens.minute)
        day = (wall - opens).date() + dt.timedelta(days=1) if overnight else wall.date()
        opening = dt.datetime.combine(day - dt.timedelta(days=int(overnight)), session.opens, zone).astimezone(dt.UTC)
        closing = dt.datetime.combine(day, session.closes, zone).astimezone(dt.UTC)
        is_held = day.isoweekday() in session.weekdays and day not in session.holidays
        found.append((day, opening, closing) if is_held and opening <= ts < closing else None)
    return found


KEYS = {"1d": lambda day: day, "1w": lambda day: day.isocalendar()[:2], "1mo": lambda day: (day.year, day.month)}


def hours_of(session, day):
    """Opening and close of a day's session."""
    zone, before = ZoneInfo(session.tz), dt.timedelta(days=int(session.closes <= session.opens))
    moments = dt.datetime.combine(day - before, session.opens, zone), dt.datetime.combine(day, session.closes, zone)
    return [moment.astimezone(dt.UTC) for moment in moments]


def bucket_of(session, target, begin, place):
    """The bucket of a bar: what tells it from others, its first and its last moment."""
    day, opening, closing = place
    if target in KEYS:
        around = [day + dt.timedelta(days=n) for n in range(-40, 41)]
        held = [d for d in around if d.isoweekday() in session.weekdays and d not in session.holidays]
        same = [d for d in held if KEYS[target](d) == KEYS[target](day)]
        return KEYS[target](day), hours_of(session, same[0])[0], hours_of(session, same[-1])[1]
    length = dt.timedelta(hours=int(target[:-1]))
    starts = opening + (begin - opening) // length * length
    return starts, starts, min(starts + length, closing)


def by_hand(candles, session, target, step):
    """The latest complete bar of `target` at each bar, by plain Python: bar by bar, with all that was known by then."""
    bars, buckets, result = candles["ts"].to_list(), {}, []
    for begin, place, volume in zip(bars, sessions_of(session, bars), candles["volume"], strict=True):
        over = begin + dt.timedelta(minutes=step)
        if place is not None:
            over = min(over, place[2])
            key, starts, ends = bucket_of(session, target, begin, place)
            is_cut = not buckets and begin > starts
            buckets.setdefault(key, [is_cut, ends, 0.0])[2] += volume
        complete = [(cut, total) for cut, ends, total in buckets.values() if ends <= over]
        result.append(complete[-1][1] if complete and not complete[-1][0] else None)
    return result


@pytest.mark.parametrize("target", ["2h", "4h", "1d", "1w", "1mo"])
@pytest.mark.parametrize(
    ("session", "hours"), [(REGULAR, (8, 20)), (FUTURES, (0, 24)), (ALWAYS, (0, 24))], ids=["day", "night", "always"]
)
def test_buckets_are_those_of_plain_python(session, hours, target):
    """Over the Sunday of March on which New York's day has 23 hours, a holiday, and a month's end."""
    candles = minutes(dt.date(2024, 2, 28), dt.date(2024, 4, 2), 30, hours)

    found = evaluated(f'timeframe("{target}", volume)', candles, "30m", session).to_list()

    assert found == by_hand(candles, session, target, 30)
    assert any(value is not None for value in found)


@pytest.mark.parametrize("forming", ["", ", forming=true"])
@pytest.mark.parametrize("session", [REGULAR, FUTURES])
def test_nothing_looks_ahead(session, forming):
    """Cutting the future off changes nothing, whatever the session; nor does another symbol."""
    candles = minutes(dt.date(2024, 3, 7), dt.date(2024, 3, 13), 30, (4, 20))
    formulas = {target: f'timeframe("{target}", sma(close, 2){forming})' for target in ("1h", "4h", "1d", "1w")}
    whole = bs.evaluate(formulas, candles, timeframe="30m", session=session)
    for height in range(1, candles.height, 11):
        past = bs.FrameRepository(candles.head(height), timeframe="30m")
        early = bs.evaluate(formulas, past, timeframe="30m", session=session)
        assert early.equals(whole.head(height), null_equal=True)
    other = minutes(dt.date(2024, 3, 8), dt.date(2024, 3, 12), 30, (8, 22), "B", seed=2)
    both = bs.evaluate(formulas, pl.concat([candles, other]), timeframe="30m", session=session)
    assert both.filter(pl.col("symbol") == "A").equals(whole, null_equal=True)


@pytest.mark.parametrize(
    ("day", "hours"), [(dt.date(2024, 3, 10), 23), (dt.date(2024, 11, 3), 25), (dt.date(2024, 6, 2), 24)]
)
@pytest.mark.parametrize("session", [None, ALWAYS])
def test_days_of_23_and_25_hours(day, hours, session):
    """A day is a date of the exchange's zone, however long."""
    begin = local(day - dt.timedelta(days=1))
    ts = [begin + dt.timedelta(hours=hour) for hour in range(80)]
    candles = pl.DataFrame({"symbol": "A", "ts": ts, "close": [1.0] * 80, "volume": [1.0] * 80})
    repository = bs.FrameRepository(candles, tz=NEW_YORK)

    found = evaluated('timeframe("1d", volume)', repository, "1h", session).to_list()

    assert found == [None] * 23 + [24.0] * hours + [float(hours)] * 24 + [24.0] * (80 - 47 - hours)


def test_a_week_knows_nothing_that_is_published_after_its_close():
    """Neither at its last bar nor later, though its Monday is a holiday; a session's day ends at the close too."""
    session = bs.Session("09:30", "16:00", tz=NEW_YORK, holidays=["2024-03-11"])
    candles = days(dt.date(2024, 3, 4), 19).filter(pl.col("ts") != dt.date(2024, 3, 11))
    published = [local(dt.date(2024, 3, day), hour) for day, hour in ((5, 15), (7, 17), (15, 18))]
    table = pl.DataFrame({"symbol": "A", "ts": published, "eps": [1.0, 2.0, 3.0]})

    weekly = evaluated('timeframe("1w", table("t", eps))', candles, "1d", session, tables={"t": table}).to_list()
    daily = evaluated('table("t", eps)', candles, "1d", session, tables={"t": table}).to_list()

    assert weekly == [None] * 4 + [2.0] * 9 + [3.0]
    assert daily == [None, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0, 3.0]


def test_a_session_reads_well_and_refuses_what_is_none():
    assert repr(REGULAR) == "Session('09:30', '16:00', tz='America/New_York')"
    assert FUTURES.overnight
    with pytest.raises(RepositoryError, match="'9h' is no time of day: write it as 09:30"):
        bs.Session("9h", "16:00")
    with pytest.raises(RepositoryError, match="numbers from 1, Monday, to 7, Sunday"):
        bs.Session("09:30", "16:00", weekdays=[0])
    with pytest.raises(RepositoryError, match="the holiday 'Easter' is no date"):
        bs.Session("09:30", "16:00", holidays=["Easter"])
    with pytest.raises(RepositoryError, match="unknown time zone 'Mars'"):
        bs.Session("09:30", "16:00", tz="Mars")


@pytest.mark.parametrize("forming", ["", ", forming=true"])
@pytest.mark.parametrize("session", [None, REGULAR])
def test_a_bar_that_ends_after_the_calendar_is_never_complete(session, forming):
    """Python's dates end with the year 9999."""
    frame = days(dt.date(2024, 1, 1), 12)

    values = evaluated(f'timeframe("9999y", close{forming})', frame, "1d", session)

    assert values.to_list() == [None] * frame.height
