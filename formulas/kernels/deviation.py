"""The mean absolute deviation of a window about its own mean, as cci needs it."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import LANES, Floats

DEVIATION_STATES = 0

compiled = compiler_for("mean_deviation and what is built on it (cci)")


@compiled
def mean_deviation(x: Floats, rows: int, n: float, state: Floats, out: Floats) -> None:
    """Mean of |x_i - window mean| over the last n bars, undefined while the window is not full or has a hole.

    Every window is summed anew (n steps per bar), from its first value as origin: a flat window is exactly 0, and a
    spike that has left the window leaves no trace. Keeps no state.
    """
    length = int(n)
    scale = 1.0 / n
    mean = np.empty(LANES)
    total = np.empty(LANES)
    out[: min(length - 1, rows) * LANES] = np.nan
    for t in range(length - 1, rows):
        window = x[(t - length + 1) * LANES : (t + 1) * LANES]
        answer = out[t * LANES : (t + 1) * LANES]
        origin = window[:LANES]
        total[:] = 0.0
        for i in range(1, length):
            row = window[i * LANES : (i + 1) * LANES]
            for lane in range(LANES):
                total[lane] += row[lane] - origin[lane]
        for lane in range(LANES):
            mean[lane] = origin[lane] + total[lane] * scale
            total[lane] = 0.0
        for i in range(length):
            row = window[i * LANES : (i + 1) * LANES]
            for lane in range(LANES):
                total[lane] += abs(row[lane] - mean[lane])
        for lane in range(LANES):
            value = total[lane] * scale
            answer[lane] = value if (value - value) == 0.0 else np.nan
