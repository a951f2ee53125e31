"""Averages of windows whose weights follow from settings: the rule makes them a table, one kernel sums them up."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .declaring import composed, ranged
from .lanes import NA, Lanes, is_finite, larger, smaller, where

if TYPE_CHECKING:
    from .graphs import Call, Series
    from .windows import Window


@composed
def alma(call: Call, x: Series, *, n: float, offset: float, sigma: float) -> Series:
    """Weights of a Gaussian bell around `offset` of the window, n / sigma bars wide."""
    middle, width = offset * (n - 1.0), n / sigma
    exponents = [-((bar - middle) ** 2) / (2.0 * width * width) for bar in range(int(n))]
    highest = max(exponents)  # a narrow bell between two bars would be nought
    return _weighed(call, x, [math.exp(each - highest) for each in exponents])


@composed
def sine_wma(call: Call, x: Series, *, n: float) -> Series:
    """Weights of half a sine wave."""
    return _weighed(call, x, [math.sin(math.pi * (bar + 1.0) / (n + 1.0)) for bar in range(int(n))])


@composed
def pascal_wma(call: Call, x: Series, *, n: float) -> Series:
    """Weights of a row of Pascal's triangle."""
    row = int(n) - 1
    return _weighed(call, x, [math.comb(row, bar) / 2**row for bar in range(int(n))])


@composed
def decay_exp(call: Call, x: Series, *, n: float, factor: float) -> Series:
    """Weights factor ^ bars ago."""
    return _weighed(call, x, [factor**ago for ago in reversed(range(int(n)))])


def _weighed(call: Call, x: Series, weights: Sequence[float]) -> Series:
    """The mean of the window by weights, from the oldest bar's on."""
    total = math.fsum(weights)
    n = len(weights)
    return call("weighed_mean", x.ago(n - 1), n=float(n), table=[weight / total for weight in weights])


@ranged()
def weighed_mean(window: Window, *, n: Lanes) -> Lanes:
    """Summed up oldest first. Within the values' range, so that a flat window is exactly its value."""

    def step(value: Lanes, weight: Lanes, total: Lanes, least: Lanes, most: Lanes) -> list[Lanes]:
        return [total + value * weight, smaller(value, least), larger(value, most)]

    total, least, most = window.each_weighed(step, 0.0, math.inf, -math.inf)
    return where(is_finite(total), where(total < least, least, where(total > most, most, total)), NA)
