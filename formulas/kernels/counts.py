"""Counting bars: history, the bar's number, and conditions over a window by exact running counts."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import LANES, Floats

compiled = compiler_for("x[n], bar_index, count, exist and every")


@compiled
def ago_bars(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """The value `n` bars ago."""
    begin = (head - int(n)) * LANES
    out[head * LANES : (head + rows) * LANES] = x[begin : begin + rows * LANES]


@compiled
def bar_index(head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The number of bars before this one. State: bars so far."""
    for t in range(rows):
        answer = out[(head + t) * LANES :][:LANES]
        for lane in range(LANES):
            answer[lane] = state[0, lane] + t
    state[0] += rows


@compiled
def count(condition: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """At how many of the last `n` bars the condition was true. States: of the last n bars, how many are true, defined.

    Whole numbers are added and subtracted without rounding.
    """
    memory = np.empty((2, LANES))
    memory[:] = state
    now, old = condition[head * LANES :], condition[(head - int(n)) * LANES :]
    for t in range(rows):
        enters, leaves = now[t * LANES :][:LANES], old[t * LANES :][:LANES]
        answer = out[(head + t) * LANES :][:LANES]
        for lane in range(LANES):
            comes, goes = enters[lane], leaves[lane]
            memory[0, lane] += (1.0 if comes == 1.0 else 0.0) - (1.0 if goes == 1.0 else 0.0)
            memory[1, lane] += (1.0 if comes == comes else 0.0) - (1.0 if goes == goes else 0.0)
            answer[lane] = memory[0, lane] if memory[1, lane] == n else np.nan
    state[:] = memory


@compiled
def _held(condition: Floats, head: int, rows: int, n: float, decisive: float, state: Floats, out: Floats) -> None:
    """Kleene: `decisive` if one of the last `n` values is that, its opposite if all are the opposite.

    States: bars so far, bars since the latest decisive value (more than `n` before there is any), the number of
    opposite values in a row.
    """
    memory = np.empty((3, LANES))
    memory[:] = state
    for lane in range(LANES):
        memory[1, lane] = memory[1, lane] if memory[0, lane] > 0.0 else n
    for t in range(rows):
        now, answer = condition[(head + t) * LANES :][:LANES], out[(head + t) * LANES :][:LANES]
        for lane in range(LANES):
            value = now[lane]
            seen = memory[0, lane] + 1.0
            since = 0.0 if value == decisive else memory[1, lane] + 1.0
            run = memory[2, lane] + 1.0 if value == 1.0 - decisive else 0.0
            known = 1.0 - decisive if run >= n else np.nan
            answer[lane] = (decisive if since < n else known) if seen >= n else np.nan
            memory[0, lane], memory[1, lane], memory[2, lane] = seen, since, run
    state[:] = memory


@compiled
def exist(condition: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """Whether the condition was true at any of the last `n` bars. States: those of _held."""
    _held(condition, head, rows, n, 1.0, state, out)


@compiled
def every(condition: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """Whether the condition was true at all of the last `n` bars. States: those of _held."""
    _held(condition, head, rows, n, 0.0, state, out)
