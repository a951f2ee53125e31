"""Comparisons and three-valued logic at one bar: 1 is true, 0 is false, NaN is undefined."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import LANES, Floats

compiled = compiler_for("comparisons and logic")


@compiled
def less(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """Whether `x` is smaller than `y`."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        answer[i] = 1.0 if a[i] < b[i] else (0.0 if a[i] >= b[i] else np.nan)


@compiled
def at_most(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """Whether `x` is `y` or smaller."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        answer[i] = 1.0 if a[i] <= b[i] else (0.0 if a[i] > b[i] else np.nan)


@compiled
def greater(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """Whether `x` is larger than `y`."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        answer[i] = 1.0 if a[i] > b[i] else (0.0 if a[i] <= b[i] else np.nan)


@compiled
def no_less(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """Whether `x` is `y` or larger."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        answer[i] = 1.0 if a[i] >= b[i] else (0.0 if a[i] < b[i] else np.nan)


@compiled
def equal(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """Whether both are the same."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        known = (a[i] == a[i]) & (b[i] == b[i])
        answer[i] = (1.0 if a[i] == b[i] else 0.0) if known else np.nan


@compiled
def differs(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """Whether the two are not the same."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        known = (a[i] == a[i]) & (b[i] == b[i])
        answer[i] = (0.0 if a[i] == b[i] else 1.0) if known else np.nan


@compiled
def both(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """True where both are; false where one is false, even if the other is undefined."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        answer[i] = 0.0 if (a[i] == 0.0) | (b[i] == 0.0) else a[i] * b[i]


@compiled
def either(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """True where one is, even if the other is undefined; false where both are false."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        answer[i] = 1.0 if (a[i] == 1.0) | (b[i] == 1.0) else a[i] + b[i]


@compiled
def not_(condition: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The opposite; undefined stays undefined."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, answer = condition[here], out[here]
    for i in range(answer.size):
        answer[i] = 1.0 - a[i]


@compiled
def if_(
    condition: Floats, x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats
) -> None:
    """`x` where the condition is true, `y` where it is false."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, c, answer = condition[here], x[here], y[here], out[here]
    for i in range(answer.size):
        answer[i] = b[i] if a[i] == 1.0 else (c[i] if a[i] == 0.0 else np.nan)


@compiled
def defined(x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """Whether there is a value at this bar."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, answer = x[here], out[here]
    for i in range(answer.size):
        answer[i] = 1.0 if a[i] == a[i] else 0.0


@compiled
def nz(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """`x`, or `y` where `x` is undefined."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        answer[i] = a[i] if a[i] == a[i] else b[i]
