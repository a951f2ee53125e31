"""Faulty stored bars are found before longer ones are made of them, where nobody could see them any more."""

from datetime import date, timedelta

import polars as pl

import barsweep as bs
from barsweep.data import CandlePolicy, FrameRepository, check_candles

WEEK = pl.DataFrame(
    {
        "symbol": "A",
        "ts": [date(2024, 1, 1) + timedelta(days=day) for day in range(7)],
        "high": [5.0, 6.0, 7.0, 6.0, 5.0, 5.0, 5.0],
        "low": [4.0, 4.0, 3.0, 4.0, 4.0, 4.0, 4.0],
        "volume": 1.0,
    }
)


def weekly(frame, **policy):
    repository = FrameRepository(frame, policy=CandlePolicy(**policy))
    return check_candles(repository.load(None, "1w", None, None, ["high", "low", "volume"]), repository.policy)


def on(day, **values):
    hit = pl.col("ts") == date(2024, 1, day)
    return WEEK.with_columns(
        pl.when(hit).then(value).otherwise(pl.col(name)).alias(name) for name, value in values.items()
    )


def test_a_repeated_row_is_not_summed_unseen():
    twice = pl.concat([WEEK, WEEK.tail(1)])

    assert weekly(twice).errors["A"].kind == "duplicate_ts"
    assert bs.scan("volume > 0", twice, timeframe="1w")["A"].error is not None
    assert weekly(twice, duplicate_ts="drop").frame["volume"].to_list() == [7.0]
    assert weekly(twice, duplicate_ts="drop").counts == {"duplicate_ts": 1}


def test_a_zero_that_means_missing_does_not_make_the_week_undefined():
    checked = weekly(on(3, low=0.0, volume=-5.0))

    assert checked.frame.select("high", "low", "volume").rows() == [(7.0, 4.0, 6.0)]
    assert checked.counts == {"non_positive": 1}


def test_a_high_below_its_low_does_not_hide_in_the_week():
    assert weekly(on(3, low=99.0)).frame.select("high", "low").rows() == [(6.0, 4.0)]
    assert weekly(on(3, low=99.0), high_below_low="drop").frame["volume"].to_list() == [6.0]
    assert weekly(on(3, low=99.0), high_below_low="error").errors["A"].count == 1


def test_a_job_on_weeks_and_a_formula_on_weeks_treat_them_alike():
    frame = pl.concat([on(3, low=0.0), WEEK.with_columns(pl.col("ts").dt.offset_by("7d"))])

    assert bs.evaluate("low", frame, timeframe="1w")["value"][0] == 4.0
    assert bs.evaluate('timeframe("1w", low)', frame)["value"][6] == 4.0
