"""Sines, tangents, their inverses and hyperbolic functions of compiled kernels: to the last digits, everywhere."""

import math

import numpy as np
import pytest

from barsweep.formulas.kernels.calling import run_primitive

CHANCE = np.random.default_rng(17)
SMALL = CHANCE.uniform(-1.0, 1.0, 20_000)
TINY = CHANCE.choice([-1.0, 1.0], 2_000) * 10.0 ** CHANCE.uniform(-300, 0, 2_000)
WIDE = CHANCE.uniform(-10.0, 10.0, 20_000)
HUGE = CHANCE.uniform(-1e9, 1e9, 20_000)
NEXT_TO_QUARTERS = np.concatenate([np.arange(1.0, 20_000.0), CHANCE.integers(1, 6e8, 5_000)]) * (math.pi / 2)
ANGLES = np.concatenate([SMALL, TINY, WIDE, HUGE, NEXT_TO_QUARTERS, [0.0, 1e9, -1e9]])
SLOPES = np.concatenate([SMALL, TINY, WIDE, 1 / TINY, [0.0, 0.125, 0.375, 1.0, -1.0, 1.7e308]])
SHARES = np.concatenate([SMALL, TINY, [0.0, 1.0, -1.0, math.nextafter(1.0, 0.0)]])
POWERS = np.concatenate([SMALL, TINY, WIDE, CHANCE.uniform(-710, 710, 20_000), [710.4, -710.4]])


def run(name, *columns):
    return run_primitive(name, columns, np.array([0, columns[0].size]), [])[0]


@pytest.mark.parametrize(
    ("name", "numbers", "digits"),
    [
        ("sin", ANGLES, 1),
        ("cos", ANGLES, 1),
        ("tan", ANGLES, 3),
        ("atan", SLOPES, 2),
        ("asin", SHARES, 3),
        ("acos", SHARES, 3),
        ("sinh", POWERS, 4),
        ("cosh", POWERS, 3),
        ("tanh", POWERS, 4),
        ("log10", 10.0 ** CHANCE.uniform(-300, 300, 20_000), 3),
    ],
)
def test_right_to_the_last_digits(name, numbers, digits):
    """Off by so many units of the last place at most, from what the C library rounds rightly nearly always."""
    rule = getattr(math, name)
    truth = np.array([rule(number) for number in numbers])

    off = np.abs(run(name, numbers) - truth) / np.spacing(np.abs(truth))

    assert off.max() <= digits, numbers[np.argmax(off)]


def test_angles_of_points():
    """In all four quarters, and on the axes."""
    x, y = CHANCE.normal(size=20_000), CHANCE.normal(size=20_000)
    x[:9], y[:9] = np.repeat([-1.0, 0.0, 1.0], 3), np.tile([-1.0, 0.0, 1.0], 3)

    np.testing.assert_allclose(run("atan2", y, x), np.arctan2(y, x), rtol=1e-15)


def test_powers_of_ten_have_whole_logarithms():
    whole = np.arange(-300, 301)

    assert run("log10", np.array([float(f"1e{k}") for k in whole])).tolist() == whole.tolist()


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("sin", 1.1e9),
        ("cos", -1e300),
        ("asin", 1.0000001),
        ("acos", -1.1),
        ("sinh", 720.0),
        ("cosh", -720.0),
        ("log10", 0.0),
    ],
)
def test_undefined_where_there_is_no_number(name, number):
    assert np.isnan(run(name, np.array([number, math.nan]))).all()


def test_tangents_end_at_one():
    """Where the exponential has long overflowed."""
    assert run("tanh", np.array([30.0, 1e308, -1e308])).tolist() == [1.0, 1.0, -1.0]
