"""Plain-Python truth for the order and the shape of a window's values, weighed means, and lengths that vary."""

import math
from collections import Counter
from fractions import Fraction

from .exact import mean
from .windows import covariance_of, over_windows


def quantile_of(window, q):
    ordered = sorted(window)
    place = Fraction(q) * (len(window) - 1)
    below = math.floor(place)
    above = min(below + 1, len(window) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def quantile(x, n, q):
    return over_windows(lambda window: quantile_of(window, q), n, x)


def nth_highest(x, n, k):
    return over_windows(lambda window: sorted(window)[-k], n, x)


def nth_lowest(x, n, k):
    return over_windows(lambda window: sorted(window)[k - 1], n, x)


def nth_highest_bar(x, n, k):
    """Bars ago are sorted by value, and the nearer of equal ones stays first."""
    return over_windows(lambda window: sorted(range(n), key=lambda ago: -window[n - 1 - ago])[k - 1], n, x)


def nth_lowest_bar(x, n, k):
    return over_windows(lambda window: sorted(range(n), key=lambda ago: window[n - 1 - ago])[k - 1], n, x)


def mode(x, n):
    return over_windows(lambda window: min(window, key=lambda value: (-Counter(window)[value], value)), n, x)


def median_deviation_of(window):
    middle = quantile_of(window, 0.5)
    return quantile_of([abs(value - middle) for value in window], 0.5)


def median_deviation(x, n):
    return over_windows(median_deviation_of, n, x)


def moment_of(window, power):
    """The mean power of the distances from the mean, in standard deviations; its sign apart, one root is rounded."""
    middle, variance = mean(window), covariance_of(window, window)
    if variance == 0:
        return None
    moment = mean([(value - middle) ** power for value in window])
    return moment / variance**2 if power == 4 else math.copysign(math.sqrt(moment**2 / variance**3), moment)


def skew(x, n, sample=False):
    adjustment = math.sqrt(n * (n - 1)) / (n - 2) if sample else 1.0
    return over_windows(lambda window: None if (m := moment_of(window, 3)) is None else m * adjustment, n, x)


def kurtosis(x, n, sample=False):
    def excess(window):
        moment = moment_of(window, 4)
        if moment is None or not sample:
            return moment and moment - 3
        return ((n + 1) * (moment - 3) + 6) * Fraction(n - 1, (n - 2) * (n - 3))

    return over_windows(excess, n, x)


def residual_stdev(x, n):
    bars = [Fraction(2 * i - (n - 1), 2) for i in range(n)]

    def spread(window):
        middle, slope = mean(window), covariance_of(bars, window) / covariance_of(bars, bars)
        distances = [value - middle - slope * bar for value, bar in zip(window, bars, strict=True)]
        return math.sqrt(mean([distance**2 for distance in distances]))

    return over_windows(spread, n, x)


def entropy(x, n, bins):
    """A value's bin is found with floats, as the definition says: an edge may lie between two of them."""

    def disorder(window):
        values = [float(value) for value in window]
        least, width = min(values), max(values) - min(values)
        scale = bins / width if width else 0.0
        counts = Counter(min(math.floor((value - least) * scale), bins - 1) for value in values)
        return -sum(count / n * math.log(count / n) for count in counts.values())

    return over_windows(disorder, n, x)


def product(x, n):
    return over_windows(math.prod, n, x)


def weighed(x, weights):
    exact = [Fraction(weight) for weight in weights]

    def average(window):
        return sum(w * v for w, v in zip(exact, window, strict=True)) / sum(exact)

    return over_windows(average, len(weights), x)


def alma(x, n, offset, sigma):
    middle, width = offset * (n - 1), n / sigma
    exponents = [-((i - middle) ** 2) / (2 * width**2) for i in range(n)]
    return weighed(x, [math.exp(exponent - max(exponents)) for exponent in exponents])


def sine_wma(x, n):
    return weighed(x, [math.sin(math.pi * (i + 1) / (n + 1)) for i in range(n)])


def pascal_wma(x, n):
    return weighed(x, [math.comb(n - 1, i) for i in range(n)])


def decay_exp(x, n, factor):
    return weighed(x, [factor ** (n - 1 - i) for i in range(n)])


def is_whole(value, least, most):
    return value is not None and value == math.floor(value) and least <= value <= most


def of_varying_length(reference):
    """The function whose length is a series: at each bar the last value of the one with that length."""

    def varying(x, n, most):
        return [
            reference(x[max(0, t - int(length) + 1) : t + 1], int(length))[-1] if is_whole(length, 1, most) else None
            for t, length in enumerate(n)
        ]

    return varying


def shift_by(x, n, most):
    return [x[t - int(bars)] if is_whole(bars, 0, min(most, t)) else None for t, bars in enumerate(n)]


def sum_bars(x, a, most):
    """The first of the sums over 1, 2, 3 ... bars back that reaches `a`."""

    def reached(t):
        total = Fraction(0)
        for bars in range(1, min(most, t + 1) + 1):
            if x[t - bars + 1] is None or a[t] is None:
                return None
            total += Fraction(x[t - bars + 1])
            if total >= Fraction(a[t]):
                return float(bars)
        return None

    return [reached(t) for t in range(len(x))]
