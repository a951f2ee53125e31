"""Arithmetic at one bar. Rules may give NaN or infinities: the compiler turns them into undefined values."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

import polars as pl

from ..declaring import elementwise
from ..kinds import Digits, Numbers


@elementwise("+", operator.add, carries=True)
def add(x: Numbers, y: Numbers) -> Numbers:
    """The sum of two numbers."""
    return x + y


@elementwise("-", operator.sub, carries=True)
def subtract(x: Numbers, y: Numbers) -> Numbers:
    """The difference of two numbers."""
    return x - y


@elementwise("*", operator.mul, carries=True)
def multiply(x: Numbers, y: Numbers) -> Numbers:
    """The product of two numbers."""
    return x * y


@elementwise("/", operator.truediv, dense=True)
def divide(x: Numbers, y: Numbers) -> Numbers:
    """The quotient of two numbers; undefined where the divisor is 0."""
    return x / y


@elementwise("^")
def power(x: Numbers, y: Numbers) -> Numbers:
    """`x` to the power of `y`; undefined where that is no finite number, as for (-1) ^ 0.5 or 0 ^ -1."""
    return x**y


@elementwise("negate", operator.neg, carries=True, bounded=True)
def negate(x: Numbers) -> Numbers:
    """The number with the other sign."""
    return -x


@elementwise()
def mod(x: Numbers, y: Numbers) -> Numbers:
    """The rest of x / y, with the sign of `y`; undefined where `y` is 0."""
    return x % y


@elementwise(plain=abs, carries=True, bounded=True)
def abs_(x: Numbers) -> Numbers:
    """The number without its sign."""
    return x.abs()


@elementwise(bounded=True)
def sign(x: Numbers) -> Numbers:
    """-1, 0 or 1 by the sign of `x`."""
    return x.sign()


@elementwise(plain=math.sqrt, carries=True)
def sqrt(x: Numbers) -> Numbers:
    """The square root; undefined below 0."""
    return x.sqrt()


@elementwise()
def log(x: Numbers) -> Numbers:
    """The natural logarithm; undefined at and below 0."""
    return x.log()


@elementwise()
def exp(x: Numbers) -> Numbers:
    """Euler's number to the power of `x`; undefined where that is beyond the range of numbers."""
    return x.exp()


@elementwise(plain=lambda x: math.copysign(math.floor(x), x), bounded=True)
def floor(x: Numbers) -> Numbers:
    """The largest whole number at or below `x`."""
    return x.floor()


@elementwise(plain=lambda x: math.copysign(math.ceil(x), x), bounded=True)
def ceil(x: Numbers) -> Numbers:
    """The smallest whole number at or above `x`."""
    return x.ceil()


@elementwise()
def round_(x: Numbers, digits: Digits = 0) -> Numbers:
    """`x` rounded to `digits` decimals, half away from zero; negative digits round to tens, hundreds and so on."""
    if digits == 0:
        return x.round(0, mode="half_away_from_zero")
    scale = 10.0 ** abs(digits)
    if digits > 0:
        return x.round(digits, mode="half_away_from_zero")
    return (x / scale).round(0, mode="half_away_from_zero") * scale


@elementwise(plain=lambda *several: max(reversed(several)), bounded=True)
def max_(x: Numbers, *others: Numbers) -> Numbers:
    """The largest of the values; undefined if any of them is."""
    return _every_defined((x, *others), pl.max_horizontal(x, *others))


@elementwise(plain=lambda *several: min(reversed(several)), bounded=True)
def min_(x: Numbers, *others: Numbers) -> Numbers:
    """The smallest of the values; undefined if any of them is."""
    return _every_defined((x, *others), pl.min_horizontal(x, *others))


def _every_defined(several: Sequence[pl.Expr], value: pl.Expr) -> pl.Expr:
    # max_horizontal skips undefined values; ours must not
    return pl.when(pl.all_horizontal(each.is_not_null() for each in several)).then(value)
