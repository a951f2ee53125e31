"""The compiled kernels against the plain-Python references, and what tiles promise: chunks and lanes never matter."""

import itertools
import math
import random
from importlib import import_module

import numpy as np
import polars as pl
import pytest
from references.registry import REFERENCES
from sweeping import sweep

from barsweep.formulas import primitives  # noqa: F401 - fills the registry
from barsweep.formulas.declaring import PRIMITIVES
from barsweep.formulas.kernels import KERNELS, tiles
from barsweep.formulas.kinds import Kind, Series, Shape, Whole

LANES = tiles.LANES
CLOCKED = {"year", "month", "day", "weekday", "hour", "minute", "date", "time", "session_bar", "ago"}
LENGTHS = {"slope": (2, 5, 20, 63), "ago_bars": (0, 1, 5, 70), "round": (0, 1, 2, -1)}
SETTINGS = [
    pytest.param(name, settings, id=f"{name}-{'-'.join(map(str, settings))}")
    for name in KERNELS
    for settings in (
        [(0.02, 0.03, 0.2), (0.3, 0.1, 0.2)]
        if name == "parabolic"
        else [(n,) for n in LENGTHS.get(name, (1, 2, 3, 20, 63))]
        if any(isinstance(parameter.accepts, Whole) for parameter in PRIMITIVES[name].parameters)
        else [()]
    )
]
ONCE = [SETTINGS[max(k for k, case in enumerate(SETTINGS) if case.values[0] == name)] for name in KERNELS]
WINDOWS = [case for case in SETTINGS if PRIMITIVES[case.values[0]].shape is Shape.WINDOW]
MOMENTS = ["sum", "sma", "variance", "covariance", "correlation", "slope"]


def compute(name):
    return getattr(import_module(f"barsweep.formulas.kernels.{KERNELS[name].module}"), KERNELS[name].name)


def kinds(name):
    """Of each input, whether it is a condition; max and min take two."""
    return [p.accepts.kinds == {Kind.BOOLEAN} for p in PRIMITIVES[name].parameters if isinstance(p.accepts, Series)]


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


def prices(name, bars, seed):
    """The inputs of the two trailing stops: high and low, or bands and close."""
    chance, close = random.Random(seed), 50.0
    rows = []
    for _ in range(bars):
        close *= math.exp(chance.gauss(0, 0.03))
        rows.append((close * 1.01, close * 0.985) if name == "parabolic" else (close * 0.999, close * 0.05, close))
    series = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in kinds(name)]
    return [[None if chance.random() < 0.05 else value for value in column] for column in series]


def inputs(name, bars, seed):
    """A symbol: one list for each input of the kernel."""
    if name in {"parabolic", "trailing_band"}:
        return prices(name, bars, seed)
    makers = [conditions if is_condition else numbers for is_condition in kinds(name)]
    if name in {"both", "either", "not"}:
        makers = [conditions] * len(makers)
    made = [maker(bars, 100 * seed + number) for number, maker in enumerate(makers)]
    # 0.3 mod 0.1 is 0 or all but 0.1 by how 0.3 / 0.1 is rounded: eighths leave no doubt
    return [[v and round(v * 8) / 8 for v in values] for values in made] if name == "mod" else made


def array(values):
    return np.array([math.nan if value is None else float(value) for value in values])


def run(name, symbols, settings, lengths):
    """Each symbol's outputs from one run over all symbols."""
    starts = np.cumsum([0, *lengths])
    columns = [np.concatenate([array(symbol[k]) for symbol in symbols]) for k in range(len(kinds(name)))]
    results = tiles.run_kernel(KERNELS[name], columns, starts, settings)
    return [[result[a:b] for result in results] for a, b in itertools.pairwise(starts)]


def refer(name, symbol, settings, bars):
    if name == "bar_index":
        return [array(range(bars))]
    answer = REFERENCES[name](*symbol, *settings)
    return [array(series) for series in (answer if KERNELS[name].outputs > 1 else [answer])]


def same(a, b):
    return all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))


def bits(registers):
    return [register.view(np.int64).tolist() for register in registers]


def lanes(name, bars, seed):
    """Registers without history: 16 symbols side by side."""
    symbols = [inputs(name, bars, seed + lane) for lane in range(LANES)]
    return [np.column_stack([array(symbol[k]) for symbol in symbols]).ravel() for k in range(len(kinds(name)))]


class Runner:
    """Feeds a kernel chunk by chunk, with the history and the state that it asks for."""

    def __init__(self, name, settings):
        self.kernel = KERNELS[name]
        self.settings = tuple(map(float, settings))
        self.compute = compute(name)
        self.state = np.zeros((self.kernel.states, LANES))
        self.head = self.kernel.head(*self.settings)
        self.history = [np.full(self.head * LANES, math.nan) for _ in kinds(name)]

    def advance(self, chunks, rows):
        registers = [np.concatenate(pair) for pair in zip(self.history, chunks, strict=True)]
        size = (self.head + rows) * LANES
        outputs = [np.full(size, 777.0) for _ in range(self.kernel.outputs)]
        scratch = np.full(self.kernel.scratch * size, 777.0)
        self.compute(*registers, self.head, rows, *self.settings, self.state, scratch, *outputs)
        self.history = [register[rows * LANES :] for register in registers]
        return [output[self.head * LANES :] for output in outputs]


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_kernel_equals_reference(name, settings):
    """Value by value, undefined in the same places, whatever tile a symbol falls into."""
    lengths = [0, 1, 2, 3, 40, 1, 130, 64, 5, 90, 20, 21, 150, 24, 25, 70, 71, 22]
    symbols = [inputs(name, bars, seed) for seed, bars in enumerate(lengths)]

    for symbol, bars, answers in zip(symbols, lengths, run(name, symbols, settings, lengths), strict=True):
        for answer, expected in zip(answers, refer(name, symbol, settings, bars), strict=True):
            np.testing.assert_allclose(answer, expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize(("name", "settings"), SETTINGS)
def test_a_run_in_chunks_gives_the_same_bits_as_in_one_go(name, settings):
    """Cut anywhere, with state and history handed on: what live bars and long symbols rely on."""
    bars = 200
    registers = lanes(name, bars, seed=7)
    chance = random.Random(name)
    whole = Runner(name, settings).advance(registers, bars)

    runner, parts = Runner(name, settings), []
    cuts = [0, *sorted(chance.sample(range(1, bars), 6)), bars]
    for begin, end in itertools.pairwise(cuts):
        parts.append(runner.advance([r[begin * LANES : end * LANES] for r in registers], end - begin))

    assert bits(whole) == bits(np.concatenate(pieces) for pieces in zip(*parts, strict=True))


@pytest.mark.parametrize(("name", "settings"), ONCE)
def test_more_history_than_asked_for_changes_nothing(name, settings):
    """Registers share one head, as long as the longest reader needs."""
    registers = lanes(name, 90, seed=3)
    narrow, wide = Runner(name, settings), Runner(name, settings)
    wide.history = [np.full((wide.head + 11) * LANES, math.nan) for _ in registers]
    wide.head += 11

    assert bits(narrow.advance(registers, 90)) == bits(wide.advance(registers, 90))


@pytest.mark.parametrize(("name", "settings"), ONCE)
def test_no_lane_sees_its_neighbours(name, settings):
    """A symbol in another lane, among other symbols: the same bits."""
    registers = lanes(name, 90, seed=5)
    turned = [np.roll(register.reshape(-1, LANES), 3, axis=1).ravel() for register in registers]
    alone = [np.where(np.arange(LANES) == 4, r.reshape(-1, LANES), math.nan).ravel() for r in registers]

    together, moved, single = (Runner(name, settings).advance(r, 90) for r in (registers, turned, alone))

    back = [np.roll(output.reshape(-1, LANES), -3, axis=1) for output in moved]
    assert bits(together) == bits(output.ravel() for output in back)
    assert bits(o.reshape(-1, LANES)[:, 4].copy() for o in together) == bits(
        o.reshape(-1, LANES)[:, 4].copy() for o in single
    )


@pytest.mark.parametrize(("name", "settings"), WINDOWS)
def test_spike_that_has_left_the_window_leaves_no_trace(name, settings):
    """To the bit: nothing is ever subtracted from a running sum."""
    registers = lanes(name, 160, seed=11)
    spiked = [register.copy() for register in registers]
    for register, is_condition in zip(spiked, kinds(name), strict=True):
        register[20 * LANES : 21 * LANES] = math.nan if is_condition else 1e20
    reach = PRIMITIVES[name].warmup(*settings)

    plain, with_spike = (Runner(name, settings).advance(r, 160) for r in (registers, spiked))

    after = (21 + reach) * LANES
    assert bits(output[after:] for output in plain) == bits(output[after:] for output in with_spike)


@pytest.mark.parametrize(("name", "settings"), ONCE)
def test_numbers_are_finite_or_undefined(name, settings):
    """Even from the largest and smallest ones; and huge numbers leave later bars defined."""
    chance = random.Random(name)
    huge = [1.7e308, -1.7e308, 5e-324, -5e-324, 1e200, -1e200, 0.0]
    registers = []
    for register, is_condition in zip(lanes(name, 60, seed=2), kinds(name), strict=True):
        extreme = np.array([chance.choice(huge) for _ in register])
        registers.append(register if is_condition or name in {"both", "either", "not"} else extreme)

    for output in Runner(name, settings).advance(registers, 60):
        assert not np.isinf(output).any()


@pytest.mark.parametrize("value", [0.1, 1e-300, 1 / 3, 1.23e300])
@pytest.mark.parametrize("n", [1, 3, 14])
def test_flat_input_gives_exactly_its_value(value, n):
    flat, bars = [[value] * 50], [50]

    for name in ("ema", "rma", "sma", "highest", "median"):
        assert (run(name, [flat], (n,), bars)[0][0][n - 1 :] == value).all()
    for name in ("mean_deviation", "variance"):
        assert (run(name, [flat], (n,), bars)[0][0][n - 1 :] == 0.0).all()


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
    (result,) = tiles.run_kernel(KERNELS[name], columns, np.array([0, 400]), (n,))

    np.testing.assert_array_equal(result, expected)


def test_overflow_of_an_average_is_undefined_and_passes():
    """A step past the largest float has no value, and does not take the following bars with it."""
    symbol = [[1.0, 2.0, 1.7e308, -1.7e308, None, 3.0, 4.0, 5.0]]

    deviations = run("mean_deviation", [symbol], (2,), [8])[0][0]
    average = run("ema", [symbol], (2,), [8])[0][0]

    assert np.isnan(deviations[[0, 3, 4, 5]]).all()
    assert deviations[6:].tolist() == [0.5, 0.5]
    assert np.isfinite(average[[1, 2, 5, 6, 7]]).all()
    assert np.isnan(average[[0, 4]]).all()


def test_every_primitive_along_time_has_a_kernel():
    """Save those of the clock, and at_least, which is put together from others."""
    along_time = {name for name, primitive in PRIMITIVES.items() if primitive.shape is not Shape.ACROSS}

    assert along_time - CLOCKED - {"at_least"} == set(KERNELS)
    assert {case.values[0] for case in SETTINGS} == set(KERNELS)


def test_a_kernel_is_compiled_once():
    """One set of argument types for all callers: another one would compile for seconds in the middle of a job."""
    for name in KERNELS:
        settings = next(case.values[1] for case in SETTINGS if case.values[0] == name)
        Runner(name, settings).advance(lanes(name, 3, seed=1), 3)

    assert {name: len(compute(name).signatures) for name in KERNELS} == dict.fromkeys(KERNELS, 1)
