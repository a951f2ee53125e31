"""Plain-Python truth for averages with weights by bar, weighted means of all values so far, and products."""

from fractions import Fraction

from .exact import number


def adaptive(x, alpha, before):
    last, values = None, []
    for bar in zip(x, alpha, before, strict=True):
        price, weight, start = (None if each is None else Fraction(each) for each in bar)
        last = start if last is None and None not in (price, weight) else last
        if None in (price, weight, last):
            values.append(None)
            continue
        # exact fractions would double their length at each bar
        last = Fraction(float(last + weight * (price - last)))
        values.append(number(last))
    return values


def weighted(x, alpha, ignore_na):
    """At each bar with a value: (weight, value) of all values so far, the latest weighing 1."""
    known = []
    for value in x:
        if value is not None or not ignore_na:
            known = [(weight * (1 - Fraction(alpha)), old) for weight, old in known]
        known += [] if value is None else [(Fraction(1), Fraction(value))]
        yield known if value is not None else []


def weighted_mean(pairs):
    return sum(weight * value for weight, value in pairs) / sum(weight for weight, _ in pairs)


def ewm_mean(x, alpha=0.1, ignore_na=False):
    alpha = Fraction(alpha).limit_denominator(1000)
    return [number(weighted_mean(pairs)) if pairs else None for pairs in weighted(x, alpha, ignore_na)]


def ewm_variance(x, alpha=0.1, ignore_na=False):
    """pandas: the population's variance times W^2 / (W^2 - sum of squared weights)."""
    values = []
    for pairs in weighted(x, Fraction(alpha).limit_denominator(1000), ignore_na):
        total = sum(weight for weight, _ in pairs)
        rest = total**2 - sum(weight**2 for weight, _ in pairs)
        if not rest:
            values.append(None)
            continue
        mean = weighted_mean(pairs)
        spread = sum(weight * (value - mean) ** 2 for weight, value in pairs)
        values.append(number(spread * total / rest))
    return values


def cumulative_product(x):
    product, values = Fraction(1), []
    for value in x:
        product *= Fraction(1 if value is None else value)
        values.append(None if value is None else number(product))
    return values
