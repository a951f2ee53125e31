"""table("quarterly", x): x on another table's rows, seen from the moment when each was published."""

import datetime as dt

import duckdb
import polars as pl
import pytest
from sweeping import CALLS, COMPOSED, LANGUAGE, is_across, random_candles

import barsweep as bs
from barsweep.errors import FormulaError, ProcessingEngineError, RepositoryError

DAY = dt.date(2024, 1, 1)


def days(count, symbol="A", begin=DAY):
    dates = [begin + dt.timedelta(days=day) for day in range(count)]
    return pl.DataFrame({"symbol": symbol, "ts": dates, "close": [float(n) for n in range(1, count + 1)]})


def values(formula, candles, **options):
    return bs.evaluate(formula, candles, **options)["value"].to_list()


def test_a_date_is_known_when_its_day_is_over():
    """What is published on the 2nd, perhaps after the close, is first seen by the bar of the 3rd."""
    quarterly = pl.DataFrame({"symbol": "A", "date": [dt.date(2024, 1, 2), dt.date(2024, 1, 4)], "eps": [1.0, 2.0]})

    found = values('table("quarterly", eps)', days(6), tables={"quarterly": quarterly})

    assert found == [None, None, 1.0, 1.0, 2.0, 2.0]


def test_a_time_is_known_to_the_bars_that_end_after_it():
    """Hourly bars: 10:00 to 11:00 ends after 10:30, and at 11:00 sharp."""
    ts = [dt.datetime(2024, 1, 2, hour, tzinfo=dt.UTC) for hour in range(9, 14)]
    candles = pl.DataFrame({"symbol": "A", "ts": ts, "close": [1.0] * 5})
    news = [dt.datetime(2024, 1, 2, 10, 30, tzinfo=dt.UTC), dt.datetime(2024, 1, 2, 12, tzinfo=dt.UTC)]
    table = pl.DataFrame({"symbol": "A", "published": news, "date": [DAY, DAY], "eps": [1.0, 2.0]})

    assert values('table("t", eps)', candles, tables={"t": table}) == [None, 1.0, 2.0, 2.0, 2.0]


def test_a_date_counts_in_the_exchanges_zone():
    """The last hour of the 2nd in New York does not know what the 2nd brought, the first of the 3rd does."""
    begin = dt.datetime(2024, 1, 3, 2, tzinfo=dt.UTC)  # 21:00 in New York
    ts = [begin + dt.timedelta(hours=hour) for hour in range(5)]
    candles = pl.DataFrame({"symbol": "A", "ts": ts, "close": [1.0] * 5})
    table = pl.DataFrame({"symbol": "A", "ts": [dt.date(2024, 1, 2)], "eps": [7.0]})
    repository = bs.FrameRepository(candles, tz="America/New_York")

    assert values('table("t", eps)', repository, tables={"t": table}) == [None, None, None, 7.0, 7.0]


@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_a_day_whose_midnight_is_skipped_begins_an_hour_later(executor):
    """In São Paulo 15 October 2017 began at 01:00: what the day before it brought is known then."""
    table = pl.DataFrame({"symbol": "A", "ts": [dt.date(2017, 10, 12), dt.date(2017, 10, 14)], "eps": [1.0, 2.0]})
    repository = bs.FrameRepository(days(5, begin=dt.date(2017, 10, 12)), tz="America/Sao_Paulo")

    found = values('table("t", eps)', repository, tables={"t": table}, executor=executor)

    assert found == [None, 1.0, 1.0, 2.0, 2.0]


def test_lengths_count_the_tables_rows_and_symbols_do_not_touch():
    rows = [("A", 1, 1.0), ("B", 1, 10.0), ("A", 3, 2.0), ("B", 4, 30.0), ("A", 5, 6.0)]
    table = pl.DataFrame(
        {
            "symbol": [row[0] for row in rows],
            "date": [dt.date(2024, 1, row[1]) for row in rows],
            "revenue": [row[2] for row in rows],
        }
    )
    candles = pl.concat([days(7), days(7, "B"), days(7, "C")])

    grown = values('table("t", revenue - revenue[1])', candles, tables={"t": table})
    mean = values('close * 0 + table("t", sma(revenue, 2))', candles, tables={"t": table})

    assert grown == [None, None, None, 1.0, 1.0, 4.0, 4.0] + [None] * 4 + [20.0] * 3 + [None] * 7
    assert mean == [None, None, None, 1.5, 1.5, 4.0, 4.0] + [None] * 4 + [20.0] * 3 + [None] * 7


def test_of_rows_published_at_once_the_last_counts():
    """A correction on the same day stands."""
    table = pl.DataFrame({"symbol": "A", "date": [DAY, DAY], "eps": [1.0, 5.0]})

    assert values('table("t", eps)', days(3), tables={"t": table}) == [None, 5.0, 5.0]


def test_text_infinities_and_holes():
    table = pl.DataFrame(
        {
            "symbol": "A",
            "date": [DAY, dt.date(2024, 1, 2)],
            "eps": [float("inf"), float("nan")],
            "rating": ["buy", None],
        }
    )

    assert values('table("t", eps)', days(4), tables={"t": table}) == [None] * 4
    assert values('table("t", rating) == "buy"', days(4), tables={"t": table}) == [None, True, None, None]


def test_a_table_inside_weeks_and_of_another_symbol():
    table = pl.DataFrame({"symbol": ["A", "B"], "date": [DAY, dt.date(2024, 1, 9)], "eps": [1.0, 2.0]})
    candles = pl.concat([days(15), days(15, "B")])

    weekly = values('timeframe("1w", table("t", eps))', candles, tables={"t": table})
    other = values('symbol("B", table("t", eps))', candles, tables={"t": table})

    assert weekly == [None] * 6 + [1.0] * 9 + [None] * 13 + [2.0] * 2
    assert other == ([None] * 9 + [2.0] * 6) * 2


@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_every_function_counts_the_tables_rows(executor):
    """By definition: computed on the table as on candles, then looked up for each bar."""
    table = random_candles(31, lengths=(40, 25)).with_columns(
        ts=pl.col("ts").dt.truncate("1h") + pl.duration(days=2 * pl.int_range(pl.len()).over("symbol"))
    )
    candles = random_candles(32, lengths=(60, 60)).with_columns(
        ts=pl.lit(dt.datetime(2024, 1, 1, tzinfo=dt.UTC)) + pl.duration(days=pl.int_range(pl.len()).over("symbol"))
    )
    calls = [call for call in (*CALLS, *COMPOSED) if not is_across(call)]

    formulas = {call: f'table("t", {call})' for call in calls}
    made = bs.evaluate(formulas, candles, timeframe="1d", tables={"t": table}, executor=executor)

    alone = bs.evaluate({call: call for call in calls}, bs.FrameRepository(table, policy=None), executor="polars")
    known = candles.select("symbol", (pl.col("ts") + pl.duration(days=1)).alias("ts"))
    expected = known.join_asof(alone, on="ts", by="symbol", check_sortedness=False)
    assert [call for call in calls if not made[call].equals(expected[call], null_equal=True)] == []


def test_a_path_will_do(tmp_path):
    pl.DataFrame({"symbol": "A", "filed": ["2024-01-02"], "date": ["2023-12-31"], "eps": [3.5]}).write_csv(
        tmp_path / "q.csv"
    )

    found = bs.scan('table("q", eps) > 3', days(4), tables={"q": tmp_path / "q.csv"})

    assert found.matches["ts"].to_list() == [dt.date(2024, 1, 3), dt.date(2024, 1, 4)]


@pytest.mark.parametrize("column", ["published", "date"])
def test_a_database_that_was_opened_for_a_table_is_closed(tmp_path, column):
    path = tmp_path / "quarterly.duckdb"
    with duckdb.connect(str(path)) as connection:
        rows = pl.DataFrame({"symbol": "A", column: [DAY], "eps": [4.0]})  # noqa: F841 - DuckDB finds it by its name
        connection.execute("create table quarterly as select * from rows")

    assert bs.scan('table("q", eps) > 3', days(4), tables={"q": path}).counts["matches"] == 3
    with duckdb.connect(str(path)) as connection:
        assert connection.execute("delete from quarterly").fetchone() == (1,)


def test_what_is_wrong_is_told_before_any_candle_is_read():
    table = pl.DataFrame({"symbol": "A", "date": [DAY], "eps": [1.0]})
    without = pl.DataFrame({"symbol": "A", "eps": [1.0]})

    with pytest.raises(RepositoryError, match=r"the table 'q': the frame has no column for the time .* published"):
        bs.scan('table("q", eps) > 3', days(4), tables={"q": without})
    with pytest.raises(FormulaError, match=r"there is no table 'qarterly'\n(.*\n)*.*did you mean 'quarterly'"):
        bs.scan('table("qarterly", eps) > 3', days(4), tables={"quarterly": table})
    with pytest.raises(FormulaError, match="there is no table 'quarterly'"):
        bs.scan('table("quarterly", eps) > 3', days(4))
    for unnamed in ([table], {1: table}):
        with pytest.raises(ProcessingEngineError, match="tables are given by name"):
            bs.scan('table("quarterly", eps) > 3', days(4), tables=unnamed)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ('table("q", epps) > 1', "unknown name 'epps'"),
        ('table("q", column("P/E")) > 1', "the table 'q' has no column 'P/E'"),
        ('x = close\ntable("q", x) > 1', "the table 'q' has no column 'close'"),
        ('table("q", sma(n=4)) > 1', "the table 'q' has no column 'close'"),
        ('table("q", hl2) > 1', "the table 'q' has no column 'high'"),
        ("table(close, eps) > 1", "table takes text first"),
        ('table("q", timeframe("1w", eps)) > 1', "timeframe() cannot stand inside table()"),
        ('table("q", table("q", eps)) > 1', "table() cannot stand inside table()"),
        ('table("q") > 1', "table lacks its x"),
        ("table() > 1", "table lacks its table and x"),
        ('table("q", rank(eps)) > 1', "a ranking across symbols cannot stand inside table()"),
    ],
)
def test_a_tables_columns_are_its_own(formula, message):
    with pytest.raises(FormulaError) as caught:
        LANGUAGE.check(formula, None, tables={"q": {"eps": "number"}})

    assert message in str(caught.value)


def test_the_candles_columns_are_not_the_tables():
    """A column of one name is loaded of the candles only where the candles' own is read."""
    checked = LANGUAGE.check('table("q", close) > open', tables={"q": {"close": "number"}})

    assert checked.columns == {"open"}
    assert checked.tables == {"q"}


def rows_of(*rows):
    return pl.DataFrame(rows, schema=["symbol", "date", "eps"], orient="row")


@pytest.mark.parametrize(
    ("table", "note"),
    [
        (rows_of(("A", DAY, 1.0)).clear(), "the table 'q' has no rows with a symbol and a time: it is undefined"),
        (rows_of(("A", None, 1.0)).cast({"date": pl.Date}), "the table 'q' has no rows with a symbol and a time"),
        (
            rows_of(*((f"{name} US", DAY, 1.0) for name in "FCABED")),
            "the table 'q' has none of the symbols: it has A US, B US, C US, ...; it is undefined at every bar",
        ),
        (
            rows_of(("A", DAY, 1.0), ("B", DAY, 1.0), ("A", DAY, 2.0), ("A", DAY, 2.0)),
            "rows of the table 'q' that have the symbol and the time of another: 2; each counts as one, as in x[1]",
        ),
    ],
    ids=["no rows", "no times", "other symbols", "repeated rows"],
)
def test_a_table_that_looks_wrong_is_told_of(table, note, caplog):
    """It was undefined at every bar, or a change was zero, without a word."""
    result = bs.scan('table("q", eps) > 0', days(4), tables={"q": table})

    assert len(result.notes) == 1
    assert result.notes[0].startswith(note)
    assert result.notes[0] in caplog.text


def test_a_table_that_looks_right_is_not_told_of():
    table = rows_of(("A", DAY, 1.0), ("B", DAY, 1.0), ("A", DAY + dt.timedelta(1), 1.0))

    assert bs.scan('table("q", eps) > 0', days(4), tables={"q": table}).notes == ()
    assert bs.scan("close > 0", days(4), tables={"q": table.clear()}).notes == ()


def test_a_table_that_does_not_say_of_which_symbol_is_refused():
    """It was undefined at every bar, without a word. A single symbol without a name may have such a table."""
    table = pl.DataFrame({"date": [dt.date(2024, 1, 2)], "eps": [1.0]})

    with pytest.raises(ProcessingEngineError, match="has no symbols, the candles have"):
        values('table("q", eps)', days(4), tables={"q": table})
    assert values('table("q", eps)', days(4).drop("symbol"), tables={"q": table}) == [None, None, 1.0, 1.0]
