"""Bars are found where the formula is true at every bar, however its parts are tested."""

import polars as pl
import pytest
from sweeping import random_candles

import barsweep as bs
from barsweep.formulas.kernels import registers

CANDLES = random_candles(43, lengths=(80, 3, 140, 60, *range(1, 40)))
FORMULAS = (
    "close > open and high >= close[1] and low <= sma(low, 3) and volume < 2 * volume[1]",
    "close > open and close > open",
    "(close > open and volume > 0)[2]",
    "(close > open)[1] and close < open",
    "close > open or (close < sma(close, 4) and rsi(close, 3) < 50)",
    "not (close > open and close > sma(close, 4))",
    "nz(close, 1) > 0 and defined(volume) and true",
    "close == close and close != open and 50 < rsi(close, 3)",
    "up = close > open; near = up and volume > 0; near and (up or close < 3)",
    "crosses_above(close, sma(close, 3)) and every(close > 0, 3)",
)


@pytest.mark.parametrize("rows", [1, 7, 64])
def test_what_is_found_is_where_the_formula_is_true(rows, monkeypatch):
    """With the values of the indicators there, in one job and alone."""
    monkeypatch.setattr(registers, "fitting_rows", lambda *_: rows)
    formulas = {f"f{number}": source for number, source in enumerate(FORMULAS)}
    options = {"timeframe": "1h", "executor": "tiles"}

    everywhere = bs.evaluate(formulas, CANDLES, **options)
    together = bs.scan(formulas, CANDLES, **options)

    assert together.counts["matches"] > 1_000
    for name, source in formulas.items():
        found = together.of(name)
        assert found.select("symbol", "ts").equals(everywhere.filter(pl.col(name)).select("symbol", "ts")), source
        assert found.equals(bs.scan(source, CANDLES, **options).matches)
        indicators = [label for label in found.columns if label not in {"symbol", "ts"} and label in source]
        values = bs.evaluate({label: label for label in indicators}, CANDLES, **options) if indicators else None
        if values is not None:
            joined = found.select("symbol", "ts").join(values, on=("symbol", "ts"), how="left", maintain_order="left")
            assert joined.select(indicators).equals(found.select(indicators).cast(joined.select(indicators).schema))
