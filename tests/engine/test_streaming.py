"""Results that are written to a Parquet file while the job runs are those that stay in memory."""

import threading

import polars as pl
import pyarrow as pa
import pytest
from fakes import Watched, candles, names, rising
from polars.testing import assert_frame_equal

import barsweep as bs
from barsweep import DateRange, ProcessingEngine, ProcessingJob, RepositoryError
from barsweep.data import sample_candles
from barsweep.engine import batching, collected, dividing
from barsweep.engine.deferring import size_of
from barsweep.engine.splitting import Piece
from barsweep.engine.streaming import Stream

UP = "close > close[1]"
SEVERAL = {"up": "change = close - close[1]\nchange > 0", "high": "close > sma(close, 3)"}


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch):
    monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, **__: 200)


@pytest.fixture(scope="module")
def market():
    """Sample candles with all their defects: some symbols fail."""
    return sample_candles(40, 60)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "found.parquet"


def left_in(folder):
    return sorted(file.name for file in folder.iterdir())


JOBS = [
    ProcessingJob(None, UP),
    ProcessingJob(None, SEVERAL),
    ProcessingJob(None, "param n = 3\nclose > sma(close, n)", parameters={"n": [2, 3, 5]}),
    ProcessingJob(None, UP, DateRange("2015-02-01", "2015-02-20")),
    ProcessingJob(None, UP, latest=True, stale=30),
    ProcessingJob(None, SEVERAL, latest=True),
    ProcessingJob(None, "rank(close) <= 3"),
    ProcessingJob(None, "close > 1e9"),
    ProcessingJob(None, UP, executor="polars", values={"size": "close / open"}),
    ProcessingJob(None),
]


@pytest.mark.parametrize("job", JOBS, ids=lambda job: f"{job.formula}, latest={job.latest}")
def test_matches_in_the_file_are_those_in_memory(job, market, path):
    with ProcessingEngine(market) as engine:
        expected, actual = engine.run(job), engine.run(job, output=path)

    assert_frame_equal(pl.read_parquet(path), expected.matches)
    assert_frame_equal(actual.matches, expected.matches)
    assert_frame_equal(actual.lazy.collect(), expected.lazy.collect())
    assert_frame_equal(actual.outcomes.drop("elapsed"), expected.outcomes.drop("elapsed"))
    assert (actual.counts, actual.errors, actual.defects) == (expected.counts, expected.errors, expected.defects)
    assert (actual.output, expected.output) == (path, None)
    assert left_in(path.parent) == [path.name]


@pytest.mark.parametrize("formulas", [{"mean": "sma(close, 3)", "up": UP}, {"place": "rank(close)"}])
def test_values_in_the_file_are_those_in_memory(formulas, market, path):
    expected = bs.evaluate(formulas, market)

    actual = bs.evaluate(formulas, market, output=path)

    assert isinstance(actual, pl.LazyFrame)
    assert_frame_equal(actual.collect(), expected)


def test_the_objects_of_a_result_read_the_file(path):
    """Each look reads the rows that it is about."""
    result = bs.scan(SEVERAL, rising(6, bars=5), symbols=["S004", "S001", "none"], output=path)

    assert [each.symbol for each in result] == ["S004", "S001", "none"]
    assert [match.formula for match in result["S001"].matches] == ["up", "up", "high", "up", "high", "up", "high"]
    assert {match.symbol for match in result["S004"].matches} == {"S004"}
    assert result["S004"].matches[1].values == {"change": 1.0}
    assert [match.ts.day for match in result["S004"].matches[2:4]] == [3, 4]
    assert len(result["none"].matches) == 0
    assert pa.table(result).num_rows == result.counts["matches"] == 14
    assert result.matches["symbol"].unique(maintain_order=True).to_list() == ["S001", "S004"]


@pytest.mark.parametrize("most", [2, 2**40], ids=["room for all", "room for none"])
def test_batches_that_end_out_of_order_are_written_in_order(most, path, monkeypatch):
    """The first batch ends last; what came early is held back, and where there is no room, no further one starts."""
    monkeypatch.setattr(collected, "EARLY", most)
    gate, loaded, early = threading.Event(), [], []

    def first_one_waits(symbols):
        loaded.append(symbols[0])
        if symbols[0] == "S000":
            gate.wait(0.5)
            early.extend(loaded)

    frame = rising(30, bars=100)
    with ProcessingEngine(Watched(frame, first_one_waits), max_workers=3) as engine:
        result = engine.run(ProcessingJob(None, UP), output=path)

    assert_frame_equal(result.matches, bs.scan(UP, frame).matches)
    assert len(early) == 15 if most == 2 else 4 <= len(early) < 8


def test_a_stream_holds_back_what_there_is_no_room_for():
    pieces = {name: Piece(table=pl.DataFrame({"symbol": [name] * 100})) for name in names(5)}
    batches = {name: batching.Batch((name,)) for name in pieces}
    stream, handed_on = Stream(names(5), room=300), []

    def take(name, piece):
        handed_on.extend(ready.table["symbol"][0] for ready, _ in stream.take(batches[name], piece))

    assert not any(map(stream.holds, batches.values()))

    take("S002", pieces["S002"])

    assert [name for name, batch in batches.items() if not stream.holds(batch)] == ["S000"]

    take("S000", None)
    take("S001", pieces["S001"])

    assert not any(map(stream.holds, batches.values()))
    assert stream.waiting == 0
    take("S004", pieces["S004"])
    take("S003", None)

    assert handed_on == ["S001", "S002", "S004"]


def test_halves_of_a_failed_batch_stand_where_it_stood(path):
    """What a batch leaves to its halves is written before the batches that were started after it."""

    def broken(symbols):
        if "S002" in symbols or "S011" in symbols:
            raise RepositoryError("this symbol is broken")

    frame = rising(20, bars=60)
    with ProcessingEngine(Watched(frame, broken), max_workers=2) as engine:
        result = engine.run(ProcessingJob(None, UP), output=path)

    assert set(result.errors) == {"S002", "S011"}
    assert_frame_equal(result.matches, bs.scan(UP, frame.filter(~pl.col("symbol").is_in(["S002", "S011"]))).matches)


def test_a_cancelled_job_leaves_what_is_finished(path):
    frame = rising(30, bars=100)
    with ProcessingEngine(Watched(frame), max_workers=1) as engine:
        result = engine.run(ProcessingJob(None, UP), lambda done, _: done >= 6 and engine.cancel(), output=path)

    done = {each.symbol for each in result if each.ok}
    assert result.cancelled
    assert 6 <= len(done) < 30
    assert not path.exists()  # which is for what is whole
    found = pl.read_parquet(path.with_stem("found.unfinished"))
    assert_frame_equal(found, bs.scan(UP, frame.filter(pl.col("symbol").is_in(done))).matches)


def test_without_any_match_the_file_has_the_columns(path):
    result = bs.scan("limit = 1000\nclose > limit", candles({"A": [1.0, 2.0]}), output=path)

    assert pl.read_parquet_schema(path) == result.matches.schema
    assert result.matches.is_empty()
    assert list(pl.read_parquet_schema(path)) == list(bs.scan("limit = 1\nclose > limit", rising(1)).matches.columns)


@pytest.mark.parametrize("formula", [UP, SEVERAL])
def test_when_every_symbol_fails_the_file_is_empty_but_valid(formula, path):
    def broken(_):
        raise RepositoryError("everything is broken")

    with ProcessingEngine(Watched(rising(3), broken)) as engine:
        result = engine.run(ProcessingJob(None, formula), output=path)

    assert len(result.errors) == 3
    assert pl.read_parquet(path).columns == result.matches.columns


@pytest.mark.parametrize("workers", [1, 2])
def test_the_next_batch_is_loaded_while_this_one_is_computed(workers, path):
    """The first batch is not computed to its end before another one has been asked for."""
    computing, loaded, waited = threading.Event(), threading.Event(), []

    def loading(symbols):
        if symbols[0] != "S000" and computing.is_set():
            loaded.set()
        elif symbols[0] != "S000":
            waited.append(computing.wait(10))
            loaded.set()

    class Patient:
        def evaluate(self, formula, frame, parameters):
            if frame["symbol"][0] == "S000":
                computing.set()
                waited.append(loaded.wait(10))
            return frame["close"] > 1

    with ProcessingEngine(Watched(rising(6, bars=100), loading), Patient(), max_workers=workers) as engine:
        result = engine.run(ProcessingJob(None, UP), output=path)

    assert result.matches.height == 6 * 99
    assert all(waited)


def test_long_texts_that_are_reported_are_counted():
    notes = [f"{number:05d}" * 50 for number in range(1000)]
    table = pl.DataFrame({"symbol": ["A"] * 1000, "note": notes})
    assert size_of(table) > sum(map(len, notes))
