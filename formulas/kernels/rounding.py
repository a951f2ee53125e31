"""Whole numbers, and the larger or smaller of several."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from .declaring import composed, elementwise
from .lanes import NA, Lanes, function, indicator, is_defined, is_finite, where

if TYPE_CHECKING:
    from .graphs import Call, Series


@elementwise
def floor(x: Lanes) -> Lanes:
    """The largest whole number at or below `x`."""
    return function("floor", x)


@elementwise
def ceil(x: Lanes) -> Lanes:
    """The smallest whole number at or above `x`."""
    return function("ceil", x)


@composed
def round_(call: Call, x: Series, *, digits: float) -> Series:
    """To `digits` decimals, half away from zero; negative digits round to tens, hundreds and so on."""
    scale = 10.0 ** abs(digits)
    up, down = (scale, 1.0) if digits > 0 else (1.0, scale)
    return call("rounded", x, up=up, down=down, decimals=float(digits > 0))


@elementwise
def rounded(x: Lanes, *, up: Lanes, down: Lanes, decimals: Lanes) -> Lanes:
    """Half away from zero, after scaling up and down."""
    scaled = x * up / down
    whole = function("trunc", scaled)
    one = indicator(abs(scaled - whole) >= 0.5)
    value = (whole + where(one == 1.0, function("copysign", one, scaled), 0.0)) * down / up
    # a number too large to be scaled up has no decimals
    return where(is_finite(value), value, where(decimals == 1.0, x, NA))


@composed
def max_(call: Call, *values: Series) -> Series:
    """The largest; undefined if any is."""
    return functools.reduce(lambda x, y: call("larger", x, y), values)


@composed
def min_(call: Call, *values: Series) -> Series:
    """The smallest; undefined if any is."""
    return functools.reduce(lambda x, y: call("smaller", x, y), values)


@elementwise
def larger(x: Lanes, y: Lanes) -> Lanes:
    """The larger of two; undefined if one is."""
    return where((x > y) | ~is_defined(x), x, y)


@elementwise
def smaller(x: Lanes, y: Lanes) -> Lanes:
    """The smaller of two; undefined if one is."""
    return where((x < y) | ~is_defined(x), x, y)
