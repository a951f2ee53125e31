"""exp, log and powers against decimal arithmetic of forty digits, and the same bits whatever the CPU can do."""

import decimal
import itertools
import math
import random
import struct

import numpy as np
import pytest
from references.registry import REFERENCES

from barsweep.formulas.kernels.calling import run_primitive

EXACT = decimal.Context(prec=40, Emax=decimal.MAX_EMAX, Emin=decimal.MIN_EMIN)
LARGEST, SMALLEST, TINIEST = np.finfo(float).max, np.finfo(float).tiny, 5e-324
SIZES = [TINIEST, 3 * TINIEST, SMALLEST * (1 - 2**-52), SMALLEST, 1e-300, 1e-9, 0.5, 1.0, 2.0, 1e9, 1e300, LARGEST]
EXTREMES = [0.0, -0.0, *SIZES, *(-size for size in SIZES)]
AROUND = [root * (1 + k * 2**-52) for root in (1.0, math.sqrt(0.5), math.sqrt(2), 2.0) for k in range(-40, 41)]


def run(name, *arguments):
    columns = [np.array(each, float) for each in arguments]
    return run_primitive(name, columns, np.array([0, columns[0].size]), ())[0]


def units(answers, exact):
    """By how many of the last place's units answers miss exact values."""
    return [
        float(abs(decimal.Decimal(float(answer)) - true) / decimal.Decimal(math.ulp(float(true))))
        for answer, true in zip(answers, exact, strict=True)
    ]


def any_numbers(chance, count):
    """Of every size alike: random bits."""
    drawn = (struct.unpack("d", struct.pack("Q", chance.getrandbits(63)))[0] for _ in range(count))
    return [x for x in drawn if math.isfinite(x)]


def test_logarithms():
    chance = random.Random(1)
    x = [*any_numbers(chance, 3000), *(chance.lognormvariate(0, 1) for _ in range(3000)), *AROUND, *SIZES]
    x += [1 + chance.uniform(-1, 1) * 10 ** chance.uniform(-16, -1) for _ in range(1000)]

    exact = [EXACT.ln(decimal.Decimal(each)) for each in x]

    assert max(units(run("log", x), exact)) < 0.51


def test_exponentials():
    """Down to where results have a single digit."""
    chance = random.Random(2)
    x = [chance.uniform(-745.1, 709.78) for _ in range(3000)] + [chance.gauss(0, 1) for _ in range(3000)]
    x += [sign * 10 ** chance.uniform(-320, 0) for sign in (1, -1) for _ in range(500)]
    x += [(k + 0.5) * math.log(2) * (1 + step * 2**-52) for k in range(-1000, 1000, 37) for step in (-1, 0, 1)]

    exact = [EXACT.exp(decimal.Decimal(each)) for each in x]
    missed = units(run("exp", x), exact)

    assert max(missed) <= 1.0
    assert max(miss for miss, true in zip(missed, exact, strict=True) if true > SMALLEST) < 0.7


def powers(chance):
    """Bases and exponents whose power is a number."""
    for x in any_numbers(chance, 1000) + [chance.lognormvariate(0, 1) for _ in range(1000)] + AROUND:
        steepest = min(700 / max(abs(math.log(x)), 1e-300), 1e300)
        yield x, chance.choice([-1, 1]) * steepest * chance.choice([1.0, chance.random(), 10 ** chance.uniform(-9, 0)])


def test_powers():
    x, y = zip(*powers(random.Random(3)), strict=True)

    exact = [EXACT.power(decimal.Decimal(a), decimal.Decimal(b)) for a, b in zip(x, y, strict=True)]

    assert max(units(run("power", x, y), exact)) < 0.7


def test_whole_powers_that_are_numbers_are_exact():
    cases = [(base, k) for base in range(-12, 13) for k in range(1, 53) if abs(base) ** k < 2**53]
    x, y = zip(*cases, strict=True)

    assert run("power", x, y).tolist() == [float(base**k) for base, k in cases]
    assert run("power", [2.0] * 2098, range(-1074, 1024)).tolist() == [math.ldexp(1, k) for k in range(-1074, 1024)]


def test_squares_and_roots_are_those_of_multiplying_and_sqrt():
    x = [*any_numbers(random.Random(4), 500), *SIZES]

    assert run("power", x, [0.5] * len(x)).tolist() == [math.sqrt(each) for each in x]
    np.testing.assert_array_equal(run("power", x, [2.0] * len(x)), run("multiply", x, x))
    np.testing.assert_array_equal(run("power", x, [1.0] * len(x)), x)


def test_extreme_and_forbidden_arguments_are_treated_as_by_the_reference():
    """Zeros, negative bases, overflow, underflow: where there is no finite number, there is no value."""
    exponents = [*EXTREMES, 3.0, -3.0, 2.5, -2.5, 0.5, -0.5, 1 / 3, 2.0**52 + 1, 2.0**53, 1e17]
    pairs = list(itertools.product([*EXTREMES, -3.0, -8.0, 1 - 2**-53, 1 + 2**-52], exponents))
    cases = {"power": pairs, "log": [(x,) for x in EXTREMES], "exp": [(x,) for x in EXTREMES]}
    cases["exp"] += [(x,) for x in (709.782712893384, 709.7827128933841, -745.1332191019411, -745.1332191019412, 1e4)]

    for name, arguments in cases.items():
        columns = [list(column) for column in zip(*arguments, strict=True)]
        expected = [math.nan if each is None else each for each in REFERENCES[name](*columns)]
        np.testing.assert_allclose(run(name, *columns), expected, rtol=1e-15, atol=TINIEST, err_msg=name)


def test_undefined_arguments_have_no_value():
    pairs = list(itertools.product([0.0, 1.0, -2.0, math.nan], [0.0, 1.0, 2.0, 0.5, math.nan]))
    x, y = zip(*(pair for pair in pairs if any(map(math.isnan, pair))), strict=True)

    assert np.isnan(run("power", x, y)).all()
    assert np.isnan(run("log", [math.nan])).all()
    assert np.isnan(run("exp", [math.nan])).all()


@pytest.mark.parametrize(("name", "middle"), [("log", 1.0), ("exp", 0.0), ("exp", 1.0), ("log", math.sqrt(2))])
def test_they_never_fall(name, middle):
    """Neighbour after neighbour: where the number is taken apart otherwise, too."""
    step = math.ulp(middle or 2.0**-53)
    x = [middle + k * step for k in range(-3000, 3000)]

    assert (np.diff(run(name, x)) >= 0).all()


def test_powers_never_fall_near_one():
    x = [1 + k * 2**-52 for k in range(-2000, 2000)]

    for exponent in (0.3, 3.0, 77.7, 1e9):
        assert (np.diff(run("power", x, [exponent] * len(x))) >= 0).all()


def test_every_cpu_gives_the_same_bits(on_a_plain_cpu):
    chance = np.random.default_rng(5)
    x, y = np.exp(chance.normal(0, 5, 20_000)), chance.normal(0, 5, 20_000)

    for call in (("log", x), ("exp", y), ("power", x, y), ("power", y, np.round(y))):
        elsewhere = on_a_plain_cpu(lambda call=call: run(*call))
        np.testing.assert_array_equal(run(*call).view(np.int64), elsewhere.view(np.int64))
