"""Tests of a mean: Welch's, by dates, and by dates with Newey and West's allowance for overlap. None: not defined."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ...formulas.freezing import frozen

Floats = NDArray[np.float64]


@frozen
class Moments:
    """Of some numbers: how many, their mean, and their variance with n - 1 below."""

    count: int
    mean: float
    variance: float

    @classmethod
    def of(cls, values: Floats) -> Moments:
        """Of these."""
        count = len(values)
        mean = float(values.mean()) if count else math.nan
        if count > 1 and values.min() == values.max():
            return cls(count, float(values[0]), 0.0)  # whatever rounding makes of it
        return cls(count, mean, float(values.var(ddof=1)) if count > 1 else math.nan)


def welch(first: Moments, second: Moments) -> float | None:
    """The t of a difference of two means, variances apart: (m1 - m2) / sqrt(v1 / n1 + v2 / n2)."""
    if first.count < 2 or second.count < 2:
        return None
    return _ratio(first.mean - second.mean, first.variance / first.count + second.variance / second.count)


def student(values: Floats) -> float | None:
    """The t of a mean against 0: m / sqrt(v / n), the values taken to be independent."""
    found = Moments.of(values)
    return _ratio(found.mean, found.variance / found.count) if found.count > 1 else None


def newey_west(values: Floats, places: NDArray[np.intp], lags: int) -> float | None:
    """The t of a mean against 0 where values at most `lags` places apart go together.

    Newey and West's variance with Bartlett's weights 1 - l / (lags + 1), over the calendar of `places` (ascending whole
    numbers): at places without a value, deviations are 0. With the factor n / (n - 1), so that without lags it is
    `student`.
    """
    count, mean = len(values), Moments.of(values).mean
    if count < 2:
        return None
    deviations = np.zeros(int(places[-1] - places[0]) + 1)
    deviations[places - places[0]] = values - mean
    total = float(deviations @ deviations)
    for lag in range(1, min(lags, len(deviations) - 1) + 1):
        total += 2 * (1 - lag / (lags + 1)) * float(deviations[lag:] @ deviations[:-lag])
    return _ratio(mean, total / count**2 * count / (count - 1))


def _ratio(difference: float, variance: float) -> float | None:
    """A difference in units of its error; undefined where that is 0."""
    return difference / math.sqrt(variance) if math.isfinite(variance) and variance > 0 else None
