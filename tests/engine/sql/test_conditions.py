"""Conditions as DuckDB's plans tell them: what is understood, and that all else lets every row pass."""

import datetime as dt
import json
import logging

import duckdb
import polars as pl
import pytest
from fakes import candles

import barsweep as bs
from barsweep.engine.sql.conditions import ANYTHING, Both, Compare, Either, Range, admits, read_condition, times
from barsweep.engine.sql.needs import Need, read_needs
from barsweep.engine.sql.opening import open_for_planning
from barsweep.engine.sql.planning import ASKED, _read

FRAME = candles({"A": [1.0, 2.0], "B": [2.0, 3.0]})
DAY = dt.date(2024, 1, 2)


def text(value):
    return {"type": {"id": "VARCHAR"}, "value": value}


def compared(kind, value):
    return {"filter_type": "LEGACY_CONSTANT_COMPARISON", "comparison_type": kind, "constant": value}


REFERENCE = {"type": "BOUND_REF"}
CONSTANT = {"type": "VALUE_CONSTANT", "value": text("B")}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (compared("COMPARE_EQUAL", text("A")), Compare("symbol", "COMPARE_EQUAL", "A")),
        (compared("COMPARE_DISTINCT_FROM", text("A")), ANYTHING),
        (compared("COMPARE_EQUAL", {"type": {"id": "BLOB"}, "value": "A"}), ANYTHING),
        (compared("COMPARE_EQUAL", {"type": {"id": "VARCHAR"}, "is_null": True}), ANYTHING),
        ({"filter_type": "LEGACY_IN_FILTER", "values": [text("A"), {"type": {"id": "VARCHAR"}}]}, ANYTHING),
        ({"filter_type": "LEGACY_IN_FILTER", "values": []}, ANYTHING),
        ({"filter_type": "LEGACY_CONJUNCTION_OR"}, ANYTHING),
        ({"filter_type": "LEGACY_IS_NOT_NULL"}, ANYTHING),
        ({"filter_type": "something new"}, ANYTHING),
        ({}, ANYTHING),
        (
            {
                "filter_type": "EXPRESSION_FILTER",
                "expr": {"type": "COMPARE_GREATERTHAN", "children": [CONSTANT, REFERENCE]},
            },
            Compare("symbol", "COMPARE_LESSTHAN", "B"),
        ),
        (
            {"filter_type": "EXPRESSION_FILTER", "expr": {"type": "COMPARE_IN", "children": [REFERENCE, CONSTANT]}},
            Either((Compare("symbol", "COMPARE_EQUAL", "B"),)),
        ),
        (
            {"filter_type": "EXPRESSION_FILTER", "expr": {"type": "COMPARE_EQUAL", "children": [CONSTANT, CONSTANT]}},
            ANYTHING,
        ),
        ({"filter_type": "EXPRESSION_FILTER", "expr": {"type": "OPERATOR_NOT", "children": [REFERENCE]}}, ANYTHING),
    ],
)
def test_conditions_that_are_read(told, expected):
    assert read_condition(told, ["symbol"]) == expected


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("DATE", 19724, dt.date(2024, 1, 2)),
        ("TIMESTAMP WITH TIME ZONE", 1_704_153_600_000_000, dt.datetime(2024, 1, 2, tzinfo=dt.UTC)),
        ("DATE", 2**31 - 1, None),
        ("TIMESTAMP WITH TIME ZONE", 2**63 - 1, None),
        ("INTEGER", 5, None),
        ("DATE", "text", None),
    ],
)
def test_times_that_are_read(kind, value, expected):
    told = compared("COMPARE_GREATERTHAN", {"type": {"id": kind}, "value": value})

    assert times(read_condition(told, ["ts"])) == Range(expected)
    assert times(read_condition(told, ["close"])) == Range()


def test_ranges():
    either = Either((Compare("ts", "COMPARE_LESSTHAN", DAY), Both((Compare("ts", "COMPARE_EQUAL", DAY), ANYTHING))))

    assert times(either) == Range(None, DAY)
    assert times(Both((Compare("ts", "COMPARE_GREATERTHAN", DAY), Compare("ts", "COMPARE_LESSTHAN", DAY)))) == Range(
        DAY, DAY
    )
    assert times(Either((Compare("symbol", "COMPARE_EQUAL", "A"), Compare("ts", "COMPARE_EQUAL", DAY)))) == Range()
    assert Range(DAY, dt.date(2024, 1, 1)).empty


def test_symbols_are_compared_as_duckdb_does():
    """By their bytes, in which UTF-8 keeps the order of the characters."""
    names = ["A", "a", "Z", "z", "é", "ß", "\N{PILE OF POO}", "\ufffd", "~", "", "AB"]
    with duckdb.connect() as connection:
        for limit in names:
            found = connection.execute(
                "select list(x) from (select unnest($1) x) where x > $2", [names, limit]
            ).fetchall()
            own = [name for name in names if admits(Compare("symbol", "COMPARE_GREATERTHAN", limit), name)]
            assert sorted(found[0][0] or []) == sorted(own)


def test_the_installed_duckdb_tells_what_is_read_here():
    """Should a new version word its plans otherwise, everything would be read, in silence: this test says so."""
    connection = open_for_planning("UTC", external_access=False)
    connection.execute("create table t (symbol varchar, ts date, close double, volume double)")
    query = (
        "select close from t where symbol in ('A', 'B') and ts >= '2024-01-02' and (symbol = 'A' or ts = '2024-01-03')"
    )
    need = read_needs(json.loads(connection.execute(ASKED, [query]).fetchall()[0][0]))["t"]
    connection.close()

    assert need.columns == {"symbol", "ts", "close"}
    assert [name for name in "ABC" if admits(need.condition, name)] == ["A", "B"]
    assert need.times == Range(DAY, None)


def test_plans_that_cannot_be_read_mean_that_everything_is_needed(tmp_path, caplog):
    """DuckDB cannot tell its plan of a file that it reads; and conditions may be nested deeper than Python goes."""
    FRAME.write_parquet(tmp_path / "own.parquet")
    query = f"SELECT count(*) FROM '{tmp_path / 'own.parquet'}' JOIN candles c USING (symbol, ts) WHERE c.symbol = 'A'"
    with caplog.at_level(logging.INFO, "barsweep"):
        found = bs.sql(query, FRAME, external_access=True)

    assert (found.pl().item(), found.counts["loaded"]) == (2, 4)
    assert "its plan cannot be read" in caplog.text
    deep = compared("COMPARE_EQUAL", text("A"))
    for _ in range(3000):
        deep = {"filter_type": "LEGACY_CONJUNCTION_AND", "child_filters": [deep]}
    get = {"type": "LOGICAL_GET", "function_data": {"table": "t"}, "names": ["symbol"], "column_indexes": [{}]}
    filters = {"table_filters_by_projection": True, "table_filters": {"filters": [{"key": 0, "value": deep}]}}
    assert _read({**get, **filters}) is None


def test_needs_of_several_places():
    one, other = Need(frozenset({"close"}), Compare("symbol", "COMPARE_EQUAL", "A")), Need(frozenset({"open"}))

    assert one.along(other).columns == {"close", "open"}
    assert admits(one.along(other).condition, "B")
    assert pl.Series([admits(one.condition, name) for name in "AB"]).to_list() == [True, False]
