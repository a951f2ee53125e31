"""The shape of a window's values: third and fourth moments, entropy, the spread about a line."""

from __future__ import annotations

from collections.abc import Callable

from ..declaring import window
from ..kinds import CLOSE, Bins, Length, Numbers, Pairs, Switch
from ..scope import Scope


def _too_few(least: int) -> Callable[[int, bool], str]:
    def objects(n: int, sample: bool) -> str:
        return f"n is {n}, but a sample has to have {least} values" if sample and n < least else ""

    return objects


@window(warmup=lambda n, _: n - 1, objects=_too_few(3))
def skew(scope: Scope, x: Numbers = CLOSE, n: Length = 14, sample: Switch = False) -> Numbers:
    """Skewness: the mean cube of the last `n` values' distances from their mean, in standard deviations.

    Undefined where all values are equal. That of the population, as in Polars and scipy; `sample=true` adjusts it for
    a sample, as pandas and Qlib do.
    """
    return scope.kernel("skew", [x], [n, sample])[0]


@window(warmup=lambda n, _: n - 1, objects=_too_few(4))
def kurtosis(scope: Scope, x: Numbers = CLOSE, n: Length = 14, sample: Switch = False) -> Numbers:
    """Excess kurtosis: as skew, but of the distances' fourth powers, and less the 3 of a normal distribution.

    Undefined where all values are equal. That of the population, as in Polars and scipy; `sample=true` adjusts it for
    a sample, as pandas and Qlib do.
    """
    return scope.kernel("kurtosis", [x], [n, sample])[0]


@window(warmup=lambda n: n - 1)
def residual_stdev(scope: Scope, x: Numbers = CLOSE, n: Pairs = 14) -> Numbers:
    """Population standard deviation of the last `n` values about their least-squares line."""
    return scope.kernel("residual_stdev", [x], [n])[0]


@window(warmup=lambda n, _: n - 1)
def entropy(scope: Scope, x: Numbers = CLOSE, n: Length = 14, bins: Bins = 10) -> Numbers:
    """Shannon's entropy, in nats, of a histogram of the last `n` values: 0 where one of its `bins` holds them all.

    The bins are of equal width from the smallest value to the largest: the bin's number is
    floor((x - lowest) * (bins / (highest - lowest))), the largest value being in the last one. At most log(bins).
    """
    return scope.kernel("entropy", [x], [n, bins])[0]
