"""The shape of a window's values: third and fourth moments, entropy, the spread about a line."""

from __future__ import annotations

from ..declaring import window
from ..kinds import CLOSE, Bins, Length, Numbers, Pairs
from ..scope import Scope


@window(warmup=lambda n: n - 1)
def skew(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """Population skewness: the mean cube of the last `n` values' distances from their mean, in standard deviations.

    Undefined where all values are equal. As Polars and scipy; pandas and Qlib adjust it for the sample: sample_skew.
    """
    return scope.kernel("skew", [x], [n])[0]


@window(warmup=lambda n: n - 1)
def kurtosis(scope: Scope, x: Numbers = CLOSE, n: Length = 14) -> Numbers:
    """Population excess kurtosis: as skew, of the distances' fourth powers, less the 3 of a normal distribution.

    Undefined where all values are equal. As Polars and scipy; pandas and Qlib adjust it for the sample:
    sample_kurtosis.
    """
    return scope.kernel("kurtosis", [x], [n])[0]


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
