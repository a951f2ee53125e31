"""Sines, tangents and their inverses, by Taylor's series near a known value: no library, the same bits everywhere.

An angle is first brought within an eighth of a turn of 0, by so many quarter turns; an arc's tangent within an eighth
of one of 0, 1/4, 1/2, 3/4 and 1. The first term left out is then smaller than half a unit of the last digit.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from .declaring import elementwise
from .lanes import NA, Lanes, Mask, function, is_defined, larger, smaller, where

LARGEST_ANGLE: Final = 1e9
"""Beyond this an angle's last digits are whole parts of a turn, and its sine says nothing."""

PI: Final = Fraction("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803")
HALF_TURN: Final = math.pi
PIECE_BITS: Final = 23  # a piece of pi / 2 times a count of quarter turns (30 bits) is exact
PIECES: Final = 6


def _pieces(number: Fraction) -> Iterator[float]:
    """The number's leading bits, piece after piece."""
    for place in range(1, PIECES + 1):
        scale = 2 ** (PIECE_BITS * place - 1)
        piece = Fraction(int(number * scale), scale)
        number -= piece
        yield float(piece)


QUARTER: Final = tuple(_pieces(PI / 2))
SINE: Final = tuple((-1) ** n / math.factorial(2 * n + 1) for n in range(1, 9))  # of z = x * x, after x
COSINE: Final = tuple((-1) ** n / math.factorial(2 * n) for n in range(2, 9))  # after 1 - z / 2
ARC: Final = tuple((-1) ** n / (2 * n + 1) for n in range(1, 9))
ARCS: Final = tuple(math.atan(step / 4) for step in range(5))
"""atan(0), atan(1/4) ... atan(1): each is right to the last digit in any C library worth the name."""


@elementwise
def sin(x: Lanes) -> Lanes:
    """The sine of an angle in radians."""
    return sine_and_cosine(x)[0]


@elementwise
def cos(x: Lanes) -> Lanes:
    """The cosine of an angle in radians."""
    return sine_and_cosine(x)[1]


@elementwise
def tan(x: Lanes) -> Lanes:
    """The tangent of an angle in radians: sine over cosine, which is never exactly 0."""
    sine, cosine = sine_and_cosine(x)
    return sine / cosine


@elementwise
def atan(x: Lanes) -> Lanes:
    """The angle with this tangent, between -pi / 2 and pi / 2."""
    return arc_tangent(x)


@elementwise
def asin(x: Lanes) -> Lanes:
    """The angle between -pi / 2 and pi / 2 with this sine."""
    return arc_tangent(x / function("sqrt", (1.0 - x) * (1.0 + x)))


@elementwise
def acos(x: Lanes) -> Lanes:
    """The angle between 0 and pi with this cosine."""
    return 2.0 * arc_tangent(function("sqrt", (1.0 - x) / (1.0 + x)))


@elementwise
def atan2(y: Lanes, x: Lanes) -> Lanes:
    """The angle from the x-axis to the point (x, y), between -pi and pi; 0 at (0, 0)."""
    up, along = abs(y), abs(x)
    acute = arc_tangent(smaller(up, along) / larger(up, along))
    upper = where(up > along, HALF_TURN / 2.0 - acute, acute)
    angle = where(x < 0.0, HALF_TURN - upper, upper)
    angle = where((y == 0.0) & (x == 0.0), 0.0, angle)
    return where(is_defined(x) & is_defined(y), where(y < 0.0, -angle, angle), NA)


def sine_and_cosine(x: Lanes) -> tuple[Lanes, Lanes]:
    """Both of an angle in radians; undefined beyond `LARGEST_ANGLE`."""
    quarters, near, rest = _reduced(where(abs(x) <= LARGEST_ANGLE, x, NA))
    sine, cosine = _near_sine(near, rest), _near_cosine(near, rest)
    quadrant = quarters - 4.0 * function("floor", quarters * 0.25)
    swapped = (quadrant == 1.0) | (quadrant == 3.0)
    sine, cosine = where(swapped, cosine, sine), where(swapped, sine, cosine)
    return _negated(quadrant >= 2.0, sine), _negated((quadrant == 1.0) | (quadrant == 2.0), cosine)


def arc_tangent(x: Lanes) -> Lanes:
    """The angle with this tangent; an infinite one has a quarter turn's."""
    size = abs(x)
    steep = size > 1.0
    slope = where(steep, 1.0 / size, size)
    step = function("floor", slope * 4.0 + 0.5)
    base = step * 0.25
    gap = (slope - base) / (1.0 + slope * base)
    arc = _chosen(step, ARCS) + (gap + gap * series(gap * gap, ARC))
    arc = where(steep, HALF_TURN / 2.0 - arc, arc)
    return _negated(x < 0.0, arc)


def _reduced(x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """Quarter turns, and what is left as a number and the rest that it cannot hold. The first two steps are exact."""
    quarters = function("floor", x * (2.0 / math.pi) + 0.5)
    near = (x - quarters * QUARTER[0]) - quarters * QUARTER[1]
    rest = near * 0.0
    for piece in QUARTER[2:]:
        near, lost = _difference(near, quarters * piece)
        rest = rest + lost
    return quarters, near, rest


def _difference(x: Lanes, y: Lanes) -> tuple[Lanes, Lanes]:
    """The difference rounded, and what rounding left out (Knuth's two-sum)."""
    rounded = x - y
    taken = x - rounded
    return rounded, (x - (rounded + taken)) + (taken - y)


def _near_sine(x: Lanes, rest: Lanes) -> Lanes:
    square = x * x
    return x + (x * series(square, SINE) + rest * (1.0 - 0.5 * square))


def _near_cosine(x: Lanes, rest: Lanes) -> Lanes:
    square = x * x
    half = 0.5 * square
    most = 1.0 - half
    return most + (((1.0 - most) - half) + (square * series(square, COSINE) - x * rest))


def series(z: Lanes, terms: Sequence[float]) -> Lanes:
    """The sum of terms[n] * z^(n + 1), by Horner's rule."""
    total = z * terms[-1]
    for term in reversed(terms[:-1]):
        total = z * (total + term)
    return total


def _chosen(step: Lanes, values: Sequence[float]) -> Lanes:
    """values[step], for a step that is a whole number."""
    chosen = step * 0.0 + values[0]
    for number, value in itertools.islice(enumerate(values), 1, None):
        chosen = where(step == float(number), value, chosen)
    return chosen


def _negated(mask: Mask, x: Lanes) -> Lanes:
    return where(mask, -x, x)
