"""Near misses: compared with what a scan of each condition by itself finds, and distances with the same by hand."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from fakes import candles

import barsweep as bs
from barsweep.data import sample_candles

CONDITIONS = ["close > sma(close, 20)", "volume > 1.2 * sma(volume, 20)", "rsi(close, 14) < 60", "close > open"]


@pytest.fixture(scope="module")
def sample():
    return sample_candles(80, 120, defects=False)


def test_those_that_fail_a_single_condition(sample):
    newest = sample["ts"].max()
    alone = bs.evaluate({each: each for each in CONDITIONS}, sample).filter(pl.col("ts") == newest)
    failing = {
        row["symbol"]: [each for each in CONDITIONS if row[each] is not True] for row in alone.iter_rows(named=True)
    }

    found = bs.near_misses(" and ".join(CONDITIONS), sample)

    expected = {symbol: failed[0] for symbol, failed in failing.items() if len(failed) == 1}
    assert len(expected) > 5
    assert dict(found.frame.select("symbol", "condition").iter_rows()) == expected
    assert found.matches == sum(1 for failed in failing.values() if not failed)
    assert (found.ts, found.symbols) == (newest, alone.height)


def test_distances_are_gaps_in_their_usual_changes(sample):
    """The mean change over the last 20 bars, computed by NumPy from the sides' own values."""
    found = bs.near_misses(" and ".join(CONDITIONS), sample).frame
    sides = {"close > sma(close, 20)": ("close", "sma(close, 20)"), "rsi(close, 14) < 60": ("rsi(close, 14)", "60")}
    checked = 0
    for row in found.iter_rows(named=True):
        if row["condition"] not in sides:
            continue
        left, right = sides[row["condition"]]
        gap = bs.evaluate(f"{left} - {right}", sample.filter(symbol=row["symbol"]))["value"].to_numpy()
        usual = np.nanmean(np.abs(np.diff(gap))[-20:])
        assert row["distance"] == pytest.approx(abs(gap[-1]) / usual, rel=1e-9)
        assert row["left"] - row["right"] == pytest.approx(gap[-1], rel=1e-9)
        checked += 1
    assert checked > 3


def test_the_closest_come_first_and_what_cannot_be_measured_last():
    frame = candles({"A": [9, 8, 7, 6], "B": [5, 6, 5, 6.5], "C": [5, 6, 7, 6.9], "D": [1, 1, 1, 1]})

    found = bs.near_misses("close > 6.95", frame).frame

    distances = found["distance"].to_list()
    assert found["symbol"].to_list() == ["C", "B", "A", "D"]
    assert distances[:3] == sorted(distances[:3])
    assert distances[3] is None  # a gap that never changes has no usual change


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("close > 3 or close > 2.5", {"B": "close > 2.5", "A": "close > 2.5"}),
        ("not (close < 2.5)", {"A": "not (close < 2.5)", "B": "not (close < 2.5)"}),
        ("not (close < 2.5 and open < 2.5)", {"A": "not (close < 2.5)", "B": "not (close < 2.5)"}),
        ("close > 2.5 and open > 2.5", {}),
        ("at_least(2, close > 2.5, open > 1.5, high > 1.5)", {}),
        ("ok = close > 1.5 and open > 0\nok and high > 1", {}),
        ("ok = close > 1.5 and open > 0\nok and high > 0.5", {"A": "close > 1.5"}),
    ],
)
def test_logic(formula, expected):
    """A closes at 1, B at 2 (open, high and close alike), C at 3 matches everything."""
    frame = candles({"A": [1, 1.1, 1], "B": [2.2, 2.1, 2], "C": [3, 4, 3.5]})

    found = dict(bs.near_misses(formula, frame).frame.select("symbol", "condition").iter_rows())

    assert found == expected


def test_at_least_may_lack_one():
    frame = candles({"A": [2, 1], "B": [3, 2]})

    found = bs.near_misses("at_least(2, close > 1.5, open > 0, high > 5)", frame).frame

    assert found.select("symbol", "condition").rows() == [("A", "close > 1.5")]


def test_undefined_is_no_near_miss():
    found = bs.near_misses("close > sma(close, 5) and close > 0", candles({"A": [1, 2, 3], "B": [5, 4, 3, 2, 1]}))

    assert found.frame["symbol"].to_list() == ["B"]


def test_library_functions_are_measured_inside(sample):
    """A crossing lacks what its averages lack; of text and dates nobody can say how near they are."""
    crossing = bs.near_misses("crosses_above(ema(close, 5), ema(close, 20))", sample).frame
    dated = bs.near_misses("date > '2100-01-01'", sample).frame

    assert crossing["distance"].null_count() == 0
    assert dated["distance"].null_count() == dated.height == 80


def test_rankings_and_their_near_misses(sample):
    found = bs.near_misses("rank(close) > 70 and close > open", sample)

    ranks = bs.evaluate({"rank": "rank(close)", "up": "close > open"}, sample).filter(pl.col("ts") == found.ts)
    lacking = ranks.filter((pl.col("rank") > 70) != pl.col("up"))
    assert set(found.frame["symbol"]) == set(lacking["symbol"])


def test_end_moves_the_last_bar(sample):
    days = sample["ts"].unique().sort()

    found = bs.near_misses("close > sma(close, 20)", sample, end=days[60])

    assert found.ts == days[60]
    assert found.frame["ts"].unique().to_list() == [days[60]]


def test_what_it_says():
    frame = candles({"A": [9, 8, 7, 6], "B": [5, 6, 5, 6.5], "C": [5, 6, 7, 8]})

    assert str(bs.near_misses("close > 6.95 and weekday > 0", frame)).splitlines() == [
        "2024-01-04: 2 symbols of 3 lack one condition, 1 matches",
        "",
        "symbol  bars away  condition     now",
        "B       0.39       close > 6.95  6.5 to 6.95",
        "A       0.95       close > 6.95  6 to 6.95",
    ]
    assert str(bs.near_misses("close > 0", frame)) == "2024-01-04: 0 symbols of 3 lack one condition, 3 match"


def test_a_number_has_no_near_misses():
    with pytest.raises(bs.FormulaError, match="near misses need a condition, this formula gives a number"):
        bs.near_misses("close", candles({"A": [1]}))


def test_stale_symbols_are_left_out():
    frame = candles({"A": [1, 2, 3], "B": [1, 2, 3]}).filter(
        (pl.col("symbol") == "A") | (pl.col("ts") < date(2024, 1, 3))
    )

    assert bs.near_misses("close > 9", frame).frame["symbol"].to_list() == ["A"]


@pytest.mark.filterwarnings("error")
def test_candles_without_rows_have_no_near_misses():
    empty = pl.DataFrame(schema={"symbol": pl.String, "date": pl.Date, "close": pl.Float64})

    found = bs.near_misses("close > 1 and close < 3", empty)

    whole = bs.near_misses("close > 1 and close < 3", candles({"A": [2.0, 4.0]}))
    assert found.frame.schema.names() == whole.frame.schema.names()
    assert (len(whole), len(found), found.ts, found.matches, found.symbols) == (1, 0, None, 0, 0)
