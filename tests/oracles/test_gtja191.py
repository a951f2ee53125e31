"""Guotai Junan's alphas, as the report prints them: all sound ones evaluate, the others are told what is wrong."""

import polars as pl
import pytest
from oracles.foreign_alphas import candles, formulas

import barsweep as bs

UNSOUND = {
    "alpha_010": ("MAX lacks its y", "a bracket too many: RANK is given two values and MAX one"),
    "alpha_023": ("this ':' is out of place", "a colon for a comma: STD(CLOSE:20)"),
    "alpha_127": ("MEAN lacks its n", "over how many days is missing"),
    "alpha_143": ("SELF is the formula's own value, which cannot be read", "runs on its own value, with no first one"),
    "alpha_146": ("SMA lacks its m", "the weight is missing"),
    "alpha_166": ("an operator or a comma is missing before this", "(20-2)(SUM(...)) without an operator"),
    "alpha_181": ("SUM lacks its n", "over how many days is missing"),
}
"""What is said of the unsound ones, and what is wrong with them."""

# MAX(CORR(RANK(CLOSE), RANK(MEAN(VOLUME,60)), 4), 13): in 13 windows of 4 such ranks are flat somewhere.
NEVER_DEFINED = {"alpha_064"}


@pytest.fixture(scope="module")
def frame(shared_data):
    """With the turnover and a benchmark, which the report's formulas read."""
    everyone = {f"benchmark_{name}": pl.col(name).mean().over("date") for name in ("open", "close")}
    return candles(shared_data).with_columns(amount=pl.col("vwap") * pl.col("volume"), **everyone)


def test_all_sound_alphas_evaluate(frame, shared_data):
    texts = {name: text for name, text in formulas(shared_data, "gtja191").items() if name not in UNSOUND}

    values = bs.evaluate(texts, frame, dialect="gtja191")

    assert len(texts) == 120
    assert {name for name in texts if values[name].null_count() == values.height} == NEVER_DEFINED


@pytest.mark.parametrize("name", UNSOUND)
def test_unsound_alphas_are_told_what_is_wrong(name, frame, shared_data):
    with pytest.raises(bs.FormulaError) as caught:
        bs.evaluate(formulas(shared_data, "gtja191")[name], frame, dialect="gtja191")

    assert caught.value.message == UNSOUND[name][0]


OURS = {
    "alpha_014": "close - close[5]",
    "alpha_020": "(close - close[6]) / close[6] * 100",
    "alpha_053": "count(close > close[1], 12) / 12 * 100",
    "alpha_100": "stdev(volume, 20) * sqrt(20 / 19)",
    "alpha_103": "(20 - lowest_bar(low, 20)) / 20 * 100",
    "alpha_116": "slope(close, 20)",
    "alpha_161": "sma(true_range(), 12)",
    "alpha_167": "sum(close - close[1] > 0 ? close - close[1] : 0, 12)",
}


def test_simple_alphas_are_what_the_language_says(frame, shared_data):
    """Written by hand in the language, they have the same values."""
    texts = formulas(shared_data, "gtja191")

    foreign = bs.evaluate({name: texts[name] for name in OURS}, frame, dialect="gtja191")
    own = bs.evaluate(OURS, frame)

    for name in OURS:
        gap = (foreign[name] - own[name]).abs()
        assert foreign[name].null_count() == own[name].null_count()
        assert (gap <= 1e-9 * own[name].abs().clip(1e-3)).all()
