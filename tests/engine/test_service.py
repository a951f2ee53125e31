"""The FormulaService: formulas on frames of every kind, and functions of one's own."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import barsweep as bs

DATES = [dt.date(2024, 1, day) for day in range(1, 7)]
CLOSES = [1.0, 2.0, float("nan"), 4.0, 3.0, 6.0]
FRAME = pl.DataFrame({"Date": DATES, "Close": CLOSES})
NA = None


def middle(x: np.ndarray, n: int = 3) -> np.ndarray:
    """The mean of the smallest and the largest of the last n values."""
    windows = np.lib.stride_tricks.sliding_window_view(np.r_[np.full(n - 1, np.nan), x], n)
    return (windows.max(axis=1) + windows.min(axis=1)) / 2


def test_polars_gives_a_series():
    values = bs.FormulaService().evaluate("close > sma(close, 2)", FRAME)

    assert isinstance(values, pl.Series)
    assert values.to_list() == [NA, True, NA, NA, False, True]


def test_arrow_gives_an_array():
    values = bs.FormulaService().evaluate("sma(close, 2)", FRAME.to_arrow())

    assert isinstance(values, pa.Array)
    assert values.to_pylist() == [NA, 1.5, NA, NA, 3.5, 4.5]


@pytest.mark.parametrize("backwards", [False, True])
def test_pandas_gives_a_series_with_the_same_index(backwards):
    """With a DatetimeIndex in any order; values come back in the caller's order."""
    frame = pd.DataFrame({"Close": CLOSES}, index=pd.to_datetime(DATES))
    frame = frame.iloc[::-1] if backwards else frame

    numbers = bs.FormulaService().evaluate("sma(close, 2)", frame)
    truths = bs.FormulaService().evaluate("close > 2", frame)

    assert numbers.index.equals(frame.index)
    assert numbers.sort_index().fillna(-1).to_list() == [-1, 1.5, -1, -1, 3.5, 4.5]
    assert truths.dtype == "boolean"
    assert truths.sort_index()[pd.Timestamp("2024-01-03")] is pd.NA


def test_symbols_in_any_order_come_back_in_place():
    two = pl.DataFrame({"symbol": ["B", "A", "B", "A"], "ts": DATES[:1] * 2 + DATES[1:2] * 2, "close": [1.0, 5, 2, 4]})

    assert bs.FormulaService().evaluate("close - close[1]", two).to_list() == [NA, NA, 1, -1]
    assert bs.FormulaService().evaluate("rank(close)", two).to_list() == [1, 2, 1, 2]
    assert bs.FormulaService().evaluate('symbol("A", close)', two).to_list() == [5, 5, 4, 4]


def test_parameters_and_columns_of_ones_own():
    frame = FRAME.with_columns(cap=pl.Series([1, 2, 3, 4, 5, 6]), sector=pl.lit("Tech"))
    source = 'param least = 3\ncap >= least and sector == "Tech"'

    assert bs.FormulaService().evaluate(source, frame).sum() == 4
    assert bs.FormulaService().evaluate(source, frame, {"least": 6}).sum() == 1


def test_a_column_that_is_not_there_is_a_fault_of_the_formula():
    with pytest.raises(bs.FormulaError, match="the candles have no column 'volume'"):
        bs.FormulaService().evaluate("volume > 1", FRAME)


def test_a_python_function_runs_symbol_by_symbol():
    service = bs.FormulaService(functions=[bs.function(warmup=lambda n: n - 1, reach=lambda n: n - 1)(middle)])
    two = pl.concat([FRAME.with_columns(symbol=pl.lit(symbol)) for symbol in "BA"])

    assert service.evaluate("middle(close, 2) + 1", two).to_list() == [NA, 2.5, NA, NA, 4.5, 5.5] * 2
    assert service.check("middle(close, 5) > 1").reach == 4
    assert service.functions()["middle"].signature == "middle(x, n=3)"
    assert "middle" not in bs.FormulaService().functions()


def test_a_python_condition():
    @bs.function()
    def even(x: np.ndarray) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        """Whether x is even."""
        return x % 2 == 0

    assert bs.FormulaService(functions=[even]).evaluate("even(close) or close == 3", FRAME).sum() == 4


@pytest.mark.parametrize(
    ("body", "warmup", "reach", "message"),
    [
        (lambda x, n: np.r_[x[n:], x[:n]], 0, None, "looks ahead"),
        (lambda x, n: x[1:], 0, None, "one value a bar"),
        (lambda x, n: x, 5, None, "declares a warm-up of 5 bars, its first value is at bar 0"),
        (lambda x, n: x.cumsum(), 0, 0, "declares a reach of 0 bars, but earlier bars change its values"),
    ],
)
def test_a_function_is_held_to_what_it_declares(body, warmup, reach, message):
    def faulty(x: np.ndarray, n: int = 3) -> np.ndarray:
        return body(x, n)

    declared = bs.function(warmup=lambda n: warmup, reach=None if reach is None else lambda n: reach)(faulty)
    with pytest.raises(ValueError, match=message):
        bs.FormulaService(functions=[declared])


def test_a_parameter_without_a_kind_is_refused():
    def faulty(x: list) -> np.ndarray:
        return np.asarray(x)

    with pytest.raises(TypeError, match=r"annotate it as np\.ndarray"):
        bs.FormulaService(functions=[bs.function()(faulty)])


def test_a_name_that_is_taken_is_refused():
    def sma(x: np.ndarray) -> np.ndarray:
        return x

    with pytest.raises(ValueError, match="there is a function 'sma' already"):
        bs.FormulaService(functions=[bs.function()(sma)])


def test_a_function_that_fails_is_that_symbols_error():
    """The others have their matches."""

    @bs.function()
    def picky(x: np.ndarray, n: int = 1) -> np.ndarray:
        """Fails on prices above 50."""
        if x.max() > 1e6:
            raise RuntimeError("too dear")
        return x

    candles = pl.concat(
        FRAME.drop_nans().with_columns(pl.col("Close") * factor, symbol=pl.lit(symbol))
        for symbol, factor in (("CHEAP", 1), ("DEAR", 1e6), ("FINE", 2))
    )

    result = bs.scan("picky(close) > 1", candles, service=bs.FormulaService(functions=[picky]))

    assert [bool(each.error) for each in result] == [False, True, False]
    assert "the function picky failed: RuntimeError: too dear" in str(result["DEAR"].error)
    assert len(result["FINE"].matches) == 5


def test_a_library_file_adds_functions(tmp_path):
    file = tmp_path / "mine.formula"
    file.write_text("# Twice the close.\ndef doubled(x = close, times = 2) = x * times\n")
    service = bs.FormulaService(libraries=[bs.library(file)])

    assert service.evaluate("doubled() + 0", FRAME).to_list() == [2, 4, NA, 8, 6, 12]
    assert service.functions()["doubled"].doc == "Twice the close."
    with pytest.raises(FileNotFoundError, match="there is no formula library"):
        bs.library(tmp_path / "nothing.formula")


def test_explain_takes_several_formulas():
    text = str(bs.FormulaService().explain({"a": "sma(close, 3)", "b": "sma(close, 3) > 1"}))

    assert text.count("sma(#0, 3)") == 1
    assert "result    b" in text


def test_candles_are_checked_as_in_every_job():
    """One meaning of every formula: a price of 0 is undefined here too, a day given twice an error."""
    zero = FRAME.with_columns(pl.Series("Close", [1.0, 0.0, 3.0, 4.0, 5.0, 6.0]))

    assert bs.FormulaService().evaluate("close", zero).to_list() == bs.evaluate("close", zero)["value"].to_list()
    with pytest.raises(bs.CandleError, match="more than one row for a ts"):
        bs.FormulaService().evaluate("close", pl.concat([FRAME, FRAME]))


def test_a_row_without_a_time_cannot_be_placed():
    with pytest.raises(bs.ProcessingEngineError, match="1 rows have no time or no symbol"):
        bs.FormulaService().evaluate("close", FRAME.with_columns(pl.Series("Date", [None, *DATES[1:]])))
