"""Exponential smoothing, seeded with the simple mean of the first n defined values: ema and rma."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import LANES, Floats

# Names of the rows of the state.
MEAN, SEEN = range(2)
SMOOTHING_STATES = 2

compiled = compiler_for("ema, rma and what is built on them (rsi, atr, adx, macd)")


@compiled
def exponential_smoothing(x: Floats, rows: int, n: float, alpha: float, state: Floats, out: Floats) -> None:
    """Smooth `x`: mean of the first n defined values, then m + (x - m) * alpha; alpha is 2/(n+1) for ema, 1/n for rma.

    The seed is a running mean, m += (x - m) / k, so flat input gives exactly its value. An undefined input is undefined
    in the output and leaves the state as it was; so does a step that overflows. States: mean, defined values so far.
    """
    memory = np.empty((SMOOTHING_STATES, LANES))
    memory[:] = state
    for t in range(rows):
        now = x[t * LANES : (t + 1) * LANES]
        answer = out[t * LANES : (t + 1) * LANES]
        for lane in range(LANES):
            mean = memory[MEAN, lane]
            seen = memory[SEEN, lane] + 1.0
            gap = now[lane] - mean
            seeding = mean + gap / seen
            smoothed = mean + gap * alpha
            new = seeding if seen <= n else smoothed
            known = (new - new) == 0.0
            memory[MEAN, lane] = new if known else mean
            memory[SEEN, lane] += 1.0 if known else 0.0
            answer[lane] = new if known & (seen >= n) else np.nan
    state[:] = memory
