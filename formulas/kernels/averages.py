"""Recursive averages and running sums: ema and rma, seeded with the mean of the first n defined values; cumulative."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import LANES, Floats, carry, lanes_of

# Names of the rows of the state.
MEAN, SEEN = range(2)

STEP = 4

compiled = compiler_for("ema, rma and what is built on them (rsi, atr, adx, macd)")


@compiled
def _seed(x: Floats, n: float, alpha: float, memory: Floats, lanes: int, answer: Floats) -> None:
    """One row, of which some lane may not have seen n values."""
    for lane in range(lanes):
        mean = memory[MEAN, lane]
        seen = memory[SEEN, lane] + 1.0
        gap = x[lane] - mean
        new = mean + gap / seen if seen <= n else mean + gap * alpha
        known = (new - new) == 0.0
        memory[MEAN, lane] = new if known else mean
        memory[SEEN, lane] += 1.0 if known else 0.0
        answer[lane] = new if known & (seen >= n) else np.nan


@compiled
def _smooth(x: Floats, alpha: float, memory: Floats, lanes: int, answer: Floats) -> None:
    """STEP rows at a time, the mean kept in the lanes' registers from one to the next."""
    for lane in range(lanes):
        mean = memory[MEAN, lane]
        for row in range(STEP):
            new = mean + (x[row * LANES + lane] - mean) * alpha
            known = (new - new) == 0.0
            mean = new if known else mean
            answer[row * LANES + lane] = new if known else np.nan
        memory[MEAN, lane] = mean


@compiled
def _exponential(x: Floats, head: int, rows: int, n: float, alpha: float, state: Floats, out: Floats) -> None:
    """Mean of the first n defined values, then m + (x - m) * alpha. States: mean, defined values so far.

    The seed is a running mean, m += (x - m) / k, so flat input gives exactly its value. An undefined input is undefined
    in the output and leaves the state as it was; so does a step that overflows.
    """
    lanes, memory = lanes_of(state), np.empty((2, LANES))
    carry(state, memory)
    t, end = head, head + rows
    while t < end:
        least = n
        for lane in range(LANES):
            least = min(least, memory[SEEN, lane])
        if (least < n) | (t + STEP > end):
            # until every lane is seeded, and for the rows that are left over at the end
            _seed(x[t * LANES : (t + 1) * LANES], n, alpha, memory, lanes, out[t * LANES : (t + 1) * LANES])
            t += 1
        else:
            here = slice(t * LANES, (t + STEP) * LANES)
            _smooth(x[here], alpha, memory, lanes, out[here])
            t += STEP
    carry(memory, state)


@compiled
def ema(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """Exponential moving average with weight 2 / (n + 1). States: those of _exponential."""
    _exponential(x, head, rows, n, 2.0 / (n + 1.0), state, out)


@compiled
def rma(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """Wilder's moving average, exponential with weight 1 / n. States: those of _exponential."""
    _exponential(x, head, rows, n, 1.0 / n, state, out)


@compiled
def cumulative(x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The sum of all values so far; undefined ones, and a step that overflows, are passed over. State: the sum."""
    lanes, memory = lanes_of(state), np.empty((1, LANES))
    carry(state, memory)
    for t in range(head, head + rows):
        now, answer = x[t * LANES : (t + 1) * LANES], out[t * LANES : (t + 1) * LANES]
        for lane in range(lanes):
            new = memory[0, lane] + now[lane]
            known = (new - new) == 0.0
            memory[0, lane] = new if known else memory[0, lane]
            answer[lane] = new if known else np.nan
    carry(memory, state)
