"""evaluate(..., outputs="all"): every named line of a formula as a column."""

import polars as pl
import pytest
from sweeping import random_candles

import barsweep as bs

SHEET = """
param n = 3
fast = ema(close, n)
trend = close > fast
kind = sector
m = macd(close, 3, 6, 4)
line, signal, hist = macd(close, 3, 6, 4)
two = 2
buy = trend and m.hist > 0
buy and fast > 0
"""


@pytest.fixture(scope="module")
def candles():
    return random_candles(5, lengths=(40, 30))


@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_every_line_is_a_column(candles, executor):
    """Numbers, conditions, text, constants and each of several outputs, in the order of the text; params are none."""
    found = bs.evaluate(SHEET, candles, timeframe="1h", outputs="all", executor=executor)

    names = ["fast", "trend", "kind", "m.line", "m.signal", "m.hist", "line", "signal", "hist", "two", "buy", "value"]
    assert found.columns == ["symbol", "ts", *names]
    assert found.schema["trend"] == pl.Boolean
    assert found.schema["kind"] == pl.String
    assert found["two"].to_list() == [2.0] * found.height
    for name, source in {
        "fast": "ema(close, 3)",
        "m.hist": "macd(close, 3, 6, 4).hist",
        "trend": "close > ema(close, 3)",
    }.items():
        alone = bs.evaluate(source, candles, timeframe="1h", executor=executor)["value"]
        assert found[name].equals(alone, null_equal=True)


def test_lines_of_several_formulas_have_the_formulas_name_ahead(candles):
    found = bs.evaluate({"a": "x = close[1]\nx > 1", "b": "x = open\nx"}, candles, timeframe="1h", outputs="all")

    assert found.columns == ["symbol", "ts", "a.x", "a", "b.x", "b"]


def test_rankings_are_lines_too(candles):
    found = bs.evaluate("r = rank(close)\nlater = r[1]\nr + later", candles, timeframe="1h", outputs="all")

    assert found["value"].equals(found["r"] + found["later"], null_equal=True)


def test_the_file_has_them(candles, tmp_path):
    lazy = bs.evaluate("x = close[1]\nx > 1", candles, timeframe="1h", outputs="all", output=tmp_path / "x.parquet")

    assert lazy.collect().columns == ["symbol", "ts", "x", "value"]


@pytest.mark.parametrize(
    ("formula", "parameters", "message"),
    [
        ("value = close\nvalue > 1", None, "has a formula's name: rename"),
        ("param n = 2\nx = close[n]\nx", {"n": [1, 2]}, "one value for each param"),
    ],
)
def test_what_cannot_be_columns_of_one_table(candles, formula, parameters, message):
    with pytest.raises(bs.ProcessingEngineError, match=message):
        bs.evaluate(formula, candles, timeframe="1h", outputs="all", parameters=parameters)


def test_other_words_are_refused(candles):
    with pytest.raises(bs.ProcessingEngineError, match="it is one of 'result', 'all', 'parts', 'distances'"):
        bs.evaluate("close", candles, outputs="everything")
    with pytest.raises(bs.ProcessingEngineError, match="is for evaluate"), bs.ProcessingEngine(candles) as engine:
        engine.run(bs.ProcessingJob(None, "close > 1", timeframe="1h", outputs="all"))
