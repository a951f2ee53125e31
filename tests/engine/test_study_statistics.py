"""Tests of means beside what SciPy 1.17 and statsmodels 0.14 say of the same numbers."""

import math

import numpy as np
import pytest

from barsweep.engine.studies.statistics import Moments, newey_west, student, welch

FIRST = np.array([0.012, -0.004, 0.021, 0.008, -0.015, 0.017, 0.003, 0.009, -0.002, 0.026])
SECOND = np.array([0.001, -0.003, 0.004, 0.000, 0.002, -0.006, 0.005, 0.003, -0.001, 0.002, 0.004, -0.002])


def test_welch_is_that_of_scipy():
    """`ttest_ind(equal_var=False)`."""
    assert math.isclose(welch(Moments.of(FIRST), Moments.of(SECOND)), 1.6718275156412037, rel_tol=1e-12)


def test_student_is_that_of_scipy():
    """`ttest_1samp(a, 0)`."""
    assert math.isclose(student(FIRST), 1.9108323322435568, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("lags", "expected"),
    [(0, 1.9108323322435574), (1, 2.6484338000692986), (4, 3.3740301057468627), (9, 5.1077036865151)],
)
def test_newey_west_is_that_of_statsmodels(lags, expected):
    """`OLS(a, 1).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})`."""
    assert math.isclose(newey_west(FIRST, np.arange(10), lags), expected, rel_tol=1e-12)


@pytest.mark.parametrize("lags", [1, 3, 7])
def test_places_without_a_value_count_for_nothing(lags):
    """Worked pair by pair: only pairs at most `lags` places apart go together, by Bartlett's weights."""
    places = np.array([3, 4, 7, 8, 9, 15, 16, 30, 31, 39])
    deviations, count = FIRST - FIRST.mean(), len(FIRST)
    total = sum(
        max(0.0, 1 - abs(places[i] - places[j]) / (lags + 1)) * deviations[i] * deviations[j]
        for i in range(count)
        for j in range(count)
    )

    found = newey_west(FIRST, places, lags)

    assert math.isclose(found, FIRST.mean() / math.sqrt(total / count / (count - 1)), rel_tol=1e-12)


@pytest.mark.parametrize("values", [[], [0.1], [0.1, 0.1, 0.1]])
def test_too_little_has_no_t(values):
    """Nor have equal values, whatever rounding leaves of their variance."""
    array = np.array(values, np.float64)

    assert student(array) is None
    assert newey_west(array, np.arange(len(values)), 2) is None
    assert welch(Moments.of(array), Moments.of(array)) is None
