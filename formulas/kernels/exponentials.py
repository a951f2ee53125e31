"""Logarithms, exponentials and powers from plain arithmetic alone: the same bits on every CPU.

A logarithm is carried as a pair of numbers, the second of which holds what the first has no digits for. An exponent
magnifies the error of the logarithm that it is multiplied with, so a power needs them; the others are rounded better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, TypeAlias

from .lanes import NA, Lanes, Number, bits_of, function, is_finite, number_of, where

Pair: TypeAlias = tuple[Lanes, Lanes]
"""A number as a sum whose second term is too small to change the first."""

DIGITS: Final = 52
"""Binary digits after a number's first one. Above them in its bits stands its exponent, from 1 for normal numbers."""
FRACTION: Final = (1 << DIGITS) - 1
BIAS: Final = 1023
ONE: Final = BIAS << DIGITS
"""The bits of 1."""
HALF_ROOT: Final = 0x3FE6A09E667F3BCD
"""The bits of sqrt(0.5)."""
FIRST_HALF: Final = -1 << 27
"""The first half of a number's digits. Products of halves are exact."""
COUNTER: Final = 2.0**DIGITS
COUNTER_BITS: Final = (BIAS + DIGITS) << DIGITS
"""From here on numbers are whole, and their last bits count."""
SIGNED_COUNTER: Final = 1.5 * COUNTER
SMALLEST: Final = 2.0 ** (1 - BIAS)
"""Numbers below have fewer digits."""
LIFT: Final = 54

LOG_2: Final = (0.6931471805598903, 5.497923018708371e-14)
"""The logarithm of 2. The first part has so few digits that it is exact times an exponent, and plus those below."""
CENTRES: Final = (
    (51 / 64, 1.0, 81 / 64),
    (-0.22705745063535687, 0.0, 0.23556607131286),
    (1.078736749871691e-14, 0.0, -9.30945949519689e-14),
)
"""Numbers to which all others are near but for an exponent, and their logarithms' two parts."""
BORDERS: Final = 57 / 64, 72 / 64
ODD_INVERSES: Final = [1.0 / k for k in range(5, 18, 2)]
FACTORIAL_INVERSES: Final = [1.0 / math.factorial(k) for k in range(2, 14)]
BEYOND: Final = 800.0
"""e to this power, as to its negative, is beyond the numbers by far."""
STEEPEST: Final = 1e20
"""So is every number but 1 to this power."""


def logarithm(x: Lanes) -> Lanes:
    """The natural logarithm; undefined at and below 0."""
    high, low = _logarithm(x)
    return where((x > 0.0) & is_finite(x), high + low, NA)


def exponential(x: Lanes) -> Lanes:
    """Euler's number to the power of `x`; infinite where that is too large."""
    return _exponential(x, x * 0.0)


def raised(x: Lanes, y: Lanes) -> Lanes:
    """`x` to the power of `y`, both finite; undefined or infinite where there is no such number."""
    size, exponent = abs(x), _within(y, STEEPEST)
    high, low = _logarithm(size)
    product, rest = _product(high, exponent)
    value = _exponential(product, rest + low * exponent)
    value = where(size == 0.0, where(y > 0.0, 0.0, math.inf), value)
    is_whole, is_even = function("floor", y) == y, function("floor", y * 0.5) * 2.0 == y
    signed = where(is_even, value, where(is_whole, -value, NA))
    return where(y == 0.0, 1.0, where(x < 0.0, signed, value))


def _logarithm(x: Lanes) -> Pair:
    """The logarithm of a positive number x = 2^k m, by the series of atanh.

    With s = (m - c) / (m + c) and z = s^2, log(m / c) = 2 (s + s w), w = z / 3 + z^2 / 5 + z^3 / 7 + ...
    """
    k, m = _scaled(x)
    below, above = m < BORDERS[0], m > BORDERS[1]
    centre, start, start_rest = (where(below, low, where(above, high, one)) for low, one, high in CENTRES)
    s, s_rest = _over_sum(m - centre, centre, m)
    z, z_rest = _product(s, s)
    third, third_rest = _third(z, z_rest + 2.0 * s * s_rest)
    w, w_rest = _sum(third, z * z * _polynomial(z, ODD_INVERSES))
    term, term_rest = _product(s, w)
    near, near_rest = _sum(s, term)
    near_rest = near_rest + (s_rest + (term_rest + (s * (w_rest + third_rest) + s_rest * w)))
    high, low = _sum(k * LOG_2[0] + start, 2.0 * near)
    return _sum(high, low + (2.0 * near_rest + (k * LOG_2[1] + start_rest)))


def _exponential(x: Lanes, rest: Lanes) -> Lanes:
    """Euler's number to the power of a pair, as 2^k e^r with the k for which r is smallest."""
    rest, x = where(abs(x) > BEYOND, 0.0, rest), _within(x, BEYOND)
    k = (x * (1.0 / LOG_2[0]) + SIGNED_COUNTER) - SIGNED_COUNTER
    nearest, rest = x - k * LOG_2[0], rest - k * LOG_2[1]
    r = nearest + rest
    value, value_rest = _sum(1.0, nearest)
    value = value + (value_rest + (rest + r * r * _polynomial(r, FACTORIAL_INVERSES)))
    half = function("floor", k * 0.5)  # 2^k itself may be no number where the value is one
    return value * _power_of_two(half) * _power_of_two(k - half)


def _scaled(x: Lanes) -> Pair:
    """A positive number as 2^k m, with m from sqrt(0.5) to sqrt(2)."""
    is_small = x < SMALLEST
    bits = bits_of(where(is_small, x * 2.0**LIFT, x)) + (ONE - HALF_ROOT)
    k = number_of((bits >> DIGITS) | COUNTER_BITS) - (COUNTER + BIAS)
    return where(is_small, k - LIFT, k), number_of((bits & FRACTION) + HALF_ROOT)


def _power_of_two(k: Lanes) -> Lanes:
    """2^k, for a whole k from -1022 to 1023."""
    return number_of((bits_of(k + SIGNED_COUNTER) << DIGITS) + ONE)


def _over_sum(x: Lanes, y: Lanes, z: Lanes) -> Pair:
    """The quotient x / (y + z), where `y` and `z` may be added by `_sum`."""
    divisor, divisor_rest = _sum(y, z)
    inverse = 1.0 / divisor
    quotient = x * inverse
    product, product_rest = _product(quotient, divisor)
    return quotient, (((x - product) - product_rest) - quotient * divisor_rest) * inverse


def _third(x: Lanes, rest: Lanes) -> Pair:
    """A pair over 3."""
    third = x * (1.0 / 3.0)
    return third, (((x - 2.0 * third) - third) + rest) * (1.0 / 3.0)


def _sum(x: Number, y: Lanes) -> Pair:
    """The exact sum, where `x` is 0 or its exponent no smaller than that of `y`."""
    total = x + y
    return total, y - (total - x)


def _product(x: Lanes, y: Lanes) -> Pair:
    """The exact product."""
    product = x * y
    x_begin, y_begin = (number_of(bits_of(each) & FIRST_HALF) for each in (x, y))
    x_end, y_end = x - x_begin, y - y_begin
    return product, ((x_begin * y_begin - product) + (x_begin * y_end + x_end * y_begin)) + x_end * y_end


def _polynomial(x: Lanes, coefficients: Sequence[float]) -> Lanes:
    """The sum of coefficient k times x^k, from the last one on."""
    value: Number = coefficients[-1]
    for coefficient in reversed(coefficients[:-1]):
        value = x * value + coefficient
    assert isinstance(value, Lanes)
    return value


def _within(x: Lanes, limit: float) -> Lanes:
    """`x`, or the limit that it passes."""
    return where(x > limit, limit, where(x < -limit, -limit, x))
