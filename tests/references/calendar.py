"""Plain-Python truth for what depends on a bar's time; `ts` is a list of dates or datetimes in the exchange's zone."""

import calendar
import datetime
from itertools import groupby, pairwise


def bar_index(ts):
    return list(range(len(ts)))


def session_bar(ts):
    """The number of the bar within its date, from 1."""
    dates = [(moment.year, moment.month, moment.day) for moment in ts]
    return [number for _, bars in groupby(dates) for number, _ in enumerate(bars, 1)]


def new_period(ts, span):
    """Whether the bar before lies in an earlier period; days are counted from 1970, weeks from Monday."""
    count, unit = int(span.rstrip("dwmoqy")), span.lstrip("0123456789")
    days = [moment.toordinal() - datetime.date(1970, 1, 1).toordinal() for moment in ts]
    months = [12 * moment.year + moment.month - 1 for moment in ts]
    numbers = {
        "d": [day // count for day in days],
        "w": [(day + 3) // 7 // count for day in days],
        "mo": [month // count for month in months],
        "q": [month // (3 * count) for month in months],
        "y": [month // (12 * count) for month in months],
    }[unit]
    return [None] + [now != before for before, now in pairwise(numbers)]


def years_before(moment, years):
    """The same day of an earlier year; the last of the month where there is no such day."""
    last = calendar.monthrange(moment.year - years, moment.month)[1]
    return moment.replace(year=moment.year - years, day=min(moment.day, last))


def ago(x, ts, span):
    """The value at the last bar at or before `span` (such as "1y", "2w" or "3d") ago."""
    count, unit = int(span[:-1]), span[-1]
    values = []
    for moment in ts:
        days = {"d": count, "w": 7 * count}.get(unit)
        limit = years_before(moment, count) if days is None else moment - datetime.timedelta(days)
        earlier = [value for value, then in zip(x, ts, strict=True) if then <= limit]
        values.append(earlier[-1] if earlier else None)
    return values
