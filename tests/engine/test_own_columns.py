"""Candles of columns of one's own alone, without a price: what can be asked of them is answered."""

from datetime import date

import polars as pl
import pytest

import barsweep as bs

DAYS = [date(2024, 1, day) for day in range(1, 8)]
FRAME = pl.DataFrame({"symbol": "A", "date": DAYS, "x": [1.0, 2.0, 3.0, 4.0, 3.0, 2.0, 5.0]})
FOUND = bs.scan("x > 2", FRAME)


def test_bars_are_had_without_any_column():
    assert FOUND.origin.candles(["A"], columns=()).rows() == [("A", day) for day in DAYS]
    assert FOUND.origin.candles(["A"]).columns == ["symbol", "ts"]
    assert FOUND.origin.candles(["A"], columns=["x"])["x"].to_list() == FRAME["x"].to_list()


def test_matches_bunch_in_time():
    assert FOUND.episodes().select("first", "bars").rows() == [(DAYS[2], 3), (DAYS[6], 1)]
    assert FOUND.clustering().select("matches", "calendar", "episodes").rows() == [(4, 7, 2)]


def test_a_bar_is_explained():
    explained = bs.explain_match("x > 2", FRAME, "A", DAYS[3])

    assert str(explained) == "A 2024-01-04: a match\n\ntrue  x > 2\n4       x"
    assert explained.candle == {}
    with pytest.raises(bs.ProcessingEngineError, match="A has no bar at 2025-01-01; the nearest is 2024-01-07"):
        bs.explain_match("x > 2", FRAME, "A", "2025-01-01")


def test_a_report_is_written_and_a_symbol_drawn(tmp_path):
    assert FOUND.report(tmp_path / "out.html").stat().st_size > 0
    assert "x \\u003e 2" in FOUND.chart("A").page


def test_signals_stand_beside_the_bars():
    bars = bs.signals("x > 2", FRAME).of("A", candles=True)

    assert bars.columns == ["ts", "entry", "ready"]
    assert bars["entry"].to_list() == [value > 2 for value in FRAME["x"]]


def test_what_needs_prices_says_so():
    with pytest.raises(bs.ProcessingEngineError, match="the candles have no close"):
        _ = FOUND.forward_returns(1).summary
