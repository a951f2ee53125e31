"""Plain-Python truth for angles and hyperbolic functions: those of Python's math."""

import math

from .elementwise import numbers

LARGEST_ANGLE = 1e9


def angle(rule, x):
    return numbers(lambda a: rule(a) if abs(a) <= LARGEST_ANGLE else None, x)


def sin(x):
    return angle(math.sin, x)


def cos(x):
    return angle(math.cos, x)


def tan(x):
    return angle(math.tan, x)


def asin(x):
    return numbers(math.asin, x)


def acos(x):
    return numbers(math.acos, x)


def atan(x):
    return numbers(math.atan, x)


def atan2(y, x):
    # adding 0 takes the sign off a zero
    return numbers(lambda a, b: math.atan2(a + 0.0, b + 0.0), y, x)


def sinh(x):
    return numbers(math.sinh, x)


def cosh(x):
    return numbers(math.cosh, x)


def tanh(x):
    return numbers(math.tanh, x)


def log10(x):
    return numbers(math.log10, x)
