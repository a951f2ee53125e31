"""What a result knows of where it came from: candles, and values of further formulas, long after its engine is shut."""

import gc
import weakref
from datetime import date, timedelta

import polars as pl
import pytest
from fakes import Service, Watched, candles

import barsweep as bs
from barsweep.data import import_candles

FRAME = candles({"A": [1, 2, 1, 3, 4], "B": [5, 4, 3, 2, 1], "C": [2, 3]})
RISING = "close > close[1]"


def test_nothing_is_read_until_somebody_asks():
    repository = Watched(FRAME)
    found = bs.scan(RISING, repository)
    before = len(repository.asked)

    loaded = found.origin.candles(["A"], columns=["close"])

    assert before == 1
    assert repository.asked[1:] == [{"symbols": ("A",), "start": None, "end": None, "columns": ("close",), "before": 0}]
    assert loaded["close"].to_list() == [1, 2, 1, 3, 4]


def test_candles_are_those_of_the_job():
    """Its symbols, its range; or others."""
    origin = bs.scan(RISING, FRAME, symbols=["B", "A"], start="2024-01-02", end="2024-01-04").origin

    whole = origin.candles()
    later = origin.candles(["C"], bs.DateRange("2024-01-05"))
    everything = origin.candles(["A"], bs.DateRange())

    assert whole.columns == ["symbol", "ts", "open", "high", "low", "close", "volume"]
    assert whole["symbol"].to_list() == ["A"] * 3 + ["B"] * 3
    assert whole["ts"].min() == date(2024, 1, 2)
    assert whole["ts"].max() == date(2024, 1, 4)
    assert later.rows() == [("C", date(2024, 1, 5), 3.0, 3.0, 3.0, 3.0, 100.0)]
    assert everything.height == 5


def test_values_are_those_of_a_job_over_the_same_bars():
    source = "param n = 2; close > sma(close, n)"
    origin = bs.scan(source, FRAME, parameters={"n": 3}, start="2024-01-03").origin

    values = origin.values({"mean": "param n = 2; sma(close, n)", "last": "close[1]"})
    other = origin.values({"mean": "param n = 2; sma(close, n)"}, parameters={"n": 1})

    asked = {"mean": "sma(close, 3)", "last": "close[1]"}
    assert values.equals(bs.evaluate(asked, FRAME, start="2024-01-03"))
    assert other.equals(bs.evaluate({"mean": "close"}, FRAME, start="2024-01-03"))


def test_of_a_sweep_the_other_params_hold():
    source = "param n = 2\nparam m = 1\nclose > sma(close, n) + m"
    origin = bs.scan(source, FRAME, parameters={"n": [2, 3], "m": 7}).origin

    values = origin.values({"x": "param n = 5\nparam m = 1\nclose - close + n + m"}, ["A"])

    assert values["x"].to_list() == [12.0] * 5


def test_ranks_are_among_the_symbols_of_the_job():
    """Whichever symbols are looked at."""
    origin = bs.scan("rank(close) > 1", FRAME).origin

    ranks = origin.values({"rank": "rank(close)"}, ["A"])

    assert ranks["symbol"].unique().to_list() == ["A"]
    assert ranks["rank"].to_list() == [1.0, 1.0, 1.0, 3.0, 3.0]


def test_a_dialect_and_tables_hold_for_further_values():
    eps = pl.DataFrame({"symbol": ["A", "B"], "published": [date(2024, 1, 2)] * 2, "eps": [0.5, 0.25]})
    native = bs.scan('close > table("quarterly", eps)', FRAME, symbols=["A"], tables={"quarterly": eps}).origin
    foreign = bs.scan("$close > Mean($close, 2)", FRAME, dialect="qlib").origin

    assert native.values({"eps": 'table("quarterly", eps)'})["eps"].to_list() == [None, None, 0.5, 0.5, 0.5]
    assert foreign.values({"mean": "Mean($close, 2)"}, ["C"])["mean"].to_list() == [2.0, 2.5]
    assert foreign.candles(["C"])["close"].to_list() == [2.0, 3.0]


def test_a_file_that_the_engine_opened_is_let_go_again(tmp_path):
    """After each look: whoever has a result must be able to write the file anew."""
    FRAME.write_parquet(tmp_path / "candles.parquet")
    import_candles(tmp_path / "candles.parquet", tmp_path / "candles.duckdb")
    origin = bs.scan(RISING, tmp_path / "candles.duckdb").origin

    assert origin.candles(["C"])["close"].to_list() == [2.0, 3.0]
    assert origin.repository.connection is None
    longer = pl.concat([FRAME, FRAME.filter(symbol="C").tail(1).with_columns(pl.col("ts") + timedelta(1))])
    longer.write_parquet(tmp_path / "candles.parquet")
    import_candles(tmp_path / "candles.parquet", tmp_path / "candles.duckdb", replace=True)
    assert origin.candles(["C"])["close"].to_list() == [2.0, 3.0, 3.0]


def test_a_repository_of_the_users_stays_open(tmp_path):
    FRAME.write_parquet(tmp_path / "candles.parquet")
    import_candles(tmp_path / "candles.parquet", tmp_path / "candles.duckdb")
    with bs.DuckDBRepository(tmp_path / "candles.duckdb") as repository:
        bs.scan(RISING, repository).origin.candles(["C"])

        assert repository.connection is not None


def test_an_engine_that_goes_on_is_left_alone():
    with bs.ProcessingEngine(FRAME) as engine:
        found = engine.run(bs.ProcessingJob(None, RISING))
        found.origin.candles()

        assert engine.run(bs.ProcessingJob(None, RISING)).counts["matches"] == found.counts["matches"]


def test_a_service_that_only_evaluates_has_candles_too():
    found = bs.scan("anything", FRAME, service=Service())

    assert found.origin.candles(["C"])["close"].to_list() == [2.0, 3.0]
    assert found.origin.values({"twice": "2 * close"}, ["C"])["twice"].to_list() == [4.0, 6.0]


def test_what_cannot_be_had_is_told():
    origin = bs.scan(RISING, FRAME).origin

    with pytest.raises(bs.ProcessingEngineError, match="no symbol could be evaluated; Z: the repository has no symbol"):
        origin.candles(["Z"])
    with pytest.raises(bs.FormulaError, match="unknown function 'smaa'"):
        origin.values({"mean": "smaa(close)"}, ["A"])


def test_candles_are_kept_no_longer_than_the_result():
    found = bs.scan(RISING, FRAME.clone())
    kept = weakref.ref(found.origin.repository)

    del found
    gc.collect()

    assert kept() is None
