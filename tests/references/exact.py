"""Exact arithmetic for the references: sums and products of floats as fractions, rounded once, at the end."""

import math
from fractions import Fraction


def number(value):
    """A result of the language: a finite float, or None where it would be none. Accepts fractions, floats and None."""
    if value is None:
        return None
    try:
        rounded = float(value)
    except OverflowError:
        return None
    return rounded if math.isfinite(rounded) else None


def fractions(values):
    return [Fraction(value) for value in values]


def mean(values):
    return sum(values) / Fraction(len(values))
