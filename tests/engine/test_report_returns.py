"""What a report tells of the bars after matches: by loops over them, and as the studies have it."""

import numpy as np
import pytest
from fakes import candles

import barsweep as bs
from barsweep.data import CandlePolicy
from barsweep.engine.report.gathering import gather
from barsweep.engine.report.packing import unpacked


def test_what_came_after_is_counted_bar_by_bar():
    """By a loop over each match, and over each day's holdings. C has no match, so it is not compared with."""
    frame = candles({"A": [10, 11, 12, 11, 10, 12, 13], "B": [20, 19, 21, 22, 20], "C": [5, 5, 5]})
    result = bs.scan("close > close[1]", frame)

    returns = gather(result, most=100).page["returns"][0]

    closes = {symbol: own["close"].to_list() for (symbol,), own in frame.partition_by("symbol", as_dict=True).items()}
    days = {symbol: own["ts"].to_list() for (symbol,), own in frame.partition_by("symbol", as_dict=True).items()}
    matches = [(each.symbol, days[each.symbol].index(each.ts)) for own in result for each in own.matches]
    for bars in (1, 2, 3):
        after = [100 * (closes[s][p + bars] / closes[s][p] - 1) for s, p in matches if p + bars < len(closes[s])]
        every = [100 * (c[p + bars] / c[p] - 1) for s, c in closes.items() if s != "C" for p in range(len(c) - bars)]
        paths = returns["paths"]
        assert paths["count"][bars] == len(after)
        assert paths["mean"][bars] == pytest.approx(np.mean(after), abs=1e-4)
        assert paths["median"][bars] == pytest.approx(np.median(after), abs=1e-4)
        assert paths["hits"][bars] == pytest.approx(100 * np.mean(np.array(after) > 0), abs=1e-4)
        assert paths["all"][bars] == pytest.approx(np.mean(every), abs=1e-4)

    value, grown = 1.0, []
    for day in sorted({day for own in days.values() for day in own}):
        held = [
            closes[s][place] / closes[s][place - 1] - 1
            for s, own in days.items()
            if day in own
            and (place := own.index(day)) > 0
            and any(s == symbol and place - returns["held"] <= at < place for symbol, at in matches)
        ]
        value *= 1 + (np.mean(held) if held else 0.0)
        grown.append(value)
    account = unpacked(returns["account"])
    assert account["own"] == pytest.approx(grown[-len(account["own"]) :], rel=1e-6)


def test_what_came_after_is_what_forward_returns_tell():
    """Prices at or below 0 have no returns there, and none here."""
    frame = candles({"A": [10, 11, -1, 12, 11, 0, 12, 13, 15], "B": [20, 19, 21, 22, 20, 20, 18, 19, 25]})
    result = bs.scan("close > 10", bs.FrameRepository(frame, policy=CandlePolicy(non_positive="keep")))

    paths = gather(result, most=100).page["returns"][0]["paths"]

    for row in result.forward_returns([1, 2, 5]).summary.iter_rows(named=True):
        horizon = row["horizon"]
        assert paths["count"][horizon] == row["returns"]
        assert paths["mean"][horizon] == pytest.approx(100 * row["mean"], abs=1e-4)
        assert paths["median"][horizon] == pytest.approx(100 * row["median"], abs=1e-4)
        assert paths["hits"][horizon] == pytest.approx(100 * row["hit_rate"], abs=1e-4)
