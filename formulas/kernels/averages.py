"""Recursive averages and running sums: ema and rma, seeded with the mean of the first n defined values; cumulative."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import LANES, Floats

# Names of the rows of the state.
MEAN, SEEN = range(2)

compiled = compiler_for("ema, rma and what is built on them (rsi, atr, adx, macd)")


@compiled
def _smooth(x: Floats, head: int, rows: int, n: float, alpha: float, state: Floats, out: Floats) -> None:
    """Mean of the first n defined values, then m + (x - m) * alpha. States: mean, defined values so far.

    The seed is a running mean, m += (x - m) / k, so flat input gives exactly its value. An undefined input is undefined
    in the output and leaves the state as it was; so does a step that overflows.
    """
    memory = np.empty((2, LANES))
    memory[:] = state
    seeded = 0
    while (seeded < rows) & (memory[SEEN].min() < n):
        now, answer = x[(head + seeded) * LANES :][:LANES], out[(head + seeded) * LANES :][:LANES]
        for lane in range(LANES):
            mean = memory[MEAN, lane]
            seen = memory[SEEN, lane] + 1.0
            gap = now[lane] - mean
            new = mean + gap / seen if seen <= n else mean + gap * alpha
            known = (new - new) == 0.0
            memory[MEAN, lane] = new if known else mean
            memory[SEEN, lane] += 1.0 if known else 0.0
            answer[lane] = new if known & (seen >= n) else np.nan
        seeded += 1
    # from here on every lane is seeded, and nothing is divided or counted any more
    smoothed = np.empty(LANES)
    smoothed[:] = memory[MEAN]
    for t in range(seeded, rows):
        now, answer = x[(head + t) * LANES :][:LANES], out[(head + t) * LANES :][:LANES]
        for lane in range(LANES):
            mean = smoothed[lane]
            new = mean + (now[lane] - mean) * alpha
            known = (new - new) == 0.0
            smoothed[lane] = new if known else mean
            answer[lane] = new if known else np.nan
    memory[MEAN] = smoothed
    state[:] = memory


@compiled
def ema(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """Exponential moving average with weight 2 / (n + 1). States: those of _smooth."""
    _smooth(x, head, rows, n, 2.0 / (n + 1.0), state, out)


@compiled
def rma(x: Floats, head: int, rows: int, n: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """Wilder's moving average, exponential with weight 1 / n. States: those of _smooth."""
    _smooth(x, head, rows, n, 1.0 / n, state, out)


@compiled
def cumulative(x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The sum of all values so far; undefined ones, and a step that overflows, are passed over. State: the sum."""
    memory = np.empty(LANES)
    memory[:] = state[0]
    for t in range(rows):
        now, answer = x[(head + t) * LANES :][:LANES], out[(head + t) * LANES :][:LANES]
        for lane in range(LANES):
            new = memory[lane] + now[lane]
            known = (new - new) == 0.0
            memory[lane] = new if known else memory[lane]
            answer[lane] = new if known else np.nan
    state[0] = memory
