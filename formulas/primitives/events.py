"""Since an event: the latest bar at which a condition was true. An undefined condition is no event."""

from __future__ import annotations

import polars as pl

from ..declaring import recursive
from ..kinds import Alike, Booleans, Length, Nth, Numbers
from ..scope import BAR, Scope


@recursive(by_event=True, bounded=True)
def bars_since(scope: Scope, condition: Booleans, nth: Nth = 1) -> Numbers:
    """How many bars ago the condition was last true; 0 at such a bar, undefined before the first one.

    With `nth` = 2 it is the event before the last one that is meant, and so on.
    """
    latest = scope.bar.cast(pl.Float64) - _last_event(scope, condition)
    bars = latest
    for _ in range(1, nth):
        bars = latest + _earlier(scope, condition, scope.column(bars)) + 1
    return bars


@recursive(by_event=True, bounded=True)
def value_when(scope: Scope, condition: Booleans, x: Alike, nth: Nth = 1) -> Alike:
    """The value that `x` had at the latest bar where the condition was true and `x` defined; or at the `nth` latest."""
    event = condition & x.is_not_null()
    value = scope.grouped(scope.column(pl.when(event).then(x)).forward_fill())
    for _ in range(1, nth):
        value = _earlier(scope, event, value)
    return value


@recursive(by_event=True, bounded=True)
def highest_since(scope: Scope, condition: Booleans, x: Numbers) -> Numbers:
    """The largest `x` from the latest bar where the condition was true through now; undefined values are skipped."""
    return _since(scope, condition, x.cum_max())


@recursive(by_event=True, bounded=True)
def lowest_since(scope: Scope, condition: Booleans, x: Numbers) -> Numbers:
    """The smallest `x` from the latest bar where the condition was true through now; undefined values are skipped."""
    return _since(scope, condition, x.cum_min())


@recursive(by_event=True)
def sum_since(scope: Scope, condition: Booleans, x: Numbers) -> Numbers:
    """The sum of `x` from the latest bar where the condition was true through now; undefined values are skipped."""
    return _since(scope, condition, x.cum_sum())


@recursive(by_event=True, bounded=True)
def count_since(scope: Scope, condition: Booleans, counted: Booleans) -> Numbers:
    """At how many bars `counted` was true, from the latest bar where the condition was true through now."""
    return _since(scope, condition, counted.fill_null(value=False).cum_sum().cast(pl.Float64))


@recursive(fills=True, bounded=True)
def exrem(scope: Scope, signal: Booleans, reset: Booleans) -> Booleans:
    """The first `signal` only, until `reset` was true: repeated signals are removed, as by AmiBroker's ExRem.

    If both hold at one bar, that bar's signal stands and the next one is a first signal again.
    """
    event = pl.when(reset).then(statement=False).when(signal).then(statement=True)
    waiting = scope.grouped(scope.column(event).forward_fill().shift(1))
    return signal & ~waiting.fill_null(value=False)


@recursive(fills=True, bounded=True)
def flip(scope: Scope, set: Booleans, reset: Booleans) -> Booleans:
    """True from a bar where `set` is true until one where `reset` is; false before the first, as AmiBroker's Flip.

    Where both hold, `reset` wins. An undefined condition is no event.
    """
    event = pl.when(reset).then(statement=False).when(set).then(statement=True)
    return scope.grouped(scope.column(event).forward_fill()).fill_null(value=False)


@recursive(fills=True, bounded=True)
def cooldown(scope: Scope, condition: Booleans, n: Length) -> Booleans:
    """The condition, but false for the `n` bars after one where it held: Tongdaxin's FILTER.

    What happens in these bars does not prolong them.
    """
    return scope.kernel("cooldown", [condition], [n])[0] == 1.0


def _earlier(scope: Scope, condition: pl.Expr, x: pl.Expr) -> pl.Expr:
    """What `x` was one bar before the latest event."""
    before = scope.grouped(x.shift(1))
    return scope.grouped(scope.column(pl.when(condition).then(before)).forward_fill())


def _last_event(scope: Scope, condition: pl.Expr) -> pl.Expr:
    return scope.grouped(scope.column(pl.when(condition).then(pl.col(BAR).cast(pl.Float64))).forward_fill())


def _since(scope: Scope, condition: pl.Expr, running: pl.Expr) -> pl.Expr:
    """A running value that begins anew at every event (and, so that symbols stay apart, at every first bar)."""
    begins = condition.fill_null(value=False) | (scope.bar == 0)
    run = scope.column(begins.cum_sum()).meta.output_name()
    value = scope.column(running.forward_fill(), (run,))
    return pl.when(_last_event(scope, condition).is_not_null()).then(value)
