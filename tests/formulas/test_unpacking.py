"""Registers written back to columns: past the caches in whole lines of them, the same numbers as by the usual way."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import barsweep as bs
from barsweep.formulas.kernels import tiles
from barsweep.formulas.kernels.tiles import BLOCK_ROWS, NEVER, PAST_CACHE, least_size

FORMULAS = {"next": "close + 0.5", "mean": "sma(close, 3)", "up": "close > 50", "last": "close[1]"}
ALIKE = [BLOCK_ROWS * 3] * 40, [BLOCK_ROWS * 2 + 8] * 17, [BLOCK_ROWS] * 16, [7] * 20, [BLOCK_ROWS + 1] * 33


def candles(lengths: list[int], holes: float, seed: int) -> pl.DataFrame:
    """So many bars of each symbol, of which some have no close."""
    random = np.random.default_rng(seed)
    days = [date(2000, 1, 1) + timedelta(days=day) for length in lengths for day in range(length)]
    close = [None if random.random() < holes else float(value) for value in random.integers(1, 100, sum(lengths))]
    symbols = [f"S{number:03d}" for number, length in enumerate(lengths) for _ in range(length)]
    return pl.DataFrame({"symbol": symbols, "ts": days, "close": pl.Series(close, dtype=pl.Float64)})


def lengths_of(seed: int) -> list[int]:
    """Bars of some symbols: many of a length, as in a universe of one exchange, or of any."""
    random = np.random.default_rng(seed)
    if seed < len(ALIKE):
        return ALIKE[seed]
    whole, some = random.integers(1, 5, 64) * BLOCK_ROWS, random.integers(1, 5 * BLOCK_ROWS, 64)
    return [int(each) for each in np.where(random.random(64) < random.random(), whole, some)[: random.integers(1, 64)]]


@pytest.mark.parametrize("seed", range(40))
def test_columns_are_the_same_however_they_are_written(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """To the bit, wherever in a line of the cache a symbol begins, and wherever in a block it ends."""
    frame = candles(lengths_of(seed), holes=0.3 * (seed % 3), seed=seed)
    monkeypatch.setattr(tiles, "PAST_CACHE", NEVER)
    usual = bs.evaluate(FORMULAS, frame, executor="tiles")
    monkeypatch.setattr(tiles, "PAST_CACHE", 0)

    past = bs.evaluate(FORMULAS, frame, executor="tiles")

    assert_frame_equal(past, usual, check_exact=True)
    assert_frame_equal(past, bs.evaluate(FORMULAS, frame, executor="polars"), rel_tol=1e-12)
    assert past["next"].equals(frame["close"] + 0.5)


def test_only_large_columns_are() -> None:
    """Of a small one somebody may want to read what the cache has."""
    assert least_size(BLOCK_ROWS) == PAST_CACHE
    assert least_size(BLOCK_ROWS - 1) == least_size(2 * BLOCK_ROWS) == NEVER
