"""The compiled kernels against the plain-Python references, and what tiles promise: symbols never touch each other."""

import builtins
import itertools
import math
import random
import subprocess
import sys

import numpy as np
import pytest
from references.registry import REFERENCES

from barsweep.formulas.kernels import averages, compiler, deviation, tiles, trailing

LENGTHS = [0, 1, 2, 3, 19, 40, 57, 1, 130, 64, 5, 90, 33, 20, 21, 22, 23, 300, 24, 25]


def smoothing(n, alpha):
    return lambda *columns: (averages.exponential_smoothing, columns, (n, alpha), 1, averages.SMOOTHING_STATES)


def calls(n):
    """name -> (columns, what run_kernel is called with, the reference's settings)."""
    return {
        "ema": (["close"], smoothing(n, 2 / (n + 1)), (n,)),
        "rma": (["close"], smoothing(n, 1 / n), (n,)),
        "mean_deviation": (["close"], lambda x: (deviation.mean_deviation, [x], (n,), 1, 0), (n,)),
        "parabolic": (
            ["high", "low"],
            lambda h, l: (trailing.sar, [h, l], (0.02, 0.03, 0.2), 1, trailing.SAR_STATES),
            (0.02, 0.03, 0.2),
        ),
        "trailing_band": (
            ["middle", "width", "close"],
            lambda m, w, c: (trailing.trailing_band, [m, w, c], (), 2, trailing.TRAILING_BAND_STATES),
            (),
        ),
    }


NAMES = list(calls(1))


def run(name, symbols, n):
    """Each symbol's outputs (a list of arrays) from one run over all symbols."""
    names, call, _ = calls(n)[name]
    starts = np.cumsum([0, *(len(symbol["close"]) for symbol in symbols)])
    columns = [np.array([value for symbol in symbols for value in symbol[c]], dtype=float) for c in names]
    kernel, columns, settings, outputs, states = call(*columns)
    results = tiles.run_kernel(kernel, columns, starts, settings, outputs, states)
    return [[result[a:b] for result in results] for a, b in itertools.pairwise(starts)]


def refer(name, symbol, n):
    names, _, settings = calls(n)[name]
    columns = [[None if math.isnan(value) else value for value in symbol[c]] for c in names]
    answer = REFERENCES[name](*columns, *settings)
    answers = answer if name == "trailing_band" else [answer]
    return [np.array([math.nan if value is None else value for value in series], dtype=float) for series in answers]


def candles(bars, seed, holes=0.0):
    """A random walk with high, low, and the bands that supertrend draws; `holes` is the share of undefined fields."""
    chance = random.Random(seed)
    close = [50.0]
    for _ in range(bars):
        close.append(close[-1] * math.exp(chance.gauss(0, 0.03)))
    close = close[:bars]
    high = [value * (1 + abs(chance.gauss(0, 0.01))) for value in close]
    low = [value * (1 - abs(chance.gauss(0, 0.01))) for value in close]
    middle = [(h + l) / 2 for h, l in zip(high, low, strict=True)]
    width = [0.05 * value for value in close]
    symbol = {"close": close, "high": high, "low": low, "middle": middle, "width": width}
    return {c: [math.nan if chance.random() < holes else v for v in values] for c, values in symbol.items()}


def same(a, b):
    return all(np.array_equal(x, y, equal_nan=True) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("n", [1, 2, 5, 20])
@pytest.mark.parametrize("holes", [0.0, 0.1])
def test_kernel_equals_reference(name, n, holes):
    """State machines to the bit, averages to a few roundings, undefined in the same places."""
    symbols = [candles(bars, seed, holes) for seed, bars in enumerate(LENGTHS)]
    tolerance = 1e-13 if name in {"ema", "rma", "mean_deviation"} else 0

    for symbol, answers in zip(symbols, run(name, symbols, n), strict=True):
        for answer, expected in zip(answers, refer(name, symbol, n), strict=True):
            np.testing.assert_allclose(answer, expected, rtol=0, atol=tolerance * 100)


@pytest.mark.parametrize("name", NAMES)
def test_no_symbol_sees_its_neighbours(name):
    """A symbol alone, among others and in another order: the same bits."""
    symbols = [candles(bars, seed, 0.05) for seed, bars in enumerate(LENGTHS)]
    together = run(name, symbols, 14)

    backwards = run(name, symbols[::-1], 14)[::-1]
    alone = [run(name, [symbol], 14)[0] for symbol in symbols]

    assert all(map(same, together, backwards))
    assert all(map(same, together, alone))


@pytest.mark.parametrize("name", ["ema", "rma", "parabolic", "trailing_band"])
@pytest.mark.parametrize("cut", [1, 7, 40])
def test_state_carries_on_where_a_run_stopped(name, cut):
    """Two runs with the state handed on equal one run: what live bars rely on."""
    names, call, _ = calls(14)[name]
    symbol = candles(90, seed=3, holes=0.05)
    columns = [np.repeat(np.array(symbol[c]), tiles.LANES) for c in names]
    kernel, columns, settings, outputs, states = call(*columns)
    settings = tuple(map(float, settings))

    def advance(begin, end, state):
        places = slice(begin * tiles.LANES, end * tiles.LANES)
        results = [np.empty((end - begin) * tiles.LANES) for _ in range(outputs)]
        kernel(*(column[places].copy() for column in columns), end - begin, *settings, state, *results)
        return results

    whole = advance(0, 90, np.zeros((states, tiles.LANES)))
    state = np.zeros((states, tiles.LANES))
    parts = [advance(0, cut, state), advance(cut, 90, state)]

    assert same(whole, [np.concatenate(pieces) for pieces in zip(*parts, strict=True)])


@pytest.mark.parametrize("value", [0.1, 1e-300, 1 / 3, 1.23e300])
@pytest.mark.parametrize("n", [1, 3, 14])
def test_flat_input_gives_exactly_its_value(value, n):
    symbol = {"close": [value] * 50}

    assert (run("ema", [symbol], n)[0][0][n - 1 :] == value).all()
    assert (run("rma", [symbol], n)[0][0][n - 1 :] == value).all()
    assert (run("mean_deviation", [symbol], n)[0][0][n - 1 :] == 0.0).all()


def test_spike_that_has_left_the_window_leaves_no_trace():
    symbol = candles(60, seed=5)
    spiked = {"close": [*symbol["close"][:10], 1e20, *symbol["close"][11:]]}

    plain, with_spike = (run("mean_deviation", [each], 5)[0][0] for each in (symbol, spiked))

    assert (plain[15:] == with_spike[15:]).all()


def test_overflow_is_undefined_and_passes():
    """A step past the largest float has no value, and does not take the following bars with it."""
    symbol = {"close": [1.0, 2.0, 1.7e308, -1.7e308, math.inf, 3.0, 4.0, 5.0]}

    deviations = run("mean_deviation", [symbol], 2)[0][0]
    average = run("ema", [symbol], 2)[0][0]

    assert np.isnan(deviations[[0, 3, 4, 5]]).all()
    assert deviations[6:].tolist() == [0.5, 0.5]
    assert np.isfinite(average[[1, 2, 5, 6, 7]]).all()
    assert np.isnan(average[[0, 4]]).all()


def test_pack_and_unpack_are_inverse():
    values = np.arange(60.0)
    begins, lengths = np.array([40, 0, 10]), np.array([5, 10, 20])
    tile = np.empty(20 * tiles.LANES)
    tiles.pack(values, begins, lengths, tile)
    back = np.full(60, np.nan)
    tiles.unpack(tile, begins, lengths, back)

    lanes = tile.reshape(20, tiles.LANES)
    assert lanes[:5, 0].tolist() == [40, 41, 42, 43, 44]
    assert np.isnan(lanes[5:, 0]).all()
    assert np.isnan(lanes[:, 3:]).all()
    known = [*range(30), *range(40, 45)]
    assert back[known].tolist() == values[known].tolist()
    assert np.isnan(np.delete(back, known)).all()


def test_columns_must_fit_the_symbols():
    with pytest.raises(ValueError, match="end at 4"):
        tiles.run_kernel(deviation.mean_deviation, [np.zeros(3)], np.array([0, 4]), (2,), 1, 0)


def test_no_symbols_give_empty_columns():
    (result,) = tiles.run_kernel(deviation.mean_deviation, [np.zeros(0)], np.array([0]), (2,), 1, 0)

    assert result.size == 0


def test_missing_numba_names_the_functions_that_need_it(monkeypatch):
    really_import = builtins.__import__

    def without_numba(name, *arguments, **options):
        if name == "numba":
            raise ModuleNotFoundError("No module named 'numba'")
        return really_import(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", without_numba)

    with pytest.raises(ImportError, match=r"sar and supertrend: .* need numba.*pip install numba"):
        compiler.compiler_for("sar and supertrend")


def test_kernels_compile_where_no_folder_can_be_written(monkeypatch):
    """Numba refuses to cache there; the kernel is then compiled for this process alone."""
    import numba

    really_compile = numba.njit

    def without_cache(**options):
        if options.get("cache"):
            raise RuntimeError("cannot cache function: no locator available")
        return really_compile(**options)

    monkeypatch.setattr(numba, "njit", without_cache)

    @compiler.compiler_for("a test")
    def double(x):
        return 2 * x

    assert double(2.0) == 4.0


def test_importing_the_package_does_not_import_numba():
    """Numba takes longer to import than everything else; only a formula that needs a kernel pays for it."""
    code = "import sys, barsweep.formulas.kernels; sys.exit('numba' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
