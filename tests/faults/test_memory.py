"""`memory_limit`: batches start where there is room, results that do not fit are put aside, what cannot fit is refused.

Peaks are measured from outside in bench/memory_limits.py; here is what they follow from.
"""

import gc
import tempfile
import threading
from pathlib import Path

import polars as pl
import psutil
import pytest
from fakes import Watched, names, rising
from polars.testing import assert_frame_equal

from barsweep import ProcessingEngine, ProcessingEngineError, ProcessingJob
from barsweep.data import sample_candles
from barsweep.data.into_database import write_table
from barsweep.engine import residing, spilling
from barsweep.engine.budgeting import Demand
from barsweep.engine.ordering import in_order
from barsweep.engine.spilling import Spill

UP = "close > close[1]"
SMALL = 1_000_000  # bytes; less than the libraries take, so that everything is put aside that can be
RANKING = 7_000_000  # leaves room for what is ranked, not for candles and results
COLUMNS = {"mean": "sma(close, 3)", "strength": "rsi(close, 5)"}
SEVERAL = {"up": "change = close - close[1]\nchange > 0", "high": "close > sma(close, 3)"}


@pytest.fixture(scope="module")
def market():
    """So many candles that their values take more than the small limit."""
    return sample_candles(30, 1500, defects=False)


# Results that do not fit.

EVERYWHERE = [
    ProcessingJob(None, "x = close; close > 0"),
    ProcessingJob(None, "x = close; close > 0", executor="polars"),
    ProcessingJob(None, SEVERAL),
    ProcessingJob(None, "param n = 3\nx = close\nclose > n - n", parameters={"n": [2, 3]}),
    ProcessingJob(None, "x = close; rank(close) > 0"),
    ProcessingJob(None, "x = close; close > 0", latest=True),
]


@pytest.mark.parametrize("job", EVERYWHERE, ids=lambda job: f"{job.formula}, {job.executor}, latest={job.latest}")
@pytest.mark.parametrize("output", [False, True])
def test_matches_that_are_put_aside_are_the_same(job, output, market, tmp_path):
    path = tmp_path / "found.parquet" if output else None
    expected = ProcessingEngine(market).run(job)

    with ProcessingEngine(market, memory_limit=RANKING if "rank" in str(job.formula) else SMALL) as engine:
        actual = engine.run(job, output=path)

    assert_frame_equal(actual.matches, expected.matches)
    assert_frame_equal(actual.outcomes.drop("elapsed"), expected.outcomes.drop("elapsed"))
    assert actual[3].matches.frame.equals(expected[3].matches.frame)
    aside = not job.latest and (not output or "rank" in str(job.formula))
    assert (actual.statistics.put_aside > SMALL) == aside
    assert ("MB put aside" in actual.summary()) == aside
    assert expected.statistics.put_aside == 0


@pytest.mark.parametrize("executor", ["tiles", "polars"])
@pytest.mark.parametrize("formulas", [COLUMNS, {"place": "rank(close)"}], ids=["columns", "rank"])
def test_values_that_are_put_aside_are_an_ordinary_frame(executor, formulas, market):
    """It lives as long as somebody holds it, whatever becomes of the engine."""
    job = ProcessingJob(None, formulas, executor=executor)
    limit = SMALL if "mean" in formulas else RANKING if executor == "tiles" else 100 * SMALL  # Polars ranks in memory
    expected = ProcessingEngine(market).evaluate(job)

    with ProcessingEngine(market, memory_limit=limit) as engine:
        actual = engine.evaluate(job)
    gc.collect()

    assert isinstance(actual, pl.DataFrame)
    assert_frame_equal(actual, expected)
    assert actual["symbol"].to_list() == expected["symbol"].to_list()


@pytest.mark.parametrize("opened", [spilling.OPENED, Path("/not there, as on other systems")], ids=["Linux", "others"])
def test_what_is_put_aside_leaves_no_file_and_holds_none_open(opened, market, tmp_path, monkeypatch):
    monkeypatch.setattr(spilling, "OPENED", opened)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    process = psutil.Process()
    before = {file.path for file in process.open_files()}

    with ProcessingEngine(market, memory_limit=SMALL) as engine:
        result = engine.run(ProcessingJob(None, EVERYWHERE[0].formula))

    assert result.statistics.put_aside > SMALL
    assert list(tmp_path.iterdir()) == []
    assert {file.path for file in process.open_files()} == before


def test_symbols_that_are_put_aside_stand_in_the_order_of_the_request(market):
    symbols = [*reversed(market["symbol"].unique(maintain_order=True)[:20]), "none"]
    expected = ProcessingEngine(market).run(ProcessingJob(symbols, "x = close; close > 0"))

    actual = ProcessingEngine(market, memory_limit=SMALL).run(ProcessingJob(symbols, "x = close; close > 0"))

    assert_frame_equal(actual.matches, expected.matches)
    assert actual.matches["symbol"].unique(maintain_order=True).to_list() == symbols[:-1]


@pytest.mark.parametrize("count", [3, 200])
def test_many_symbols_are_ordered_as_few_are(count):
    table = rising(count, bars=3)
    order = {symbol: place for place, symbol in enumerate(reversed(names(count)))}

    ordered = in_order(table, order)

    assert_frame_equal(ordered, table.sort(pl.col("symbol").replace_strict(order), maintain_order=True))
    assert ordered.n_chunks() == (count if count == 3 else 1)


def test_where_nothing_can_be_put_aside_it_is_said_what_to_do(market, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))

    with pytest.raises(ProcessingEngineError, match=r"cannot be put aside in .*missing: No such file.*give output="):
        ProcessingEngine(market, memory_limit=SMALL).evaluate(ProcessingJob(None, COLUMNS))


def test_a_result_without_rows_needs_no_file(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    empty = rising(1).clear()

    assert Spill().aside(empty) is empty


# Jobs that cannot fit.


@pytest.mark.parametrize("executor", ["tiles", "polars"])
def test_a_symbol_that_cannot_fit_is_told_with_the_figures(executor):
    frame = rising(2, bars=2000)
    repository = Watched(frame)
    engine = ProcessingEngine(repository, memory_limit=150_000)

    with pytest.raises(ProcessingEngineError) as raised:
        engine.evaluate(ProcessingJob(None, COLUMNS, executor=executor))

    bar = 8 * (2 * (3 + 1) + 2 + (0 if executor == "tiles" else 24))
    told = f"has 2,000 bars, of which this plan holds {bar} bytes each while it works, {2000 * bar / 1e6:.1f} MB"
    assert "memory_limit is 0.1 MB, and the job cannot keep to it: S000 alone" in str(raised.value)
    assert told in str(raised.value)
    assert repository.asked == []


def test_a_ranking_that_cannot_fit_is_told_with_the_figures(market):
    job = ProcessingJob(None, {"place": "rank(close)"}, executor="polars")

    with pytest.raises(ProcessingEngineError, match=r"holds all of them at once, 45,000 bars of 192 bytes, 8\.6 MB"):
        ProcessingEngine(market, memory_limit=SMALL).evaluate(job)


@pytest.mark.parametrize(("bars", "limit", "fits"), [(10, 1000, True), (11, 1000, False)])
def test_the_largest_symbol_decides(bars, limit, fits):
    demand = Demand(100, {"A": 1, "B": bars, "C": 2})

    if fits:
        demand.assert_fits(limit, 0)
    else:
        with pytest.raises(ProcessingEngineError, match="B alone has 11 bars"):
            demand.assert_fits(limit, 0)


@pytest.mark.parametrize("source", ["frame", "duckdb"])
def test_two_hundred_jobs_leave_nothing_behind(source, tmp_path):
    """No memory, no open file, no thread; a first few fill what an engine keeps."""
    frame = sample_candles(10, 50, defects=False)
    data = frame if source == "frame" else tmp_path / "candles.duckdb"
    if source == "duckdb":
        write_table([frame], data, "candles")
    process = psutil.Process()
    with ProcessingEngine(data) as engine:
        for _ in range(20):
            engine.run(ProcessingJob(None, UP))
        residing.give_back()
        before, files, threads = residing.resident(), process.num_fds(), threading.active_count()
        for _ in range(200):
            engine.run(ProcessingJob(None, UP))
        residing.give_back()
        grown = residing.resident() - before

        assert grown < 20_000_000
        assert process.num_fds() <= files + 2
        assert threading.active_count() <= threads + 2
    assert process.num_fds() < 100 or process.num_fds() <= files
