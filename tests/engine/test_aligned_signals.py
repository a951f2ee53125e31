"""Signals side by side: dates x symbols as NumPy, Polars and pandas, with prices that align; and one symbol's bars."""

from datetime import date

import numpy as np
import pandas as pd
import polars as pl
import pytest
from fakes import Watched, candles
from sweeping import random_candles

import barsweep as bs

FRAME = candles({"A": [1, 2, 1, 3, 4], "B": [5, 4, 3, 2, 1], "C": [2, 3]})
CROSS = {
    "entry": "param n = 3; crosses_above(close, sma(close, n))",
    "exit": "param m = 4; close < lowest(close, m)[1]",
}
RANDOM = random_candles(11, lengths=(90, 40, 120))


def test_wide_forms_align():
    found = bs.signals({"entry": "close > close[1]"}, FRAME)

    matrix = found.wide("entry", "numpy")
    frame = found.wide("entry", "pandas")
    table = found.wide("entry")

    assert found.symbols == ["A", "B", "C"]
    assert matrix.dtype == bool
    assert matrix.tolist() == [
        [False, False, False],
        [True, False, False],
        [False, False, False],
        [True, False, False],
        [True, False, True],
    ]
    assert frame.columns.to_list() == ["A", "B", "C"]
    assert frame.index.equals(pd.DatetimeIndex(found.dates.cast(pl.Datetime("us")).to_numpy(), name="ts"))
    assert (frame.to_numpy() == matrix).all()
    assert table.columns == ["ts", "A", "B", "C"]
    assert table["ts"].equals(found.dates)
    assert (table.drop("ts").to_numpy() == matrix).all()


def test_prices_align_with_signals():
    """Where a symbol has no bar, prices are missing, signals false, positions none."""
    found = bs.signals({"entry": "close > close[1]"}, FRAME)

    close = found.wide("close", "numpy")
    assert np.array_equal(close[:, 0], [1, 2, 1, 3, 4])
    assert np.array_equal(close[:, 2], [np.nan, np.nan, np.nan, 2, 3], equal_nan=True)
    assert found.wide("close")["C"].to_list() == [None, None, None, 2, 3]
    assert found.wide("close", "pandas")["C"].isna().to_list() == [True, True, True, False, False]
    assert found.wide("position", "numpy")[:, 2].tolist() == [0, 0, 0, 0, 1]
    assert found.wide("ready", "numpy")[:, 2].tolist() == [False, False, False, False, True]


def test_columns_are_had_whatever_they_are_called():
    """Both kinds of quotes in one name; no text of the language holds a line break."""
    odd = FRAME.with_columns(pl.col("close").alias('the desk\'s "best"'), pl.col("close").alias("two\nlines"))
    found = bs.signals({"entry": "close > close[1]"}, odd)

    assert np.array_equal(found.wide('the desk\'s "best"', "numpy"), found.wide("close", "numpy"), equal_nan=True)
    with pytest.raises(bs.ProcessingEngineError, match="no formula can hold the name"):
        found.wide("two\nlines")


def test_positions_stay_where_a_symbol_has_no_bar():
    """A halt sells nothing; a position that is held at the last bar stays after it."""
    frame = candles({"A": [1, 2, 3, 1, 1, 2], "B": [1, 2, 3, 1, 1, 2]})
    days = frame["ts"].unique().sort().to_list()
    halted = frame.filter((pl.col("symbol") == "A") | ~pl.col("ts").is_in([days[2], days[5]]))

    found = bs.signals({"entry": "close == 2", "exit": "close == 1"}, halted, delay=0)

    assert found.wide("position", "numpy").T.tolist() == [[0, 1, 1, 0, 0, 1], [0, 1, 1, 0, 0, 0]]
    kept = bs.signals({"entry": "close == 2"}, halted).wide("position", "pandas")
    assert kept["B"].to_list() == [0, 1, 1, 1, 1, 1]
    assert found.wide("entry", "numpy")[:, 1].tolist() == [False, True, False, False, False, False]


def test_candles_are_read_when_prices_are_asked_for():
    repository = Watched(FRAME)

    found = bs.signals("close > close[1]", repository)
    _ = found.frame, found.positions, found.wide("entry")
    before = len(repository.asked)
    found.wide("open", "numpy")

    assert before == 1
    assert repository.asked[-1]["columns"] == ("open",)


def test_intraday_bars_are_instants():
    found = bs.signals("close > close[1]", RANDOM, timeframe="1h")

    frame = found.wide("entry", "pandas")
    assert str(frame.index.tz) == "UTC"
    assert frame.shape == (len(found.dates), 3)
    assert frame["S0"].sum() == found.of("S0")["entry"].sum()


def test_one_symbol_with_its_candles():
    found = bs.signals({"entry": "close > close[1]", "exit": "close < close[1]"}, FRAME)

    assert found.of("C").columns == ["ts", "entry", "exit", "ready"]
    bars = found.of("C", candles=True)
    assert bars.columns == ["ts", "open", "high", "low", "close", "volume", "entry", "exit", "ready"]
    assert bars.row(1) == (date(2024, 1, 5), 3.0, 3.0, 3.0, 3.0, 100.0, True, False, True)
    with pytest.raises(KeyError, match="there are no signals of 'Z': it is none of those asked for"):
        found.of("Z")


def test_pandas_takes_a_sweep_as_levels_of_columns():
    found = bs.signals(CROSS, RANDOM, timeframe="1h", parameters={"n": [3, 5]})

    wide = found.wide("entry", "pandas")

    assert wide.columns.names == ["n", "symbol"]
    assert wide.shape[1] == 2 * 3
    assert (wide[5].to_numpy() == found.wide("entry", "numpy", at={"n": 5})).all()


def test_which_point_is_meant_must_be_said():
    found = bs.signals(CROSS, RANDOM, timeframe="1h", parameters={"n": [3, 5]})
    alone = bs.signals(CROSS, RANDOM, timeframe="1h")

    with pytest.raises(bs.ProcessingEngineError, match=r'2 such points; say which one is meant, as at=\{"n": 3\}'):
        found.wide("entry", "numpy")
    with pytest.raises(bs.ProcessingEngineError, match=r"no point of the sweep has \{'n': 4\}"):
        found.wide("entry", at={"n": 4})
    with pytest.raises(bs.ProcessingEngineError, match="there is no swept parameter 'm': swept are n"):
        found.wide("entry", at={"m": 4})
    with pytest.raises(bs.ProcessingEngineError, match="there is no swept parameter 'n': no parameter was swept"):
        alone.wide("entry", at={"n": 4})


def test_kinds_and_columns_that_there_are_not():
    found = bs.signals("close > 1", FRAME)

    with pytest.raises(bs.ProcessingEngineError, match="kind is 'list'; it is one of 'polars', 'numpy', 'pandas'"):
        found.wide("entry", "list")
    with pytest.raises(
        bs.ProcessingEngineError, match="there is no 'exit'; signals are entry, ready, position, candles"
    ):
        found.wide("exit")


def test_a_symbol_called_ts_goes_as_a_matrix():
    found = bs.signals("close > 1", candles({"ts": [1, 2]}))

    assert found.wide("entry", "numpy").tolist() == [[False], [True]]
    with pytest.raises(bs.ProcessingEngineError, match='take kind="numpy"'):
        found.wide("entry")
