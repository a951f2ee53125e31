"""Every function of the talib library against TA-Lib itself, over all clean symbols of the S&P 500, bar by bar.

Defined at the same bars and equal to 1e-8 of the value or of the terms that it is a difference of.
"""

from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from oracles.talib_calls import calls, defaults, input_names, output_names

import barsweep as bs
from barsweep.formulas import Language

NEAR = 1e-8
LIBRARY = Language().functions.libraries["talib"]
FUNCTIONS = sorted(name.removeprefix("talib.").upper() for name in LIBRARY)

PRICE = "price"
"""A scale: the largest value of the inputs so far, for differences of prices that come near zero."""

SCALES: dict[str, object] = {"HT_DCPHASE": 360.0, "HT_PHASOR": PRICE, "HT_SINE": 1.0}
"""The size of the terms, where an output is a difference of larger ones: a number, or PRICE."""

SETTLES: dict[str, int] = {}
"""Functions that agree only after so many bars, and why (the comment behind each)."""

EXCEPTIONS: dict[str, str] = {}
"""Functions that do not agree, with the reason."""


@pytest.fixture(scope="module")
def candles(shared_data):
    """The symbols whose every row is whole and in order."""
    frame = pl.read_parquet(shared_data / "ohlcv" / "us_sp500_daily_2012_2017.parquet").sort("symbol", "date")
    prices = [pl.col(name) for name in ("open", "high", "low", "close", "volume")]
    in_order = (pl.col("low") <= pl.min_horizontal("open", "close")) & (
        pl.max_horizontal("open", "close") <= pl.col("high")
    )
    clean = pl.all_horizontal(*(price.is_not_null() & (price > 0) for price in prices), in_order).all().over("symbol")
    number = pl.int_range(pl.len()).over("symbol")
    return frame.filter(clean).with_columns(
        *(price.cast(pl.Float64) for price in prices),
        (pl.col("close") % 1).alias("share"),
        (2 + number * 7 % 29).cast(pl.Float64).alias("period"),
    )


@pytest.fixture(scope="module")
def symbols(candles):
    """(rows, columns by name) of each symbol."""
    ends = np.cumsum([0, *candles["symbol"].rle().struct.field("len").to_list()])
    columns = {name: candles[name].to_numpy() for name in candles.columns if candles[name].dtype == pl.Float64}
    return [(slice(a, b), {name: column[a:b] for name, column in columns.items()}) for a, b in pairwise(ends)]


def scale_of(function, candle, columns):
    scale = SCALES.get(function, 0.0)
    if scale != PRICE:
        return scale
    return np.maximum.accumulate(np.max([np.abs(candle[name]) for name in columns], axis=0))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_agrees_with_talib(function, candles, symbols, record_property):
    """At the defaults and at two other sets of parameters."""
    outputs = output_names(function)
    settles = SETTLES.get(function, 0)
    wanted = calls(function)
    formulas = {
        f"{number}:{name}": call.formula + (f".{name}" if len(outputs) > 1 else "")
        for number, call in enumerate(wanted)
        for name in outputs
    }
    ours = bs.evaluate(formulas, candles)
    wrong, bars, widest = [], 0, 0.0
    for number, call in enumerate(wanted):
        for rows, candle in symbols:
            scale = scale_of(function, candle, call.columns)
            for name, theirs in call(candle).items():
                mine = ours[f"{number}:{name}"][rows].cast(pl.Float64).fill_null(np.nan).to_numpy()
                if not np.array_equal(np.isnan(mine), np.isnan(theirs)):
                    at = np.flatnonzero(np.isnan(mine) != np.isnan(theirs))
                    wrong.append((call.formula, name, "defined", len(at), at[:3], mine[at[:3]], theirs[at[:3]]))
                    continue
                size = np.fmax(np.fmax(np.abs(mine), np.abs(theirs)), scale)
                with np.errstate(invalid="ignore", divide="ignore"):
                    gap = np.nan_to_num(np.abs(mine - theirs) / size)[settles:]
                if gap.size and gap.max() > NEAR:
                    at = int(gap.argmax()) + settles
                    wrong.append((call.formula, name, gap.max(), int((gap > NEAR).sum()), at, mine[at], theirs[at]))
                widest = max(widest, gap.max(initial=0.0))
                bars += int((~np.isnan(theirs)).sum())
    record_property("figures", f"{function}: {bars} values, widest {widest:.1e}")

    assert wrong[:5] == []
    assert len(symbols) > 100
    assert bars > 100_000


@pytest.mark.parametrize("function", FUNCTIONS)
def test_is_called_as_talib_is(function):
    """The same inputs, parameters, defaults and names of outputs, in the same order."""
    mine = LIBRARY[f"talib.{function.lower()}"]
    outputs = output_names(function)

    names = [parameter.name.name for parameter in mine.definition.parameters]
    assert names == [*input_names(function), *defaults(function)]
    assert mine.outputs == (tuple(outputs) if len(outputs) > 1 else ())
    given = [p.default for p in mine.definition.parameters[len(input_names(function)) :]]
    texts = [mine.source[default.span.start : default.span.end] for default in given]
    assert [float(text) for text in texts] == list(map(float, defaults(function).values()))
    assert mine.doc


def test_every_exception_is_a_function():
    assert {*SCALES, *SETTLES, *EXCEPTIONS} <= set(FUNCTIONS)
