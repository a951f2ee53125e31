"""What is of another kind than is wanted is refused with what is wanted: no AttributeError, nothing done in silence."""

import asyncio
import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from fakes import candles

import barsweep as bs
from barsweep.data import FrameRepository
from barsweep.errors import FormulaError, ProcessingEngineError, RepositoryError

TABLE = candles({"A": [1, 2, 3], "B": [3, 2, 1]})
UP = "close > close[1]"


def job(*arguments, **options):
    return bs.ProcessingEngine(TABLE).run(bs.ProcessingJob(*arguments, **options))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bs.check(42), "a formula is a text; 42 is none"),
        (lambda: bs.check(bs.Formula("close")), "a formula is a text; a Formula is none|a formula is a text; Formula"),
        (lambda: bs.check(UP, columns=["close"]), r"columns are given with their kinds, .*, not \['close'\]"),
        (lambda: bs.check(UP, columns={"close": "float"}), "the kind of 'close' is 'float'; it is one of 'number'"),
        (lambda: bs.check(UP, columns={1: "number"}), "columns are given with their kinds"),
        (lambda: bs.check(UP, parameters=["n"]), "parameters are given by name"),
        (lambda: bs.check(UP, tables=["q"]), "tables are given by name with the kinds of their columns"),
        (lambda: bs.check(UP, tables={"q": ["eps"]}), "tables are given by name with the kinds of their columns"),
        (lambda: bs.explain(42), "a formula is a text; 42 is none"),
        (lambda: bs.explain({"a": 42}), "a formula is a text; 42 is none"),
        (lambda: bs.explain([UP]), "a formula is a text"),
        (lambda: bs.explain(UP, columns=["close"]), "columns are given with their kinds"),
        (lambda: bs.FormulaService().evaluate(42, TABLE), "a formula is a text; 42 is none"),
        (
            lambda: bs.ProcessingEngine(TABLE).run(UP),
            r"an engine runs a job, ProcessingJob\(.*; 'close > close\[1\]' is",
        ),
        (lambda: bs.ProcessingEngine(TABLE).evaluate(None), "an engine runs a job"),
        (lambda: asyncio.run(bs.ProcessingEngine(TABLE).process_batch(UP)), "an engine runs a job"),
        (lambda: job(None, UP, ("2024-01-01", None)), "a date range is a DateRange"),
        (lambda: job(None, UP, timeframe=5), "a timeframe is a text"),
        (lambda: job(None, UP, parameters=["n"]), "parameters are given by name"),
        (lambda: job(None, bs.Formula(UP, parameters=["n"])), "parameters are given by name"),
        (lambda: job(None, bs.Formula(3)), "a formula is a text; 3 is none"),
        (lambda: job(None, {1: UP}), "several formulas are given by name"),
        (lambda: job(None, UP, values=["close"]), "values are formulas by name"),
        (lambda: job(None, UP, values={"a": 3}), "values are texts of formulas; 3 is none"),
        (lambda: job(5, UP), "symbols are a list of texts; 5 is none"),
        (lambda: job([5], UP), "symbols are texts; 5 is none"),
        (lambda: bs.scan(TABLE, UP), "a DataFrame is no formula; the formula comes first, then the candles"),
        (lambda: bs.check(UP, dialect=[]), r"a dialect is a text such as \"qlib\"; \[\] is none"),
        (lambda: bs.explain({}, parameters={"n": 1}), "there is no formula"),
        (lambda: job(None, UP, dialect=[]), "a dialect is a text"),
        (lambda: job(None, bs.Formula(UP, dialect=5)), "a dialect is a text"),
        (lambda: job(None, bs.Formula(UP, name=["up"])), "formulas are called by texts"),
        (lambda: job(None, bs.Formula(UP, parameters=None)), "parameters are given by name"),
        (lambda: job(None, UP, values=None), "values are formulas by name"),
        (lambda: job(None, UP, executor=["tiles"]), "executor is a text"),
        (lambda: job(None, UP, outputs=None), "outputs is a text"),
        (lambda: bs.scan(UP, TABLE, output=5), 'results are written to a file, output="found.parquet"; path=5: a text'),
        (lambda: bs.scan(UP, TABLE, output="~nobody_here/found.parquet"), "there is no user of that name"),
        (lambda: bs.scan(UP, TABLE, output="\0.parquet"), "no file or folder is called so"),
        (lambda: bs.ProcessingEngine(TABLE, cluster=5), "a cluster is one such as RayCluster.*; 5 is none"),
        (lambda: bs.ProcessingEngine(TABLE, cluster=bs.RayCluster), "a cluster is one such as RayCluster.* is none"),
        (lambda: bs.ProcessingEngine(TABLE, memory_limit=10**30), "a whole number from 1 is needed"),
        (lambda: bs.ProcessingEngine(TABLE, timeout=10**400), "it is a number of seconds above 0"),
        (lambda: bs.ProcessingEngine(TABLE).signals(UP), "signals are those of a job"),
        (lambda: bs.signals(UP, TABLE, delay=10**400), "delay is a int; a whole number of bars from 0 to 100,000"),
        (lambda: bs.sql("SELECT 1", TABLE, external_access="no"), "external_access is True or False; 'no' is none"),
        (lambda: bs.scan(UP, TABLE).rank(5), "matches are ranked by an indicator, or by a formula; 5 is none"),
        (lambda: bs.scan(UP, TABLE).chart(0), "a chart is of one symbol"),
        (lambda: bs.scan(UP, TABLE).report(None), "a page is written to a file, such as found.html; path=None"),
        (lambda: bs.explain_match(None, TABLE, "A", "2024-01-02"), "one formula is taken apart at a time"),
        (lambda: bs.near_misses({"a": UP, "b": UP}, TABLE), "one formula is taken apart at a time"),
        (lambda: bs.near_misses(UP, TABLE, service=5), "known to a FormulaService alone; 5 is none"),
        (lambda: bs.LiveScanner(UP, TABLE, grace="long"), "grace is 'long'; it is in seconds"),
        *(
            (lambda late=late: bs.LiveScanner(UP, TABLE, lateness=late), "it is a timedelta, or seconds, and not neg")
            for late in ("long", math.nan, math.inf, 1e300, -1, timedelta(-1))
        ),
        (lambda: bs.LiveScanner(UP, TABLE).save(None), "a scanner's state is a file, such as scanner.state; path=None"),
        (lambda: bs.LiveScanner(UP, TABLE).push({1: 2}), "the bars are no table: .*; give each field by its name"),
        (lambda: bs.LiveScanner(UP, TABLE).push({"symbol": "A", "close": 10**400}), "the bars are no table"),
        (lambda: bs.scan(UP, TABLE, service=5), "a formula service is a FormulaService.*; 5 has not"),
        (lambda: bs.scan(UP, TABLE, service=bs.FormulaService), "a formula service is a FormulaService"),
        (lambda: bs.signals(UP, TABLE).wide(["entry"]), r"there is no \['entry'\]; signals are entry, ready"),
        (lambda: bs.ProcessCluster(5), "a cluster has a folder that all machines see; path=5: a text or a Path"),
        (lambda: bs.FormulaService(functions=5), "functions are given in a list; 5 is none"),
        (lambda: bs.FormulaService(libraries=[5]), "libraries are paths of formula files; 5 is none"),
        *(
            (lambda stale=stale: job(None, UP, latest=True, stale=stale), "it is a timedelta, or days from 0 to")
            for stale in ("3d", -1, 1e9, 1e300, math.nan, timedelta(days=-1), timedelta.max)
        ),
    ],
)
def test_things_of_another_kind(call, message):
    with pytest.raises(ProcessingEngineError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bs.function(warmup=3), "warmup is a function of the settings, lambda n: n - 1; 3 is none"),
        (lambda: bs.function(reach=3), "reach is a function of the settings"),
        (lambda: bs.function()(3), "3 is no function with a name of its own"),
        (lambda: bs.library(None), "a formula library is a file, None is no path"),
    ],
)
def test_declarations_of_another_kind(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_a_timeframe_that_is_empty_is_none_that_was_left_out():
    for call in (bs.evaluate, bs.signals, bs.LiveScanner):
        with pytest.raises(RepositoryError, match="unknown timeframe ''"):
            call(UP, TABLE, timeframe="")
    with pytest.raises(RepositoryError, match="unknown timeframe ''"):
        bs.connect(TABLE, timeframe="")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"columns": ["close"]}, r"columns=\['close'\]: a mapping is needed"),
        ({"policy": "drop"}, "policy='drop': a CandlePolicy is needed"),
        ({"adjust": 5}, "adjust=5: the name of a column is needed"),
        ({"timeframe": 5}, "unknown timeframe 5"),
        ({"tz": 3}, "unknown time zone 3"),
    ],
)
def test_options_of_another_kind(options, message):
    with pytest.raises(RepositoryError, match=message):
        FrameRepository(TABLE, **options)


@pytest.mark.parametrize(
    "symbols",
    [iter(["B"]), (name for name in "B"), {"B"}, {"B": 1}, pl.Series(["B"]), np.array(["B"]), ("B",), "B"],
    ids=lambda symbols: type(symbols).__name__,
)
def test_symbols_in_any_collection(symbols):
    """An iterator was read by the check, and nothing was left to scan."""
    result = bs.scan("close > 0", TABLE, symbols=symbols)

    assert [each.symbol for each in result] == ["B"]
    assert result.counts["matches"] == 3


def test_values_of_some_symbols(caplog):
    values = bs.evaluate("close", TABLE, symbols=["B", "Z"])

    assert values["symbol"].unique().to_list() == ["B"]
    assert "the repository has no symbol 'Z'" in caplog.text
    with pytest.raises(ProcessingEngineError, match="no symbol could be evaluated; Z: the repository has no symbol"):
        bs.evaluate("close", TABLE, symbols="Z")


def test_warnings_are_faults_where_told():
    assert bs.check("close > volume").warnings
    with pytest.raises(FormulaError):
        bs.check("close > volume", strict=True)


@pytest.mark.parametrize("formulas", ["close", {"a": "close > 99", "b": "close < 0"}], ids=["one", "several"])
@pytest.mark.parametrize("times", [True, False], ids=["times", "dates"])
def test_results_without_rows_have_the_kind_of_time_of_those_with_rows(formulas, times):
    """Those of two days could not be put together where one had none."""
    moments = [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in range(3)]
    frame = TABLE.head(3).with_columns(ts=pl.Series(moments)) if times else TABLE.head(3)
    kind = pl.Datetime("us", "UTC") if times else pl.Date
    timeframe = "1h" if times else "1d"

    assert bs.evaluate("close", frame, start="2030-01-01").schema["ts"] == kind
    found = bs.scan(formulas if isinstance(formulas, dict) else "close > 99", frame, timeframe=timeframe)
    assert (found.matches.height, found.matches.schema["ts"]) == (0, kind)


def test_stale_bars_of_any_age():
    frame = TABLE.filter((pl.col("symbol") == "A") | (pl.col("ts") == TABLE["ts"][0]))

    for stale in (1_000_000, timedelta(days=800_000), 3):
        result = bs.scan("close > 0", frame, latest=True, stale=stale)
        assert result.matches["symbol"].to_list() == ["A", "B"]
        hours = frame.with_columns(pl.col("ts").cast(pl.Datetime("us", "UTC")))
        assert bs.scan("close > 0", hours, latest=True, stale=stale).counts["matches"] == 2


class OnlyLoads:
    """As little as a repository may be."""

    def load(self, symbols, timeframe, start, end, columns, before=0):
        return FrameRepository(TABLE).load(symbols, timeframe, start, end, columns, before)


class CannotTell(OnlyLoads):
    """One that has what it takes, and is not able to."""

    def symbols(self, timeframe):
        raise RepositoryError("nobody knows")

    span = symbols


class Broken(OnlyLoads):
    def symbols(self, timeframe):
        return self.missing


def test_repositories_that_cannot_list_or_tell_their_span(caplog):
    with pytest.raises(RepositoryError, match=r"OnlyLoads has no symbols\(timeframe\) that lists what there is"):
        bs.scan("close > 0", OnlyLoads())
    with pytest.raises(RepositoryError, match="nobody knows"):
        bs.scan("close > 0", CannotTell())
    with caplog.at_level("INFO", "barsweep"):
        for repository in (OnlyLoads(), CannotTell()):
            assert bs.scan("close > 0", repository, symbols=["A"], latest=True).matches["ts"].to_list() == [
                date(2024, 1, 3)
            ]
    assert "cannot list its symbols" in caplog.text
    assert "cannot tell its span" in caplog.text


def test_an_error_inside_a_repository_is_not_taken_for_something_that_it_lacks():
    with pytest.raises(AttributeError, match="missing"):
        bs.scan("close > 0", Broken(), symbols=["A"])
