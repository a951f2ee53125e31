"""What queries give back, and how they end."""

import signal
import threading
import time

import duckdb
import polars as pl
import pyarrow as pa
import pytest
from fakes import Watched as WatchedCandles
from fakes import candles
from faults.hanging import SOON, Hanging

import barsweep as bs
from barsweep.engine import progressing
from barsweep.engine.sql.planning import Planner

FRAME = candles({"A": [1.0, 2.0, 3.0, 2.0, 4.0], "B": [3.0, 2.0, 4.0, 5.0, 1.0]})


@pytest.fixture(scope="module")
def connection():
    with bs.connect(FRAME) as opened:
        yield opened


def rows(connection, query):
    return connection.sql(query).pl().rows()


def test_what_comes_back(connection):
    found = connection.sql("SELECT symbol, close, 1 AS close FROM candles WHERE close > 4 ORDER BY symbol")

    assert repr(found) == "<SqlResult: symbol, close, close>"
    assert found.columns == ["symbol", "close", "close"]
    assert found.arrow() is found.arrow()
    assert found.arrow().column_names == ["symbol", "close", "close"]
    assert found.pl().columns == ["symbol", "close", "close_"]
    assert pa.table(found).equals(found.arrow())
    assert isinstance(found.relation, duckdb.DuckDBPyRelation)
    assert found.relation.filter("symbol = 'B'").fetchall() == [("B", 5.0, 1)]
    assert found.counts == {"symbols": 2, "loaded": 10, "errors": 0}
    assert found.pl()["close"].to_list() == [5.0]


def test_numbers_are_handed_on_without_a_copy(connection):
    found = connection.sql("SELECT close FROM candles")

    assert found.pl()["close"].to_arrow().buffers()[1].address == found.arrow()["close"].chunk(0).buffers()[1].address


def test_what_polars_has_no_type_for(connection):
    found = connection.sql("SELECT ts::TIMESTAMP - TIMESTAMP '2024-01-01' AS age FROM candles LIMIT 1")

    assert found.arrow()["age"].to_pylist() == [(0, 0, 0)]
    with pytest.raises(bs.ProcessingEngineError, match="Polars cannot hold a column of INTERVAL: cast it"):
        found.pl()


def test_params_that_are_none(connection):
    with pytest.raises(bs.ProcessingEngineError, match="parameters is 5"):
        connection.sql("SELECT 1", parameters=5)


def test_unusable_symbols_are_told():
    twice = pl.concat([FRAME, FRAME.filter(pl.col("symbol") == "B").head(1)])
    found = bs.sql(
        "SELECT symbol, count(*) FROM scan('close > 1') m JOIN candles USING (symbol, ts) GROUP BY ALL", twice
    )

    assert found.pl()["symbol"].to_list() == ["A"]
    assert found.errors["B"].kind == "candles"
    assert found.counts["errors"] == 1


def test_warnings_have_their_place_in_the_query(connection):
    (warning,) = connection.sql("SELECT symbol\nFROM scan('close > volume')").warnings

    assert warning.startswith(
        "compared: a price and a volume (line 2)\n  FROM scan('close > volume')\n             ^^^^^^^^^^^^^^\n"
    )


def test_results_outlive_their_connection():
    with bs.connect(FRAME) as connection:
        found = connection.sql("SELECT count(*) FROM candles")
    assert found.pl().item() == 10
    with pytest.raises(bs.ProcessingEngineError, match="the connection is closed"):
        connection.sql("SELECT 1")


def test_a_file_that_changes_is_read_anew(tmp_path):
    path = tmp_path / "candles.parquet"
    FRAME.write_parquet(path)
    with bs.connect(path) as connection:
        before = rows(connection, "SELECT count(*) FROM candles")
        FRAME.head(7).write_parquet(path)
        assert (before, rows(connection, "SELECT count(*) FROM candles")) == ([(10,)], [(7,)])


def test_threads_share_a_connection(connection):
    found = {}

    def ask(number):
        found[number] = rows(connection, f"SELECT count(*) + {number} FROM scan('close > {number % 4}')")

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == {n: [(n + FRAME.filter(pl.col("close") > n % 4).height,)] for n in range(8)}


def test_progress_is_told():
    told = []
    bs.sql("FROM scan('close > 1')", FRAME, progress=lambda *counted: told.append(counted))

    assert told[-1] == (2, 2)


def test_a_bar_of_progress_can_be_asked_for(capsys, monkeypatch):
    """On a terminal; there is none here."""
    drawn = []
    monkeypatch.setattr(progressing, "fitting_bar", lambda: drawn.append("bar"))

    bs.sql("FROM scan('close > 1')", FRAME, progress=True)

    assert drawn == ["bar"]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("query", ["SELECT c FROM bars('c: close')", "FROM scan('close > 1')"])
def test_interrupting_a_repository_that_does_not_answer(query):
    """While the job is prepared, which asks how many bars there are."""
    repository = Hanging(FRAME, "rows")
    connection = bs.connect(repository)
    threading.Thread(target=lambda: repository.begun.wait(SOON) and connection.interrupt()).start()

    began = time.monotonic()
    with pytest.raises(bs.ProcessingEngineError, match="the query was interrupted"):
        connection.sql(query)

    assert time.monotonic() - began < SOON
    repository.over.set()


def test_interrupting_while_candles_are_read():
    connection = None

    def interrupt(_symbols):
        connection.interrupt()
        time.sleep(0.3)

    connection = bs.connect(WatchedCandles(FRAME, interrupt))
    with connection, pytest.raises(bs.ProcessingEngineError, match="interrupted"):
        connection.sql("FROM scan('close > 1')")


ENDLESS = "SELECT count(*) FROM range(1000000000) a, range(1000) b WHERE hash(a.range * b.range) % 7 = 1"


class Watched:
    """A relation that tells when DuckDB begins to compute it."""

    def __init__(self, relation, begun):
        self.relation, self.begun = relation, begun

    def to_arrow_table(self):
        self.begun()
        return self.relation.to_arrow_table()


def again_and_again(act, until):
    """Do it until it has had its effect: an interrupt that comes before the beginning is lost."""

    def keep_on():
        while not until.wait(0.2):
            act()

    threading.Thread(target=keep_on, daemon=True).start()


def test_ctrl_c_is_heard_while_duckdb_computes(connection):
    """And the connection is free afterwards."""
    found = connection.sql(ENDLESS)
    found.relation = Watched(found.relation, threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start)

    with pytest.raises(KeyboardInterrupt):
        found.arrow()
    assert rows(connection, "SELECT 1") == [(1,)]


@pytest.mark.parametrize("whose", ["connection", "result"])
def test_interrupting_duckdb(whose, connection):
    found, ended = connection.sql(ENDLESS), threading.Event()
    again_and_again(connection.interrupt if whose == "connection" else found.interrupt, ended)

    with pytest.raises(bs.ProcessingEngineError, match="the query was interrupted"):
        found.arrow()
    ended.set()
    assert rows(connection, "SELECT 1") == [(1,)]


def test_interrupting_before_anything_is_computed():
    connection = bs.connect(FRAME, tables={"t": FRAME})
    plan = Planner.needs

    def needs(*arguments):
        connection.interrupt()
        return plan(*arguments)

    with connection, pytest.MonkeyPatch.context() as patched:
        patched.setattr(Planner, "needs", needs)
        with pytest.raises(bs.ProcessingEngineError, match="the query was interrupted"):
            connection.sql("FROM t")
