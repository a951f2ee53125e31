"""The table of all matches of several formulas, made as a whole or in parts, as it is written."""

from functools import partial

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from sweeping import random_candles

import barsweep as bs
from barsweep import ProcessingEngineError
from barsweep.engine import collected, dividing, uniting
from barsweep.engine.deferring import Table
from barsweep.engine.uniting import united, united_in_parts

CANDLES = random_candles(43, lengths=(80, 3, 140, 60, *range(1, 30)))
ANOTHER_ORDER = CANDLES["symbol"].unique().sort().gather([5, 0, 2]).to_list()
FORMULAS = {
    "always": "v = sma(close, 3)\nclose > 0",
    "up": "up = close > close[1]\nv = close\nup",
    "never": "nothing = open\nclose < 0",
}


@pytest.fixture
def tables():
    """By formula, of pieces: as those that were put aside and joined are."""
    found = bs.scan(FORMULAS, CANDLES, timeframe="1h")
    halves = {name: (frame.head(50), frame.slice(50)) for name in FORMULAS for frame in [found.of(name)]}
    return {name: Table.joined(list(map(Table.of, several))) for name, several in halves.items()}


@pytest.mark.parametrize("size", [1, 3_000, 2**30])
def test_the_parts_are_the_whole(size, tables):
    whole = united(tables)
    rows = dict(whole["symbol"].value_counts().sort("symbol").iter_rows())

    runs = [(symbols, list(parts)) for symbols, parts in united_in_parts(tables, rows, size)]

    assert_frame_equal(pl.concat(part for _, parts in runs for part in parts), whole)
    assert [symbol for symbols, _ in runs for symbol in symbols] == list(rows)
    for symbols, parts in runs:
        assert set(pl.concat(part["symbol"] for part in parts)) == set(symbols)
        assert len(parts) == 1 or len(symbols) == 1
        assert all(part.estimated_size() < size or part["ts"].n_unique() == 1 for part in parts)
    least, most = {1: (len(rows), len(rows)), 3_000: (2, len(rows) - 1), 2**30: (1, 1)}[size]
    assert least <= len(runs) <= most


def test_a_ts_is_in_one_part():
    """A swept formula has several rows of one bar, and together they may be too many."""
    tables = {name: Table.of(pl.DataFrame({"symbol": ["A"] * 6, "ts": [1, 1, 1, 2, 2, 2]})) for name in ("up", "down")}

    ((_, parts),) = united_in_parts(tables, {"A": 12}, size=1)

    assert [part["ts"].to_list() for part in parts] == [[1] * 6, [2] * 6]


def test_symbols_without_matches_are_in_the_runs():
    """Who writes them has to know which symbols are through."""
    tables = {"up": Table.of(pl.DataFrame({"symbol": ["B"], "ts": [1], "v": [0.5]}))}

    runs = [(symbols, list(parts)) for symbols, parts in united_in_parts(tables, {"A": 0, "B": 1, "C": 0}, size=1)]

    assert [symbol for symbols, _ in runs for symbol in symbols] == ["A", "B", "C"]
    assert all(part.columns == ["symbol", "ts", "formula", "v"] for _, parts in runs for part in parts)
    assert sum(part.height for _, parts in runs for part in parts) == 1


@pytest.mark.parametrize("options", [{}, {"latest": True, "stale": 300}, {"executor": "polars"}, {"end": "2024-01-03"}])
@pytest.mark.parametrize(
    "more",
    [{}, {"first": "rank(close) < 5"}, {"swept": "param n = 3\nv = close\nclose > sma(close, n)"}],
    ids=["", "ranked", "swept"],
)
def test_what_is_written_in_parts_is_what_is_returned(options, more, tmp_path, monkeypatch):
    monkeypatch.setattr(collected, "UNITED", 500)
    monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, **__: 200)
    path = tmp_path / "found.parquet"
    swept = {"parameters": {"n": [2, 3, 5]}} if "swept" in more else {}
    asked = partial(bs.scan, FORMULAS | more, CANDLES, timeframe="1h", **options, **swept)

    written, returned = asked(output=path), asked()

    assert returned.matches.height > 30
    assert_frame_equal(pl.read_parquet(path), returned.matches)
    assert_frame_equal(written.outcomes.drop("elapsed"), returned.outcomes.drop("elapsed"))
    assert written.counts == returned.counts


@pytest.mark.parametrize("symbols", [None, ANOTHER_ORDER])
def test_what_a_result_shows_is_the_whole(symbols, monkeypatch):
    """However large the parts are of which it is put together."""
    whole = bs.scan(FORMULAS, CANDLES, timeframe="1h", symbols=symbols).matches
    monkeypatch.setattr(uniting, "UNITED", 1_000)

    parts = bs.scan(FORMULAS, CANDLES, timeframe="1h", symbols=symbols).matches

    assert (1 < parts.n_chunks() <= 2 * uniting.PIECES) == (symbols is None)
    assert_frame_equal(parts, whole)
    expected = list(dict.fromkeys(CANDLES["symbol"])) if symbols is None else symbols
    assert list(dict.fromkeys(whole["symbol"])) == [each for each in expected if each in set(whole["symbol"])]


def test_a_table_that_is_too_large_for_the_memory_is_refused(monkeypatch):
    """The process would be killed. The matches of each formula are there all the same."""
    monkeypatch.setattr(uniting, "free_memory", lambda: 1_000)
    assert bs.scan(FORMULAS, CANDLES, timeframe="1h").matches.height > 100, "nobody asks where little is wanted"

    monkeypatch.setattr(uniting, "UNITED", 0)
    result = bs.scan(FORMULAS, CANDLES, timeframe="1h")
    with pytest.raises(ProcessingEngineError, match=r"3 formulas .* of all\. Look at one formula .* of\(name\)"):
        _ = result.matches
    assert sum(result.of(name).height for name in FORMULAS) == result.counts["matches"]
    assert "matches" in result._repr_html_()


@pytest.mark.parametrize("symbols", [None, ANOTHER_ORDER])
def test_another_order_takes_the_memory_twice(symbols, monkeypatch):
    monkeypatch.setattr(uniting, "UNITED", 0)
    found = bs.scan(FORMULAS, CANDLES, timeframe="1h", symbols=symbols)
    rows, columns = found.counts["matches"], 2 * 16 + 8 * 4  # of text, and of numbers and times
    monkeypatch.setattr(uniting, "free_memory", lambda: rows * columns)

    if symbols is None:
        assert found.matches.height == rows
    else:
        with pytest.raises(ProcessingEngineError, match="in one table would take"):
            _ = found.matches
