"""The compiled kernels against the plain-Python references, and what tiles promise: blocks and lanes never matter."""

import itertools
import math
import random

import numpy as np
import polars as pl
import pytest
from references.registry import REFERENCES
from sweeping import sweep

from barsweep.formulas import primitives  # noqa: F401 - fills the registry
from barsweep.formulas.declaring import PRIMITIVES
from barsweep.formulas.kernels import COMPOSED, KERNELS
from barsweep.formulas.kernels.calling import run_primitive
from barsweep.formulas.kernels.lanes import LANES
from barsweep.formulas.kinds import Kind, Series, Shape, Whole

CLOCKED = {"year", "month", "day", "weekday", "hour", "minute", "date", "time", "session_bar", "ago"} | {
    "quarter",
    "new_period",
}
PAIRED = ("slope", "partial_slope", "partial_linreg", "partial_rsquare", "partial_correlation")
LENGTHS = {
    **dict.fromkeys(PAIRED, (2, 5, 20, 63)),
    "residual_stdev": (2, 3, 20, 63),
    "ago_bars": (0, 1, 5, 70),
    "round": (0, 1, 2, -1),
    "at_least": (1, 2, 3),
}
TILED = [name for name in PRIMITIVES if name in {*KERNELS, *COMPOSED}]
OWN = {
    "quantile": [(1, 0.3), (2, 0.25), (3, 1.0), (5, 0.0), (20, 0.9), (63, 0.1)],
    **dict.fromkeys(("nth_highest", "nth_lowest"), ((1, 1), (2, 2), (3, 1), (20, 2), (63, 40))),
    **dict.fromkeys(("nth_highest_bar", "nth_lowest_bar"), ((1, 1), (2, 2), (3, 3), (20, 2), (63, 40))),
    "skew": [(1, False), (2, False), (3, True), (20, False), (63, True)],
    "kurtosis": [(1, False), (2, False), (4, True), (20, False), (63, True)],
    "entropy": [(1, 10), (3, 1), (5, 2), (20, 10), (63, 7)],
    "alma": [(1, 0.85, 6), (2, 0.5, 6), (9, 0.85, 6), (20, 0.0, 50), (63, 1.0, 1000)],
    "decay_exp": [(1, 0.9), (3, 0.0), (20, 1.0), (63, 0.9)],
    **{name: [(1, 0), (3, 1), (20, 0), (63, 1)] for name in ("partial_variance", "partial_covariance")},
    **{name: [(4, 0), (5, 1), (20, 0), (63, 1)] for name in ("partial_skewness", "partial_kurtosis")},
    "partial_quantile": [(1, 0.5), (2, 0.25), (20, 0.8), (63, 0.2), (63, 1.0)],
    "mama": [(0.5, 0.05), (0.3, 0.2)],
    "parabolic": [(0.02, 0.03, 0.2), (0.3, 0.1, 0.2)],
    "parabolic_extended": [
        (0, 0, 0.02, 0.03, 0.2, 0.3, 0.1, 0.2),
        (51.0, 0.1, 0.3, 0.1, 0.2, 0.02, 0.02, 0.2),
        (-51.0, 0.02, 0.1, 0.5, 0.4, 0.02, 0.02, 0.2),
    ],
    "swings": [(5.0,), (0.5,), (0.0,)],
    "leaky_sum": [(0.5, 1e9, 1e9), (0.67, 0.99, 0.999), (1.0, 5.0, 4.0)],
    "mcginley_from": [(8.4,), (14.0,)],
    **{name: [(0.1, 0), (0.1, 1), (0.6, 0), (1.0, 1)] for name in ("ewm_mean", "ewm_variance")},
}
STOPS = {
    **dict.fromkeys(["parabolic", "parabolic_extended", "swings"], lambda price: (price * 1.01, price * 0.985)),
    "trailing_band": lambda price: (price * 0.999, price * 0.05, price),
    "trailing_stop": lambda price: (price * 0.96, price * 1.04, price),
    "mcginley_from": lambda price: (price, price * 1.01),
    "reversing_stop": lambda price: (price, price * 0.04),
}
CONDITIONS = {"both", "either", "not", "at_least"}
SETTINGS = [
    pytest.param(name, settings, id=f"{name}-{'-'.join(map(str, settings))}")
    for name in TILED
    for settings in (
        OWN[name]
        if name in OWN
        else [(n,) for n in LENGTHS.get(name, (1, 2, 3, 20, 63))]
        if any(isinstance(parameter.accepts, Whole) for parameter in PRIMITIVES[name].parameters)
        else [()]
    )
]
BARS = 130
ONCE = [SETTINGS[max(k for k, case in enumerate(SETTINGS) if case.values[0] == name)] for name in TILED]
WINDOWS = [case for case in SETTINGS if PRIMITIVES[case.values[0]].shape is Shape.WINDOW]
MOMENTS = ["sum", "product", "sma", "variance", "covariance", "correlation", "slope"]


def kinds(name):
    """Of each input, whether it is a condition; max and min take three, at_least five."""
    series = [p for p in PRIMITIVES[name].parameters if isinstance(p.accepts, Series)]
    several = 4 if name == "at_least" else 2
    return [p.accepts.kinds == {Kind.BOOLEAN} for p in series for _ in range(several if p.several else 1)]


def numbers(bars, seed):
    """Random values of both signs with holes, ties, zeros and a flat stretch."""
    chance = random.Random(seed)
    values = [round(chance.gauss(0, 3), chance.choice([0, 1, 9])) for _ in range(bars)]
    flat = chance.randrange(bars + 1)
    values[flat : flat + 25] = [0.1] * len(values[flat : flat + 25])
    return [None if chance.random() < 0.03 else value for value in values]


def conditions(bars, seed):
    chance = random.Random(seed)
    often = chance.choice([0.1, 0.5, 0.95])
    return [None if chance.random() < 0.04 else chance.random() < often for _ in range(bars)]


def lengths(bars, seed):
    """Whole numbers, and some that are no length."""
    chance = random.Random(seed)
    values = [float(chance.choice([chance.randrange(-1, 4), chance.randrange(70)])) for _ in range(bars)]
    return [chance.choice([None, value + 0.5]) if chance.random() < 0.1 else value for value in values]


def prices(name, bars, seed):
    """The inputs of stops and swings, of one price: high and low, or bands and close."""
    chance, close = random.Random(seed), 50.0
    rows = []
    for _ in range(bars):
        close *= math.exp(chance.gauss(0, 0.03))
        rows.append(STOPS[name](close))
    series = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in kinds(name)]
    return [[None if chance.random() < 0.05 else value for value in column] for column in series]


def inputs(name, bars, seed):
    """A symbol: one list for each input of the kernel."""
    if name in STOPS:
        return prices(name, bars, seed)
    makers = [conditions if is_condition else numbers for is_condition in kinds(name)]
    if name in CONDITIONS:
        makers = [conditions] * len(makers)
    if name == "shift_by" or name.endswith("_varying"):
        makers[1] = lengths
    made = [maker(bars, 100 * seed + number) for number, maker in enumerate(makers)]
    if name == "adaptive":
        made[1] = [v and abs(math.sin(v)) for v in made[1]]
    # 0.3 mod 0.1 is 0 or all but 0.1 by how 0.3 / 0.1 is rounded, and so may a sum reach 0.3: eighths leave no doubt
    return [[v and round(v * 8) / 8 for v in values] for values in made] if name in {"mod", "sum_bars"} else made


def array(values):
    return np.array([math.nan if value is None else float(value) for value in values])


def run(name, symbols, settings, block=64):
    """Each symbol's outputs from one run over all symbols."""
    starts = np.cumsum([0, *(len(symbol[0]) if symbol else BARS for symbol in symbols)])
    columns = [np.concatenate([array(symbol[k]) for symbol in symbols]) for k in range(len(kinds(name)))]
    results = run_primitive(name, columns, starts, settings, block)
    return [[result[a:b] for result in results] for a, b in itertools.pairwise(starts)]


def refer(name, symbol, settings):
    if name == "bar_index":
        return [array(range(BARS))]
    if name == "at_least":
        return [array(REFERENCES[name](*settings, *symbol))]
    answer = REFERENCES[name](*symbol, *settings)
    return [array(series) for series in (answer if PRIMITIVES[name].outputs else [answer])]


def bits(outputs):
    return [output.view(np.int64).tolist() for output in outputs]


def several(name, bars, seed, count=LANES):
    return [inputs(name, bars, seed + number) for number in range(count)]


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_kernel_equals_reference(name, settings):
    """Value by value, undefined in the same places, whatever tile a symbol falls into."""
    lengths = [0, 1, 2, 3, 40, 1, BARS, 64, 5, 90, 20, 21, 150, 24, 25, 70, 71, 22]
    symbols = [inputs(name, bars, seed) for seed, bars in enumerate(lengths)]

    for symbol, answers in zip(symbols, run(name, symbols, settings), strict=True):
        for answer, expected in zip(answers, refer(name, symbol, settings), strict=True):
            np.testing.assert_allclose(answer, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_blocks_of_any_size_give_the_same_bits(name, settings):
    """Cut anywhere, with memory and history handed on: what long symbols rely on."""
    symbols = several(name, 200, seed=7)

    whole, *cut = (run(name, symbols, settings, block) for block in (256, 64, 7, 1))

    for parts in cut:
        assert [bits(outputs) for outputs in parts] == [bits(outputs) for outputs in whole]


@pytest.mark.parametrize(("name", "settings"), ONCE)
def test_no_lane_sees_its_neighbours(name, settings):
    """A symbol in another lane, among other symbols, or alone: the same bits."""
    symbols = several(name, 90, seed=5)

    together, moved = run(name, symbols, settings), run(name, [*symbols[3:], *symbols[:3]], settings)
    alone = run(name, [symbols[4]], settings)

    assert [bits(outputs) for outputs in together] == [bits(outputs) for outputs in [*moved[-3:], *moved[:-3]]]
    assert bits(alone[0]) == bits(together[4])


@pytest.mark.parametrize(("name", "settings"), ONCE)
def test_every_cpu_gives_the_same_bits(name, settings, on_a_plain_cpu):
    symbols = several(name, 90, seed=6)

    here, elsewhere = run(name, symbols, settings), on_a_plain_cpu(lambda: run(name, symbols, settings))

    assert [bits(outputs) for outputs in here] == [bits(outputs) for outputs in elsewhere]


@pytest.mark.parametrize(("name", "settings"), WINDOWS)
def test_spike_that_has_left_the_window_leaves_no_trace(name, settings):
    """To the bit: nothing is ever subtracted from a running sum."""
    symbol = inputs(name, 160, seed=11)
    spiked = [
        [*values[:20], None if is_condition else 1e20, *values[21:]]
        for values, is_condition in zip(symbol, kinds(name), strict=True)
    ]
    after = 21 + PRIMITIVES[name].reach(*settings)

    plain, with_spike = run(name, [symbol, spiked], settings)

    assert bits(output[after:] for output in plain) == bits(output[after:] for output in with_spike)


@pytest.mark.parametrize(("name", "settings"), ONCE)
def test_numbers_are_finite_or_undefined(name, settings):
    """Even from the largest and smallest ones; and huge numbers leave later bars defined."""
    chance = random.Random(name)
    huge = [1.7e308, -1.7e308, 5e-324, -5e-324, 1e200, -1e200, 0.0]
    symbols = several(name, 60, seed=2)
    for symbol in symbols:
        for k, is_condition in enumerate(kinds(name)):
            if not is_condition and name not in CONDITIONS:
                symbol[k] = [chance.choice(huge) for _ in symbol[k]]

    for outputs in run(name, symbols, settings):
        assert not any(np.isinf(output).any() for output in outputs)


@pytest.mark.parametrize("value", [0.1, 1e-300, 1 / 3, 1.23e300])
@pytest.mark.parametrize("n", [1, 3, 14])
def test_flat_input_gives_exactly_its_value(value, n):
    flat = [[value] * 50]

    for name in ("ema", "rma", "sma", "highest", "median"):
        assert (run(name, [flat], (n,))[0][0][n - 1 :] == value).all()
    for name in ("mean_deviation", "variance"):
        assert (run(name, [flat], (n,))[0][0][n - 1 :] == 0.0).all()


@pytest.mark.parametrize("name", MOMENTS)
@pytest.mark.parametrize("n", [2, 7, 20, 64, 100])
def test_moments_are_those_of_the_polars_rules_to_the_bit(name, n):
    """Both executors sum in the same order and round alike."""
    columns = [array(numbers(400, seed)) for seed in range(len(kinds(name)))]
    frame = pl.DataFrame(
        {"symbol": "A", "ts": pl.int_range(400, eager=True).cast(pl.Datetime("us", "UTC"))}
        | {column: columns[k % len(columns)] for k, column in enumerate(["close", "open", "high", "low", "volume"])}
    ).with_columns(pl.selectors.float().fill_nan(None))
    series = ", ".join(["close", "open"][: len(columns)])

    expected = sweep({"result": f"{name}({series}, {n})"}, frame)["result"].fill_null(math.nan).to_numpy()
    (result,) = run_primitive(name, columns, np.array([0, 400]), (n,))

    np.testing.assert_array_equal(result, expected)


def test_overflow_of_an_average_is_undefined_and_passes():
    """A step past the largest float has no value, and does not take the following bars with it."""
    symbol = [[1.0, 2.0, 1.7e308, -1.7e308, None, 3.0, 4.0, 5.0]]

    deviations = run("mean_deviation", [symbol], (2,))[0][0]
    average = run("ema", [symbol], (2,))[0][0]

    assert np.isnan(deviations[[0, 3, 4, 5]]).all()
    assert deviations[6:].tolist() == [0.5, 0.5]
    assert np.isfinite(average[[1, 2, 5, 6, 7]]).all()
    assert np.isnan(average[[0, 4]]).all()


def test_every_primitive_along_time_has_kernels():
    """Save those of the clock."""
    along_time = {name for name, primitive in PRIMITIVES.items() if primitive.shape is not Shape.ACROSS}

    assert along_time - CLOCKED == set(TILED)
    assert {case.values[0] for case in SETTINGS} == set(TILED)
