"""Angles and hyperbolic functions at one bar. Undefined where there is no such number, as for asin(2)."""

from __future__ import annotations

import polars as pl

from ..declaring import elementwise
from ..kernels.angles import LARGEST_ANGLE
from ..kinds import Numbers


@elementwise(bounded=True)
def sin(x: Numbers) -> Numbers:
    """The sine of an angle in radians; undefined beyond 1e9, where it would say nothing."""
    return _angle(x).sin()


@elementwise(bounded=True)
def cos(x: Numbers) -> Numbers:
    """The cosine of an angle in radians; undefined beyond 1e9, where it would say nothing."""
    return _angle(x).cos()


@elementwise(bounded=True)
def tan(x: Numbers) -> Numbers:
    """The tangent of an angle in radians; undefined beyond 1e9, where it would say nothing."""
    return _angle(x).tan()


@elementwise()
def asin(x: Numbers) -> Numbers:
    """The angle between -pi / 2 and pi / 2 whose sine is `x`, in radians; undefined outside -1 to 1."""
    return x.arcsin()


@elementwise()
def acos(x: Numbers) -> Numbers:
    """The angle between 0 and pi whose cosine is `x`, in radians; undefined outside -1 to 1."""
    return x.arccos()


@elementwise(bounded=True)
def atan(x: Numbers) -> Numbers:
    """The angle between -pi / 2 and pi / 2 whose tangent is `x`, in radians."""
    return x.arctan()


@elementwise(bounded=True)
def atan2(y: Numbers, x: Numbers) -> Numbers:
    """The angle from the x-axis to the point (x, y), -pi to pi in radians; 0 at (0, 0)."""
    # adding 0 takes the sign off a zero, which numbers of the language do not have
    return pl.arctan2(y + 0.0, x + 0.0)


@elementwise()
def sinh(x: Numbers) -> Numbers:
    """The hyperbolic sine; undefined where that is beyond the range of numbers."""
    return x.sinh()


@elementwise()
def cosh(x: Numbers) -> Numbers:
    """The hyperbolic cosine; undefined where that is beyond the range of numbers."""
    return x.cosh()


@elementwise(bounded=True)
def tanh(x: Numbers) -> Numbers:
    """The hyperbolic tangent, -1 to 1."""
    return x.tanh()


@elementwise()
def log10(x: Numbers) -> Numbers:
    """The logarithm to base 10; undefined at and below 0."""
    return x.log10()


def _angle(x: pl.Expr) -> pl.Expr:
    return pl.when(x.abs() <= LARGEST_ANGLE).then(x)
