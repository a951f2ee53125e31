"""A DuckDB file that is opened on another thread, before anybody asks for it."""

import duckdb
import pytest

from barsweep.data import DuckDBRepository
from barsweep.data.connecting import opening_ahead
from barsweep.errors import RepositoryError

ROWS = "select 'A' as symbol, date '2024-01-02' as date, 1.5 as close"


@pytest.fixture
def path(tmp_path):
    with duckdb.connect(str(tmp_path / "candles.duckdb")) as connection:
        connection.execute(f"create table candles as {ROWS}")
    return tmp_path / "candles.duckdb"


def close_of(path, **options):
    with DuckDBRepository(path, **options) as repository:
        return repository.load(None, "1d", None, None, ["close"])["close"].to_pylist()


def test_it_is_not_opened_again(path, monkeypatch):
    opened, connect = [], duckdb.connect
    monkeypatch.setattr(duckdb, "connect", lambda *given, **options: opened.append(given) or connect(*given, **options))

    with opening_ahead(str(path)):
        assert close_of(path) == [1.5]
        assert len(opened) == 1
        assert close_of(path) == [1.5]  # by a connection of its own

    assert len(opened) == 2


@pytest.mark.parametrize("settings", [None, {"threads": 1}])
def test_it_is_let_go_of(path, settings):
    with opening_ahead(str(path)):
        if settings:
            assert close_of(path, settings=settings) == [1.5]

    with duckdb.connect(str(path)) as connection:  # which is refused while the file is open for reading
        connection.execute("drop table candles")


def test_what_is_wrong_is_told_to_who_asks(tmp_path):
    damaged = tmp_path / "candles.duckdb"
    damaged.write_bytes(b"no database")

    for path, wrong in ((damaged, "is it a DuckDB file"), (tmp_path / "missing.db", "no such file")):
        with opening_ahead(str(path)), pytest.raises(RepositoryError, match=wrong):
            DuckDBRepository(path).health()


def test_other_files_are_left_alone(tmp_path):
    with opening_ahead(str(tmp_path / "candles.parquet")):
        pass
