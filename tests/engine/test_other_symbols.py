"""symbol(): the other symbol's latest bar that is known, over other sessions, holes and the change of the clocks."""

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import barsweep as bs

NEW_YORK, LONDON = ZoneInfo("America/New_York"), ZoneInfo("Europe/London")


def hourly(symbol, zone, first, last, missing=()):
    """Bars of the hours from `first` to before `last` of each day around the changes of the clocks in March 2024."""
    ts = []
    for number in range(28):
        day = dt.date(2024, 3, 6) + dt.timedelta(days=number)
        if day.weekday() < 5 and day not in missing:
            walls = [dt.datetime(day.year, day.month, day.day, hour, tzinfo=zone) for hour in range(first, last)]
            ts.extend(wall.astimezone(dt.UTC) for wall in walls)
    closes = [float(number) for number in range(1, len(ts) + 1)]
    return pl.DataFrame({"symbol": symbol, "ts": ts, "close": closes})


@pytest.mark.parametrize("executor", ["polars", "tiles"])
@pytest.mark.parametrize("session", [None, bs.Session("09:00", "16:00", tz="America/New_York")])
def test_bars_of_another_exchange(executor, session):
    """New York's clocks change on the 10th, London's on the 31st: hours that both trade come and go."""
    own = hourly("A", NEW_YORK, 9, 16)
    other = hourly("L", LONDON, 8, 17, missing=[dt.date(2024, 3, 14), dt.date(2024, 3, 29)])
    repository = bs.FrameRepository(pl.concat([own, other]), timeframe="1h")

    found = bs.evaluate('symbol("L", close)', repository, timeframe="1h", executor=executor, session=session)

    latest = [max((c for ts, c in other.select("ts", "close").rows() if ts <= now), default=None) for now in own["ts"]]
    assert found.filter(pl.col("symbol") == "A")["value"].to_list() == latest
    assert found.filter(pl.col("symbol") == "L")["value"].to_list() == other["close"].to_list()


def test_history_counts_the_other_symbols_bars():
    """[1] there is a bar of the other one, outside a bar of one's own."""
    own, other = hourly("A", NEW_YORK, 9, 12), hourly("L", LONDON, 8, 17)
    repository = bs.FrameRepository(pl.concat([own, other]), timeframe="1h")

    found = bs.evaluate(
        {"there": 'symbol("L", close[1])', "here": 'symbol("L", close)[1]', "now": 'symbol("L", close)'},
        repository,
        timeframe="1h",
    ).filter(pl.col("symbol") == "A")

    assert found["there"].to_list() == (found["now"] - 1).to_list()
    assert found["here"].to_list() == [None, *found["now"].to_list()[:-1]]
