"""Counting bars: history, the bar's number, and conditions over a window by exact running counts."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import LANES, Floats, carry, lanes_of

compiled = compiler_for("x[n], bar_index, count, exist and every")


@compiled
def ago_bars(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """The value `n` bars ago."""
    begin = (head - int(n)) * LANES
    earlier, answer = x[begin : begin + rows * LANES], out[head * LANES : (head + rows) * LANES]
    for i in range(answer.size):
        answer[i] = earlier[i]


@compiled
def bar_index(head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The number of bars before this one. State: bars so far."""
    lanes, memory = lanes_of(state), np.empty((1, LANES))
    carry(state, memory)
    for t in range(head, head + rows):
        answer = out[t * LANES : (t + 1) * LANES]
        for lane in range(lanes):
            answer[lane] = memory[0, lane]
            memory[0, lane] += 1.0
    carry(memory, state)


@compiled
def count(condition: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """At how many of the last `n` bars the condition was true. States: of the last n bars, how many are true, defined.

    Whole numbers are added and subtracted without rounding.
    """
    lanes, memory = lanes_of(state), np.empty((2, LANES))
    carry(state, memory)
    length = int(n)
    for t in range(head, head + rows):
        enters = condition[t * LANES : (t + 1) * LANES]
        leaves = condition[(t - length) * LANES : (t - length + 1) * LANES]
        answer = out[t * LANES : (t + 1) * LANES]
        for lane in range(lanes):
            comes, goes = enters[lane], leaves[lane]
            memory[0, lane] += (1.0 if comes == 1.0 else 0.0) - (1.0 if goes == 1.0 else 0.0)
            memory[1, lane] += (1.0 if comes == comes else 0.0) - (1.0 if goes == goes else 0.0)
            answer[lane] = memory[0, lane] if memory[1, lane] == n else np.nan
    carry(memory, state)


@compiled
def _held(condition: Floats, head: int, rows: int, n: float, decisive: float, state: Floats, out: Floats) -> None:
    """Kleene: `decisive` if one of the last `n` values is that, its opposite if all are the opposite.

    States: bars so far, bars since the latest decisive value (more than `n` before there is any), the number of
    opposite values in a row.
    """
    lanes, memory = lanes_of(state), np.empty((3, LANES))
    carry(state, memory)
    for lane in range(lanes):
        memory[1, lane] = memory[1, lane] if memory[0, lane] > 0.0 else n
    for t in range(head, head + rows):
        now, answer = condition[t * LANES : (t + 1) * LANES], out[t * LANES : (t + 1) * LANES]
        for lane in range(lanes):
            value = now[lane]
            seen = memory[0, lane] + 1.0
            since = 0.0 if value == decisive else memory[1, lane] + 1.0
            run = memory[2, lane] + 1.0 if value == 1.0 - decisive else 0.0
            known = 1.0 - decisive if run >= n else np.nan
            answer[lane] = (decisive if since < n else known) if seen >= n else np.nan
            memory[0, lane], memory[1, lane], memory[2, lane] = seen, since, run
    carry(memory, state)


@compiled
def exist(condition: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """Whether the condition was true at any of the last `n` bars. States: those of _held."""
    _held(condition, head, rows, n, 1.0, state, out)


@compiled
def every(condition: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """Whether the condition was true at all of the last `n` bars. States: those of _held."""
    _held(condition, head, rows, n, 0.0, state, out)
