"""Whole numbers and the larger or smaller of two."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import LANES, Floats

compiled = compiler_for("floor, ceil, round, max and min")


@compiled
def floor(x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The largest whole number at or below `x`."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, answer = x[here], out[here]
    for i in range(answer.size):
        answer[i] = np.floor(a[i])


@compiled
def ceil(x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The smallest whole number at or above `x`."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, answer = x[here], out[here]
    for i in range(answer.size):
        answer[i] = np.ceil(a[i])


@compiled
def round_(x: Floats, head: int, rows: int, digits: float, state: Floats, scratch: Floats, out: Floats) -> None:
    """To `digits` decimals, half away from zero; negative digits round to tens, hundreds and so on."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, answer = x[here], out[here]
    scale = 10.0 ** abs(digits)
    up, down = (scale, 1.0) if digits > 0.0 else (1.0, scale)
    for i in range(answer.size):
        scaled = a[i] * up / down
        whole = np.trunc(scaled)
        away = np.copysign(1.0, scaled) if abs(scaled - whole) >= 0.5 else 0.0
        value = (whole + away) * down / up
        # a number too large to be scaled up has no decimals
        kept = a[i] if digits > 0.0 else np.nan
        answer[i] = value if (value - value) == 0.0 else kept


@compiled
def max_(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The larger of two; undefined if one is."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        answer[i] = a[i] if (a[i] > b[i]) | (a[i] != a[i]) else b[i]


@compiled
def min_(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The smaller of two; undefined if one is."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        answer[i] = a[i] if (a[i] < b[i]) | (a[i] != a[i]) else b[i]
