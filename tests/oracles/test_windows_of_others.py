"""Windows against workbooks, TA-Lib, pandas and Qlib: order, shape, weights, regressions, lengths that vary."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import talib
from sweeping import series

NAN = float("nan")
CHANCE = np.random.default_rng(17)
CLOSE = (100 + CHANCE.normal(0, 1, 400).cumsum()).round(2)
VOLUME = CHANCE.integers(1, 60, 400) * 100.0
PERIODS = CHANCE.integers(1, 41, 400).astype(float)
PANDAS = pd.Series(CLOSE)


def ours(source, closes=CLOSE, **columns):
    """A formula's values, NaN where undefined."""
    given = {name: list(map(float, values)) for name, values in columns.items()}
    return np.array([NAN if v is None else v for v in series(source, list(map(float, closes)), **given)])


@pytest.mark.parametrize(
    ("source", "others"),
    [
        ("quantile(close, 20, 0.3)", PANDAS.rolling(20).quantile(0.3)),
        ("quantile(close, 5, 0.9)", PANDAS.rolling(5).quantile(0.9)),
        ("quartile_range(close, 9)", PANDAS.rolling(9).quantile(0.75) - PANDAS.rolling(9).quantile(0.25)),
        ("median(close, 30)", PANDAS.rolling(30).median()),
        ("skew(close, 20, sample=true)", PANDAS.rolling(20).skew()),
        ("kurtosis(close, 20, sample=true)", PANDAS.rolling(20).kurt()),
        ("skew(close, 3, sample=true)", PANDAS.rolling(3).skew()),
        ("kurtosis(close, 4, sample=true)", PANDAS.rolling(4).kurt()),
        ("skew(close, 12)", pl.Series(CLOSE).rolling_skew(12)),
        ("kurtosis(close, 12)", pl.Series(CLOSE).rolling_kurtosis(12)),
        ("decay_exp(close, 400, 0.9)", PANDAS.ewm(alpha=0.1).mean().where(PANDAS.index == 399)),
        ("nth_lowest(close, 14, ceil(0.3 * 14))", talib.PERCENTILE(CLOSE, 14, 30)),
        ("intercept(close, 14)", talib.LINEARREG_INTERCEPT(CLOSE, 14)),
        ("forecast(close, 14)", talib.TSF(CLOSE, 14)),
        ("linreg(close, 14)", talib.LINEARREG(CLOSE, 14)),
        ("linreg(close, 14, 13)", talib.LINEARREG_INTERCEPT(CLOSE, 14)),
        ("beta(roc(volume, 1), roc(close, 1), 5)", talib.BETA(CLOSE, VOLUME, 5)),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_values_are_those_of_others(source, others):
    np.testing.assert_allclose(ours(source, volume=VOLUME), np.asarray(others, float), rtol=1e-9, atol=1e-9)


def test_a_mean_of_varying_length_is_that_of_talib():
    """TA-Lib's MAVP, from the bar on where it begins."""
    theirs = talib.MAVP(CLOSE, PERIODS, 2, 40)

    found = ours("sma(close, max(volume, 2), max=40)", volume=PERIODS)

    np.testing.assert_allclose(found[39:], theirs[39:], rtol=1e-12)


def test_regressions_are_those_of_a_solver():
    """Each window solved anew by least squares."""
    n, bars = 12, np.arange(12.0)
    names = ("r_squared(close, 12)", "standard_error(close, 12)", "residual(close, 12)")
    names += tuple(f"regression_{what}(close, volume, 12)" for what in ("slope", "intercept", "estimate", "residual"))
    expected = {name: np.full(CLOSE.size, NAN) for name in names}
    for last in range(n - 1, CLOSE.size):
        y, x = CLOSE[last - n + 1 : last + 1], VOLUME[last - n + 1 : last + 1]
        line = np.polynomial.Polynomial.fit(bars, y, 1)
        errors = y - line(bars)
        slope, intercept = np.linalg.lstsq(np.column_stack([x, np.ones(n)]), y, rcond=None)[0]
        estimate = slope * x[-1] + intercept
        time = (1 - errors @ errors / (n * y.var()), np.sqrt(errors @ errors / (n - 2)), errors[-1])
        for name, value in zip(names, (*time, slope, intercept, estimate, y[-1] - estimate), strict=True):
            expected[name][last] = value

    for name in names:
        np.testing.assert_allclose(ours(name, volume=VOLUME), expected[name], rtol=1e-7, atol=1e-9, err_msg=name)


def workbook(shared_data, name):
    """A workbook's columns, of the rows that have a close."""
    cells = pl.read_parquet(shared_data / "reference" / "stockindicators_excel_calc.parquet").filter(workbook=name)
    return cells.pivot(on="column", index="row", values="value").sort("row")


def test_alma_is_that_of_the_workbook(shared_data):
    sheet = workbook(shared_data, "Alma")

    found = ours("alma(close, 10, 0.85, 6)", sheet["close"])

    np.testing.assert_allclose(found, sheet["alma"].to_numpy(), rtol=1e-9)


def test_beta_is_that_of_the_workbook(shared_data):
    """Of returns; its `beta` is of 20 of them."""
    sheet = workbook(shared_data, "Beta")

    found = ours("beta(roc(volume, 1), roc(close, 1), 20)", sheet["mrkt"], volume=sheet["eval"])

    np.testing.assert_allclose(found, sheet["beta"].to_numpy(), rtol=1e-9)


def test_regression_is_that_of_the_workbook(shared_data):
    """Over 20 bars."""
    sheet = workbook(shared_data, "Epma")

    for source, column in (("linreg(close, 20)", "EPMA"), ("r_squared(close, 20)", "r2"), ("slope(close, 20)", "m")):
        np.testing.assert_allclose(ours(source, sheet["close"]), sheet[column].to_numpy(), rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("n", [5, 10, 20, 30, 60])
def test_factors_are_those_of_qlib(shared_data, n):
    """Qlib's inputs went through float32, and its regressions add and subtract: so the tolerance is theirs."""
    folder = shared_data / "reference"
    factors = pl.read_parquet(folder / "qlib_alpha158_values.parquet")
    candles = pl.read_parquet(folder / "factor_input_60_symbols.parquet")
    formulas = {
        f"RSQR{n}": f"r_squared(close, {n})",
        f"RESI{n}": f"residual(close, {n}) / close",
        f"QTLU{n}": f"quantile(close, {n}, 0.8) / close",
        f"QTLD{n}": f"quantile(close, {n}, 0.2) / close",
    }
    for symbol in ("AAPL", "MSFT"):
        theirs = factors.filter(symbol=symbol)
        closes = candles.filter(symbol=symbol)["close"].cast(pl.Float32).cast(pl.Float64)
        for name, source in formulas.items():
            found = ours(source, closes)[-theirs.height :]

            np.testing.assert_allclose(found, theirs[name].to_numpy(), rtol=1e-4, atol=1e-5)
