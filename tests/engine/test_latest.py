from datetime import date, timedelta

import polars as pl
import pytest
from fakes import Watched, candles

import barsweep as bs
from barsweep.data import CandlePolicy, sample_candles

FORMULAS = [
    "close > sma(close, 20) and volume > 1.1 * sma(volume, 20)",
    "close > close[1]",
    "rsi(close, 14) > 50",
    "top(roc(close, 5), 10)",
    "sma(rank(close), 3) > 20",
    'close > timeframe("1w", sma(close, 4))',
    'roc(close, 5) > symbol("AAAA", roc(close, 5))',
]


@pytest.fixture(scope="module")
def sample():
    return sample_candles(60, 300)


@pytest.mark.parametrize("formula", FORMULAS)
def test_the_latest_matches_are_those_of_a_full_scan(sample, formula):
    full = bs.scan(formula, sample)

    latest = bs.scan(formula, sample, latest=True)

    expected = full.matches.filter(pl.col("ts") == sample["ts"].max())
    assert latest.matches.height > 0
    assert latest.matches.equals(expected)


def test_only_the_bars_that_the_formula_reaches_are_loaded(sample):
    repository = Watched(sample)

    result = bs.scan("close > sma(close, 20)", repository, latest=True)

    assert {each["before"] for each in repository.asked} == {20}
    assert result.counts["loaded"] <= 60 * 21


def test_stale_symbols_are_admitted_and_marked():
    frame = candles({"A": [1, 2, 3, 4], "B": [1, 2, 3, 4], "C": [1, 2, 3, 4]})
    late = frame.filter(
        (pl.col("symbol") == "A")
        | ((pl.col("symbol") == "B") & (pl.col("ts") < date(2024, 1, 4)))
        | ((pl.col("symbol") == "C") & (pl.col("ts") < date(2024, 1, 3)))
    )
    formula = "close > sma(close, 2)"

    fresh = bs.scan(formula, late, latest=True)
    stale = bs.scan(formula, late, latest=True, stale=1)
    staler = bs.scan(formula, late, latest=True, stale=timedelta(days=2))

    assert fresh.matches.columns == ["symbol", "ts", "sma(close, 2)"]
    assert fresh.matches["symbol"].to_list() == ["A"]
    assert stale.matches.select("symbol", "stale").rows() == [("A", False), ("B", True)]
    assert stale["B"].matches[0].stale
    assert staler.matches.select("symbol", "stale").rows() == [("A", False), ("B", True), ("C", True)]


def test_stale_symbols_are_ranked_among_those_of_their_own_last_bar():
    """C ends two days before A and B, whose bars of that day have to be there too."""
    frame = candles({"A": [1, 1, 1, 1, 1], "B": [2, 2, 2, 2, 2], "C": [3, 3, 3, 3, 3]})
    late = frame.filter((pl.col("symbol") != "C") | (pl.col("ts") <= date(2024, 1, 3)))

    result = bs.scan("r = rank(close)\nr >= 1", late, latest=True, stale=5)

    assert result.matches.select("symbol", "r", "stale").rows() == [("A", 1, False), ("B", 2, False), ("C", 3, True)]


def test_symbols_whose_last_rows_are_all_dropped_are_there():
    """What is loaded of B is dropped; its last usable bar lies before that."""
    frame = candles({"A": [1, 2, 3, 4, 5, 6], "B": [1, 2, 3, 4, 0, 0]})
    source = bs.FrameRepository(frame, policy=CandlePolicy(non_positive="drop"))

    result = bs.scan("close > close[1]", source, latest=True, stale=5)

    assert result.matches.select("symbol", "ts").rows() == [("A", date(2024, 1, 6)), ("B", date(2024, 1, 4))]


def test_the_universe_is_what_was_requested():
    """The last ts of the symbols asked for, not of others that go on."""
    frame = candles({"A": [1, 2, 3], "B": [1, 2, 3]}).filter(
        (pl.col("symbol") == "A") | (pl.col("ts") < date(2024, 1, 3))
    )

    result = bs.scan("close > close[1]", frame, symbols=["B"], latest=True)

    assert result.matches.rows() == [("B", date(2024, 1, 2))]


def test_an_end_moves_the_latest_bar():
    result = bs.scan("close > sma(close, 2)", candles({"A": [1, 2, 3, 4]}), end="2024-01-02", latest=True)

    assert result.matches["ts"].to_list() == [date(2024, 1, 2)]


def test_several_formulas_and_stale_ones():
    result = bs.scan(
        {"up": "close > close[1]", "high": "x = close * 2\nx > 5"}, candles({"A": [1, 3]}), latest=True, stale=1
    )

    assert result.matches.columns == ["symbol", "ts", "formula", "stale", "x"]


def test_intraday_bars_count_by_their_time(sample):
    hourly = sample_candles(5, 100, timeframe="1h", defects=False)

    latest = bs.scan("close > sma(close, 5)", hourly, latest=True, timeframe="1h").matches
    full = bs.scan("close > sma(close, 5)", hourly, timeframe="1h").matches

    assert latest.equals(full.filter(pl.col("ts") == hourly["ts"].max()))


def test_a_value_does_not_depend_on_which_other_columns_are_read():
    """A high below its low is faulty whether or not a formula reads the low."""
    days = [date(2024, 1, day) for day in (2, 3, 4)]
    frame = pl.DataFrame({"symbol": "A", "ts": days, "high": [5.0, 1.0, 6.0], "low": [4.0, 3.0, 5.0]})

    alone = bs.evaluate({"a": "high"}, frame)
    beside = bs.evaluate({"a": "high", "b": "low"}, frame)

    assert alone["a"].to_list() == beside["a"].to_list() == [5.0, None, 6.0]
    assert bs.FormulaService().evaluate("high", frame).to_list() == [5.0, None, 6.0]
