"""A database that is opened ahead, while what reads it is imported."""

import subprocess
import sys

import duckdb
import pytest
from click.testing import CliRunner

from barsweep.data import DuckDBRepository, looking
from barsweep.data.looking import open_ahead, opened_ahead
from barsweep.engine.command_line.application import make_application
from barsweep.errors import RepositoryError

CREATE = "create table candles as select 'A' as symbol, date '2024-01-02' as ts, 1.0 as close"


@pytest.fixture
def path(tmp_path):
    found = tmp_path / "candles.duckdb"
    with duckdb.connect(str(found)) as connection:
        connection.execute(CREATE)
    return found


def test_what_was_opened_ahead_is_shared_and_closed_with_the_repository(path):
    open_ahead(str(path))
    (opening,) = looking._openings.values()
    opening.join()
    assert opening.connection is not None
    del opening

    with DuckDBRepository(path) as repository:
        assert repository.symbols("1d") == ["A"]
        assert looking._openings == {}

    with duckdb.connect(str(path)) as connection:  # nobody has it open to read from any more
        connection.execute("insert into candles values ('B', '2024-01-02', 2.0)")


@pytest.mark.parametrize("name", ["candles.parquet", "nothing.duckdb", "."])
def test_nothing_else_is_opened(tmp_path, name):
    (tmp_path / "candles.parquet").write_bytes(b"PAR1")

    open_ahead(str(tmp_path / name))

    assert opened_ahead(tmp_path / name) is None


def test_what_is_wrong_is_told_to_who_opens_it_next(tmp_path):
    path = tmp_path / "broken.duckdb"
    path.write_bytes(b"no database")
    open_ahead(str(path))

    with pytest.raises(RepositoryError, match="is it a DuckDB file"):
        DuckDBRepository(path).symbols("1d")
    assert looking._openings == {}


@pytest.mark.parametrize(
    "name", ["~nosuchuser/x.duckdb", "~nosuchuser/x.parquet", "x" * 300 + ".duckdb", "a\0b.duckdb"]
)
def test_what_is_no_path_is_told_to_who_opens_it_next(name):
    open_ahead(name)

    assert looking._openings == {}
    assert CliRunner().invoke(make_application("scan"), ["scan", "close > 1", name]).exit_code in {2, 3}


def test_who_has_settings_opens_the_file_for_himself(path):
    open_ahead(str(path))

    with DuckDBRepository(path, settings={"threads": 1}) as repository:
        assert repository.cursor().execute("select current_setting('threads')").fetchone() == (1,)


def test_a_process_may_end_while_a_database_is_being_opened(path):
    """DuckDB comes back from C++: Python has to be there still."""
    code = f"from barsweep.data import looking; looking.open_ahead({str(path)!r})"
    ends = [subprocess.run([sys.executable, "-c", code], check=False).returncode for _ in range(5)]

    assert ends == [0] * 5
    assert not looking.Opening(path).daemon


def test_a_database_is_being_opened_before_polars_is_imported(path):
    code = f"""
import sys
from barsweep.data import looking

looking.open_ahead({str(path)!r})
print("polars" in sys.modules, [opening.is_alive() or opening.connection is not None for opening in
                                looking._openings.values()])
"""

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False [True]\n"
