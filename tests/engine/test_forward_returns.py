"""What prices did after matches: beside returns worked bar by bar, and beside pandas."""

import math
import statistics
from datetime import date, timedelta

import numpy as np
import pandas as pd
import polars as pl
import pytest
from fakes import Watched, candles
from polars.testing import assert_frame_equal
from sweeping import random_candles

import barsweep as bs
from barsweep.data import CandlePolicy

RANDOM = random_candles(5, lengths=(150, 60, 200, 1, 90))
FORMULA = "close > sma(close, 5)"


def returns_by_hand(frame, horizon, entry, log):
    """{(symbol, ts): return or None, None where the symbol has ended: "ended"}."""
    made = {}
    for (symbol,), bars in frame.group_by(["symbol"], maintain_order=True):
        rows = bars.sort("ts").to_dicts()
        for place, row in enumerate(rows):
            if place + horizon >= len(rows):
                made[symbol, row["ts"]] = "ended"
                continue
            paid = row["close"] if entry == "close" else rows[place + 1]["open"]
            got = rows[place + horizon]["close"]
            if paid is None or got is None or paid <= 0 or got <= 0:
                made[symbol, row["ts"]] = None
            else:
                made[symbol, row["ts"]] = math.log(got / paid) if log else got / paid - 1
    return made


def near(a, b):
    return a is b or math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12)


@pytest.mark.parametrize(
    ("entry", "log"), [("close", False), ("next_open", False), ("close", True), ("next_open", True)]
)
def test_returns_and_means_are_those_worked_by_hand(entry, log):
    result = bs.scan(FORMULA, RANDOM, timeframe="1h")
    study = result.forward_returns([1, 3, 12], entry=entry, log=log)

    assert study.frame.select("symbol", "ts").equals(result.matches.select("symbol", "ts"))
    for row in study.summary.iter_rows(named=True):
        horizon = row["horizon"]
        every = returns_by_hand(RANDOM, horizon, entry, log)
        keys = study.frame.select("symbol", "ts").rows()
        found = study.frame[f"forward_{horizon}"].to_list()
        wanted = [every[key] for key in keys]
        assert all(
            value is None if w in (None, "ended") else near(value, w) for value, w in zip(found, wanted, strict=True)
        )
        own = [w for w in wanted if w not in (None, "ended")]
        days = {ts for _, ts in keys}
        other = [w for (_, ts), w in every.items() if ts in days and w not in (None, "ended")]
        assert row["matches"] == len(wanted)
        assert (row["returns"], row["ended"], row["undefined"]) == (
            len(own), wanted.count("ended"), wanted.count(None),
        )  # fmt: skip
        assert near(row["mean"], statistics.mean(own))
        assert near(row["median"], statistics.median(own))
        assert near(row["deviation"], statistics.stdev(own))
        assert near(row["hit_rate"], sum(value > 0 for value in own) / len(own))
        assert row["universe_returns"] == len(other)
        assert near(row["universe_mean"], statistics.mean(other))
        assert near(row["universe_median"], statistics.median(other))
        assert near(row["universe_hit_rate"], sum(value > 0 for value in other) / len(other))
    assert study.summary["ended"].sum() > 0
    assert study.summary["undefined"].sum() > 0


def test_a_mean_by_date_and_the_tests_are_those_of_pandas():
    result = bs.scan(FORMULA, RANDOM, timeframe="1h")
    study = result.forward_returns([4])
    every = returns_by_hand(RANDOM, 4, "close", log=False)
    bars = pd.DataFrame(
        [(symbol, ts, value) for (symbol, ts), value in every.items() if value not in (None, "ended")],
        columns=["symbol", "ts", "value"],
    )
    market = bars.groupby("ts")["value"].mean()
    matched = bars.merge(result.matches.select("symbol", "ts").to_pandas(), on=["symbol", "ts"])
    days = matched.groupby("ts")["value"].mean()
    excess = days - market.loc[days.index]

    row = study.summary.row(0, named=True)

    assert study.by_date["ts"].to_list() == list(days.index)
    assert all(map(near, study.by_date["mean"], days))
    assert all(map(near, study.by_date["excess"], excess))
    assert row["dates"] == len(days)
    assert near(row["excess_by_date"], excess.mean())
    assert near(row["t_by_date"], excess.mean() / excess.std() * math.sqrt(len(excess)))
    assert near(row["excess"], (matched["value"] - market.loc[matched["ts"]].to_numpy()).mean())
    first, second = matched["value"], bars[bars["ts"].isin(result.matches["ts"].to_list())]["value"]
    error = math.sqrt(first.var() / len(first) + second.var() / len(second))
    assert near(row["t"], (first.mean() - second.mean()) / error)


def test_a_formula_that_is_always_true_is_no_better_than_the_market():
    """And one bar overlaps with none, so that its dates need no allowance."""
    always = bs.scan("close > 0", RANDOM, timeframe="1h").forward_returns([1, 5]).summary
    some = bs.scan(FORMULA, RANDOM, timeframe="1h").forward_returns([1, 5]).summary

    assert all(near(value, 0.0) for value in (*always["excess"], *always["t"]))
    assert always["t_by_date"].to_list() == always["t_newey_west"].to_list() == [None, None]
    assert near(some["t_newey_west"][0], some["t_by_date"][0])
    assert not near(some["t_newey_west"][1], some["t_by_date"][1])


def test_horizons_are_one_or_several_whole_numbers():
    result = bs.scan(FORMULA, RANDOM, timeframe="1h")

    assert result.forward_returns(3).summary.equals(result.forward_returns([3]).summary)
    assert result.forward_returns(np.array([1, 3])).summary.equals(result.forward_returns([1, 3]).summary)


def test_nothing_is_loaded_before_somebody_looks():
    repository = Watched(RANDOM, timeframe="1h")
    study = bs.scan(FORMULA, repository, timeframe="1h").forward_returns(entry="next_open")
    before = len(repository.asked)

    _ = study.summary, study.frame, study.by_date

    assert before == 1
    assert len(repository.asked) == 2
    assert repository.asked[1]["columns"] == ("close", "open")
    assert repository.asked[1]["end"] is None


def test_returns_go_past_the_end_of_the_range():
    """But the universe is compared on the dates of matches alone."""
    frame = candles({"A": [1, 2, 3, 6, 12], "B": [1, 1, 1, 1, 1]})

    study = bs.scan("close == 2", frame, start="2024-01-02", end="2024-01-02").forward_returns([1, 3, 4])

    assert study.frame.select("forward_1", "forward_3", "forward_4").row(0) == (0.5, 5.0, None)
    assert study.summary["universe_returns"].to_list() == [2, 2, 0]
    assert study.summary["universe_mean"].to_list() == [0.25, 2.5, None]
    assert study.summary["ended"].to_list() == [0, 0, 1]


def test_formulas_and_points_stay_apart():
    formulas = {"up": "param n = 2; close > sma(close, n)", "down": "close < close[1]", "never": "close > 1e9"}
    study = bs.scan(formulas, RANDOM, timeframe="1h", parameters={"n": [3, 8]}).forward_returns([1, 5])

    assert study.summary.select("formula", "n", "horizon").rows() == [
        ("up", 3, 1), ("up", 3, 5), ("up", 8, 1), ("up", 8, 5),
        ("down", None, 1), ("down", None, 5), ("never", None, 1), ("never", None, 5),
    ]  # fmt: skip
    alone = bs.scan(formulas["up"], RANDOM, timeframe="1h", parameters={"n": 8}).forward_returns([1, 5]).summary
    assert_frame_equal(study.summary.filter(pl.col("n") == 8).drop("formula", "n"), alone)
    assert study.summary.filter(pl.col("formula") == "never")["matches"].to_list() == [0, 0]
    assert study.summary.filter(pl.col("formula") == "never")["mean"].to_list() == [None, None]


def test_no_match_and_no_symbol_have_no_returns():
    never = bs.scan("close > 1e9", RANDOM, timeframe="1h").forward_returns([2])
    nobody = bs.scan("close > 1", RANDOM, symbols=["Z"], timeframe="1h").forward_returns([2])

    for study in (never, nobody):
        assert study.frame.is_empty()
        assert study.by_date.is_empty()
        row = study.summary.row(0, named=True)
        assert (row["horizon"], row["matches"], row["dates"]) == (2, 0, 0)
        assert {row[name] for name in ("mean", "universe_mean", "excess", "t", "t_by_date", "t_newey_west")} == {None}


def test_of_a_file_and_of_the_latest_bars(tmp_path):
    written = bs.scan(FORMULA, RANDOM, timeframe="1h", output=tmp_path / "found.parquet").forward_returns([1])
    held = bs.scan(FORMULA, RANDOM, timeframe="1h").forward_returns([1])
    latest = bs.scan("close > 0", candles({"A": [1, 2], "B": [2, 1]}), latest=True).forward_returns([1])

    assert written.summary.equals(held.summary)
    assert latest.summary["ended"].to_list() == [2]


def test_prices_of_nothing_and_below_are_no_prices():
    """As back-adjusted series have them: their ratios would be no returns. They are undefined, not ended."""
    policy = CandlePolicy(non_positive="keep")
    frame = bs.FrameRepository(candles({"A": [1, -2, 3, 6], "B": [1, 2, 3, 4]}), policy=policy)

    row = bs.scan("close < 10", frame).forward_returns([1]).summary.row(0, named=True)

    assert (row["matches"], row["returns"], row["ended"], row["undefined"]) == (8, 4, 2, 2)
    assert near(row["mean"], (1 + 1 + 1 / 2 + 1 / 3) / 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizons": [0]}, "a horizon is 0; whole numbers of bars from 1"),
        ({"horizons": [-1]}, "a horizon is -1"),
        ({"horizons": [1.5]}, r"a horizon is 1\.5"),
        ({"horizons": []}, r"horizons are \[\]; one or more different ones"),
        ({"horizons": [1, 1]}, r"horizons are \[1, 1\]"),
        ({"entry": "open"}, r'entry is \'open\'; it is "close" \(of the match\) or "next_open"'),
    ],
)
def test_what_makes_no_sense_is_refused(options, message):
    result = bs.scan("close > 1", candles({"A": [1, 2]}))

    with pytest.raises(bs.ProcessingEngineError, match=message):
        result.forward_returns(**options)


def test_candles_without_a_close_have_no_returns():
    days = [date(2024, 1, 1) + timedelta(day) for day in range(3)]
    result = bs.scan("volume > 1", pl.DataFrame({"symbol": "A", "ts": days, "volume": [1.0, 2.0, 3.0]}))

    with pytest.raises(bs.ProcessingEngineError, match="the candles have no close"):
        _ = result.forward_returns().summary
