"""What a repository is told when it is made: another kind of thing is refused, with what is wanted."""

from datetime import date

import pandas as pd
import polars as pl
import pytest

from barsweep.data import (
    CandleStore,
    DuckDBRepository,
    FrameRepository,
    ParquetRepository,
    RowRepository,
    Session,
    add_factor_column,
    import_candles,
    sample_candles,
)
from barsweep.data.delimited import DelimitedRepository
from barsweep.data.opening import open_repository
from barsweep.errors import RepositoryError

FRAME = pl.DataFrame({"symbol": "A", "date": [date(2024, 1, 2)], "close": [1.0]})


class Prices:
    def get_range(self, symbol_id, timeframe, start, end):
        return []


@pytest.mark.parametrize("kind", [ParquetRepository, DuckDBRepository, CandleStore, DelimitedRepository])
@pytest.mark.parametrize(
    ("path", "message"),
    [
        (None, "path=None: a text or a Path is needed"),
        (5, "path=5: a text or a Path is needed"),
        (FRAME, "path=a DataFrame: a text or a Path is needed"),
        ("", "path='': no file or folder is called so"),
        ("a\0b", "no file or folder is called so"),
        ("~nobody_here/candles", "there is no user of that name"),
    ],
)
def test_paths_that_are_none(kind, path, message):
    with pytest.raises(RepositoryError, match=message):
        kind(path)


def test_a_folder_is_no_database(tmp_path, monkeypatch):
    """Nor where it is the one at hand, which has no name."""
    monkeypatch.chdir(tmp_path)
    for path in (".", "/"):
        with pytest.raises(RepositoryError, match="no such file"):
            DuckDBRepository(path).health()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": "close"}, "columns='close': a mapping is needed"),
        ({"columns": {1: "close"}}, "columns={1: 'close'}: a mapping is needed"),
        ({"columns": {"close": None}}, "a mapping is needed"),
        ({"label": ["start"]}, r"label=\['start'\]: a bar is labelled by its 'start' or its 'end'"),
        ({"symbol": 5}, "symbol=5: the name of the one symbol is needed"),
        ({"date_format": 5}, "date_format=5: a text is needed"),
        ({"name": 5}, "name=5: a text is needed"),
    ],
)
def test_options_of_frames(options, message):
    with pytest.raises(RepositoryError, match=message):
        FrameRepository(FRAME, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"table": 5}, "table=5: the name of a table is needed"),
        ({"query": 5}, "query=5: the text of a query is needed"),
        ({"settings": ["threads"]}, "settings=.*: a mapping is needed"),
        ({"table": "a", "query": "b"}, "not both"),
    ],
)
def test_options_of_databases(options, message):
    with pytest.raises(RepositoryError, match=message):
        DuckDBRepository("candles.duckdb", **options)


@pytest.mark.parametrize("options", [{"decimal": [","]}, {"columns": ["close"]}, {"date_format": 5}])
def test_options_of_text_files_are_looked_at_before_the_file(options, tmp_path):
    (tmp_path / "a.csv").write_text("date,close\n2024-01-02,1.5\n")

    with pytest.raises(RepositoryError, match=next(iter(options))):
        DelimitedRepository(tmp_path / "a.csv", **options)


@pytest.mark.parametrize(
    ("source", "options", "message"),
    [
        (None, {}, r"None has no get_range\(symbol_id, timeframe, start, end\)"),
        (Prices(), {"symbol_ids": 5}, "symbol_ids=5: a mapping or a function is needed"),
        (Prices(), {"symbols": 5}, "symbols=5: a list of texts is needed"),
        (Prices(), {"symbols": [5]}, "symbols=5: symbols are texts"),
        (Prices(), {"tz": 5}, "unknown time zone 5"),
        (Prices(), {"policy": "drop"}, "policy='drop': a CandlePolicy is needed"),
    ],
)
def test_options_of_sources_of_rows(source, options, message):
    with pytest.raises(RepositoryError, match=message):
        RowRepository(source, **options)


def test_a_single_symbol_of_rows_is_one_text():
    assert RowRepository(Prices(), symbols="AAPL").symbols("1d") == ["AAPL"]


@pytest.mark.parametrize(
    ("hours", "options", "message"),
    [
        ((5, "16:00"), {}, "5 is no time of day: write it as 09:30"),
        (("09:30", None), {}, "None is no time of day"),
        (("09:30", "16:00"), {"weekdays": 5}, "weekdays=5: they are numbers from 1, Monday, to 7, Sunday"),
        (("09:30", "16:00"), {"weekdays": ["Mon"]}, r"weekdays are \('Mon',\); they are numbers from 1"),
        (("09:30", "16:00"), {"holidays": 5}, "holidays=5: a list of dates is needed"),
        (("09:30", "16:00"), {"holidays": [5]}, "holidays=5: a holiday is a date, or a text such as 2024-12-25"),
    ],
)
def test_hours_that_are_none(hours, options, message):
    with pytest.raises(RepositoryError, match=message):
        Session(*hours, **options)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: open_repository(pd.Series([1.0])), "a Series is no frame"),
        (
            lambda: open_repository(FRAME.lazy().select("nothing")),
            "the LazyFrame cannot be read: unable to find column",
        ),
        (lambda: open_repository(FrameRepository), r"FrameRepository is a class, not what is made by it: give Frame"),
        (lambda: open_repository(pd.NaT), "a NaTType is no frame"),
        (lambda: import_candles(FRAME, "candles.duckdb"), "path=a DataFrame: a text or a Path is needed"),
        (lambda: import_candles("candles.csv", None), "path=None: a text or a Path is needed"),
        (lambda: sample_candles("ten"), "'ten' sample symbols: a whole number is needed, at most 456976"),
        (lambda: add_factor_column(None, FRAME), "candles=None: a Polars frame is needed"),
        (lambda: add_factor_column(FRAME, None), "factors=None: a Polars frame is needed"),
        (
            lambda: add_factor_column(FRAME, FRAME.select("date", factor=1.0)),
            "the factors need a column symbol; found: date, factor",
        ),
        (
            lambda: add_factor_column(FRAME.drop("symbol"), FRAME.with_columns(factor=1.0)),
            "the candles need a column symbol; found: date, close",
        ),
        (
            lambda: add_factor_column(FRAME.drop("date"), FRAME.with_columns(factor=1.0)),
            "the candles has no column for the time of a bar",
        ),
    ],
)
def test_tables_that_are_none(call, message):
    with pytest.raises(RepositoryError, match=message):
        call()


def test_factors_go_by_whatever_the_time_is_called():
    candles = FRAME.rename({"date": "timestamp"})

    assert add_factor_column(candles, FRAME.with_columns(factor=0.5))["factor"].to_list() == [0.5]


def test_symbols_that_are_no_texts_are_told():
    lists = FRAME.with_columns(symbol=pl.concat_list("symbol"))

    with pytest.raises(
        RepositoryError, match=r"the frame: the column of symbols holds List\(String\); texts are needed"
    ):
        FrameRepository(lists).symbols("1d")
