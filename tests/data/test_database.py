"""DuckDB files: tables and queries, faults and locks."""

import subprocess
import sys
import threading
import time
from datetime import UTC, date, datetime

import duckdb
import polars as pl
import pytest

from barsweep.data import CandlePolicy, DuckDBRepository, open_repository
from barsweep.data.checking import check_candles
from barsweep.data.database import ROW, in_stored_order
from barsweep.data.placing import read_counts
from barsweep.errors import RepositoryError

HUGE = 170141183460469231731
ROWS = f"select 'A' as symbol, date '2024-01-02' as date, 1.5::decimal(9, 2) as close, {HUGE}::hugeint as volume"


@pytest.fixture
def path(tmp_path):
    with duckdb.connect(str(tmp_path / "candles.duckdb")) as connection:
        connection.execute(f"create table candles as {ROWS}")
    return tmp_path / "candles.duckdb"


def execute(path, *statements):
    with duckdb.connect(str(path)) as connection:
        for statement in statements:
            connection.execute(statement)


def close_of(repository):
    return repository.load(None, "1d", None, None, ["close"])["close"].to_pylist()


def test_decimals_and_huge_integers(path):
    table = pl.DataFrame(DuckDBRepository(path).load(None, "1d", None, None, ["close", "volume"]))

    assert table.row(0) == ("A", date(2024, 1, 2), 1.5, float(HUGE))


def test_several_tables_are_listed(path):
    execute(path, "create schema eu", f"create table eu.daily as {ROWS}", f"create view shown as {ROWS}")

    with pytest.raises(
        RepositoryError, match=r"holds several tables, choose one with table=: eu\.daily, candles, shown"
    ):
        DuckDBRepository(path).health()
    with pytest.raises(RepositoryError, match=r"has no table prices; its tables: eu\.daily, candles, shown"):
        DuckDBRepository(path, "prices").health()
    for table in ("eu.daily", "Daily", "shown", "candles"):
        assert close_of(open_repository(path, table=table)) == [1.5]


def test_no_tables(tmp_path):
    execute(tmp_path / "empty.db")

    with pytest.raises(RepositoryError, match="has no table at all"):
        open_repository(tmp_path / "empty.db").health()


def test_odd_names_are_quoted(tmp_path):
    path = tmp_path / "odd.duckdb"
    execute(
        path,
        'create table "my ""table"";" as '
        """select 'it''s' as "the symbol", date '2024-01-02' as date, 2 as "close "" price" """,
    )

    repository = DuckDBRepository(path, columns={"symbol": "the symbol", "close": 'close " price'})

    assert repository.load(["it's"], "1d", None, None, ["close"]).to_pylist() == [
        {"symbol": "it's", "ts": date(2024, 1, 2), "close": 2.0}
    ]


def test_a_query(path):
    assert close_of(DuckDBRepository(path, query="select symbol, date, close * 2 as close from candles;")) == [3.0]
    with pytest.raises(RepositoryError, match="give either table= or query="):
        DuckDBRepository(path, "candles", query="select 1")
    with pytest.raises(RepositoryError, match="nothing"):
        DuckDBRepository(path, query="select * from nothing").health()


def test_one_symbol_without_a_name(tmp_path):
    execute(tmp_path / "one.duckdb", "create table one as select date '2024-01-02' as date, 2 as close")
    repository = DuckDBRepository(tmp_path / "one.duckdb", symbol="IT'S")

    assert repository.symbols("1d") == ["IT'S"]
    assert repository.load(["IT'S"], "1d", None, None, ["close"]).num_rows == 1
    assert repository.load(["OTHER"], "1d", None, None, ["close"]).num_rows == 0


def test_files_that_are_not_there_or_no_database(tmp_path):
    (tmp_path / "text.duckdb").write_text("this is no database, but it is long enough to look at" * 100)

    with pytest.raises(RepositoryError, match="no such file"):
        DuckDBRepository(tmp_path / "nowhere.duckdb").health()
    with pytest.raises(RepositoryError, match="is it a DuckDB file") as caught:
        DuckDBRepository(tmp_path / "text.duckdb").health()
    assert not caught.value.retryable


def test_a_file_that_another_process_writes_to_may_be_free_later(path):
    code = f"import duckdb, sys; c = duckdb.connect({str(path)!r}); print('open', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "open\n"
        with pytest.raises(RepositoryError, match="another process writes to it; try again") as caught:
            DuckDBRepository(path).health()
        other.stdin.close()
        other.wait()

    assert caught.value.retryable
    assert DuckDBRepository(path).health() is None


def test_a_file_that_this_process_has_open_for_writing_is_shared(path):
    with duckdb.connect(str(path)) as writing:
        writing.execute("update candles set close = 9")

        with DuckDBRepository(path) as repository:
            assert close_of(repository) == [9.0]


def test_nothing_is_written(path):
    before = path.read_bytes()
    with DuckDBRepository(path, settings={"threads": 1}) as repository:
        close_of(repository)
        with pytest.raises(duckdb.Error):
            repository.cursor().execute("drop table candles")

    assert path.read_bytes() == before


def test_after_closing_it_opens_again(path):
    repository = DuckDBRepository(path)
    close_of(repository)
    repository.close()

    assert close_of(repository) == [1.5]


def test_threads_share_a_repository(path):
    repository, found = DuckDBRepository(path), []

    threads = [threading.Thread(target=lambda: found.append(close_of(repository))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [[1.5]] * 8


def test_a_changed_file_is_looked_at_anew(path):
    repository = DuckDBRepository(path)
    assert repository.symbols("1d") == ["A"]
    repository.close()
    execute(path, "insert into candles select 'B', date '2024-01-02', 2, 0")

    repository.health()

    assert repository.symbols("1d") == ["A", "B"]
    assert repository.rows("1d") == {"A": 1, "B": 1}


def test_times_as_text(tmp_path):
    execute(
        tmp_path / "text.duckdb", "create table t as select 'A' as symbol, '2024-01-02T09:00:00Z' as time, 2 as close"
    )
    repository = DuckDBRepository(tmp_path / "text.duckdb", timeframe="1h")

    assert repository.load(["A"], "1h", "2024-01-02T09:00", "2024-01-02", ["close"]).num_rows == 1
    assert repository.load(["A"], "1h", "2024-01-02T09:01", None, ["close"]).num_rows == 0


@pytest.mark.parametrize("kind", ["timestamp", "timestamptz", "timestamp_ns", "timestamp_s"])
def test_kinds_of_timestamps(tmp_path, kind):
    literal = "'2024-01-02 09:00:00+00'" if kind == "timestamptz" else "'2024-01-02 09:00:00'"
    execute(tmp_path / "t.duckdb", f"create table t as select 'A' as symbol, {literal}::{kind} as ts, 2 as close")
    repository = DuckDBRepository(tmp_path / "t.duckdb", timeframe="1h")

    table = repository.load(["A"], "1h", datetime(2024, 1, 2, 9, tzinfo=UTC), "2024-01-02T09:00", ["close"], before=1)

    assert table["ts"].to_pylist() == [datetime(2024, 1, 2, 9, tzinfo=UTC)]


def test_rows_come_as_they_are_stored_from_several_threads(tmp_path):
    """DuckDB's threads finish blocks of 122,880 rows in any order; symbols that lie across blocks show it."""
    path = tmp_path / "blocks.duckdb"
    execute(
        path,
        "create table candles as select chr(65 + (row // 60000)::int) as symbol,"
        " date '1800-01-01' + (row % 60000)::int as ts, row as close from range(600000) rows(row)",
    )
    with DuckDBRepository(path, settings={"threads": 4}) as repository:
        tables = [repository.load(list("ABCDEFGHIJ"), "1d", None, None, ["close"]) for _ in range(5)]

    for table in tables:
        assert read_counts(table) == {}
        assert pl.Series(table["close"]).is_sorted()


def test_rows_are_sorted_by_their_numbers():
    found = pl.DataFrame({"close": [3, 1, 2], ROW: [2, 0, 1]})

    assert in_stored_order(found).to_dict(as_series=False) == {"close": [1, 2, 3]}


DOUBLE = """select * from (values
    ('A', date '2024-01-03', 5), ('A', date '2024-01-02', 9), ('A', date '2024-01-02', 4)) rows(symbol, ts, close)"""


@pytest.mark.parametrize(
    ("statement", "source", "unsorted", "close"),
    [
        (f"create table bars as {DOUBLE}", {"table": "bars"}, 1, [4.0, 5.0]),
        (f"create view bars as {DOUBLE}", {"table": "bars"}, None, [9.0, 5.0]),
        ("select 1", {"query": DOUBLE}, None, [9.0, 5.0]),
        (f"create table bars as select *, 1 as rowid from ({DOUBLE})", {"table": "bars"}, None, [9.0, 5.0]),
    ],
)
def test_only_a_table_has_a_stored_order(path, statement, source, unsorted, close):
    execute(path, statement)

    table = DuckDBRepository(path, **source).load(None, "1d", None, None, ["close"])
    checked = check_candles(table, CandlePolicy(duplicate_ts="drop"))

    assert checked.counts.get("unsorted") == unsorted
    assert checked.frame["close"].to_list() == close


def test_what_was_looked_at_ahead_is_not_asked_again(path, monkeypatch):
    with DuckDBRepository(path) as repository:
        repository.look_ahead()
        repository.looking.join()
        monkeypatch.setattr(repository, "fetch", None)

        repository.limit_memory(2**28)
        repository.health()
        assert len(repository.symbols("1d")) == len(repository.rows("1d"))


def test_what_is_wrong_is_told_to_who_asks_not_to_who_looks_ahead(tmp_path):
    path = tmp_path / "broken.duckdb"
    path.write_bytes(b"no database")
    repository = DuckDBRepository(path)
    repository.look_ahead()
    repository.looking.join()

    with pytest.raises(RepositoryError, match="is it a DuckDB file"):
        repository.symbols("1d")


@pytest.mark.parametrize("after", [0, 0.002, 0.01, 0.03])
def test_a_file_that_is_closed_while_it_is_looked_at_is_no_fault(tmp_path, after):
    """The command that opened it may have ended meanwhile, with a message about something else."""
    long = tmp_path / "long.duckdb"
    row = "i % 50 as symbol, date '2000-01-01' + cast(i // 50 as integer) as ts, i as close"
    execute(long, f"create table bars as select {row} from range(100000) t(i)")
    repository = DuckDBRepository(long)
    repository.look_ahead()
    time.sleep(after)
    repository.close()
    repository.looking.join()

    assert len(repository.symbols("1d")) == 50


def test_the_limit_of_memory_holds_for_a_file_that_is_open(path):
    with DuckDBRepository(path) as repository:
        repository.health()
        repository.limit_memory(2**28)

        assert repository.cursor().execute("select current_setting('memory_limit')").fetchone() == ("256.0 MiB",)


def test_the_timeframe_of_bars_that_are_labelled_with_their_end(tmp_path):
    """It is inferred from rows that are read without bounds, which needs no timeframe."""
    table = tmp_path / "candles.duckdb"
    hours = "timestamp '2024-01-02' + interval (i) hour as ts"
    execute(table, f"create table candles as select 'A' as symbol, {hours}, i::double as close from range(5) t(i)")

    with DuckDBRepository(table, label="end") as repository:
        first = repository.load(None, "1h", None, None, ["close"])["ts"][0].as_py()

    assert first == datetime(2024, 1, 1, 23, tzinfo=UTC)
