"""The scans of docs/cookbook.md over five years of the S&P 500."""

import re
from pathlib import Path

import polars as pl
import pytest

import barsweep as bs

PAGE = Path(__file__).parents[2] / "docs" / "cookbook.md"
RECIPE = re.compile(r"\*\*\d+\. (.+?)\*\*\n\n```formula\n(.*?)\n```", re.DOTALL)
RECIPES = dict(RECIPE.findall(PAGE.read_text(encoding="utf-8")))

SELDOM: set[str] = set()
"""Scans that find nothing in these five years."""


@pytest.fixture(scope="module")
def found(shared_data):
    """Matches of every scan, one of the symbols standing for the index."""
    frame = pl.read_parquet(shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet")
    candles = frame.with_columns(pl.col("symbol").replace("AAPL", "SPY"))
    return bs.scan(RECIPES, candles)


def test_there_are_eighty():
    assert len(RECIPES) >= 80


@pytest.mark.parametrize("title", RECIPES)
def test_scan_runs_on_real_candles(title, found):
    """And finds bars, though not most of them: a filter that lets everything pass is no scan."""
    matches = found.of(title).height

    assert (matches == 0) == (title in SELDOM)
    assert matches < 606_801 * 0.8
