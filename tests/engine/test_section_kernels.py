"""Kernels across symbols alone, over one section of whatever numbers."""

import numpy as np
import polars as pl
import pytest

from barsweep.engine.executors import calendars
from barsweep.engine.executors.sections import Across, Universe
from barsweep.formulas.kernels.machine import Stop


def ranked(values, kernel="rank", *settings):
    """One section: the values of as many symbols at one ts."""
    rows = np.asarray(values, np.float64)
    at = Universe.of([pl.Series(np.zeros(rows.size, np.int32)).cast(pl.Date)], [np.arange(rows.size + 1)])
    across = Across(at, kernel, [[rows]], settings or [0.0])
    assert across.run(0, 1, Stop())
    return across.outputs[0]


CHANCE = np.random.default_rng(11)
NASTY = {
    "one": [3.0],
    "equal": [2.0] * 700,
    "signs of zero": [0.0, -0.0, 1.0, -1.0] * 9,
    "ascending": np.arange(3000.0),
    "descending": -np.arange(3000.0),
    "extremes": [1.7e308, -1.7e308, 5e-324, -5e-324, 0.0, 1.0] * 5,
    "clusters and outliers": np.concatenate([1 + CHANCE.random(4000) * 1e-12, [1e300, -1e300]]),
    "close together around zero": np.concatenate([CHANCE.normal(0, 1e-9, 900), [-1e250, 1e250]]),
    "ties": CHANCE.integers(0, 40, 5000),
    "around zero": CHANCE.normal(0, 1, 95),
    "heavy tails": CHANCE.standard_cauchy(6000) * np.exp(CHANCE.normal(0, 60, 6000)),
    "positive and far apart": np.exp(CHANCE.normal(0, 90, 500)),
    "whole numbers from zero": CHANCE.integers(0, 10**9, 300) * CHANCE.integers(0, 2, 300),
    "many": CHANCE.normal(0, 1, 70_000),
    "undefined": np.where(CHANCE.random(999) < 0.5, np.nan, CHANCE.normal(0, 1, 999).round(1)),
}


@pytest.mark.parametrize("name", NASTY)
def test_ranks_of_whatever_numbers(name):
    values = np.asarray(NASTY[name], np.float64)
    defined = values[~np.isnan(values)]
    _, place, count = np.unique(defined, return_inverse=True, return_counts=True)

    expected = np.full(values.size, np.nan)
    expected[~np.isnan(values)] = (np.cumsum(count) - (count - 1) / 2)[place]

    np.testing.assert_array_equal(ranked(values), expected)


@pytest.mark.parametrize("name", NASTY)
def test_the_largest_are_so_many_and_ties_go_to_the_first(name):
    values = np.asarray(NASTY[name], np.float64)
    order = np.lexsort((np.arange(values.size), -values))[: min(7, int((~np.isnan(values)).sum()))]

    np.testing.assert_array_equal(np.flatnonzero(ranked(values, "top", 7.0) == 1.0), np.sort(order))


@pytest.mark.parametrize("name", NASTY)
def test_quantiles_of_whatever_numbers(name):
    values = np.asarray(NASTY[name], np.float64)
    defined = values[~np.isnan(values)]
    expected = {0.5: np.median(defined), 0.25: np.quantile(defined, 0.25)}

    median, clipped = ranked(values, "across_median"), ranked(values, "clip_quantiles", 0.25)

    np.testing.assert_allclose(np.unique(median[~np.isnan(median)]), expected[0.5], rtol=1e-12, atol=1e-300)
    np.testing.assert_allclose(np.nanmin(clipped), expected[0.25], rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("most_bits", [2, 20])
def test_moments_are_numbered_in_tables_that_grow(most_bits, monkeypatch):
    """In pieces, an empty one among them; beyond the largest table they are sorted."""
    monkeypatch.setattr(calendars, "FEWEST_BITS", 2)
    monkeypatch.setattr(calendars, "MOST_BITS", most_bits)
    chance = np.random.default_rng(3)
    for count in (1, 2, 3, 50, 3000):
        different = chance.integers(-(2**62), 2**62, count)
        different[0] = 0
        pieces = [chance.choice(different, 2000), np.zeros(0, np.int64), chance.choice(different, 500)]

        moments, numbers = calendars.numbered_moments(pieces)

        assert sorted(moments) == sorted(set(np.concatenate(pieces).tolist()))
        assert all((moments[places] == piece).all() for places, piece in zip(numbers, pieces, strict=True))


def test_a_flat_section_levels_exactly():
    """Its mean is its value, and there is no spread to measure by."""
    for value in (0.1, 1e16 + 2, 1 / 3, -7.3e-12):
        assert (ranked([value] * 47, "demean") == 0).all()
        assert np.isnan(ranked([value] * 47, "zscore")).all()
