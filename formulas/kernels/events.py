"""Since an event: the latest bar at which a condition was true. An undefined condition is no event."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import LANES, Floats

compiled = compiler_for("bars_since, value_when, highest_since, lowest_since, sum_since, count_since and exrem")

# Names of the rows of the state: whether there was an event, and the value that is carried since.
BEGUN, VALUE = range(2)


@compiled
def bars_since(condition: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """How many bars ago the condition was last true. State: that number and 1, or 0 before the first event."""
    memory = np.empty(LANES)
    memory[:] = state[0]
    for t in range(rows):
        events, answer = condition[(head + t) * LANES :][:LANES], out[(head + t) * LANES :][:LANES]
        for lane in range(LANES):
            later = memory[lane] + 1.0 if memory[lane] > 0.0 else 0.0
            bars = 1.0 if events[lane] == 1.0 else later
            memory[lane] = bars
            answer[lane] = bars - 1.0 if bars > 0.0 else np.nan
    state[0] = memory


@compiled
def value_when(condition: Floats, x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The value of `x` at the latest bar where the condition was true and `x` defined. States: BEGUN, VALUE."""
    memory = np.empty((2, LANES))
    memory[:] = state
    for t in range(rows):
        events, now = condition[(head + t) * LANES :][:LANES], x[(head + t) * LANES :][:LANES]
        answer = out[(head + t) * LANES :][:LANES]
        for lane in range(LANES):
            event = (events[lane] == 1.0) & (now[lane] == now[lane])
            memory[BEGUN, lane] = 1.0 if event else memory[BEGUN, lane]
            memory[VALUE, lane] = now[lane] if event else memory[VALUE, lane]
            answer[lane] = memory[VALUE, lane] if memory[BEGUN, lane] == 1.0 else np.nan
    state[:] = memory


@compiled
def _extreme_since(condition: Floats, x: Floats, sign: float, head: int, rows: int, state: Floats, out: Floats) -> None:
    """The largest `sign` * x since the event. States: BEGUN, and the value with its sign turned so, NaN for none."""
    memory = np.empty((2, LANES))
    memory[:] = state
    for t in range(rows):
        events, now = condition[(head + t) * LANES :][:LANES], x[(head + t) * LANES :][:LANES]
        answer = out[(head + t) * LANES :][:LANES]
        for lane in range(LANES):
            event = events[lane] == 1.0
            begun = 1.0 if event else memory[BEGUN, lane]
            value = sign * now[lane]
            before = np.nan if event else memory[VALUE, lane]
            best = value if (value > before) | (before != before) else before
            memory[BEGUN, lane] = begun
            memory[VALUE, lane] = best
            answer[lane] = sign * best if begun == 1.0 else np.nan
    state[:] = memory


@compiled
def highest_since(
    condition: Floats, x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats
) -> None:
    """The largest `x` from the latest event through now; undefined values are skipped. States: BEGUN, VALUE."""
    _extreme_since(condition, x, 1.0, head, rows, state, out)


@compiled
def lowest_since(
    condition: Floats, x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats
) -> None:
    """The smallest `x` from the latest event through now; undefined values are skipped. States: BEGUN, VALUE."""
    _extreme_since(condition, x, -1.0, head, rows, state, out)


@compiled
def sum_since(condition: Floats, x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The sum of `x` from the latest event through now; undefined values, and a step that overflows, are skipped.

    States: BEGUN, which is 1 from the event on and 2 from the first value on; VALUE.
    """
    memory = np.empty((2, LANES))
    memory[:] = state
    for t in range(rows):
        events, now = condition[(head + t) * LANES :][:LANES], x[(head + t) * LANES :][:LANES]
        answer = out[(head + t) * LANES :][:LANES]
        for lane in range(LANES):
            event = events[lane] == 1.0
            phase = 1.0 if event else memory[BEGUN, lane]
            before = 0.0 if event else memory[VALUE, lane]
            total = before + now[lane]
            known = ((total - total) == 0.0) & (phase > 0.0)
            memory[BEGUN, lane] = 2.0 if known else phase
            memory[VALUE, lane] = total if known else before
            answer[lane] = memory[VALUE, lane] if memory[BEGUN, lane] == 2.0 else np.nan
    state[:] = memory


@compiled
def count_since(
    condition: Floats, counted: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats
) -> None:
    """At how many bars from the latest event through now `counted` was true. State: that and 1, or 0 before any."""
    memory = np.empty(LANES)
    memory[:] = state[0]
    for t in range(rows):
        events, now = condition[(head + t) * LANES :][:LANES], counted[(head + t) * LANES :][:LANES]
        answer = out[(head + t) * LANES :][:LANES]
        for lane in range(LANES):
            before = 1.0 if events[lane] == 1.0 else memory[lane]
            total = before + 1.0 if (before > 0.0) & (now[lane] == 1.0) else before
            memory[lane] = total
            answer[lane] = total - 1.0 if total > 0.0 else np.nan
    state[0] = memory


@compiled
def exrem(signal: Floats, reset: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The first `signal` only, until `reset` was true. State: 1 while a signal is on."""
    memory = np.empty(LANES)
    memory[:] = state[0]
    for t in range(rows):
        rises, falls = signal[(head + t) * LANES :][:LANES], reset[(head + t) * LANES :][:LANES]
        answer = out[(head + t) * LANES :][:LANES]
        for lane in range(LANES):
            on = memory[lane]
            answer[lane] = 0.0 if on == 1.0 else rises[lane]
            on = 1.0 if rises[lane] == 1.0 else on
            memory[lane] = 0.0 if falls[lane] == 1.0 else on
    state[0] = memory
