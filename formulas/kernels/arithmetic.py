"""Arithmetic at one bar. What has no finite value is undefined."""

from __future__ import annotations

import numpy as np

from .compiler import compiler_for
from .tiles import LANES, Floats

compiled = compiler_for("arithmetic")


@compiled
def add(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The sum of two numbers."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        value = a[i] + b[i]
        answer[i] = value if (value - value) == 0.0 else np.nan


@compiled
def subtract(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The difference of two numbers."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        value = a[i] - b[i]
        answer[i] = value if (value - value) == 0.0 else np.nan


@compiled
def multiply(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The product of two numbers."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        value = a[i] * b[i]
        answer[i] = value if (value - value) == 0.0 else np.nan


@compiled
def divide(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The quotient of two numbers; undefined where the divisor is 0."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        value = a[i] / b[i]
        answer[i] = value if (value - value) == 0.0 else np.nan


@compiled
def power(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """`x` to the power of `y`. Squares are products; the rest is the C library's pow, one at a time."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        base, exponent = a[i], b[i]
        value = base * base if exponent == 2.0 else base**exponent
        # pow(x, 0) and pow(1, y) are 1 even for an undefined x or y
        known = ((value - value) == 0.0) & (base == base) & (exponent == exponent)
        answer[i] = value if known else np.nan


@compiled
def negate(x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The number with the other sign."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, answer = x[here], out[here]
    for i in range(answer.size):
        answer[i] = -a[i]


@compiled
def mod(x: Floats, y: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The rest of x / y, with the sign of `y`; undefined where `y` is 0."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, b, answer = x[here], y[here], out[here]
    for i in range(answer.size):
        value = a[i] - b[i] * np.floor(a[i] / b[i])
        answer[i] = value if (value - value) == 0.0 else np.nan


@compiled
def abs_(x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The number without its sign."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, answer = x[here], out[here]
    for i in range(answer.size):
        answer[i] = abs(a[i])


@compiled
def sign(x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """-1, 0 or 1 by the sign of `x`."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, answer = x[here], out[here]
    for i in range(answer.size):
        answer[i] = 1.0 if a[i] > 0.0 else (-1.0 if a[i] < 0.0 else a[i])


@compiled
def sqrt(x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The square root; undefined below 0."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, answer = x[here], out[here]
    for i in range(answer.size):
        answer[i] = np.sqrt(a[i])


@compiled
def log(x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """The natural logarithm, the C library's, one at a time; undefined at and below 0."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, answer = x[here], out[here]
    for i in range(answer.size):
        value = np.log(a[i])
        answer[i] = value if (value - value) == 0.0 else np.nan


@compiled
def exp(x: Floats, head: int, rows: int, state: Floats, scratch: Floats, out: Floats) -> None:
    """Euler's number to the power of `x`, the C library's, one at a time."""
    here = slice(head * LANES, (head + rows) * LANES)
    a, answer = x[here], out[here]
    for i in range(answer.size):
        value = np.exp(a[i])
        answer[i] = value if (value - value) == 0.0 else np.nan
