"""Faulty rows: found, counted, treated as the policy says; one bad row never silences a symbol by default."""

from datetime import date

import polars as pl
import pytest

from barsweep.data import CandlePolicy, FrameRepository, check_candles
from barsweep.errors import CandleError, RepositoryError

NAN, INF = float("nan"), float("inf")
DAYS = [date(2024, 1, day) for day in (2, 3, 4)]


def candles(symbol="A", days=DAYS, **columns):
    return pl.DataFrame({"symbol": [symbol] * len(days), "ts": days, **columns})


def test_clean_candles_stay_as_they_are():
    frame = candles(open=[1.0, 2.0, 3.0], close=[1.0, 2.0, 3.0], volume=[0.0, 0.0, 5.0])

    checked = check_candles(frame)

    assert checked.frame.equals(frame)
    assert (checked.errors, checked.counts, checked.by_symbol) == ({}, {}, {})


def test_a_missing_open_does_not_throw_the_symbol_away():
    checked = check_candles(candles(open=[None, NAN, 0.0], close=[1.0, 2.0, 3.0]))

    assert checked.frame["open"].to_list() == [None, None, None]
    assert checked.frame["close"].to_list() == [1.0, 2.0, 3.0]
    assert checked.counts == {"null": 1, "nan": 1, "non_positive": 1}
    assert checked.by_symbol == {"A": checked.counts}


def test_infinite_is_undefined_even_if_kept():
    checked = check_candles(candles(close=[INF, -INF, 3.0]), CandlePolicy(infinite="keep", non_positive="keep"))

    assert checked.frame["close"].to_list() == [None, None, 3.0]
    assert checked.counts == {"infinite": 2}


def test_negative_prices_can_be_kept():
    checked = check_candles(candles(close=[-37.6, 0.0, 3.0]), CandlePolicy(non_positive="keep"))

    assert checked.frame["close"].to_list() == [-37.6, 0.0, 3.0]
    assert checked.counts == {"non_positive": 2}


@pytest.mark.parametrize(
    ("policy", "high", "low"),
    [
        ("undefined", [None, 5.0, 5.0], [None, 1.0, 1.0]),
        ("drop", [5.0, 5.0], [1.0, 1.0]),
        ("keep", [1.0, 5.0, 5.0], [2.0, 1.0, 1.0]),
    ],
)
def test_high_below_low(policy, high, low):
    frame = candles(high=[1.0, 5.0, 5.0], low=[2.0, 1.0, 1.0], close=[1.5, 2.0, 3.0])

    checked = check_candles(frame, CandlePolicy(high_below_low=policy))

    assert checked.counts == {"high_below_low": 1}
    assert checked.frame["high"].to_list() == high
    assert checked.frame["low"].to_list() == low


def test_a_missing_high_does_not_make_the_low_wrong():
    checked = check_candles(candles(high=[0.0, NAN, None], low=[2.0, 2.0, 2.0], close=[3.0, 3.0, 1.0]))

    assert "high_below_low" not in checked.counts
    assert checked.frame["low"].to_list() == [2.0, 2.0, 2.0]


def test_a_close_outside_is_kept_unless_told():
    frame = candles(high=[3.0] * 3, low=[2.0] * 3, close=[1.0, 2.0, 3.5])

    assert check_candles(frame).frame["close"].to_list() == [1.0, 2.0, 3.5]
    assert check_candles(frame).counts == {"close_outside": 2}
    assert check_candles(frame, CandlePolicy(close_outside="undefined")).frame["close"].to_list() == [None, 2.0, None]


def test_duplicates_fail_the_symbol_and_no_other():
    twice = candles("B", [DAYS[0], DAYS[1], DAYS[1]], close=[1.0, 2.0, 2.5])
    frame = pl.concat([candles(close=[1.0, 2.0, 3.0]), twice])

    checked = check_candles(frame)

    assert checked.frame["symbol"].unique().to_list() == ["A"]
    error = checked.errors["B"]
    assert isinstance(error, CandleError)
    assert (error.symbol, error.kind, error.rows, error.count) == ("B", "duplicate_ts", ("2024-01-03",), 1)
    assert check_candles(frame, CandlePolicy(duplicate_ts="keep")).frame.height == 6


def test_dropping_duplicates_keeps_the_row_stored_last():
    twice = candles("B", [DAYS[1], DAYS[0], DAYS[1], DAYS[1]], close=[1.0, 2.0, 2.5, 2.7])

    checked = check_candles(twice, CandlePolicy(duplicate_ts="drop"))

    assert checked.frame["close"].to_list() == [2.0, 2.7]
    assert checked.counts == {"duplicate_ts": 2, "unsorted": 1}


def test_ten_rows_are_named_and_the_rest_counted():
    days = pl.date_range(date(2024, 1, 1), date(2024, 1, 14), eager=True).to_list()

    error = check_candles(
        candles(days=days, close=[None] * 14).cast({"close": pl.Float64}), CandlePolicy(null="error")
    ).errors["A"]

    assert (len(error.rows), error.count) == (10, 14)
    assert "2024-01-10 and 4 more;" in str(error)


def test_what_the_repository_counted_while_sorting_arrives():
    frame = candles(close=[1.0, 2.0, 3.0]).reverse()
    table = FrameRepository(frame).load(None, "1d", None, None, ["close"])

    assert check_candles(table).counts == {"unsorted": 2}
    assert check_candles(table, CandlePolicy(unsorted="error")).errors["A"].kind == "unsorted"


def test_rows_without_a_time_have_no_place():
    frame = candles(days=[DAYS[0], None, DAYS[2]], close=[1.0, 2.0, 3.0])

    checked = check_candles(FrameRepository(frame).load(None, "1d", None, None, ["close"]))

    assert checked.frame["close"].to_list() == [1.0, 3.0]
    assert checked.counts == {"null": 1}


def test_an_unsorted_table_of_anyone_is_sorted():
    frame = pl.concat([candles("B", close=[1.0, 2.0, 3.0]), candles("A", close=[4.0, 5.0, 6.0])])

    checked = check_candles(frame.to_arrow())

    assert checked.frame["symbol"].to_list() == ["A"] * 3 + ["B"] * 3
    assert checked.counts == {}


def test_text_and_booleans_are_left_alone():
    frame = candles(sector=["x", None, "z"], listed=[True, None, False])

    assert check_candles(frame).frame.equals(frame)


def test_no_candles():
    assert check_candles(candles(close=[1.0, 2.0, 3.0]).clear()).frame.is_empty()


@pytest.mark.parametrize("settings", [{"duplicate_ts": "undefined"}, {"unsorted": "drop"}, {"null": "ignore"}])
def test_policies_that_mean_nothing_are_refused(settings):
    with pytest.raises(RepositoryError, match="is no policy: choose one of"):
        CandlePolicy(**settings)


def test_rows_without_a_symbol_are_left_out_and_logged(caplog):
    frame = pl.DataFrame({"symbol": ["A", None], "ts": DAYS[:2], "close": [1.0, 2.0]})

    assert FrameRepository(frame).load(None, "1d", None, None, ["close"]).num_rows == 1
    assert "the frame: 1 rows without a symbol are left out" in caplog.text
