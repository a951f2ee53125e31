"""Candles that lie scattered over their source are gathered once where many batches would go over all of it."""

import os
import tempfile
import threading
import time
from types import SimpleNamespace

import duckdb
import polars as pl
import pytest
from fakes import universe

from barsweep import (
    DateRange,
    DuckDBRepository,
    FrameRepository,
    ParquetRepository,
    ProcessingEngine,
    ProcessingJob,
    scan,
)
from barsweep.data import CandlePolicy, gathered
from barsweep.engine import dividing, gathering
from barsweep.errors import RepositoryError

FORMULA = "close > sma(close, 3)"


@pytest.fixture(autouse=True)
def many_batches(monkeypatch):
    """Of five symbols each, and pieces of a few rows."""
    monkeypatch.setattr(dividing, "FEW_ROWS", 0)
    monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, **__: 5 * 12)
    monkeypatch.setattr(gathering, "CELLS", 200)


def by_day(folder, frame=None):
    folder.mkdir()
    frame = universe(60) if frame is None else frame
    for (day,), rows in frame.sort("ts", "symbol").partition_by("ts", as_dict=True).items():
        rows.write_parquet(folder / f"{day}.parquet")
    return folder


def appended(folder):
    path = folder.with_suffix(".duckdb")
    with duckdb.connect(str(path)) as connection:
        connection.register("bars", universe(60).sort("ts", "symbol").to_arrow())
        connection.execute("create table candles as select * from bars")
    return path


@pytest.fixture(params=[by_day, appended])
def scattered(request, tmp_path):
    """The path of candles of which each day lies together."""
    return request.param(tmp_path / "candles")


JOBS = {
    "a scan": ProcessingJob(None, FORMULA),
    "the latest": ProcessingJob(None, FORMULA, latest=True),
    "a range": ProcessingJob(None, FORMULA, date_range=DateRange("2024-01-05", "2024-01-12")),
    "longer bars": ProcessingJob(None, "close > sma(close, 1)", timeframe="1w"),
    "another timeframe": ProcessingJob(None, 'close > timeframe("1w", close)'),
    "a ranking": ProcessingJob(None, "rank(close) < 4"),
    "another symbol": ProcessingJob(None, 'close > symbol("S0003", close)'),
    "some symbols": ProcessingJob([f"S{number:04}" for number in range(3, 47)] + ["S9999"], FORMULA),
    "polars": ProcessingJob(None, FORMULA, executor="polars"),
}


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_what_is_found_is_what_is_found_in_a_frame(scattered, job):
    with ProcessingEngine(scattered, max_workers=2) as engine:
        found = engine.run(job)
    with ProcessingEngine(universe(60), max_workers=2) as engine:
        expected = engine.run(job)

    assert found.matches.equals(expected.matches)
    assert {symbol: str(error) for symbol, error in found.errors.items()} == {
        symbol: str(error) for symbol, error in expected.errors.items()
    }
    assert found.statistics.seconds["gather"] > 0
    assert found.statistics.put_aside >= 44 * 12 * (8 + 8 + 2)  # time, close, what tells the symbol
    assert "does not hold its candles symbol after symbol: candles are put into a temporary file first" in " ".join(
        found.notes
    )


@pytest.mark.parametrize("formula", [FORMULA, "rank(close) < 4", 'close > symbol("S0003", close)'])
def test_no_batch_reads_from_the_source(scattered, monkeypatch, formula):
    reads = []
    for kind in (ParquetRepository, DuckDBRepository):
        own = kind.read

        def read(self, names, symbols, around, own=own):
            reads.append(symbols)
            return own(self, names, symbols, around)

        monkeypatch.setattr(kind, "read", read)
        monkeypatch.setattr(kind, "pieces", kind.pieces)  # in the place of the same class

    found = scan(formula, scattered)

    assert found.statistics.seconds["gather"] > 0
    assert [symbols for symbols in reads if symbols and len(symbols) == 5] == []


def test_a_policy_finds_the_columns_that_it_compares(tmp_path):
    frame = universe(60).with_columns(high=pl.when(pl.col("close") > 41).then(0.0).otherwise("high"))
    folder = by_day(tmp_path / "candles", frame)
    policy = CandlePolicy(high_below_low="undefined", close_outside="drop")

    found = scan(FORMULA, ParquetRepository(folder, policy=policy))

    expected = scan(FORMULA, FrameRepository(frame, policy=policy))
    assert found.statistics.seconds["gather"] > 0
    assert found.defects == expected.defects != {}
    assert found.matches.equals(expected.matches)


def test_a_piece_that_never_comes_is_not_waited_for(scattered, monkeypatch):
    """It has the time of a batch; then the batches, which have clocks of their own, tell what is wrong."""
    own, waiting = gathering.GatheredRepository, threading.Event()

    def hanging(*given):
        waiting.wait(30)
        return own(*given)

    monkeypatch.setattr(gathering, "GatheredRepository", hanging)
    try:
        with ProcessingEngine(scattered, timeout=0.5) as engine:
            found = engine.run(ProcessingJob(None, FORMULA))
    finally:
        waiting.set()

    assert found.matches.equals(scan(FORMULA, universe(60)).matches)
    assert "each of 12 batches goes over all of it" in found.notes[0]


def test_many_pieces_may_take_longer_than_one_batch(scattered, monkeypatch):
    own = gathering.GatheredRepository

    def slow(*given):
        def look():
            given[4]()
            time.sleep(0.1)

        return own(*given[:4], look, *given[5:])

    monkeypatch.setattr(gathering, "GatheredRepository", slow)
    with ProcessingEngine(scattered, timeout=0.5) as engine:
        found = engine.run(ProcessingJob(None, FORMULA))

    assert found.statistics.seconds["gather"] > 1


def test_views_are_gone_over_by_each_batch(tmp_path):
    path = appended(tmp_path / "candles")
    with duckdb.connect(str(path)) as connection:
        connection.execute("create view seen as select * from candles")

    found = scan(FORMULA, DuckDBRepository(path, table="seen"))

    assert "each of 12 batches goes over all of it" in found.notes[0]
    assert "gather" not in found.statistics.seconds


def test_a_disk_without_room_is_not_filled(scattered, monkeypatch):
    monkeypatch.setattr(gathered.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))

    found = scan(FORMULA, scattered)

    assert "each of 12 batches goes over all of it (the temporary folder has no room for a file" in found.notes[0]
    assert found.matches.equals(scan(FORMULA, universe(60)).matches)


def test_where_gathering_fails_each_batch_goes_over_the_source(scattered, monkeypatch, caplog):
    def refuse(*_):
        raise RepositoryError("no room")

    monkeypatch.setattr(gathering, "GatheredRepository", refuse)

    found = scan(FORMULA, scattered)

    assert found.matches.equals(scan(FORMULA, universe(60)).matches)
    assert [record.error for record in caplog.records if record.event == "not gathered"] == ["no room"]
    assert "each of 12 batches goes over all of it (no room)" in found.notes[0]


def test_a_source_that_changes_meanwhile_is_gathered_again(tmp_path, monkeypatch):
    folder, reads = by_day(tmp_path / "candles"), []
    own = ParquetRepository.pieces

    def pieces(self, *given):
        for piece in own(self, *given):
            reads.append(piece)
            if len(reads) == 1:
                os.utime(next(folder.iterdir()))
            yield piece

    monkeypatch.setattr(ParquetRepository, "pieces", pieces)

    found = scan(FORMULA, folder)

    assert found.matches.equals(scan(FORMULA, universe(60)).matches)
    assert found.statistics.retries == 1
    assert sum(piece.height for piece in reads) == 2 * 60 * 12


def test_a_cancel_is_heard_between_two_pieces(scattered, monkeypatch):
    own, engines, pieces = gathering.GatheredRepository, [], []

    def cancelled_at_once(*given):
        def looking():
            pieces.append(given)
            engines[0].cancel()
            while True:
                time.sleep(0.01)
                given[4]()

        return own(*given[:4], looking, *given[5:])

    monkeypatch.setattr(gathering, "GatheredRepository", cancelled_at_once)
    with ProcessingEngine(scattered) as engine:
        engines.append(engine)
        found = engine.run(ProcessingJob(None, FORMULA))

    assert found.cancelled
    assert {error.kind for error in found.errors.values()} == {"cancelled"}
    assert len(found.errors) == 60
    assert len(pieces) == 1


def test_temporary_files_are_gone_with_the_job(scattered, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())

    found = scan(FORMULA, scattered)

    assert found.statistics.seconds["gather"] > 0
    assert set(tmp_path.iterdir()) == before


def test_names_of_symbols_may_be_numbers_and_categories(tmp_path):
    frame = universe(60).sort("ts", "symbol")
    for number, kind in enumerate((pl.Categorical, pl.Enum(frame["symbol"].unique().sort()))):
        path = tmp_path / f"{number}.parquet"
        frame.with_columns(pl.col("symbol").cast(kind)).write_parquet(path)
        assert scan(FORMULA, path).matches.equals(scan(FORMULA, frame).matches)
    numbered = frame.with_columns(pl.col("symbol").str.slice(1).cast(pl.Int32))
    numbered.write_parquet(tmp_path / "numbers.parquet")

    assert scan(FORMULA, tmp_path / "numbers.parquet").matches.equals(scan(FORMULA, numbered).matches)
