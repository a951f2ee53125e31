"""Plain-Python truth for what is counted from an event. An undefined condition is no event."""

from .exact import fractions, number


def latest(condition):
    """At each bar, the bar of the latest true condition, or None."""
    found, places = None, []
    for t, value in enumerate(condition):
        found = t if value else found
        places.append(found)
    return places


def nth_latest(condition, nth):
    """At each bar, the bar of the nth latest true condition, or None."""
    events, places = [], []
    for t, value in enumerate(condition):
        events += [t] if value else []
        places.append(events[-nth] if len(events) >= nth else None)
    return places


def bars_since(condition, nth=1):
    return [None if place is None else t - place for t, place in enumerate(nth_latest(condition, nth))]


def value_when(condition, x, nth=1):
    events = [bool(c) and value is not None for c, value in zip(condition, x, strict=True)]
    return [None if place is None else x[place] for place in nth_latest(events, nth)]


def over_stretches(rule, condition, x):
    """rule(defined values since the latest event), None before the first event or if none is defined."""
    stretches = [
        [] if place is None else [value for value in x[place : t + 1] if value is not None]
        for t, place in enumerate(latest(condition))
    ]
    return [number(rule(fractions(stretch))) if stretch else None for stretch in stretches]


def highest_since(condition, x):
    return over_stretches(max, condition, x)


def lowest_since(condition, x):
    return over_stretches(min, condition, x)


def sum_since(condition, x):
    return over_stretches(sum, condition, x)


def count_since(condition, counted):
    """How many bars are true since the latest event, that bar included; an undefined one does not count."""
    places = latest(condition)
    return [None if place is None else counted[place : t + 1].count(True) for t, place in enumerate(places)]


def exrem(signal, reset):
    """The first signal after each reset: while a signal is on, further ones are false."""
    on, values = False, []
    for rises, falls in zip(signal, reset, strict=True):
        values.append(False if on else rises)
        on = False if falls else True if rises else on
    return values


def flip(set_, reset):
    on, values = False, []
    for begins, ends in zip(set_, reset, strict=True):
        on = False if ends else True if begins else on
        values.append(on)
    return values


def cooldown(condition, n):
    """Bars within n of one that was let through are false."""
    through, values = None, []
    for t, value in enumerate(condition):
        cooling = through is not None and t - through <= n
        through = t if value and not cooling else through
        values.append(False if cooling else value)
    return values
