"""A value is checked alike whatever else is read with it."""

from datetime import date, timedelta
from itertools import combinations

import polars as pl
import pytest

from barsweep.data import CandlePolicy, FrameRepository, check_candles, companions

FIELDS = ("open", "high", "low", "close", "volume")
NAN, INF = float("nan"), float("inf")
ROWS = [  # a good row, then one with each defect
    (1.0, 3.0, 1.0, 2.0, 5.0),
    (1.0, 1.0, 3.0, 2.0, 5.0),
    (1.0, 3.0, 1.0, 9.0, 5.0),
    (1.0, 1.0, 3.0, 9.0, 5.0),
    (1.0, 0.0, 1.0, 2.0, 5.0),
    (1.0, 3.0, 1.0, None, 5.0),
    (NAN, 3.0, 1.0, 2.0, 5.0),
    (1.0, 3.0, INF, 2.0, 5.0),
    (1.0, 3.0, 1.0, 2.0, -5.0),
]
CANDLES = pl.DataFrame(ROWS, schema=FIELDS, orient="row").select(
    pl.lit("A").alias("symbol"),
    pl.Series("ts", [date(2024, 1, 1) + timedelta(days=day) for day in range(len(ROWS))]),
    *FIELDS,
)
POLICIES = [
    CandlePolicy(),
    CandlePolicy(close_outside="undefined"),
    CandlePolicy(high_below_low="drop"),
    CandlePolicy(high_below_low="keep", close_outside="drop"),
    CandlePolicy(close_outside="error"),
    CandlePolicy(null="drop"),
    CandlePolicy(nan="drop", infinite="drop"),
    CandlePolicy(non_positive="drop"),
    CandlePolicy(high_below_low="keep", close_outside="keep", non_positive="keep"),
]


@pytest.mark.parametrize("policy", POLICIES, ids=str)
def test_a_value_does_not_depend_on_what_else_is_read(policy):
    """Of every choice of columns, each has the values that it has when all are read."""
    whole = check_candles(CANDLES, policy)
    repository = FrameRepository(CANDLES)
    for count in range(1, len(FIELDS)):
        for asked in combinations(FIELDS, count):
            table = repository.load(None, "1d", None, None, companions(asked, policy, FIELDS))

            checked = check_candles(table, policy, asked)

            assert checked.frame.equals(whole.frame.select("symbol", "ts", *asked)), asked
            assert list(checked.errors) == list(whole.errors)


def test_only_what_the_check_needs_is_loaded():
    assert companions(["close", "open", "volume"], CandlePolicy(), FIELDS) == ("close", "open", "volume")
    assert companions(["low", "close"], CandlePolicy(), FIELDS) == ("low", "close", "high")
    assert companions(["high"], CandlePolicy(high_below_low="keep"), FIELDS) == ("high",)


def test_what_the_repository_lacks_is_not_asked_for():
    assert companions(["high", "score"], CandlePolicy(null="drop"), ("high", "close", "score")) == (
        "high",
        "score",
        "close",
    )
