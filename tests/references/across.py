"""Plain-Python truth for functions across symbols: lists in ascending order of the symbols, all at one ts.

Each is given by what it says of one population, numbers as fractions; `by` and `where` cut the populations out.
"""

from fractions import Fraction
from math import ceil, floor, sqrt

from .exact import fractions, mean, number
from .windows import average_rank, covariance_of


def among(rule):
    """rule(x, [y,] settings) over one population -> its values; as a function of columns, `by` and `where`."""

    def reference(*columns, by=None, where=None, **settings):
        bars = len(columns[0])
        groups, chosen = by or [True] * bars, where or [True] * bars
        values = [None] * bars
        for group in {group for group in groups if group is not None}:
            members = [
                bar
                for bar in range(bars)
                if groups[bar] == group and chosen[bar] and all(column[bar] is not None for column in columns)
            ]
            if not members:
                continue
            found = rule(*(fractions(column[bar] for bar in members) for column in columns), **settings)
            for bar, value in zip(members, found if isinstance(found, list) else [found] * len(members), strict=True):
                values[bar] = value if isinstance(value, bool) else number(value)
        return values

    reference.__name__ = rule.__name__
    return reference


@among
def rank(x, percent=False):
    others = len(x) - 1
    if percent:
        return [(average_rank(value, x) - 1) / others if others else Fraction(1, 2) for value in x]
    return [average_rank(value, x) for value in x]


@among
def rank_share(x):
    return [Fraction(average_rank(value, x)) / len(x) for value in x]


@among
def quantile_bucket(x, n=5):
    return [ceil(Fraction(average_rank(value, x)) * n / len(x)) for value in x]


def chosen(x, n, sign):
    places = sorted((sign * value, place) for place, value in enumerate(x))[:n]
    return [(sign * value, place) in places for place, value in enumerate(x)]


@among
def top(x, n=10):
    return chosen(x, n, -1)


@among
def bottom(x, n=10):
    return chosen(x, n, 1)


@among
def demean(x):
    return [value - mean(x) for value in x]


@among
def zscore(x):
    spread = covariance_of(x, x)
    if spread == 0:
        return None
    # One rounding: the root of the exact square, with the sign put back.
    return [sqrt((value - mean(x)) ** 2 / spread) * (-1 if value < mean(x) else 1) for value in x]


@among
def scale(x, to=1.0):
    total = sum(map(abs, x))
    return [value * Fraction(to) / total if total else None for value in x]


def held(x, low, high):
    return [min(max(value, low), high) for value in x]


@among
def winsorize(x, limit=4.0):
    width = Fraction(sqrt(covariance_of(x, x)) * limit)
    return held(x, mean(x) - width, mean(x) + width)


def quantile(x, share):
    ordered, way = sorted(x), share * (len(x) - 1)
    low, high = ordered[floor(way)], ordered[ceil(way)]
    return low + (high - low) * (way - floor(way))


@among
def clip_quantiles(x, share=0.05):
    share = Fraction(share)
    return held(x, quantile(x, share), quantile(x, 1 - share))


def slope_of(x, y):
    """None where y is flat."""
    spread = covariance_of(y, y)
    return covariance_of(x, y) / spread if spread else None


@among
def neutralize(x, y):
    slope = slope_of(x, y) or 0
    return [own - mean(x) - slope * (other - mean(y)) for own, other in zip(x, y, strict=True)]


@among
def across_slope(x, y):
    return slope_of(x, y)


@among
def across_correlation(x, y):
    squares, together = covariance_of(x, x) * covariance_of(y, y), covariance_of(x, y)
    return sqrt(together**2 / squares) * (-1 if together < 0 else 1) if squares else None


@among
def across_mean(x):
    return mean(x)


@among
def across_sum(x):
    return sum(x)


@among
def across_count(x):
    return sum(x)


@among
def across_min(x):
    return min(x)


@among
def across_max(x):
    return max(x)


@among
def across_median(x):
    return quantile(x, Fraction(1, 2))


@among
def across_quantile(x, share=0.5):
    return quantile(x, Fraction(share))


@among
def across_stdev(x):
    return sqrt(covariance_of(x, x))
