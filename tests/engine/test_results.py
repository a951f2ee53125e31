import gc
from datetime import date, datetime

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from fakes import candles, names, rising

import barsweep as bs
from barsweep.engine.results import SymbolMatches


@pytest.fixture(scope="module")
def result():
    frame = candles({"A": [1, 2, 1, 3, 4], "B": [5, 4, 3, 2, 1], "C": [2, 3]})
    return bs.scan("last = close[1]\nclose > last", frame, symbols=["C", "Z", "A", "B", "C"])


def test_one_result_for_each_request_in_its_order(result):
    assert [each.symbol for each in result] == ["C", "Z", "A", "B", "C"]
    assert [len(each.matches) for each in result] == [1, 0, 3, 0, 1]
    assert [each.ok for each in result] == [True, False, True, True, True]


def test_matches_are_columns_in_the_order_of_the_request(result):
    assert result.matches.columns == ["symbol", "ts", "last"]
    assert result.matches["symbol"].to_list() == ["C", "A", "A", "A"]
    assert result.matches["last"].to_list() == [2, 1, 1, 3]


def test_a_match_carries_its_indicators(result):
    match = result["A"].matches[0]

    assert match == bs.SignalMatch("A", date(2024, 1, 2), {"last": 1.0})
    assert result["A"].matches[-1].ts == date(2024, 1, 5)
    assert [each.ts.day for each in result["A"].matches] == [2, 4, 5]


def test_an_indicator_of_an_earlier_bar_is_what_the_formula_compares():
    found = bs.scan("close > highest(close, 2)[1]", candles({"A": [1, 2, 1, 3, 9]}))

    assert found.matches["highest(close, 2)[1]"].to_list() == [2, 3]


def test_slices_of_matches_and_results(result):
    matches = result["A"].matches

    assert [each.ts.day for each in matches[1:]] == [4, 5]
    assert [each.ts.day for each in matches[::-1]] == [5, 4, 2]
    assert [each.symbol for each in result[:2]] == ["C", "Z"]
    assert result[-1].symbol == "C"
    with pytest.raises(IndexError):
        matches[3]
    with pytest.raises(IndexError):
        result[5]


def test_unknown_symbols_are_errors_with_a_guess():
    result = bs.scan("close > 1", candles({"AAPL": [1, 2]}), symbols=["APPL"])

    assert result["APPL"].error.kind == "unknown symbol"
    assert str(result["APPL"].error).endswith("did you mean 'AAPL'?")


@pytest.mark.parametrize(
    "look", [lambda found: found["APPL"], lambda found: found.chart("APPL")], ids=["result", "chart"]
)
def test_a_symbol_that_was_not_asked_for_is_guessed_at(look):
    with pytest.raises(KeyError, match="'APPL' was not asked for; did you mean 'AAPL'"):
        look(bs.scan("close > 1", candles({"AAPL": [1, 2]})))


def test_another_symbol_that_there_is_not_is_guessed_at():
    with pytest.raises(bs.ProcessingEngineError, match=r"symbol\('SPPY'\) in the formula .* did you mean 'SPY'"):
        bs.scan('close > symbol("SPPY", close)', candles({"AAPL": [1, 2], "SPY": [1, 2]}))


def test_candles_ahead_of_the_formula():
    with pytest.raises(bs.ProcessingEngineError, match="a DataFrame is no formula; the formula comes first"):
        bs.scan(candles({"AAPL": [1, 2]}), "close > 1")


def test_counts_outcomes_and_summary(result):
    assert result.counts == {"symbols": 5, "bars": 12, "loaded": 12, "matches": 4, "errors": 1}
    assert result.outcomes["error_kind"].to_list() == [None, "unknown symbol", None, None, None]
    assert result.outcomes["bars"].to_list() == [2, 0, 5, 5, 2]
    assert result.summary().startswith("4 matches in 5 symbols, 12 bars; ")
    assert repr(result).startswith("<BatchResult: 4 matches")
    assert result["A"].elapsed_shared
    assert 0 < result["A"].elapsed <= result.elapsed


def test_everything_exports_by_the_arrow_interface(result):
    assert pa.table(result).num_rows == 4
    assert pl.DataFrame(result["A"]).height == pl.DataFrame(result["A"].matches).height == 3
    assert isinstance(pd.DataFrame.from_arrow(result), pd.DataFrame)


def test_many_matches_make_no_objects():
    """A view for each symbol asked for, an object for each match looked at, and none besides."""
    result = bs.scan("close > 0", rising(50, bars=2000))
    gc.collect()
    before = len(gc.get_objects())

    views = list(result)
    total = sum(len(each.matches) for each in views)

    assert total == 100_000
    assert len(gc.get_objects()) - before < 1_000
    assert isinstance(views[0].matches, SymbolMatches)


def test_several_formulas_are_told_apart():
    frame = candles({"A": [1, 2, 3], "B": [3, 2, 1]})

    result = bs.scan({"up": "close > sma(close, 2)", "down": "prior = close[1]\nclose < prior"}, frame)

    assert result.matches.columns == ["symbol", "ts", "formula", "sma(close, 2)", "prior"]
    assert result.matches["formula"].to_list() == ["up", "up", "down", "down"]
    assert result["A"].matches[0].formula == "up"
    assert result["A"].matches[0].values == {"sma(close, 2)": 1.5}
    assert result["B"].matches[0].values == {"prior": 3.0}


def test_a_label_that_is_a_column_of_the_table_gives_way():
    """Names of the results are reserved in formulas; a job may call a value whatever it likes."""
    job = bs.ProcessingJob(None, "close > close[1]", latest=True, stale=1, values={"stale": "close[1]"})

    result = bs.ProcessingEngine(candles({"A": [1, 2]})).run(job)

    assert result.matches.columns == ["symbol", "ts", "stale", "stale_"]
    assert result["A"].matches[0].values == {"stale": 1.0}


def test_results_do_not_depend_on_the_way_they_are_cut(monkeypatch):
    from barsweep.engine import dividing

    frame = rising(40, bars=30)
    whole = bs.scan("ema(close, 3) > 4 and close > sma(close, 5)", frame)

    monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, **__: 70)
    cut = bs.scan("ema(close, 3) > 4 and close > sma(close, 5)", frame)

    assert cut.matches.equals(whole.matches)
    assert [each.symbol for each in cut] == names(40)


@pytest.mark.parametrize(
    ("formula", "options"),
    [
        ("close > open", {}),
        ("sma(close, 5)", {}),
        ("session", {}),
        ({"up": "close > open", "mean": "sma(close, 5)"}, {}),
        ("param n = 5\nclose > sma(close, n)", {"parameters": {"n": [5, 6]}}),
        ("mean = sma(close, 5)\nclose > mean", {"outputs": "all"}),
        ("rank(close) < 3", {}),
    ],
    ids=str,
)
def test_values_of_no_bar_have_the_columns_of_any(formula, options):
    frame = rising(3, bars=8).with_columns(session=pl.lit("day"))

    assert bs.evaluate(formula, frame.clear(), **options).schema == bs.evaluate(formula, frame, **options).schema


def test_bars_that_are_made_of_shorter_ones_are_told():
    """And up to when they are whole, where only the latest are looked at."""
    minutes = pl.datetime_range(datetime(2024, 1, 1), datetime(2024, 1, 3, 12), "10m", eager=True)
    frame = pl.DataFrame({"symbol": "A", "ts": minutes, "close": 1.0})

    made = [bs.scan("close > 0", frame, timeframe=timeframe, latest=latest) for timeframe, latest in LONGER]

    assert [each.notes for each in made] == [
        (),
        ("1d bars are made of those of 10m",),
        ("1d bars are made of those of 10m; the newest whole one is of 2024-01-02 00:00:00+00:00",),
    ]


LONGER = [("10m", False), ("1d", False), ("1d", True)]
