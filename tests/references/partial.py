"""Plain-Python truth for windows over what is there. A series is a list with None for undefined."""

import math
from fractions import Fraction

from .exact import fractions, mean, number
from .windows import average_rank, correlation_of, covariance_of


def over_present(rule, n, *series, least=1):
    """rule(values, ...) of the last n bars, or fewer at the start, at which every series is defined."""
    values = []
    for t in range(len(series[0])):
        rows = list(zip(*(s[max(t - n + 1, 0) : t + 1] for s in series), strict=True))
        there = [row for row in rows if None not in row]
        columns = [fractions(column) for column in zip(*there, strict=True)]
        values.append(number(rule(*columns)) if len(there) >= least else None)
    return values


def partial_sum(x, n):
    return over_present(sum, n, x)


def partial_mean(x, n):
    return over_present(mean, n, x)


def partial_variance(x, n, sample=False):
    return partial_covariance(x, x, n, sample)


def partial_covariance(x, y, n, sample=False):
    def rule(a, b):
        return covariance_of(a, b) * Fraction(len(a), len(a) - sample)

    return over_present(rule, n, x, y, least=1 + sample)


def partial_correlation(x, y, n):
    return over_present(correlation_of, n, x, y)


def line_of(bars, values):
    slope = covariance_of(bars, values) / covariance_of(bars, bars)
    return slope, mean(values) - slope * mean(bars)


def over_ages(rule, x, n):
    """rule(ages, values) through at least two of the values; an age is how many bars ago, with a minus."""
    values = []
    for t in range(len(x)):
        there = [(bar - t, x[bar]) for bar in range(max(t - n + 1, 0), t + 1) if x[bar] is not None]
        values.append(number(rule(*map(fractions, zip(*there, strict=True)))) if len(there) >= 2 else None)
    return values


def partial_slope(x, n):
    return over_ages(lambda ages, values: line_of(ages, values)[0], x, n)


def partial_linreg(x, n):
    return over_ages(lambda ages, values: line_of(ages, values)[1], x, n)


def partial_rsquare(x, n):
    def share(ages, values):
        spread = covariance_of(values, values)
        return covariance_of(ages, values) ** 2 / (covariance_of(ages, ages) * spread) if spread else None

    return over_ages(share, x, n)


def moment(values, power):
    middle = mean(values)
    return mean([(value - middle) ** power for value in values])


def partial_skewness(x, n, sample=False):
    def skewness(there):
        spread, third, count = moment(there, 2), moment(there, 3), len(there)
        estimate = Fraction(count * (count - 1), (count - 2) ** 2) if sample else 1
        return math.copysign(math.sqrt(third * third / spread**3 * estimate), third) if spread else None

    return over_present(skewness, n, x, least=3 if sample else 1)


def partial_kurtosis(x, n, sample=False):
    def kurtosis(there):
        spread, count = moment(there, 2), len(there)
        excess = moment(there, 4) / spread**2 - 3 if spread else None
        if not sample or excess is None:
            return excess
        return ((count + 1) * excess + 6) * (count - 1) / ((count - 2) * (count - 3))

    return over_present(kurtosis, n, x, least=4 if sample else 1)


def partial_deviation(x, n):
    return over_present(lambda there: mean([abs(value - mean(there)) for value in there]), n, x)


def partial_highest(x, n):
    return over_present(max, n, x)


def partial_lowest(x, n):
    return over_present(min, n, x)


def bars_ago(x, n, extreme):
    values = []
    for t in range(len(x)):
        there = [(value, bar) for bar, value in enumerate(x[: t + 1]) if bar > t - n and value is not None]
        best = extreme([value for value, _ in there], default=None)
        values.append(None if best is None else float(t - min(bar for value, bar in there if value == best)))
    return values


def partial_highest_bar(x, n):
    return bars_ago(x, n, max)


def partial_lowest_bar(x, n):
    return bars_ago(x, n, min)


def partial_rank(x, n):
    ranks = over_present(lambda there: average_rank(there[-1], there) / len(there), n, x)
    return [None if now is None else rank for now, rank in zip(x, ranks, strict=True)]


def quantile_of(values, share):
    ordered, place = sorted(values), Fraction(share) * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def partial_quantile(x, n, share):
    return over_present(lambda there: quantile_of(there, share), n, x)
