"""`columns=` at the front door: the data's own names for what formulas call otherwise."""

import tempfile
from pathlib import Path

import polars as pl
import pytest
from fakes import candles

import barsweep as bs
from barsweep.data import open_repository

ODD = candles({"A": [1, 2, 3, 2], "B": [2, 2, 2, 2]}).select(
    Tick="symbol", Day="ts", **{"Adj Close": "close", "Close": pl.col("close") * 10, "Shares": "volume"}
)
NAMES = {"symbol": "Tick", "ts": "Day", "close": "Adj Close", "volume": "Shares"}
UP = "close > close[1]"


def connected(data, **names):
    with bs.connect(data, **names) as connection:
        return connection.sql("SELECT symbol, ts, close, volume FROM candles ORDER BY ALL").pl()


ASKED = {
    "scan": lambda data, **names: bs.scan(UP, data, **names).matches,
    "evaluate": lambda data, **names: bs.evaluate("close + volume", data, **names),
    "evaluate to a file": lambda data, **names: bs.evaluate(
        "close", data, output=Path(tempfile.mkdtemp()) / "x.parquet", **names
    ).collect(),
    "signals": lambda data, **names: bs.signals(UP, data, **names).frame,
    "explain_match": lambda data, **names: bs.explain_match(UP, data, "A", "2024-01-03", **names),
    "near_misses": lambda data, **names: bs.near_misses(f"{UP} and volume > 1", data, **names).frame,
    "sql": lambda data, **names: bs.sql(f"FROM scan('{UP}') ORDER BY ALL", data, **names).pl(),
    "connect": connected,
    "engine": lambda data, **names: bs.ProcessingEngine(data, **names).run(bs.ProcessingJob(None, UP)).matches,
}


@pytest.mark.parametrize("kind", ["frame", "file"])
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_columns_by_names_of_ones_own(ask, kind, tmp_path):
    """Every call that takes data takes the data's own names, as the repository does that is opened by hand."""
    ODD.write_csv(tmp_path / "odd.csv")
    data = ODD if kind == "frame" else tmp_path / "odd.csv"

    found, opened = ask(data, columns=NAMES), ask(open_repository(data, columns=NAMES))

    assert found.equals(opened) if isinstance(found, pl.DataFrame) else str(found) == str(opened)
    with pytest.raises(bs.RepositoryError, match=r"no column for the time of a bar .*; say which one it is: columns="):
        ask(data)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"ts": "Day", "close": "Last"}, "no column 'Last', which columns= gives for 'close'; found: Tick, Day, Adj"),
        ({"Day": "ts"}, """no column 'ts', .*; the name in formulas goes first: columns={"ts": "Day"}"""),
        (["Day"], r"columns=\['Day'\]: a mapping is needed"),
        ({"ts": 1}, "columns={'ts': 1}: a mapping is needed"),
    ],
)
@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_names_that_no_column_has_are_refused(ask, columns, message):
    with pytest.raises(bs.RepositoryError, match=message):
        ask(ODD, columns=columns)


def test_names_are_for_tables_that_are_opened_here():
    """A repository was told when it was made, and objects have attributes."""

    class Prices:
        def get_range(self, symbol_id, timeframe, start, end):
            return []

    class Loading:
        def load(self, symbols, timeframe, start, end, columns, before=0):
            raise AssertionError("it is not asked")

    for repository in (open_repository(ODD, columns=NAMES), Loading()):
        with pytest.raises(bs.RepositoryError, match="columns: give the options when the repository is made"):
            bs.scan(UP, repository, symbols=["A"], columns=NAMES)
    with pytest.raises(bs.RepositoryError, match=r"columns= is for tables: what Prices\.get_range hands out has"):
        bs.scan(UP, Prices(), symbols=["A"], columns=NAMES)
    assert bs.scan("Close > 25", ODD, columns=NAMES).counts["matches"] == 1, "what is not named keeps its own name"
