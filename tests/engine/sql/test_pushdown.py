"""A query reads what it wants and no more, and its answer is the one that it would have over everything."""

import datetime as dt
from collections import Counter

import polars as pl
import pytest
from fakes import Watched
from hypothesis import given, settings
from hypothesis import strategies as st
from sweeping import random_candles

import barsweep as bs
from barsweep.data import sample_candles
from barsweep.engine.sql.planning import Planner

MADE = sample_candles(6, 120, seed=5, defects=False)
DAILY = MADE.with_columns(
    symbol=pl.col("symbol").replace_strict(
        {name: f"S{place}" for place, name in enumerate(sorted(set(MADE["symbol"])))}
    )
)
DAYS = sorted(set(DAILY["ts"]))
HOURLY = random_candles(3, lengths=(90, 110, 70, 80, 100, 60))
HOURS = sorted(set(HOURLY["ts"]))
META = pl.DataFrame({"symbol": ["S0", "S2", "S4", "S9", None], "sector": ["Tech", "Tech", "Oil", "Oil", None]})


def read(query, values=None, data=DAILY, **options):
    """What a query asks the repository for."""
    watched = Watched(data)
    result = bs.sql(query, watched, values, tables={"meta": META}, **options)
    result.arrow()
    return watched.asked


@pytest.mark.parametrize(
    ("where", "symbols"),
    [
        ("symbol = 'S3'", ["S3"]),
        ("symbol IN ('S1', 'S4', 'nobody')", ["S1", "S4"]),
        ("symbol LIKE 'S%' AND symbol >= 'S4'", ["S4", "S5"]),
        ("symbol = 'S1' OR (symbol = 'S2' AND close > 1)", ["S1", "S2"]),
        ("NOT symbol < 'S5'", ["S5"]),
        ("symbol = 'S1' AND symbol = 'S2'", []),
        ("symbol = $who", ["S2"]),
        ("lower(symbol) = 's1'", ["S0", "S1", "S2", "S3", "S4", "S5"]),
        ("symbol = 'S1' OR close > 1", ["S0", "S1", "S2", "S3", "S4", "S5"]),
    ],
)
def test_symbols_that_are_read(where, symbols):
    asked = read(f"SELECT * FROM candles WHERE {where}", {"who": "S2"} if "$who" in where else None)

    assert sorted(symbol for each in asked for symbol in each["symbols"]) == symbols


@pytest.mark.parametrize(
    ("where", "start", "end"),
    [
        ("ts >= DATE '2024-03-01'", dt.date(2024, 3, 1), None),
        ("ts BETWEEN '2024-03-01' AND '2024-03-05'", dt.date(2024, 3, 1), dt.date(2024, 3, 5)),
        ("ts = '2024-03-01'", dt.date(2024, 3, 1), dt.date(2024, 3, 1)),
        ("ts < $until", None, dt.date(2024, 3, 1)),
        ("ts IN ('2024-03-01', '2024-02-01')", dt.date(2024, 2, 1), dt.date(2024, 3, 1)),
        ("ts > '2024-03-01' OR ts = '2024-02-01'", dt.date(2024, 2, 1), None),
        ("ts > '2024-03-01' OR close > 5", None, None),
        ("ts >= '2024-03-01' AND ts <> '2024-03-04'", dt.date(2024, 3, 1), None),
        ("ts < 'infinity'", None, None),
    ],
)
def test_dates_that_are_read(where, start, end):
    frame = DAILY.with_columns(ts=pl.col("ts") + (dt.date(2024, 2, 1) - DAYS[20]))
    asked = read(
        f"SELECT symbol FROM candles WHERE {where}", {"until": dt.date(2024, 3, 1)} if "$" in where else None, frame
    )

    assert {(each["start"], each["end"]) for each in asked} == {(start, end)}


def test_values_are_conditions_too():
    query = "FROM candles WHERE ts >= $text AND ts <= $day AND symbol LIKE $like"
    (asked,) = read(query, {"text": str(DAYS[10]), "day": DAYS[20], "like": "S1%"})

    assert (asked["symbols"], asked["start"], asked["end"]) == (("S1",), DAYS[10], DAYS[20])


def test_values_that_do_not_fit():
    with pytest.raises(bs.ProcessingEngineError, match="Cannot compare values of type DATE and type INTEGER"):
        bs.sql("FROM candles WHERE ts >= $day", DAILY, {"day": 5})


def test_only_columns_that_are_looked_at_are_read():
    (asked,) = read(
        "SELECT mean FROM bars(mean := 'sma(open, 3)', loud := 'volume > 5') WHERE close > 1 AND symbol = 'S1'"
    )

    assert sorted(asked["columns"]) == ["close", "open"]
    assert asked["before"] == 0


def test_history_before_the_dates_is_read():
    """A date range is the range that is reported: what a formula reaches comes besides."""
    (asked,) = read(f"FROM scan('close > sma(close, 20)') WHERE ts >= '{DAYS[50]}' AND symbol = 'S1'")

    assert (asked["start"], asked["before"]) == (DAYS[50], 19)


def test_formulas_of_a_query_share_one_pass():
    asked = read("FROM scan('close > sma(close, 5)') a JOIN scan('rsi(close, 5) > 50') b USING (symbol, ts)")

    assert max(Counter(symbol for each in asked for symbol in each["symbols"]).values()) == 1


def test_the_same_call_is_computed_once():
    query = """SELECT count(*) FROM scan('close > 1') a, scan('close > 1') b
               WHERE a.symbol = 'S1' AND b.symbol = 'S2' AND a.ts = b.ts"""
    asked = read(query)

    assert sorted(symbol for each in asked for symbol in each["symbols"]) == ["S1", "S2"]


def test_rankings_read_all_symbols():
    """The symbols that a query asks for are no population."""
    asked = read(f"FROM scan('rank(close) > 3') WHERE symbol = 'S1' AND ts >= '{DAYS[100]}'")

    assert sorted(symbol for each in asked for symbol in each["symbols"]) == ["S0", "S1", "S2", "S3", "S4", "S5"]
    assert {each["start"] for each in asked} == {DAYS[100]}


def test_a_ranking_that_is_not_looked_at_reads_no_symbols():
    asked = read("SELECT close FROM bars(place := 'rank(close)') WHERE symbol = 'S1'")

    assert [each["symbols"] for each in asked] == [("S1",)]


def test_the_universe_has_a_last_bar_whichever_symbols_are_asked_for():
    shorter = DAILY.filter((pl.col("symbol") != "S1") | (pl.col("ts") < DAYS[-1]))
    query = "SELECT symbol FROM scan('close > 0', latest := true) WHERE symbol IN ('S1', 'S2')"

    assert bs.sql(query, shorter).pl()["symbol"].to_list() == ["S2"]


@pytest.mark.parametrize(
    "query",
    [
        "SELECT 1",
        "SELECT count(*) FROM meta",
        "FROM candles WHERE false",
        "DESCRIBE FROM scan('close > 1')",
        "FROM candles LIMIT 0",
    ],
)
def test_what_looks_at_no_candle_reads_none(query):
    assert read(query) == []


def test_symbols_of_an_inner_join_come_from_the_other_table_only_as_a_condition():
    """A condition on one side of a join holds for the other; rows of a table are no condition."""
    both = read("SELECT * FROM scan('close > 1') m JOIN meta s USING (symbol) WHERE s.symbol = 'S2'")
    rows = read("SELECT * FROM scan('close > 1') m JOIN meta s USING (symbol)")

    assert [each["symbols"] for each in both] == [("S2",)]
    assert sorted(symbol for each in rows for symbol in each["symbols"]) == ["S0", "S1", "S2", "S3", "S4", "S5"]


def test_the_side_that_an_outer_join_keeps_is_read_whole():
    asked = read(
        """SELECT * FROM candles c LEFT JOIN scan('close > 1') m
           ON m.symbol = c.symbol AND m.ts = c.ts AND m.symbol = 'S2'"""
    )
    read_by = {len(each["symbols"]) for each in asked}

    assert read_by == {1, 6}


SYMBOLS = st.sampled_from(["S0", "S1", "S2", "S3", "S5", "S7", "", "s1", "S%", "'; drop table"])
FORMULAS = (
    "close > sma(close, 5)",
    "close > ema(close, 4)",
    "rank(close) <= 2",
    "bars_since(close > close[1]) == 0",
    "close > symbol('S2', close)",
    "bar_index >= 20",
    "zscore(close) > 0 and close > close[1]",
)


def literals(moments):
    days = st.sampled_from(moments)
    return days.map(lambda ts: f"'{ts}'") | days.map(lambda ts: f"DATE '{ts:%Y-%m-%d}'")


@st.composite
def atoms(draw, moments):
    symbol, other = ("'" + draw(SYMBOLS).replace("'", "''") + "'" for _ in range(2))
    when, later = draw(literals(moments)), draw(literals(moments))
    return draw(
        st.sampled_from(
            [
                f"symbol = {symbol}",
                f"symbol <> {symbol}",
                f"symbol IN ({symbol}, {other})",
                f"symbol NOT IN ({symbol}, {other})",
                f"symbol BETWEEN {symbol} AND {other}",
                f"symbol LIKE {symbol} || '%'",
                f"symbol > {symbol}",
                "symbol IS NOT NULL",
                f"ts >= {when}",
                f"{when} > ts",
                f"ts = {when}",
                f"ts BETWEEN {when} AND {later}",
                f"ts IN ({when}, {later})",
                f"ts::DATE = {when}::DATE",
                f"date_trunc('month', ts) <= {when}",
                "day(ts) < 15",
                "close > 50",
                "symbol IN (SELECT symbol FROM meta)",
                f"ts > (SELECT min(ts) FROM candles WHERE symbol = {symbol})",
                "random() < 2",
            ]
        )
    )


def conditions(moments):
    return st.recursive(
        atoms(moments),
        lambda parts: (
            st.tuples(parts, st.sampled_from(["AND", "OR"]), parts).map(lambda each: f"({' '.join(each)})")
            | parts.map(lambda part: f"NOT ({part})")
        ),
        max_leaves=4,
    )


SHAPES = (
    """SELECT symbol, ts, v FROM bars(v := '{f}') WHERE {w}
       UNION ALL SELECT symbol, ts, v FROM bars(v := '{f}') WHERE {u}""",
    "SELECT m.*, close FROM scan('{f}') m JOIN candles USING (symbol, ts) WHERE {w}",
    "SELECT * FROM (SELECT m.*, close FROM scan('{f}') m JOIN bars() b USING (symbol, ts)) WHERE {w}",
    """WITH x AS (FROM bars(v := '{f}')), y AS (FROM x WHERE {w})
       SELECT symbol, ts, v FROM y UNION ALL SELECT symbol, ts, v FROM x WHERE {u}""",
    """SELECT c.symbol, c.ts, m.ts AS hit FROM candles c
       LEFT JOIN (SELECT m.*, close FROM scan('{f}') m JOIN candles USING (symbol, ts)) m
       ON c.symbol = m.symbol AND c.ts = m.ts AND m.close > 0 WHERE c.ts IN (SELECT max(ts) FROM candles WHERE {w})""",
    """SELECT s.symbol AS own, m.symbol, m.ts FROM meta s
       FULL JOIN (SELECT * FROM bars(v := '{f}') WHERE {w}) m ON s.symbol = m.symbol""",
    """SELECT symbol, ts, n FROM (SELECT symbol, ts, close, row_number() OVER (PARTITION BY symbol ORDER BY ts) AS n
       FROM bars(v := '{f}') WHERE v) WHERE {w}""",
    """SELECT symbol, count(*), min(ts), max(v::INT) FROM bars(v := '{f}') WHERE {w}
       GROUP BY symbol HAVING symbol <> 'S3'""",
    """SELECT symbol, ts FROM candles c
       WHERE EXISTS (SELECT 1 FROM scan('{f}') m WHERE m.symbol = c.symbol AND m.ts = c.ts) AND {w}""",
)


@pytest.fixture(scope="module")
def opened():
    made = {name: bs.connect(frame, tables={"meta": META}) for name, frame in (("daily", DAILY), ("hourly", HOURLY))}
    yield made
    for each in made.values():
        each.close()


@pytest.mark.parametrize("kind", ["daily", "hourly"])
@given(data=st.data())
@settings(max_examples=25)
def test_what_is_read_changes_no_answer(data, kind, opened):
    """Over random conditions in queries of many shapes: only what is wanted against everything."""
    moments = DAYS if kind == "daily" else HOURS
    shape, formula = data.draw(st.sampled_from(SHAPES)), data.draw(st.sampled_from(FORMULAS)).replace("'", "''")
    where, other = data.draw(conditions(moments)), data.draw(conditions(moments))
    query = shape.format(w=where, u=other, f=formula)
    connection = opened[kind]

    pushed = connection.sql(query)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Planner, "needs", lambda *_: None)
        whole = connection.sql(query)

    assert sorted(pushed.pl().rows(), key=repr) == sorted(whole.pl().rows(), key=repr)
    assert pushed.counts["loaded"] <= whole.counts["loaded"]
