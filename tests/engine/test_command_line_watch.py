"""`barsweep watch`: what is printed, how it ends, what is refused; nothing lost or twice when it is killed."""

import datetime as dt
import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner

import barsweep as bs
from barsweep.engine.command_line.application import make_application

BEGIN = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
FORMULA = "close > sma(close, 3)"
BARSWEEP = [sys.executable, "-c", "from barsweep.engine.command_line import main; main()"]
PATIENCE = 60.0  # seconds that another process may take on a busy machine

application = make_application()


def bars(first, last):
    """Minutes of two symbols from `first` up to `last`; closes go up and down."""
    return pl.DataFrame(
        {"symbol": symbol, "ts": BEGIN + dt.timedelta(minutes=n), "close": 50.0 + (n * 7 + place * 3) % 11}
        for n in range(first, last)
        for place, symbol in enumerate(("A", "B"))
    )


@pytest.fixture
def history(tmp_path):
    path = tmp_path / "history.parquet"
    bars(0, 20).write_parquet(path)
    return path


def run(*arguments, given=None):
    text = None if given is None else given.write_ndjson()
    return CliRunner().invoke(application, ["watch", *map(str, arguments)], input=text)


def expected(last, first=20, formula=FORMULA):
    found = bs.scan(formula, bars(0, last), timeframe="1m", start=BEGIN + dt.timedelta(minutes=first)).matches
    return Counter((symbol, ts) for symbol, ts, *_ in found.iter_rows())


def keys(text):
    matches = map(json.loads, text.splitlines())
    return Counter((match["symbol"], dt.datetime.fromisoformat(match["ts"])) for match in matches)


def test_bars_on_standard_input(history):
    """In a pipe matches are lines of JSON, the same that a scan over all bars finds."""
    done = run(FORMULA, "-", "--history", history, given=bars(20, 40))

    assert (done.exit_code, keys(done.stdout)) == (0, expected(40))
    assert f"40 bars, {expected(40).total()} matches" in done.stderr


def test_what_is_left_out_is_said_and_the_others_are_run(history):
    """The first few of each kind, on standard error; and that an alert reaches nobody."""
    text = bars(20, 30).write_ndjson() + 9 * "no bar\n" + bars(30, 40).write_ndjson()

    done = CliRunner().invoke(application, ["watch", FORMULA, "-", "--history", str(history), "--run", "false"], text)

    assert keys(done.stdout) == expected(40)
    assert "warning: line 21 is no bar: no JSON" in done.stderr
    assert done.stderr.count("is no bar") == 5
    assert "; further ones like it are not shown" in done.stderr
    assert "warning: an alert failed" in done.stderr


def test_no_match(history):
    done = run("close > 100", "-", "--history", history, given=bars(20, 40))

    assert (done.exit_code, done.stdout) == (1, "")


def test_without_a_past(tmp_path):
    """The first bars have no averages yet."""
    done = run(FORMULA, "-", "--timeframe", "1m", given=bars(0, 10))

    assert keys(done.stdout) == expected(10, 0)


def test_a_table_for_people(history):
    """Rows of one table however they come; bars of seconds show them."""
    later = bars(20, 22).with_columns(pl.col("ts") + dt.timedelta(seconds=5))
    done = run("close > 0", "-", "--history", history, "--format", "table", given=later)

    heading, *rows = done.stdout.splitlines()
    assert heading.split() == ["symbol", "ts"]
    assert [row.split() for row in rows][:2] == [["A", "2024-01-01", "00:20:05Z"], ["A", "2024-01-01", "00:21:05Z"]]


def test_rows_stay_under_their_heading(capsys):
    """The heading comes once; a wider value widens the rows after it."""
    from barsweep.engine.command_line.printing import Rows

    rows = Rows()
    rows.show(pl.DataFrame({"symbol": ["A"], "close": [1.5]}))
    rows.show(pl.DataFrame({"symbol": ["LONGER", "B"], "close": [234.56, 2.0]}))

    assert capsys.readouterr().out == "symbol  close\nA         1.5\nLONGER  234.56\nB            2\n"


def test_a_state_goes_on_with_what_history_has_since(history, tmp_path):
    """What came while nobody watched is run first; bars that were run are passed over, in the journal too."""
    files = ("--state", tmp_path / "state", "--journal", tmp_path / "journal.jsonl")
    first = run(FORMULA, "-", "--history", history, *files, given=bars(20, 30))
    bars(0, 35).write_parquet(history)

    again = run(FORMULA, "-", "--history", history, *files, given=bars(28, 40))

    assert keys(first.stdout) + keys(again.stdout) == expected(40)
    assert keys((tmp_path / "journal.jsonl").read_text()) == expected(40)
    assert "refused" in again.stderr


def test_a_state_keeps_the_zone_of_times_without_one(history, tmp_path):
    """It is that of the history, also for bars to come."""
    local = bars(0, 20).with_columns(pl.col("ts").dt.replace_time_zone(None))
    local.write_parquet(history)
    told = (FORMULA, "-", "--history", history, "--tz", "America/New_York", "--state", tmp_path / "state")
    given = bars(20, 30).with_columns(pl.col("ts").dt.replace_time_zone(None))

    found = [run(*told, given=part) for part in (given.head(10), given.tail(10))]

    away = dt.timedelta(hours=5)
    assert [done.exit_code for done in found] == [0, 0]
    assert sum(map(keys, (done.stdout for done in found)), Counter()) == Counter(
        {(symbol, ts + away): count for (symbol, ts), count in expected(30).items()}
    )


def test_a_command_is_told(history, tmp_path):
    """The matches are on its standard input."""
    target = tmp_path / "told"
    program = f"import sys, pathlib; pathlib.Path({str(target)!r}).write_text(sys.stdin.read())"

    run(FORMULA, "-", "--history", history, "--run", shlex.join([sys.executable, "-c", program]), given=bars(20, 30))

    assert keys(target.read_text()) == expected(30)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("close > smaa(close, 3)", "-"), 2, "unknown function 'smaa'"),
        (("-", "-"), 2, "standard input cannot bring bars too"),
        ((FORMULA, "nowhere.parquet"), 3, "no such file"),
        ((FORMULA, "nowhere.parquet", "--history", "x.parquet"), 2, "--history goes with bars on standard input"),
        ((FORMULA, "-", "--date-format", "%d"), 2, "--date-format is about a table"),
        ((FORMULA, "-", "--timeframe", "soon"), 2, "soon"),
        ((FORMULA, "-", "--run", "'unclosed"), 2, "is no command"),
        ((FORMULA, "-", "--post", "ftp://here"), 2, "is no web address"),
        (("param n = 3; close > sma(close, n)", "-", "-p", "n=3,4"), 2, "-p n has several values"),
        ((FORMULA, "-", "--journal", "."), 3, "cannot be written"),
        ((FORMULA, "-", "--state", "nowhere/state"), 3, "cannot be written"),
        ((FORMULA, "-", "--every", "0"), 2, "--every"),
    ],
)
def test_what_cannot_be(arguments, code, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    done = run(*arguments, given=bars(0, 5))

    assert done.exit_code == code, done.output
    assert message in done.stderr


def test_a_state_of_other_formulas_is_refused(history, tmp_path):
    """The way out is told in options."""
    told = ("-", "--history", history, "--state", tmp_path / "state")
    run(FORMULA, *told, given=bars(20, 25))

    done = run("close > sma(close, 4)", *told, given=bars(25, 30))

    assert done.exit_code == 3
    assert "name another file with --state" in done.stderr


def test_a_state_of_other_bars_is_refused(history, tmp_path):
    """It cannot go on with longer ones."""
    told = (FORMULA, "-", "--history", history, "--state", tmp_path / "state")
    run(*told, given=bars(20, 25))

    done = run(*told, "--timeframe", "5m", given=bars(25, 30))

    assert done.exit_code == 2
    assert "was saved of 1m bars" in done.stderr
    assert run(*told, "--timeframe", "1m", given=bars(25, 30)).exit_code == 0


def test_longer_bars_are_made_of_those_that_are_stored(tmp_path):
    """Each is run when it is over."""
    source = tmp_path / "bars"
    to_parquet(source, "past", bars(0, 20))
    scanner = bs.LiveScanner("close > 0", source, timeframe="5m")
    to_parquet(source, "later", bars(20, 33))

    found = scanner.catch_up(source)

    assert found.matches["ts"].unique().sort().to_list() == [BEGIN + dt.timedelta(minutes=n) for n in (20, 25)]


def to_parquet(folder, name, frame):
    folder.mkdir(exist_ok=True)
    frame.write_parquet(folder / f".{name}")
    (folder / f".{name}").rename(folder / f"{name}.parquet")


def to_duckdb(path, _, frame):
    """The watch lets go of the file between its looks."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            connection = duckdb.connect(str(path))
            break
        except duckdb.IOException:
            assert time.monotonic() < until, "the watch keeps the file"
            time.sleep(0.01)
    with connection:
        connection.register("new", frame.to_arrow())
        connection.execute("create table if not exists bars as select * from new limit 0")
        connection.execute("insert into bars select * from new")


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize(("write", "name"), [(to_parquet, "bars"), (to_duckdb, "bars.duckdb")])
def test_killed_and_started_again(write, name, tmp_path):
    """SIGKILL at any moment: afterwards every match is in the journal, once. Ctrl-C ends it with what there was."""
    source, journal = tmp_path / name, tmp_path / "journal.jsonl"
    write(source, 0, bars(0, 20))
    command = [*BARSWEEP, "watch", FORMULA, str(source), "--every", "0.05"]
    command += ["--journal", str(journal), "--state", str(tmp_path / "state")]

    first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_for(first, (tmp_path / "state").exists)
    for minute in range(20, 26):
        write(source, minute, bars(minute, minute + 1))
    wait_for(first, lambda: journal.stat().st_size > 0)
    first.kill()
    first.wait()
    for minute in range(26, 32):
        write(source, minute, bars(minute, minute + 1))
    second = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(second, lambda: keys(journal.read_text()).total() >= expected(32).total())
    second.send_signal(signal.SIGINT)
    out, err = second.communicate(timeout=PATIENCE)

    assert keys(journal.read_text()) == expected(32)
    assert second.returncode == 130, err
    assert keys(out) <= expected(32)
    assert "matches" in err


def wait_for(process, condition):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert process.poll() is None, "the watch has ended"
        assert time.monotonic() < until
        time.sleep(0.02)
