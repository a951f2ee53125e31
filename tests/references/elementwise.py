"""Plain-Python truth for functions of one bar: arithmetic, comparisons, three-valued logic."""

import decimal
import math
from fractions import Fraction

from .exact import number


def by_bar(rule, *series):
    """rule(value, ...) where every series is defined, else None; what has no finite value is None as well."""
    values = []
    for bar in zip(*series, strict=True):
        try:
            values.append(None if None in bar else rule(*bar))
        except (ArithmeticError, ValueError):
            values.append(None)
    return values


def numbers(rule, *series):
    return by_bar(lambda *bar: number(rule(*bar)), *series)


def add(x, y):
    return numbers(lambda a, b: Fraction(a) + Fraction(b), x, y)


def subtract(x, y):
    return numbers(lambda a, b: Fraction(a) - Fraction(b), x, y)


def multiply(x, y):
    return numbers(lambda a, b: Fraction(a) * Fraction(b), x, y)


def divide(x, y):
    return numbers(lambda a, b: Fraction(a) / Fraction(b), x, y)


def power(x, y):
    return numbers(math.pow, x, y)


def negate(x):
    return numbers(lambda a: -a, x)


def mod(x, y):
    return numbers(lambda a, b: Fraction(a) % Fraction(b), x, y)


def abs_(x):
    return numbers(abs, x)


def sign(x):
    return numbers(lambda a: (a > 0) - (a < 0), x)


def sqrt(x):
    return numbers(math.sqrt, x)


def log(x):
    return numbers(math.log, x)


def exp(x):
    return numbers(math.exp, x)


def floor(x):
    return numbers(math.floor, x)


def ceil(x):
    return numbers(math.ceil, x)


def round_(x, digits=0):
    """To the nearest multiple of 10^-digits, halves away from zero."""
    exact = decimal.Context(prec=1000, rounding=decimal.ROUND_HALF_UP)
    return numbers(lambda a: exact.quantize(decimal.Decimal(a), decimal.Decimal(1).scaleb(-digits)), x)


def max_(*series):
    return numbers(lambda *bar: max(bar), *series)


def min_(*series):
    return numbers(lambda *bar: min(bar), *series)


def less(x, y):
    return by_bar(lambda a, b: a < b, x, y)


def at_most(x, y):
    return by_bar(lambda a, b: a <= b, x, y)


def greater(x, y):
    return by_bar(lambda a, b: a > b, x, y)


def no_less(x, y):
    return by_bar(lambda a, b: a >= b, x, y)


def equal(x, y):
    return by_bar(lambda a, b: a == b, x, y)


def differs(x, y):
    return by_bar(lambda a, b: a != b, x, y)


def both(*conditions):
    return [False if False in bar else None if None in bar else True for bar in zip(*conditions, strict=True)]


def either(*conditions):
    return [True if True in bar else None if None in bar else False for bar in zip(*conditions, strict=True)]


def not_(condition):
    return by_bar(lambda c: not c, condition)


def if_(condition, x, y):
    return [None if c is None else a if c else b for c, a, b in zip(condition, x, y, strict=True)]


def defined(x):
    return [value is not None for value in x]


def nz(x, y=None):
    return [b if a is None else a for a, b in zip(x, y or [0] * len(x), strict=True)]


def at_least(n, *conditions):
    """True if n are true already, false if n cannot be reached even if all the undefined were true."""
    counts = [(bar.count(True), bar.count(None)) for bar in zip(*conditions, strict=True)]
    return [True if true >= n else False if true + unknown < n else None for true, unknown in counts]
