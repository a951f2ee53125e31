"""Arithmetic at one bar. What has no finite value is undefined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import exponentials
from .declaring import composed, elementwise
from .lanes import NA, Lanes, finite, function, is_defined, where

if TYPE_CHECKING:
    from .graphs import Call, Series


@elementwise
def add(x: Lanes, y: Lanes) -> Lanes:
    """The sum of two numbers."""
    return finite(x + y)


@elementwise
def subtract(x: Lanes, y: Lanes) -> Lanes:
    """The difference of two numbers."""
    return finite(x - y)


@elementwise
def multiply(x: Lanes, y: Lanes) -> Lanes:
    """The product of two numbers."""
    return finite(x * y)


@elementwise
def divide(x: Lanes, y: Lanes) -> Lanes:
    """The quotient of two numbers; undefined where the divisor is 0."""
    return finite(x / y)


@composed
def power(call: Call, x: Series, y: Series) -> Series:
    """`x` to the power of `y`. Squares are products, and square roots have a kernel of their own."""
    if y.constant == 2.0:
        return call("multiply", x, x)
    return call("sqrt", x) if y.constant == 0.5 else call("raised", x, y)


@elementwise
def raised(x: Lanes, y: Lanes) -> Lanes:
    """`x` to the power of `y`, with the very values of `power` where `y` happens to be one of its constants."""
    value = where(y == 2.0, x * x, where(y == 0.5, function("sqrt", x), exponentials.raised(x, y)))
    return where(is_defined(x) & is_defined(y), finite(value), NA)


@elementwise
def negate(x: Lanes) -> Lanes:
    """The number with the other sign."""
    return -x


@elementwise
def mod(x: Lanes, y: Lanes) -> Lanes:
    """The rest of x / y, with the sign of `y`; undefined where `y` is 0."""
    return finite(x - y * function("floor", x / y))


@elementwise
def abs_(x: Lanes) -> Lanes:
    """The number without its sign."""
    return abs(x)


@elementwise
def sign(x: Lanes) -> Lanes:
    """-1, 0 or 1 by the sign of `x`."""
    return where(x > 0.0, 1.0, where(x < 0.0, -1.0, x))


@elementwise
def sqrt(x: Lanes) -> Lanes:
    """The square root; undefined below 0."""
    return function("sqrt", x)


@elementwise
def log(x: Lanes) -> Lanes:
    """The natural logarithm; undefined at and below 0."""
    return exponentials.logarithm(x)


@elementwise
def exp(x: Lanes) -> Lanes:
    """Euler's number to the power of `x`."""
    return finite(exponentials.exponential(x))


@elementwise
def finite_(x: Lanes) -> Lanes:
    """`x`, undefined where it is infinite: the end of what was computed without looking."""
    return finite(x)


@elementwise
def scaled(x: Lanes, *, factor: Lanes) -> Lanes:
    """`x` times a constant."""
    return finite(x * factor)


@elementwise
def zero(x: Lanes) -> Lanes:
    """0 where `x` is defined."""
    return x - x


@elementwise
def same(x: Lanes) -> Lanes:
    """`x` itself, in a register of its own."""
    return x
