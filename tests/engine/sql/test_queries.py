"""What can be written in a query, and what comes back."""

import numpy as np
import polars as pl
import pytest
from fakes import Service, candles
from polars.testing import assert_frame_equal
from sweeping import random_candles

import barsweep as bs
from barsweep.data import sample_candles

FRAME = candles({"A": [1.0, 2.0, 3.0, 2.0, 4.0], "B": [3.0, 2.0, 4.0, 5.0, 1.0]})
META = pl.DataFrame({"symbol": ["A", "B"], "sector": ["Tech", "Oil"]})
UP = "close > close[1]"


@pytest.fixture(scope="module")
def connection():
    with bs.connect(FRAME, tables={"meta": META}) as opened:
        yield opened


def rows(connection, query, *values, **options):
    return connection.sql(query, *values, **options).pl().rows()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"SELECT count(*) FROM scan('{UP}')", [(5,)]),
        (f"SELECT count(*) FROM \"scan\"('{UP}')", [(5,)]),
        (f"SELECT count(*) FROM SCAN('{UP}')", [(5,)]),
        (f"SELECT scan.symbol, count(*) FROM scan('{UP}') GROUP BY ALL ORDER BY 1", [("A", 3), ("B", 2)]),
        (f"SELECT count(*) FROM scan($${UP}$$)", [(5,)]),
        (f"SELECT count(*) FROM scan(E'{UP}')", [(5,)]),
        (f"SELECT /* scan('x') */ count(*) -- scan('\n FROM scan /* ( */ ('{UP}' /* ) */ ) AS m", [(5,)]),
        ("SELECT count(*) FROM scan('sector == \"Tech\" or close > 4')", [(6,)]),
        (f"SELECT a, count(b) FROM scan('{UP}') AS m(a, b) GROUP BY ALL ORDER BY 1", [("A", 3), ("B", 2)]),
        (f"FROM scan('{UP}') SELECT count(*);", [(5,)]),
        (f"SELECT 'scan(''{UP}'')' AS scan", [(f"scan('{UP}')",)]),
        (f"WITH candles AS (FROM scan('{UP}')) SELECT count(*) FROM candles", [(5,)]),
        ("WITH candles AS (SELECT * FROM candles WHERE close > 3) SELECT count(*) FROM candles", [(3,)]),
        ("WITH meta AS (SELECT 'mine' AS sector) SELECT sector FROM meta", [("mine",)]),
        (f"SELECT (SELECT count(*) FROM scan('{UP}')) + (SELECT count(*) FROM scan('{UP}'))", [(10,)]),
        (
            f"""SELECT sector, n FROM meta, LATERAL
                (SELECT count(*) AS n FROM scan('{UP}') s WHERE s.symbol = meta.symbol) ORDER BY 1""",
            [("Oil", 2), ("Tech", 3)],
        ),
        ("SELECT count(*) FROM range(3), unnest(['a', 'b']), generate_series(1, 2)", [(12,)]),
        ("SELECT symbol FROM candles WHERE ts = (SELECT max(ts) FROM candles) ORDER BY close", [("B",), ("A",)]),
        ("SELECT symbol, close FROM CANDLES ORDER BY close DESC, symbol LIMIT 1", [("B", 5.0)]),
        ("SELECT max(close) OVER w FROM candles WINDOW w AS (PARTITION BY symbol) ORDER BY 1 DESC LIMIT 1", [(5.0,)]),
        (
            """SELECT b.symbol FROM candles a ASOF JOIN bars('x: close * 2') b
               ON a.symbol = b.symbol AND a.ts >= b.ts WHERE b.x > 9""",
            [("B",)],
        ),
        (
            """WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3)
               SELECT count(*) FROM n, scan('close > 4')""",
            [(3,)],
        ),
        ("SELECT column_name FROM (DESCRIBE FROM bars('mean: sma(close, 2)')) WHERE column_name = 'mean'", [("mean",)]),
        ("SELECT name FROM (SHOW TABLES)", [("meta",)]),
        ("VALUES (1), (2)", [(1,), (2,)]),
    ],
)
def test_queries(query, expected, connection):
    frame = FRAME.join(META, on="symbol") if "sector ==" in query else None
    if frame is not None:
        assert bs.sql(query, frame, tables={"meta": META}).pl().rows() == expected
    else:
        assert rows(connection, query) == expected


def test_columns_of_matches(connection):
    """Symbol, ts, and the formula's indicators under their labels, as `scan` has them."""
    formula = "fast = sma(close, 2); fast > 2 and ema(close, 2) > 1"
    found = connection.sql(f"FROM scan('{formula}')").pl()

    assert_frame_equal(found, bs.scan(formula, FRAME).matches)


def test_columns_of_bars(connection):
    """The candles', then one for each formula: named before a colon, by an argument, by the formula, by its text."""
    found = connection.sql(
        "FROM bars('mean: sma(close, 2)', 'high > low', 'gap = open - close[1]', up := 'close > close[1]')"
    ).pl()
    values = bs.evaluate(
        {"mean": "sma(close, 2)", "high > low": "high > low", "gap": "open - close[1]", "up": UP}, FRAME
    )

    own = FRAME.select("open", "high", "low", "close", "volume")
    assert_frame_equal(
        found, pl.concat([values.select("symbol", "ts"), own, values.drop("symbol", "ts")], how="horizontal")
    )


def test_the_conditional_operator_names_no_column(connection):
    assert connection.sql("FROM bars('close > open ? 1 : 2')").columns[-1] == "close > open ? 1 : 2"


def test_candles_are_those_that_formulas_see():
    """Faulty fields are undefined, as everywhere."""
    frame = FRAME.with_columns(high=pl.lit(0.5), low=pl.col("low") * (pl.col("ts") != FRAME["ts"][0]))
    found = bs.sql("SELECT symbol, ts, high, low, close FROM candles", frame).pl()

    assert_frame_equal(found, bs.evaluate({name: name for name in ("high", "low", "close")}, frame))
    assert found["high"].null_count() == 8


def test_text_and_true_or_false_are_columns():
    frame = FRAME.with_columns(sector=pl.lit("Oil"), listed=pl.col("close") > 2, cap=pl.col("close").cast(pl.Int64))
    found = bs.sql(
        "SELECT sector, listed, cap FROM candles WHERE listed AND sector = 'Oil' AND symbol = 'A'", frame
    ).pl()

    assert found.rows() == [("Oil", True, 3.0), ("Oil", True, 4.0)]


@pytest.mark.parametrize("latest", [False, True])
def test_params_and_options_of_a_call(latest, connection):
    formula = "param n = 2; close > sma(close, n)"
    found = connection.sql(f"FROM scan('{formula}', n := 3, latest := {latest}, timeframe := '1d')").pl()

    assert_frame_equal(found, bs.scan(formula, FRAME, parameters={"n": 3}, latest=latest).matches)


def test_several_values_of_a_param_are_a_column(connection):
    formula = "param n = 2; close > sma(close, n)"
    expected = bs.scan(formula, FRAME, parameters={"n": [2, 3]}).matches

    assert_frame_equal(connection.sql(f"FROM scan('{formula}', n := [2, 3])").pl(), expected, check_dtypes=False)
    assert_frame_equal(
        connection.sql(f"FROM scan('{formula}')", parameters={"n": [2, 3]}).pl(), expected, check_dtypes=False
    )
    assert rows(connection, f"SELECT count(*) FROM scan('{formula}', n := $n)", {"n": range(2, 4)}) == [
        (expected.height,)
    ]


def test_params_of_all_formulas_go_to_those_that_declare_them(connection):
    query = (
        "SELECT a.symbol FROM scan('param n = 9; close > sma(close, n)') a JOIN bars(x := 'close') USING (symbol, ts)"
    )

    assert len(rows(connection, query, parameters={"n": 2})) == 5
    with pytest.raises(bs.ProcessingEngineError, match="no formula of the query has a param 'k'"):
        connection.sql(query, parameters={"k": 2})


def test_stale_symbols_are_marked():
    frame = FRAME.filter((pl.col("symbol") == "A") | (pl.col("ts") < FRAME["ts"].max()))

    assert bs.sql("SELECT symbol, stale FROM scan('close > 0', latest := true, stale := 3)", frame).pl().rows() == [
        ("A", False),
        ("B", True),
    ]


def test_values_of_a_query(connection):
    """By name and by place; what stands for a formula is no value of DuckDB's any more."""
    day = FRAME["ts"][2]
    assert rows(connection, "SELECT count(*) FROM scan(?) WHERE symbol = ? AND ts >= ?", [UP, "A", day]) == [(2,)]
    assert rows(connection, "SELECT count(*) FROM scan($2) WHERE symbol = $1", ["A", UP]) == [(3,)]
    assert rows(connection, "SELECT $a + $a AS twice, count(*) FROM scan($f) GROUP BY 1", {"a": 2, "f": UP}) == [(4, 5)]
    assert rows(connection, "SELECT count(*) FROM candles WHERE ts >= $day", {"day": str(day)}) == [(6,)]


def test_formulas_of_another_dialect(connection):
    expected = bs.evaluate("Mean($close, 2)/$close", FRAME, dialect="qlib")["value"]

    assert (
        connection.sql("SELECT m FROM bars(m := 'Mean($close, 2)/$close', dialect := 'qlib')")
        .pl()["m"]
        .equals(expected, check_names=False)
    )
    with bs.connect(FRAME, dialect="qlib") as opened:
        assert (
            opened.sql("SELECT m FROM bars('m: Mean($close, 2)/$close')").pl()["m"].equals(expected, check_names=False)
        )


def test_functions_of_ones_own():
    @bs.function()
    def doubled(x: np.ndarray) -> np.ndarray:
        """Twice the number.

        >>> doubled(1)
        2
        """
        return x * 2

    service = bs.FormulaService(functions=[doubled])

    assert bs.sql("SELECT max(d) FROM bars(d := 'doubled(close)')", FRAME, service=service).pl().item() == 10
    with pytest.raises(bs.ProcessingEngineError, match="need a FormulaService"):
        bs.sql("SELECT 1", FRAME, service=Service())


def test_tables_are_for_formulas_too():
    known = pl.DataFrame({"symbol": ["A", "B"], "ts": [FRAME["ts"][0]] * 2, "eps": [1.0, 9.0]})
    query = """SELECT m.symbol, count(*), any_value(q.eps) FROM scan('table("quarterly", eps) > 5') m
               JOIN quarterly q USING (symbol) GROUP BY ALL"""

    assert bs.sql(query, FRAME, tables={"quarterly": known, "meta": META}).pl().rows() == [("B", 4, 9.0)]


@pytest.mark.parametrize("timeframe", ["1w", "1mo"])
@pytest.mark.parametrize(
    "where", ["true", "ts >= '2015-03-04' AND ts <= '2015-09-17'", "symbol > 'M' AND ts < '2015-05-05'"]
)
def test_longer_bars(timeframe, where):
    """Cut by dates in the middle of them: what is there is whole, as it is over everything."""
    frame = sample_candles(6, 300, seed=2, defects=False)
    whole = bs.evaluate({"close": "close", "mean": "sma(close, 3)"}, frame, timeframe=timeframe)
    expected = pl.SQLContext(whole=whole).execute(
        f"SELECT * FROM whole WHERE {where}".replace("'2015-", "DATE '2015-"), eager=True
    )

    assert expected.height > 5
    with bs.connect(frame) as connection:
        found = connection.sql(
            f"""SELECT symbol, ts, close, mean FROM bars('mean: sma(close, 3)', timeframe := '{timeframe}')
                WHERE {where} ORDER BY ALL"""
        ).pl()
        assert_frame_equal(found, expected)


def test_times_are_those_of_the_exchange():
    """A date in a query is the midnight of the exchange, as start= and end= have it."""
    frame = random_candles(1, lengths=(72, 72))
    repository = bs.FrameRepository(frame, tz="America/New_York")
    expected = bs.evaluate("close", repository, start="2024-01-02", end="2024-01-02")
    found = bs.sql(
        "SELECT ts FROM candles WHERE ts::DATE = '2024-01-02' AND hour(ts) < 24 ORDER BY symbol, ts", repository
    ).pl()

    assert found["ts"].dt.convert_time_zone("UTC").to_list() == expected["ts"].to_list()
    assert found["ts"].dtype == pl.Datetime("us", "America/New_York")


def test_no_candles():
    """Types are there without any row."""
    found = bs.sql(
        "SELECT *, sma FROM bars(sma := 'sma(close, 2)') JOIN scan('close > 1') USING (symbol, ts)", FRAME.clear()
    ).pl()

    assert found.height == 0
    assert found.schema["symbol"] == pl.String
    assert found.schema["sma"] == pl.Float64
