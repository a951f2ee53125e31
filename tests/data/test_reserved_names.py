"""Columns of a user's may be called anything that the work in between is not called."""

from datetime import date, timedelta

import polars as pl
import pytest

import barsweep as bs
from barsweep.data import (
    CandlePolicy,
    FrameRepository,
    ParquetRepository,
    Timeframe,
    add_factor_column,
    check_candles,
    resample,
)
from barsweep.errors import RepositoryError

INTERNAL = ("stays", "bucket", "run", "first_ts", "last_ts", "bucket_end", "first", "last", "rows", "step", "row")
FRAME = pl.DataFrame(
    {"symbol": "A", "ts": [date(2024, 1, 1) + timedelta(days=day) for day in range(14)], "close": 5.0}
).with_columns(pl.lit(float(place)).alias(name) for place, name in enumerate(INTERNAL))


@pytest.mark.parametrize("name", INTERNAL)
def test_a_job_on_longer_bars_reads_columns_of_any_name(name):
    weekly = bs.evaluate(name, FRAME, timeframe="1w")

    assert weekly.select(pl.exclude("symbol", "ts")).rows() == [(float(INTERNAL.index(name)),)] * 2


def test_a_formula_on_another_timeframe_reads_columns_of_any_name():
    daily = bs.evaluate({name: f'timeframe("1w", {name})' for name in INTERNAL}, FRAME)

    assert daily.select(INTERNAL).row(-1) == tuple(map(float, range(len(INTERNAL))))


def test_edges_stand_beside_columns_of_any_name():
    weekly = resample(FRAME, Timeframe.parse("1w"), edges=True)

    assert weekly.select(INTERNAL).row(0) == tuple(map(float, range(len(INTERNAL))))


def test_rows_are_dropped_beside_columns_of_any_name():
    faulty = FRAME.with_columns(close=pl.when(pl.col("ts") > date(2024, 1, 1)).then(5.0))

    checked = check_candles(faulty, CandlePolicy(null="drop")).frame

    assert checked.columns == faulty.columns
    assert checked.height == 13


def test_files_named_after_symbols_may_have_a_column_of_file_names(tmp_path):
    FRAME.select("ts", "close", file_name=pl.lit("x")).write_parquet(tmp_path / "ACME.parquet")

    table = ParquetRepository(tmp_path).load(None, "1d", "2024-01-02", "2024-01-02", ["close", "file_name"])

    assert table.select(["symbol", "file_name"]).to_pylist() == [{"symbol": "ACME", "file_name": "x"}]


@pytest.mark.parametrize(
    ("frame", "mapping"),
    [(FRAME.rename({"run": "~run"}), {}), (FRAME, {"~run": "run"}), (FRAME.rename({"run": "~run"}), {"run": "~run"})],
)
def test_names_that_are_kept_for_the_work_are_refused(frame, mapping):
    with pytest.raises(RepositoryError, match="begin with '~', which is kept for columns made on the way: ~run"):
        FrameRepository(frame, columns=mapping).load(None, "1d", None, None, ["close"])


def test_factors_keep_the_candles_columns():
    candles = FRAME.with_columns(factor_day=pl.lit(1.0))
    factors = pl.DataFrame({"symbol": ["A"], "date": [date(2024, 1, 3)], "factor": [0.5]})

    assert add_factor_column(candles, factors).drop("factor").equals(candles)


def test_factors_do_not_give_way_to_a_column_of_their_name():
    """The join would keep the old column, and nobody would miss the new one."""
    factors = pl.DataFrame({"symbol": ["A"], "date": [date(2024, 1, 3)], "price_factor": [0.5]})

    with pytest.raises(RepositoryError, match="have a column 'run' already"):
        add_factor_column(FRAME, factors, column="run")
