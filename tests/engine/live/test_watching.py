"""Watching a feed: nothing lost, nothing twice, whenever it was killed; who is told, and what is no bar."""

import datetime as dt
import http.server
import io
import json
import shlex
import sys
import threading

import polars as pl
import pytest

import barsweep as bs
from barsweep.engine.live import alerts
from barsweep.engine.live.alerts import Alerts, command, webhook
from barsweep.engine.live.feeds import GrowingSource, Lines
from barsweep.engine.live.journal import Journal
from barsweep.engine.live.watching import Watch

BEGIN = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
FORMULA = "close > sma(close, 3)"


def bars(first, last, symbols=("A", "B")):
    """Minutes from `first` up to `last`; closes go up and down."""
    rows = [
        {"symbol": symbol, "ts": BEGIN + dt.timedelta(minutes=n), "close": 50.0 + (n * 7 + place * 3) % 11}
        for place, symbol in enumerate(symbols)
        for n in range(first, last)
    ]
    return pl.DataFrame(rows)


def lines(frame):
    return frame.sort("ts").write_ndjson().encode()


def found_in(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def expected_keys(frame, formula=FORMULA, since=0):
    matches = bs.scan(formula, frame, timeframe="1m", start=BEGIN + dt.timedelta(minutes=since)).matches
    return sorted((symbol, ts.isoformat()) for symbol, ts, *_ in matches.iter_rows())


def keys_in(path):
    return sorted((m["symbol"], dt.datetime.fromisoformat(m["ts"]).isoformat()) for m in found_in(path))


def test_lines_of_json_are_bars_and_what_is_none_is_logged(tmp_path, caplog):
    """The others are run."""
    text = lines(bars(20, 30)) + b'{"symbol": "A", "ts": \n[1, 2]\n\n' + lines(bars(30, 40))
    scanner = bs.LiveScanner(FORMULA, bars(0, 20), timeframe="1m")
    shown = []
    journal = Journal(tmp_path / "matches.jsonl")

    with caplog.at_level("WARNING", logger="barsweep"):
        watched = Watch(scanner, Lines(io.BytesIO(text)), shown.append, journal).run(threading.Event())
    journal.close()

    assert keys_in(tmp_path / "matches.jsonl") == expected_keys(bars(0, 40), since=20)
    assert (watched.bars, watched.refused) == (40, 0)
    assert watched.matches == sum(each.height for each in shown)
    assert "line 21 is no bar: no JSON" in caplog.text
    assert "line 22 is no bar: it holds no names and values" in caplog.text


def test_a_bar_that_cannot_be_taken_is_logged_and_the_others_are_run(tmp_path, caplog):
    """A price that is a word, a time that is none, wherever they stand."""
    word, time = (
        b'{"symbol": "A", "ts": "2024-01-02T09:50Z", "close": "abc"}\n',
        b'{"symbol": "A", "ts": "02/03/2030"}\n',
    )
    text = b"".join(lines(bars(begin, begin + 5)) + (word, time)[begin % 2] for begin in range(20, 40, 5))
    scanner = bs.LiveScanner(FORMULA, bars(0, 20), timeframe="1m")
    journal = Journal(tmp_path / "matches.jsonl")

    with caplog.at_level("WARNING", logger="barsweep"):
        watched = Watch(scanner, Lines(io.BytesIO(text)), lambda _: None, journal).run(threading.Event())
    journal.close()

    assert keys_in(tmp_path / "matches.jsonl") == expected_keys(bars(0, 40), since=20)
    assert watched.bars == 40
    assert [record.line for record in caplog.records if record.event == "line left out"] == [11, 22, 33, 44]


@pytest.mark.parametrize("killed_at", [1, 3, 6])
def test_a_watch_that_was_killed_goes_on_without_a_lost_or_doubled_match(tmp_path, killed_at):
    """Killed between any two deliveries; the state is older than the journal."""
    source, state, path = tmp_path / "bars", tmp_path / "state", tmp_path / "matches.jsonl"
    source.mkdir()
    bars(0, 20).write_parquet(source / "0.parquet")
    scanner = bs.LiveScanner(FORMULA, source, timeframe="1m")
    scanner.save(state, {"journal": 0})
    for step in range(1, 8):
        bars(20 + 5 * step - 5, 20 + 5 * step).write_parquet(source / f"{step}.parquet")
    journal, repository = Journal(path), bs.ParquetRepository(source)
    for step in range(1, 8):
        arrived = scanner.push(bars(20 + 5 * step - 5, 20 + 5 * step))
        new = journal.add(arrived.matches)
        if step == killed_at:
            break
        assert new.height
    journal.close()
    with path.open("ab") as file:
        file.write(b'{"symbol": "A", "ts": "2024')  # what was being written when it ended

    again = bs.LiveScanner.restore(state, FORMULA)
    stop = threading.Event()
    feed = GrowingSource(repository, every=0.01)
    with Journal(path, again.note["journal"]) as journal:
        Watch(again, feed, lambda _: stop.set(), journal, state=state).run(stop)

    assert keys_in(path) == expected_keys(bars(0, 55), since=20)
    assert bs.LiveScanner.restore(state, FORMULA).note["journal"] == path.stat().st_size


def test_a_source_that_grows_is_asked_again(tmp_path):
    """Bars that were run are passed over."""
    path = tmp_path / "bars"
    path.mkdir()
    bars(0, 20).write_parquet(path / "0.parquet")
    scanner = bs.LiveScanner("close", path, timeframe="1m")
    repository = bs.ParquetRepository(path)
    assert scanner.catch_up(repository).bars == 0
    bars(20, 22).write_parquet(path / "1.parquet")

    assert scanner.catch_up(repository).bars == 4
    assert scanner.catch_up(repository).bars == 0


def test_a_source_that_cannot_be_read_is_tried_again(tmp_path, caplog):
    """A locked database comes back."""
    calls = []

    class Repository(bs.FrameRepository):
        def health(self):
            return None

        def load_checked(self, *arguments, **options):
            calls.append(1)
            if len(calls) == 1:
                raise bs.RepositoryError("the database is locked", retryable=True)
            stop.set()
            return super().load_checked(*arguments, **options)

    stop = threading.Event()
    scanner = bs.LiveScanner("close > 0", bars(0, 20), timeframe="1m")
    feed = GrowingSource(Repository(bars(0, 25)), every=0.01)

    watched = Watch(scanner, feed, lambda _: None).run(stop)

    assert watched.bars == 10
    assert "the database is locked" in caplog.text


def test_a_journal_that_is_shorter_than_it_was_is_refused(tmp_path):
    """It is not the one that the state belongs to."""
    path = tmp_path / "matches.jsonl"
    path.write_text('{"symbol": "A", "ts": "2024-01-01"}\n')

    with pytest.raises(bs.ProcessingEngineError, match="had 900 when the state was saved"):
        Journal(path, 900)


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    """And left as it is."""
    path = tmp_path / "prices.csv"
    path.write_text("symbol,close\nA,1\n")

    with pytest.raises(bs.ProcessingEngineError, match="no journal"):
        Journal(path)

    assert path.read_text() == "symbol,close\nA,1\n"


MATCHES = pl.DataFrame({"symbol": ["A"], "ts": [BEGIN]})


def test_a_command_gets_the_matches_on_its_standard_input(tmp_path):
    """It runs without a shell."""
    target = tmp_path / "told"
    program = f"import sys, pathlib; pathlib.Path({str(target)!r}).write_text(sys.stdin.read())"
    alerts = Alerts([_runs(program)])

    alerts.tell(MATCHES)
    alerts.close()

    assert json.loads(target.read_text())["symbol"] == "A"


def _runs(program):
    return command(shlex.join([sys.executable, "-c", program]))


def test_who_hangs_keeps_nobody_from_ending(monkeypatch):
    """Not even where so many alerts wait that there is no room for another one."""
    monkeypatch.setattr(alerts, "MOST_WAITING", 1)
    monkeypatch.setattr(alerts, "PATIENCE", 0.1)
    over, called = threading.Event(), threading.Event()

    def hang(_):
        called.set()
        over.wait(60)

    hanging = Alerts([hang])
    hanging.tell(MATCHES)
    assert called.wait(5)
    hanging.tell(MATCHES)

    closing = threading.Thread(target=hanging.close)
    closing.start()
    closing.join(5)

    assert not closing.is_alive()
    over.set()


def test_an_alert_that_fails_is_logged_and_the_next_is_told(caplog):
    """One that does not answer holds up nobody else."""
    told = []
    alerts = Alerts([_runs("raise SystemExit(3)"), told.append])

    alerts.tell(MATCHES)
    alerts.close()

    assert "an alert failed" in caplog.text
    assert len(told) == 1


def test_a_web_address_gets_the_matches():
    """As lines of JSON."""
    received = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            received.append((self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_):
            return None

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    alerts = Alerts([webhook(f"http://127.0.0.1:{server.server_port}/hook")])

    alerts.tell(MATCHES)
    alerts.close()
    server.shutdown()
    server.server_close()

    kind, body = received[0]
    assert kind == "application/x-ndjson"
    assert json.loads(body)["symbol"] == "A"


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://example.com", "example.com", "https://"])
def test_only_web_addresses_are_posted_to(address):
    with pytest.raises(bs.ProcessingEngineError, match="is no web address"):
        webhook(address)


@pytest.mark.parametrize("line", ["", "   ", "'unclosed"])
def test_a_command_that_is_none_is_refused(line):
    with pytest.raises(bs.ProcessingEngineError, match="command"):
        command(line)
