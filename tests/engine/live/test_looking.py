"""Looks at a source that grows: only what is new is read; faults that pass or stay; what was not delivered."""

import datetime as dt
import io
import threading
import time

import duckdb
import polars as pl
import pytest

import barsweep as bs
from barsweep.data import CandlePolicy
from barsweep.engine.live import feeds
from barsweep.engine.live.feeds import GrowingSource, Lines
from barsweep.engine.live.journal import Journal
from barsweep.engine.live.watching import Watch

BEGIN = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def bars(first, last, zone="UTC"):
    """Minutes of two symbols."""
    made = pl.DataFrame(
        {"symbol": symbol, "ts": BEGIN + dt.timedelta(minutes=n), "close": float(n)}
        for n in range(first, last)
        for symbol in ("A", "B")
    )
    return made.with_columns(pl.col("ts").dt.convert_time_zone(zone))


def in_parquet(folder, frame, **options):
    folder.mkdir(exist_ok=True)
    frame.write_parquet(folder / f"{len(list(folder.iterdir()))}.parquet")
    return bs.ParquetRepository(folder, timeframe="1m", **options)


def in_duckdb(folder, frame, **options):
    folder.mkdir(exist_ok=True)
    with duckdb.connect(str(folder / "bars.duckdb")) as connection:
        connection.register("new", frame.to_arrow())
        connection.execute("create table if not exists bars as select * from new limit 0")
        connection.execute("insert into bars select * from new")
    return bs.DuckDBRepository(folder / "bars.duckdb", timeframe="1m", **options)


@pytest.mark.parametrize("store", [in_parquet, in_duckdb])
@pytest.mark.parametrize("kind", ["UTC", "America/New_York", "naive"])
def test_the_last_bars_of_all_symbols_are_read_without_a_count(store, kind, tmp_path, monkeypatch):
    """They are those that a load of named symbols has, in every kind of time."""
    frame = bars(0, 3000, "UTC" if kind == "naive" else kind)
    options = {}
    if kind == "naive":
        frame, options = frame.with_columns(pl.col("ts").dt.replace_time_zone(None)), {"tz": "Asia/Tokyo"}
    repository = store(tmp_path / "bars", frame, **options)
    start = BEGIN + dt.timedelta(minutes=2990) - dt.timedelta(hours=9 if kind == "naive" else 0)
    named = repository.load_checked(["A", "B"], "1m", start, None, ["close"], 0, CandlePolicy())
    counts = []
    monkeypatch.setattr(type(repository), "runs", property(lambda _: counts.append(1)))
    monkeypatch.setattr(type(repository), "labels", property(lambda _: counts.append(1)))
    repository.forget()

    found = repository.load_checked(None, "1m", start, None, ["close"], 0, CandlePolicy())

    assert found.candles.frame.equals(named.candles.frame)
    assert found.candles.height == 20
    assert counts == []


def test_a_look_reads_no_more_than_what_is_new(tmp_path, monkeypatch):
    """However many bars there are: times that are stored with their zone are compared as they are."""
    repository = in_parquet(tmp_path / "bars", bars(0, 5000))
    scanner = bs.LiveScanner("close", repository, timeframe="1m")
    in_parquet(tmp_path / "bars", bars(5000, 5001))
    heights, read = [], repository.read
    monkeypatch.setattr(repository, "read", lambda *asked: heights.append(read(*asked)) or heights[-1])

    assert scanner.catch_up(repository).bars == 2
    assert [found.height for found in heights] == [4]


def test_a_file_that_is_written_again_has_new_columns(tmp_path):
    """What is remembered of a folder's files ends with the file."""
    repository = in_parquet(tmp_path / "bars", bars(0, 5))
    in_parquet(tmp_path / "bars", bars(5, 6))
    assert "volume" not in repository.columns("1m")
    for number, part in enumerate((bars(0, 5), bars(5, 6))):
        part.with_columns(volume=pl.lit(1.0)).write_parquet(tmp_path / "bars" / f"{number}.parquet")
    repository.health()

    assert "volume" in repository.columns("1m")


def test_a_file_that_is_being_written_is_read_when_it_is_whole(tmp_path, caplog):
    """Nobody has to write aside and rename, though it is better."""
    repository = in_parquet(tmp_path / "bars", bars(0, 20))
    scanner = bs.LiveScanner("close", repository, timeframe="1m")
    whole = io.BytesIO()
    bars(20, 25).write_parquet(whole)
    half = tmp_path / "bars" / "half.parquet"
    half.write_bytes(whole.getvalue()[:200])
    found, stop = [], threading.Event()

    for arrived in GrowingSource(repository, every=0.01).arrivals(scanner, stop):
        found.append(arrived.bars)
        half.write_bytes(whole.getvalue())
        if sum(found):
            stop.set()

    assert sum(found) == 10
    assert "cannot be read" in caplog.text


def test_a_source_that_stays_faulty_ends_the_watch(tmp_path, monkeypatch):
    """With what is wrong, after minutes in which a large file could have been copied."""
    monkeypatch.setattr(feeds, "PATIENCE", 0.05)
    repository = in_parquet(tmp_path / "bars", bars(0, 20))
    scanner = bs.LiveScanner("close", repository, timeframe="1m")
    (tmp_path / "bars" / "half.parquet").write_bytes(b"PAR1")
    looks = []

    with pytest.raises(bs.RepositoryError, match="cannot be read as Parquet"):
        looks.extend(GrowingSource(repository, every=0.001).arrivals(scanner, threading.Event()))

    assert len(looks) > 1  # after each of the others what waits may be due


def test_a_database_is_let_go_of_between_looks(tmp_path):
    """Others want to write to it."""
    repository = in_duckdb(tmp_path / "bars", bars(0, 20))
    scanner = bs.LiveScanner("close", repository, timeframe="1m")
    looks = GrowingSource(repository, every=0.001).arrivals(scanner, threading.Event())

    next(looks)

    assert repository.connection is None


def test_lines_that_never_pause_are_run_all_the_same():
    """Who waits for a pause would wait for ever."""
    lines = bars(20, 40).write_ndjson().encode().splitlines(keepends=True)

    class Stream:
        def __iter__(self):
            for line in lines:
                time.sleep(0.02)
                yield line

    scanner = bs.LiveScanner("close", bars(0, 20), timeframe="1m")
    found = [arrived.bars for arrived in Lines(Stream()).arrivals(scanner, threading.Event())]

    assert sum(found) == 40
    assert len([count for count in found if count]) > 1


def test_matches_that_could_not_be_delivered_come_again(tmp_path):
    """The state stays as it was before them."""
    state, journal = tmp_path / "state", Journal(tmp_path / "journal")
    text = bars(20, 25).write_ndjson().encode()
    scanner = bs.LiveScanner("close > 0", bars(0, 20), timeframe="1m")

    def full(_):
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        Watch(scanner, Lines(io.BytesIO(text)), full, journal, state=state).run(threading.Event())
    journal.close()

    again = bs.LiveScanner.restore(state, "close > 0")
    assert again.push(bars(20, 25)).bars == 10


def test_a_restart_that_is_killed_too_does_not_double_matches(tmp_path):
    """As long as matches behind the saved place have not come again, the next journal has to know them."""
    path, matches = tmp_path / "journal", pl.DataFrame({"symbol": ["A", "B"], "ts": [BEGIN, BEGIN]})
    with Journal(path) as journal:
        journal.add(matches)
        assert journal.since == path.stat().st_size

    with Journal(path, 0) as second:
        second.add(matches.head(1))
        place = second.since

    with Journal(path, place) as third:
        assert third.add(matches).height == 0
        assert third.since == path.stat().st_size
    assert len(path.read_text().splitlines()) == 2
