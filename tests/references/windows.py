"""Plain-Python truth for functions of the last n bars. A series is a list with None for undefined."""

import math
from fractions import Fraction

from .exact import fractions, mean, number


def over_windows(rule, n, *series):
    """rule(window, ...) at each bar whose last n values are all defined in every series, else None."""
    values = []
    for t in range(len(series[0])):
        windows = [s[t - n + 1 : t + 1] for s in series] if t >= n - 1 else [[None]]
        complete = all(value is not None for window in windows for value in window)
        values.append(number(rule(*map(fractions, windows))) if complete else None)
    return values


def ago_bars(x, n):
    return [x[t - n] if t >= n else None for t in range(len(x))]


def sum_(x, n):
    return over_windows(sum, n, x)


def sma(x, n):
    return over_windows(mean, n, x)


def covariance_of(x, y):
    middle_x, middle_y = mean(x), mean(y)
    return mean([(a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True)])


def variance(x, n):
    return over_windows(lambda window: covariance_of(window, window), n, x)


def covariance(x, y, n):
    return over_windows(covariance_of, n, x, y)


def correlation_of(x, y):
    together, spread = covariance_of(x, y), covariance_of(x, x) * covariance_of(y, y)
    if spread == 0:
        return None
    # The square lies in 0..1 and is exact, so that one square root is all that is rounded.
    return math.copysign(math.sqrt(together * together / spread), together)


def correlation(x, y, n):
    return over_windows(correlation_of, n, x, y)


def slope(x, n):
    bars = [Fraction(2 * i - (n - 1), 2) for i in range(n)]
    return over_windows(lambda window: covariance_of(bars, window) / covariance_of(bars, bars), n, x)


def mean_deviation_of(window):
    middle = mean(window)
    return mean([abs(value - middle) for value in window])


def mean_deviation(x, n):
    return over_windows(mean_deviation_of, n, x)


def highest(x, n):
    return over_windows(max, n, x)


def lowest(x, n):
    return over_windows(min, n, x)


def highest_bar(x, n):
    return over_windows(lambda window: window[::-1].index(max(window)), n, x)


def lowest_bar(x, n):
    return over_windows(lambda window: window[::-1].index(min(window)), n, x)


def oldest_highest_bar(x, n):
    return over_windows(lambda window: n - 1 - window.index(max(window)), n, x)


def oldest_lowest_bar(x, n):
    return over_windows(lambda window: n - 1 - window.index(min(window)), n, x)


def median(x, n):
    return over_windows(lambda window: mean(sorted(window)[(n - 1) // 2 : n // 2 + 1]), n, x)


def average_rank(value, population):
    """1 for the smallest; equal values share the mean of their ranks."""
    below = sum(other < value for other in population)
    equal = sum(other == value for other in population)
    return below + Fraction(equal + 1, 2)


def rank_over(x, n):
    return over_windows(lambda window: average_rank(window[-1], window), n, x)


def percent_rank(x, n):
    """The share of the n values before the current one that are at most it, in percent."""
    return over_windows(lambda window: Fraction(100 * sum(v <= window[-1] for v in window[:-1]), n), n + 1, x)


def count(condition, n):
    return over_windows(sum, n, condition)


def exist(condition, n):
    """Kleene or over the window: true wins over undefined."""
    windows = [condition[t - n + 1 : t + 1] if t >= n - 1 else [None] for t in range(len(condition))]
    return [True if True in window else None if None in window else False for window in windows]


def every(condition, n):
    """Kleene and over the window: false wins over undefined."""
    windows = [condition[t - n + 1 : t + 1] if t >= n - 1 else [None] for t in range(len(condition))]
    return [False if False in window else None if None in window else True for window in windows]
