"""A DuckDB table that is stored symbol after symbol is read without its symbols, with the same outcome as ever."""

import itertools
from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import polars as pl
import pytest
from faulty import FIELDS, FIRST, candles, same
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from barsweep.data import (
    CandlePolicy,
    DuckDBRepository,
    FrameRepository,
    ParquetRepository,
    check_candles,
    companions,
    counting,
    parquet,
)
from barsweep.data.numbered import NumberedLoading, Runs
from barsweep.errors import RepositoryError

DAYS = [FIRST + timedelta(days=day) for day in range(60)]
SOME = pl.DataFrame(
    {
        "symbol": ["A"] * 60 + ["B"] * 3 + ["C"] * 1 + ["D"] * 60 + ["E"] * 60,
        "ts": DAYS + DAYS[:3] + DAYS[50:51] + DAYS + DAYS,
        "close": [float(number) for number in range(1, 185)],
        "volume": [None if number % 50 == 7 else float(number % 50 - 1) for number in range(184)],
    }
)


@pytest.fixture
def numbered(monkeypatch):
    """The loads that were made by the numbers of rows and succeeded."""
    loads, own = [], NumberedLoading.load

    def load(self, *args):
        found = own(self, *args)
        loads.extend([] if found is None else [args])
        return found

    monkeypatch.setattr(NumberedLoading, "load", load)
    return loads


def compared(repository, symbols, start, end, columns, before, policy):
    """A load that checks, held against a check of what is loaded."""
    table = repository.load(symbols, "1d", start, end, companions(columns, policy, FIELDS), before)
    same(
        repository.load_checked(symbols, "1d", start, end, columns, before, policy),
        check_candles(table, policy, columns),
    )


@pytest.mark.parametrize("symbols", [None, ["A"], ["B", "C"], ["A", "E"], ["A", "B", "D", "nobody"], ["C"]], ids=str)
def test_sorted_tables_are_read_by_numbers(opened, numbered, symbols):
    repository = opened(SOME)
    starts = [None, DAYS[0], DAYS[45], DAYS[59], date(2030, 1, 1)]
    loads = list(itertools.product(starts, [None, DAYS[55]], [0, 2, 40, None]))
    for start, end, before in loads:
        compared(repository, symbols, start, end, ["volume", "close"], before, CandlePolicy())

    assert len(numbered) == len(loads)


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(candles(), st.sampled_from([None, ["A"], ["A", "C"]]), st.sampled_from([None, FIRST + timedelta(4)]))
def test_faulty_tables_in_any_order(opened, frame, symbols, start):
    repository = opened(frame)
    policy = CandlePolicy(duplicate_ts="drop", null="drop")

    compared(repository, symbols, start, None, ["close", "high"], 2, policy)
    compared(repository, symbols, start, None, ["volume"], 2, CandlePolicy())


OTHERS = {
    "by ts": SOME.sort("ts", maintain_order=True),
    "reversed": SOME.reverse(),
    "a row after the others": pl.concat([SOME, SOME.head(1)]),
    "without a time": SOME.with_columns(pl.when(pl.col("close") != 4).then("ts").alias("ts")),
    "without a symbol": SOME.with_columns(pl.when(pl.col("close") != 4).then("symbol").alias("symbol")),
}


@pytest.mark.parametrize("frame", OTHERS.values(), ids=OTHERS)
def test_tables_in_another_order(opened, frame):
    compared(opened(frame), None, DAYS[10], None, ["close"], 3, CandlePolicy(duplicate_ts="drop"))


@pytest.mark.parametrize("day", [DAYS[3], None, DAYS[40]], ids=["too late", "without a time", "in order"])
def test_symbols_that_are_read_anew_are_looked_at_whole(opened, numbered, day):
    """One that has had no bars for long is read from its beginning, of which little is asked for."""
    gone = pl.DataFrame(
        {"symbol": "C", "ts": [DAYS[0], day, *DAYS[2:21]], "close": [float(row + 1) for row in range(21)]}
    )
    gone = gone.sort("ts") if day == DAYS[40] else gone
    repository = opened(pl.concat([SOME.filter(pl.col("symbol") != "C").select(gone.columns), gone]).sort("symbol"))

    compared(repository, None, DAYS[59], None, ["close"], 2, CandlePolicy(unsorted="keep"))

    assert bool(numbered) == (day == DAYS[40])


def test_rows_that_were_deleted_and_put_last(database, numbered):
    deleted = database(SOME, "delete from candles where symbol = 'B'")
    replaced = database(SOME, "update candles set symbol = 'Z' where symbol = 'B'")
    for repository in (deleted, replaced):
        compared(repository, None, None, None, ["close"], 0, CandlePolicy())

    assert not numbered


def test_views_and_queries_have_no_numbers(database, numbered):
    path = database(SOME, "create view seen as select * from candles").path
    for source in ({"table": "seen"}, {"query": "select * from candles"}):
        with DuckDBRepository(path, timeframe="1d", **source) as repository:
            compared(repository, ["A", "D"], DAYS[30], None, ["close"], 3, CandlePolicy())

    assert not numbered


def test_times_in_a_zone_and_at_the_end_of_the_bar(opened, numbered):
    moments = [datetime(2024, 1, 1, 9, 30) + timedelta(days=day) for day in range(60)]
    frame = pl.DataFrame({"symbol": "A", "ts": moments, "close": [float(day + 1) for day in range(60)]})
    for label in ("start", "end"):
        repository = opened(frame, tz="America/New_York", label=label)
        compared(repository, None, datetime(2024, 2, 1, 9, 30), date(2024, 2, 10), ["close"], 5, CandlePolicy())

    assert len(numbered) == 2


def test_adjusted_prices(opened, numbered):
    repository = opened(SOME.with_columns(factor=pl.col("close") * 0 + 0.5), adjust="factor")

    compared(repository, ["D"], None, None, ["close"], 0, CandlePolicy())

    assert len(numbered) == 1


@pytest.mark.parametrize("large", [0, 1_000], ids=["by codes", "by names"])
@pytest.mark.parametrize("part", [1, 7, 60, 61, 184, 185])
def test_files_are_counted_in_parts(folder, monkeypatch, part, large):
    whole = folder(SOME)
    monkeypatch.setattr(counting, "PART", part)
    monkeypatch.setattr(counting, "FIRST", part)
    monkeypatch.setattr(parquet, "LARGE", large)
    repository = folder(SOME)

    assert repository.labels.equals(whole.labels)
    assert repository.runs.starts.tolist() == [0, 60, 63, 64, 124, 184]
    for name, frame in OTHERS.items():
        assert (folder(frame).runs is None) == (name != "without a time")  # which is seen when they are loaded
        assert folder(frame).symbols("1d") == FrameRepository(frame).symbols("1d")
        assert folder(frame).labels.equals(FrameRepository(frame).labels)


def test_times_that_do_not_exist(opened, numbered):
    moments = [datetime(2024, 3, 10, hour, 30) for hour in range(5)]
    repository = opened(pl.DataFrame({"symbol": "A", "ts": moments, "close": [1.0] * 5}), tz="America/New_York")

    compared(repository, None, None, None, ["close"], 0, CandlePolicy())

    assert repository.load_checked(None, "1d", None, None, ["close"], 0, CandlePolicy()).counts == {"null": 1}
    assert not numbered


def test_a_database_that_is_written_to_meanwhile(database, numbered):
    path = database(SOME).path
    with duckdb.connect(str(path)) as connection, DuckDBRepository(path, timeframe="1d") as repository:
        repository.health()
        before = repository.load_checked(["A"], "1d", None, None, ["close"], 0, CandlePolicy())
        connection.execute("create or replace table candles as select * replace ('A' as symbol) from candles limit 9")
        after = repository.load_checked(["A"], "1d", DAYS[2], None, ["close"], 0, CandlePolicy())

    assert (before.candles.height, after.candles.height, len(numbered)) == (60, 7, 1)


@pytest.mark.parametrize("few", [0, 32], ids=["told by names", "told by files"])
def test_files_that_are_written_to_meanwhile(folder, monkeypatch, few):
    """While they are read, that is; of few files it is seen beforehand that they are not those that were counted."""
    monkeypatch.setattr(parquet, "FEW_FILES", few)
    repository = folder(SOME)
    repository.health()
    repository.symbols("1d")
    load = ["A"], "1d", DAYS[2], None, ["close"], 0, CandlePolicy()
    seen = repository.as_counted()
    SOME.head(70).with_columns(symbol=pl.lit("Z")).write_parquet(repository.files()[0])
    answers = iter([seen])
    monkeypatch.setattr(repository, "as_counted", lambda: next(answers, few == 0))

    with pytest.raises(RepositoryError, match="was changed while it was read") as raised:
        repository.load_checked(*load)
    monkeypatch.undo()
    assert raised.value.retryable
    assert repository.load_checked(*load).candles.height == 0


def test_few_files_that_are_not_those_that_were_counted(folder):
    repository = folder(SOME)
    repository.symbols("1d")
    SOME.head(70).with_columns(symbol=pl.lit("Z")).write_parquet(repository.files()[0])

    assert not repository.as_counted()
    assert repository.load_checked(["A"], "1d", None, None, ["close"], 0, CandlePolicy()).candles.height == 0


@pytest.mark.parametrize("named", ["symbol=", ""])
def test_of_many_files_those_are_opened_that_hold_the_symbols(tmp_path, monkeypatch, named):
    """Names of folders stay texts, also where those of the folders that are read look like numbers."""
    names = ["007", "08", "9", "A", "B", "C"]
    for place, name in enumerate(names):
        part = tmp_path / (named + name if named else "")
        part.mkdir(exist_ok=True)
        height = 0 if name == "B" else 10 + place
        SOME.head(height).select("ts", "close", "volume").write_parquet(part / f"{name}.parquet")
    repository = ParquetRepository(tmp_path)
    assert repository.symbols("1d") == ["007", "08", "9", "A", "C"]
    opened, scan = [], pl.scan_parquet

    def watched(files, **options):
        opened.append(len(files))
        return scan(files, **options)

    monkeypatch.setattr(pl, "scan_parquet", watched)
    for few in (0, 32):
        monkeypatch.setattr(parquet, "FEW_FILES", few)
        for wanted in (["007"], ["08", "9"], ["9", "A"], ["C"], ["A", "C"]):
            for start in (None, DAYS[3]):
                found = repository.load_checked(wanted, "1d", start, None, ["close"], 0, CandlePolicy()).candles
                whole = repository.load(wanted, "1d", start, None, ["close"])
                assert found.frame.equals(pl.from_arrow(whole))

    assert {1, 2, 3} <= set(opened)


@given(st.lists(st.integers(1, 9), min_size=1, max_size=12), st.data())
def test_where_symbols_begin_among_all_rows_of_some(lengths, data):
    """Told by the pieces that were read as by the numbers of their rows."""
    numbers = np.array(sorted(data.draw(st.sets(st.integers(0, len(lengths) - 1), min_size=1))))
    runs = Runs(tuple(f"S{number:02}" for number in range(len(lengths))), np.cumsum([0, *lengths]))
    raw = pl.DataFrame({"close": np.zeros(sum(end - begin for begin, end in runs.pieces(numbers)))})
    rows = runs.rows(raw, numbers)

    assert rows.is_sorted()
    assert runs.places(raw, numbers).tolist() == runs.places(raw.with_columns(rows), numbers).tolist()
    of_symbol = [set(range(runs.starts[number], runs.starts[number + 1])) for number in numbers]
    assert set().union(*of_symbol) <= set(rows)


@pytest.mark.parametrize("row", [0, 30, 59, 60, 63, 100, 183])
@pytest.mark.parametrize("far", [2**62, -(2**62), 2**63 - 1, -(2**63 - 1)])
@pytest.mark.parametrize(
    ("unit", "zone", "tz"), [("us", "UTC", None), ("ms", "UTC", None), ("us", None, "America/New_York")]
)
def test_times_beyond_the_calendar_are_found_wherever_they_stand(folder, row, far, unit, zone, tz):
    """The ends of symbols are looked at, which says nothing of a symbol whose times do not ascend."""
    moments = SOME["ts"].cast(pl.Datetime(unit)).to_physical().to_list()
    moments[row] = far
    frame = SOME.with_columns(pl.Series("ts", moments).cast(pl.Datetime(unit, zone)))

    compared(folder(frame, tz=tz), None, None, None, ["close"], 0, CandlePolicy())
    assert folder(frame, tz=tz).load(None, "1d", None, None, ["close"]).num_rows == SOME.height - 1


def test_a_symbol_without_a_row_in_the_range(folder):
    """Its place is behind the last row that was read."""
    compared(folder(SOME), ["A", "B"], DAYS[20], None, ["close"], 0, CandlePolicy())
