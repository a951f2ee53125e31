"""Plain-Python truth for functions across symbols: lists in ascending order of the symbols, all at one ts."""

from fractions import Fraction
from math import sqrt

from .exact import fractions, mean, number
from .windows import average_rank, covariance_of


def among_defined(rule, x):
    """rule(value, population) where x is defined; the population is all that is defined."""
    population = fractions(value for value in x if value is not None)
    return [None if value is None else number(rule(Fraction(value), population)) for value in x]


def rank(x, percent=False):
    def share(value, population):
        others = len(population) - 1
        return (average_rank(value, population) - 1) / others if others else Fraction(1, 2)

    return among_defined(share if percent else average_rank, x)


def zscore(x):
    def standard(value, population):
        spread = covariance_of(population, population)
        gap = value - mean(population)
        # One rounding: the root of the exact square, with the sign put back.
        return None if spread == 0 else sqrt(gap * gap / spread) * (-1 if gap < 0 else 1)

    return among_defined(standard, x)


def demean(x, by=None):
    groups = by or [True] * len(x)
    values = []
    for value, group in zip(x, groups, strict=True):
        members = [v for v, g in zip(x, groups, strict=True) if g == group and g is not None and v is not None]
        values.append(None if value is None or group is None else number(Fraction(value) - mean(fractions(members))))
    return values


def top(x, n):
    places = sorted((-value, place) for place, value in enumerate(x) if value is not None)
    chosen = {place for _, place in places[:n]}
    return [None if value is None else place in chosen for place, value in enumerate(x)]
