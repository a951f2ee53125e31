"""`barsweep sql`: what it writes where, and how it ends."""

import json
import signal
import subprocess
import sys
import threading

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner
from fakes import candles

from barsweep.engine.command_line.application import make_application
from barsweep.engine.sql.answers import SqlResult

COUNTED = "SELECT sector, count(*) AS n FROM scan('close > close[1]') JOIN meta USING (symbol) GROUP BY ALL ORDER BY 1"
application = make_application()


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "candles.parquet"
    candles({"A": [1, 2, 3, 6], "B": [4, 3, 2, 1], "C": [1, 3, 2, 3]}).write_parquet(path)
    return str(path)


@pytest.fixture
def meta(tmp_path):
    path = tmp_path / "meta.csv"
    path.write_text("symbol,sector\nA,Tech\nB,Tech\nC,Oil\n", encoding="utf-8")
    return f"meta={path}"


def run(*arguments, given=None):
    return CliRunner().invoke(application, ["sql", *arguments], input=given)


def test_rows_found(data, meta):
    done = run(COUNTED, data, "--table", meta)

    assert (done.exit_code, done.stdout) == (0, "sector  n\nOil     2\nTech    3\n")
    assert "2 rows; " in done.stderr
    assert "12 bars read" in done.stderr


def test_no_rows(data):
    done = run("FROM scan('close > 100')", data)

    assert (done.exit_code, done.stdout) == (1, "")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (
            ["FROM scan('close > smaa(close)')"],
            2,
            "FormulaError: unknown function 'smaa'\n  FROM scan('close > smaa(close)')\n",
        ),
        (["SELEC 1"], 2, 'QueryError: syntax error at or near "SELEC"\n  SELEC 1\n  ^^^^^\n'),
        (["FROM candles WHERE ts > $day"], 2, "give it: --value day=..."),
        (["FROM candles WHERE ts > ?"], 2, "give it: --value 1=..."),
        (
            ["FROM read_csv('x.csv')"],
            2,
            "--external-access lets a query read files; other tables are given: --table meta=meta.csv",
        ),
        (["SELECT 1", "--timeframe", "7x"], 2, "UsageError: unknown timeframe"),
        (["SELECT 1", "--table", "a", "--table", "b"], 2, "both name the table of the candles"),
        (["SELECT 1", "--table", "a"], 2, "--table is for DuckDB files"),
        (["SELECT 1", "--output", "x.doc"], 2, "known endings are"),
        (["SELECT list(symbol) AS all_of FROM candles", "--format", "csv"], 2, "CSV cannot hold all_of"),
        (["FROM meta", "--table", "meta=nowhere.csv"], 3, "the table 'meta': no such file"),
        (["SELECT symbol::INT FROM candles"], 3, "the query cannot be run: Could not convert"),
    ],
)
def test_what_goes_wrong(arguments, code, message, data):
    query, *options = arguments
    done = run(query, data, *options)

    assert (done.exit_code, done.stdout) == (code, "")
    assert message in done.stderr


def test_no_usable_symbol_is_data_trouble(tmp_path):
    candles({"A": [1, 2]}).select(pl.all().repeat_by(2).explode()).write_parquet(tmp_path / "twice.parquet")
    done = run("FROM scan('close > 1')", str(tmp_path / "twice.parquet"))

    assert done.exit_code == 3
    assert "A: candles: more than one row for a ts" in done.stderr
    assert "1 symbol with errors" in done.stderr


@pytest.mark.parametrize("ending", ["csv", "json", "parquet"])
def test_rows_in_a_file(ending, data, meta, tmp_path):
    file = tmp_path / f"out.{ending}"
    done = run(COUNTED, data, "--table", meta, "--output", str(file))

    assert (done.exit_code, done.stdout) == (0, "")
    read = pl.DataFrame(json.loads(file.read_text())) if ending == "json" else getattr(pl, f"read_{ending}")(file)
    assert read.rows() == [("Oil", 2), ("Tech", 3)]


def test_lists_in_json(data):
    done = run("SELECT list(DISTINCT symbol ORDER BY symbol) AS symbols FROM candles", data, "--format", "json")

    assert json.loads(done.stdout) == [{"symbols": ["A", "B", "C"]}]


def test_values_and_params(data):
    query = "SELECT symbol FROM scan('param n = 1; close > n', n := $n) WHERE ts >= $day AND symbol <> $not LIMIT $most"
    given = [f"--value={each}" for each in ("n=2", "day=2024-01-04", "not=C", "most=5")]

    assert run(query, data, *given).stdout == "symbol\nA\n"
    assert run("SELECT count(*) AS n FROM scan('param n = 1; close > n')", data, "-p", "n=3").stdout == "n\n2\n"


def test_queries_from_a_file_and_from_standard_input(data, tmp_path):
    (tmp_path / "query.sql").write_text("-- how many\nSELECT count(*) AS n\nFROM candles;\n", encoding="utf-8")

    assert run(f"@{tmp_path / 'query.sql'}", data).stdout.split() == ["n", "12"]
    assert run("-", data, given="SELECT count(*) AS n FROM candles").stdout.split() == ["n", "12"]


def test_candles_in_a_file_of_several_tables(data, meta, tmp_path):
    with duckdb.connect(str(tmp_path / "several.duckdb")) as connection:
        connection.execute(f"create table prices as from '{data}'")
        connection.execute("create table others as select 1 as x")
    done = run(COUNTED, str(tmp_path / "several.duckdb"), "--table", "prices", "--table", meta)

    assert done.stdout == "sector  n\nOil     2\nTech    3\n"


def test_the_candles_are_not_overwritten(data):
    done = run("FROM candles", data, "--output", data)

    assert done.exit_code == 2
    assert "is the file with the candles" in done.stderr


def test_warnings(data):
    done = run("FROM scan('close < volume')", data)

    assert done.exit_code == 0
    assert (
        "warning: compared: a price and a volume\n  FROM scan('close < volume')\n             ^^^^^^^^^^^^^^"
        in done.stderr
    )


def test_interrupted(data, monkeypatch):
    """A part of the rows is no answer: none are shown. Ctrl-C comes while DuckDB computes."""
    endless = "SELECT count(*) FROM range(1000000000) a, range(1000) b WHERE hash(a.range * b.range) % 7 = 1"
    compute = SqlResult.arrow

    def pl(result):
        threading.Timer(0.5, signal.raise_signal, [signal.SIGINT]).start()
        return compute(result)

    monkeypatch.setattr(SqlResult, "pl", pl)
    done = run(endless, data)

    assert (done.exit_code, done.stdout) == (130, "")
    assert done.stderr == "interrupted: a part of the rows is no answer, so none is shown\n"


def test_other_commands_do_not_wait_for_it():
    code = "import sys; from barsweep.engine.command_line.application import make_application; make_application('scan')"
    code += "; print(*[name for name in sys.modules if name.startswith('barsweep.engine.sql')])"

    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split() == []
