"""Hyperbolic functions and the decimal logarithm, on top of exp and log.

The exponential of half the number is squared, so that nothing overflows before its time; near 0, where two exponentials
would cancel, Taylor's series takes over.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from .angles import series
from .declaring import composed, elementwise
from .lanes import NA, Lanes, finite, function, is_defined, where

if TYPE_CHECKING:
    from .graphs import Call, Series

NEAR: Final = 1.0
SINE: Final = tuple(1.0 / math.factorial(2 * n + 1) for n in range(1, 10))
COSINE: Final = tuple(1.0 / math.factorial(2 * n) for n in range(1, 10))
FLAT: Final = 20.0
"""Beyond this the hyperbolic tangent is 1 to the last digit."""


@composed
def sinh(call: Call, x: Series) -> Series:
    """The hyperbolic sine."""
    return call("sinh_from", x, _root(call, x))


@composed
def cosh(call: Call, x: Series) -> Series:
    """The hyperbolic cosine."""
    return call("cosh_from", x, _root(call, x))


@composed
def tanh(call: Call, x: Series) -> Series:
    """The hyperbolic tangent."""
    return call("tanh_from", x, _root(call, x))


@composed
def log10(call: Call, x: Series) -> Series:
    """The logarithm to base 10; exact for powers of 10."""
    return call("decimal", call("log", x))


def _root(call: Call, x: Series) -> Series:
    """exp(|x| / 2)."""
    return call("exp", call("scaled", call("abs", x), factor=0.5))


@elementwise
def sinh_from(x: Lanes, root: Lanes) -> Lanes:
    """The hyperbolic sine of `x`, of which exp(|x| / 2) is given."""
    far = root * (root * 0.5) - 0.5 / root / root
    return finite(where(abs(x) < NEAR, _near_sine(x), function("copysign", far, x)))


@elementwise
def cosh_from(x: Lanes, root: Lanes) -> Lanes:
    """The hyperbolic cosine of `x`, of which exp(|x| / 2) is given."""
    return finite(where(is_defined(x), root * (root * 0.5) + 0.5 / root / root, NA))


@elementwise
def tanh_from(x: Lanes, root: Lanes) -> Lanes:
    """The hyperbolic tangent of `x`, of which exp(|x| / 2) is given."""
    square = x * x
    near = _near_sine(x) / (1.0 + series(square, COSINE))
    whole = root * root
    far = function("copysign", where(abs(x) < FLAT, 1.0 - 2.0 / (1.0 + whole * whole), 1.0), x)
    return where(is_defined(x), where(abs(x) < NEAR, near, far), NA)


@elementwise
def decimal(natural: Lanes) -> Lanes:
    """A natural logarithm to base 10. What is a whole number but for the last digits' rounding is that number."""
    exact = natural * (1.0 / math.log(10.0))
    whole = function("floor", exact + 0.5)
    return where(abs(exact - whole) <= abs(whole) * 4e-16, whole, exact)


def _near_sine(x: Lanes) -> Lanes:
    return x + x * series(x * x, SINE)
