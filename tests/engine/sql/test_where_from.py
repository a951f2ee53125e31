"""Where the candles and the tables of a query come from."""

import datetime as dt
import os
import subprocess
import sys
from types import SimpleNamespace

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from fakes import candles
from polars.testing import assert_frame_equal

import barsweep as bs
from barsweep.data import import_candles
from barsweep.data.rows import RowRepository

FRAME = candles({"A": [1.0, 2.0, 3.0, 2.0, 4.0], "B": [3.0, 2.0, 4.0, 5.0, 1.0]})


@pytest.mark.parametrize(
    "kind", [pl.DataFrame, pd.DataFrame, pa.table, pl.LazyFrame], ids=["polars", "pandas", "arrow", "lazy"]
)
def test_kinds_of_tables(kind):
    made = kind({"symbol": ["A", "B"], "n": [1, 2]})

    assert (
        bs.sql("SELECT sum(n) FROM t JOIN scan('close > 4') USING (symbol)", FRAME, tables={"t": made}).pl().item() == 2
    )


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_tables_from_files(ending, tmp_path):
    """Symbols stay texts, dates are dates."""
    made = pl.DataFrame({"Ticker": ["000001", "B"], "since": [dt.date(2024, 1, 1)] * 2})
    getattr(made, f"write_{ending}")(tmp_path / f"t.{ending}")

    found = bs.sql("FROM t WHERE since < DATE '2024-02-01'", FRAME, tables={"t": tmp_path / f"t.{ending}"}).pl()
    assert_frame_equal(found, made)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.csv", "no such file"),
        ("t.xyz", "is read|are read"),
        (5, "is no frame"),
        ("faulty.parquet", "cannot be read"),
    ],
)
def test_tables_that_cannot_be_read(source, message, tmp_path, monkeypatch):
    """Told when a query names them, not before."""
    monkeypatch.chdir(tmp_path)
    for name in ("t.xyz", "faulty.parquet"):
        (tmp_path / name).write_text("symbol\nA\n", encoding="utf-8")
    with bs.connect(FRAME, tables={"t": source}) as connection:
        assert connection.sql("SELECT 1").pl().item() == 1
        with pytest.raises(bs.RepositoryError, match=f"the table 't'.*({message})"):
            connection.sql("FROM t")


@pytest.mark.parametrize("values", [pl.Series([object()], dtype=pl.Object), pl.Series([1], dtype=pl.Int128)])
def test_tables_that_duckdb_cannot_read(values):
    with pytest.raises(bs.RepositoryError, match=r"DuckDB cannot read the table 't' .x (Object|Int128)"):
        bs.sql("FROM t", FRAME, tables={"t": pl.DataFrame({"x": values})})


class Rows:
    """Candles that are handed out one by one, and nothing more."""

    def get_range(self, symbol_id, timeframe, start, end):
        own = FRAME.filter(pl.col("symbol") == {1: "A", 2: "B"}[symbol_id])
        return [SimpleNamespace(**row) for row in own.iter_rows(named=True)]


class Loading:
    """The least that a repository can be: what it leaves out is made up for."""

    def load(self, symbols, timeframe, start, end, columns, before=0):
        return bs.FrameRepository(FRAME).load(symbols, timeframe, start, end, columns, before)

    def symbols(self, timeframe):
        return ["A", "B"]


def test_wherever_candles_come_from(tmp_path):
    """A condition that needs every part of a repository, over each kind of them."""
    query = """SELECT symbol, ts, close, mean FROM bars(mean := 'sma(close, 2)')
               WHERE symbol = 'B' AND ts > $day AND mean > 1"""
    FRAME.write_parquet(tmp_path / "c.parquet")
    FRAME.write_csv(tmp_path / "c.csv")
    for name in ("c.duckdb", "c.store"):
        import_candles(tmp_path / "c.parquet", tmp_path / name)
    sources = [
        FRAME,
        FRAME.to_pandas(),
        FRAME.to_arrow(),
        FRAME.lazy(),
        RowRepository(Rows(), symbol_ids={"A": 1, "B": 2}),
        Loading(),
        bs.FrameRepository(FRAME),
    ]
    sources += [tmp_path / name for name in ("c.parquet", "c.csv", "c.duckdb", "c.store")]
    sources += [str(tmp_path / "c.csv")]

    day = FRAME["ts"][2]
    tables = [bs.sql(query, source, {"day": day}).pl() for source in sources]
    found = [table.with_columns(pl.col("ts").cast(pl.Date)).rows() for table in tables]
    assert found == [[("B", FRAME["ts"][3], 5.0, 4.5), ("B", FRAME["ts"][4], 1.0, 3.0)]] * len(sources)


def test_lazy_frames_are_taken_without_a_warning():
    """With this seed of hashes, `isinstance` of the protocol of repositories asks for `columns` first."""
    code = "import polars as pl, barsweep as bs\nbs.connect(pl.LazyFrame({'date': ['2024-01-01'], 'close': [1.0]}))"
    command = [sys.executable, "-W", "error", "-c", code]

    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": "1"})
