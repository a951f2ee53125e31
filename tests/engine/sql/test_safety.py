"""What a hostile query, symbol, column or table can do: nothing."""

from contextlib import suppress

import duckdb
import polars as pl
import pytest
from fakes import candles

import barsweep as bs

SECRET = pl.DataFrame({"secret": [42]})
HOSTILE = [
    "'; drop table meta; --",
    '"; drop table meta; --',
    "../../x",
    "a\0b",
    "\N{PILE OF POO}",
    "x" * 10_000,
    "{0}",
    "$1",
    "?",
]
FRAME = candles({"A": [1.0, 2.0, 3.0, 2.0], "B": [3.0, 2.0, 4.0, 5.0]})
META = pl.DataFrame({"symbol": ["A", "B"], "sector": ["Tech", "Oil"]})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder that a query should neither read nor write."""
    (tmp_path / "secret.csv").write_text("secret\n42\n", encoding="utf-8")
    SECRET.write_parquet(tmp_path / "secret.parquet")
    duckdb.connect(str(tmp_path / "secret.duckdb")).close()
    monkeypatch.chdir(tmp_path)
    return tmp_path


STATEMENTS = [
    "DROP TABLE meta",
    "CREATE TABLE x AS FROM meta",
    "INSERT INTO meta VALUES ('C', 'Oil')",
    "COPY meta TO 'out.csv'",
    "COPY (FROM candles) TO 'out.parquet'",
    "EXPORT DATABASE 'out'",
    "ATTACH 'secret.duckdb'",
    "ATTACH 'new.duckdb'",
    "INSTALL httpfs",
    "LOAD 'x.duckdb_extension'",
    "SET memory_limit = '100GB'",
    "SET threads = 64",
    "SET enable_external_access = true",
    "RESET ALL",
    "PRAGMA enable_profiling = 'json'",
    "CALL enable_logging(storage := 'file', storage_config := {'path': 'log'})",
    "EXPLAIN ANALYZE FROM meta",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "CREATE MACRO scan(x) AS TABLE FROM meta",
    "FROM meta; DROP TABLE meta",
    "SELECT 1; SET threads = 64",
    "SELECT 1 \0; DROP TABLE meta",
    "VACUUM",
    "CHECKPOINT",
    "USE memory",
    "IMPORT DATABASE 'x'",
]
SELECTS = [
    "FROM 'secret.csv'",
    "FROM 'secret.parquet'",
    'FROM "secret.csv"',
    "FROM '/etc/passwd'",
    "FROM read_csv('secret.csv')",
    "FROM read_parquet('secret.parquet')",
    "FROM read_text('/etc/passwd')",
    "FROM read_blob('secret.csv')",
    "FROM read_duckdb('secret.duckdb')",
    "FROM read_json('secret.csv')",
    "FROM sniff_csv('secret.csv')",
    "FROM glob('*')",
    "FROM parquet_metadata('secret.parquet')",
    "FROM query('FROM ''secret.csv''')",
    "FROM query_table('secret.csv')",
    "FROM json_execute_serialized_sql(json_serialize_sql('FROM ''secret.csv'''))",
    "FROM enable_profiling(save_location := 'profile.json')",
    "FROM enable_logging(storage := 'file', storage_config := {'path': 'log'})",
    "FROM arrow_scan(1, 2, 3)",
    "FROM arrow_scan_dumb(1, 2, 3)",
    "FROM python_arrow_scan(1)",
    "FROM pandas_scan(1)",
    "FROM seq_scan()",
    "FROM import_database('x')",
    "FROM checkpoint('memory')",
    "FROM duckdb_secrets()",
    "FROM SECRET",
    "FROM FRAME",
    "SELECT getenv('HOME')",
    "SELECT (SELECT count(*) FROM 'secret.csv')",
    "WITH x AS (FROM read_csv('secret.csv')) SELECT 1 FROM candles",
    "FROM candles WHERE EXISTS (FROM glob('*'))",
    "FROM http_get('http://localhost')",
    "FROM 'https://localhost/x.csv'",
    "FROM sqlite_scan('x', 'y')",
]


@pytest.fixture(scope="module")
def connection():
    with bs.connect(FRAME, tables={"meta": META}) as opened:
        yield opened


@pytest.mark.parametrize("query", STATEMENTS + SELECTS)
def test_a_query_reads_and_writes_nothing_else(query, folder, connection):
    """Refused before any candle is read; the next query finds everything as it was."""
    before = sorted(folder.iterdir())
    settings = "SELECT current_setting('threads'), current_setting('memory_limit')"
    first = connection.sql(settings).pl().rows()

    with pytest.raises(bs.QueryError) as raised:
        connection.sql(query).arrow()

    assert raised.value.source == query
    assert connection.sql("FROM meta ORDER BY symbol").pl().equals(META)
    assert connection.sql(settings).pl().rows() == first
    assert sorted(folder.iterdir()) == before


def test_the_callers_variables_are_no_tables():
    secret = SECRET

    with pytest.raises(bs.QueryError, match="Table with name secret does not exist"):
        bs.sql("FROM secret", FRAME)
    assert secret.height == 1


def test_external_access_is_there_when_asked_for(folder):
    found = bs.sql("SELECT secret, symbol FROM read_csv('secret.csv'), scan('close > 4')", FRAME, external_access=True)

    assert found.pl().rows() == [(42, "B")]
    assert bs.sql("SELECT secret FROM 'secret.parquet'", FRAME, external_access=True).pl().item() == 42


@pytest.mark.parametrize(
    "query",
    ["FROM arrow_scan(1, 2, 3)", "FROM query('select 1')", "COPY (SELECT 1) TO 'x.csv'", "FROM secret_of_caller"],
)
def test_external_access_is_no_access_to_memory(query, folder):
    secret_of_caller = SECRET

    with pytest.raises(bs.QueryError):
        bs.sql(query, FRAME, external_access=True)
    assert not (folder / "x.csv").exists()
    assert secret_of_caller.height == 1


@pytest.mark.parametrize("name", HOSTILE, ids=[f"name {place}" for place in range(len(HOSTILE))])
def test_symbols_are_values(name):
    """In candles, in tables, in conditions."""
    frame = FRAME.with_columns(symbol=pl.col("symbol").replace("B", name))
    meta = META.with_columns(symbol=pl.col("symbol").replace("B", name))
    query = """SELECT symbol, sector, count(*) FROM scan('close > close[1]') JOIN meta USING (symbol)
               WHERE symbol = $who GROUP BY ALL"""
    with bs.connect(frame, tables={"meta": meta}) as connection:
        found = connection.sql(query, {"who": name})

        assert found.pl().rows() == [(name, "Oil", 2)]
        assert found.counts["loaded"] == 4
        assert connection.sql("SELECT count(*) FROM meta").pl().item() == 2


@pytest.mark.parametrize("name", [*(name for name in HOSTILE if "\0" not in name), 'it\'s "both"', "“”"])
def test_columns_are_names(name):
    """Of candles and of tables; DuckDB shows names with their own quotes."""
    frame = FRAME.with_columns(pl.lit(1.0).alias(name))
    meta = META.with_columns(pl.lit(2.0).alias(name))
    own = '"' + name.replace('"', '""') + '"'
    query = f"SELECT m.{own} + c.{own} AS sum FROM candles c JOIN meta m USING (symbol)"
    with bs.connect(frame, tables={"meta": meta}) as connection:
        assert name in connection.sql("SELECT c.*, m.* FROM candles c JOIN meta m USING (symbol)").pl().columns
        assert connection.sql(query).pl()["sum"].to_list() == [3.0] * 8


def test_columns_that_no_query_can_name():
    """Of candles they are left out, if they can be read at all; of a table it is told."""
    lines, frame = (FRAME.with_columns(pl.lit(1.0).alias(name)) for name in ("two\nlines", "a\0b"))

    assert bs.sql("FROM candles", lines).columns == ["symbol", "ts", "open", "high", "low", "close", "volume"]
    with pytest.raises(bs.RepositoryError, match="holds a NUL"):
        bs.sql("FROM candles", frame)
    with pytest.raises(bs.RepositoryError, match="NUL in its name"):
        bs.sql("FROM meta", FRAME, tables={"meta": frame})


@pytest.mark.parametrize("name", [name for name in HOSTILE if "\0" not in name])
def test_tables_are_names(name):
    quoted = '"' + name.replace('"', '""') + '"'

    assert bs.sql(f"SELECT sector FROM {quoted} WHERE symbol = 'A'", FRAME, tables={name: META}).pl().item() == "Tech"


@pytest.mark.parametrize("name", ["candles", "CANDLES", "", "a\0b", "~1"])
def test_names_that_no_table_can_have(name):
    with pytest.raises(bs.ProcessingEngineError, match="called"):
        bs.sql("SELECT 1", FRAME, tables={name: META})


def test_tables_whose_names_are_one_for_duckdb():
    with pytest.raises(bs.ProcessingEngineError, match="'Meta' and 'meta' are one name"):
        bs.connect(FRAME, tables={"Meta": META, "meta": META})


@pytest.mark.parametrize("text", HOSTILE)
def test_formulas_are_values(text, connection):
    """A hostile formula is a faulty formula, whether it stands in the query or is given."""
    written = text.replace("'", "''")
    for query, values in (("FROM scan($f)", {"f": text}), (f"FROM scan('{written}')", None)):
        with pytest.raises(bs.FormulaError):
            connection.sql(query, values)
    assert connection.sql("SELECT count(*) FROM meta").pl().item() == 2


def test_memory_is_bounded_without_a_file(folder):
    """Where it does not suffice, the query fails; nothing is spilled into the folder where somebody works."""
    before = sorted(folder.iterdir())
    query = "SELECT range, hash(range) FROM range(4000000) ORDER BY hash(range)"

    with pytest.raises(bs.ProcessingEngineError, match="memory_limit"):
        bs.sql(query, FRAME, memory_limit=30_000_000).arrow()
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    "query",
    [
        "SELECT " + "(" * 5000 + "1" + ")" * 5000,
        "SELECT " + "+".join(["1"] * 900),
        "SELECT " + "+".join(["1"] * 5000),
        "SELECT * FROM " + "(SELECT * FROM " * 400 + "candles" + ")" * 400,
        "SELECT 1 WHERE " + " OR (1 = 1 AND ".join(["2 = 2"] * 300) + ")" * 299,
        "FROM candles WHERE " + " OR (symbol = 'A' AND ".join(["ts > '2024-01-01'"] * 120) + ")" * 119,
        "x" * 2_000_000,
        "\ud800",
        b"SELECT 1",
        None,
    ],
    ids=range(10),
)
def test_monstrous_queries(query, connection):
    """An answer or an error in words: no crash, no endless depth."""
    with suppress(bs.BarsweepError):
        assert connection.sql(query).arrow().num_rows <= FRAME.height
