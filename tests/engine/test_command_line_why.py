"""`barsweep why`, the report and guarded cells on the command line."""

import polars as pl
import pytest
from click.testing import CliRunner
from fakes import candles

from barsweep import near_misses
from barsweep.engine.command_line.application import make_application

UP = "close > close[1] and volume > 50"
application = make_application()


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "candles.parquet"
    candles({"A": [1, 2, 3, 6], "B": [4, 3, 2, 1], "=C": [1, 3, 2, 3]}).write_parquet(path)
    return str(path)


def run(*arguments):
    return CliRunner().invoke(application, list(map(str, arguments)))


def test_why_a_bar_matches(data):
    done = run("why", UP, data, "A")

    assert done.exit_code == 0
    assert done.stdout.splitlines()[:2] == ["A 2024-01-04: a match", "open 6  high 6  low 6  close 6  volume 100"]
    assert "true    close > close[1]" in done.stdout


def test_why_a_bar_does_not(data):
    done = run("why", "param n = 1; close > close[n]", data, "B", "2024-01-02", "-p", "n=1")

    assert done.exit_code == 1
    assert "B 2024-01-02: no match\nwith n = 1\n" in done.stdout


def test_near_misses(data):
    done = run("why", "close > 2 and close < 4", data, "--near")

    assert done.exit_code == 0
    assert done.stdout.startswith("2024-01-04: 2 symbols of 3 lack one condition, 1 matches\n")
    assert run("why", "close > 0", data, "--near").exit_code == 1


def test_near_misses_tell_of_symbols_that_could_not_be_looked_at(tmp_path):
    path = tmp_path / "candles.csv"
    path.write_text("symbol,date,close\nA,2024-01-02,1\nA,2024-01-03,2\nB,2024-01-03,1\nB,2024-01-03,2\n")

    done = run("why", "close > 3", path, "--near")
    found = near_misses("close > 3", path)

    assert "2024-01-03: 1 symbol of 1 lacks one condition, 0 match" in done.stdout
    assert "B: candles: more than one row for a ts" in done.stderr
    assert "1 symbol could not be looked at" in done.stderr
    assert list(found.errors) == ["B"]


def test_near_misses_for_programs(data, tmp_path):
    shown = run("why", "close > 2 and close < 4", data, "--near", "--format", "csv")
    written = run("why", "close > 2 and close < 4", data, "--near", "-o", tmp_path / "near.parquet")

    assert shown.stdout.splitlines()[0] == "symbol,ts,condition,left,right,distance"
    assert written.exit_code == 0
    assert set(pl.read_parquet(tmp_path / "near.parquet")["symbol"]) == {"A", "B"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name a symbol to look at one of its bars, or say --near"),
        (("A", "--near"), "name a symbol to look at one of its bars, or say --near"),
        (("A", "--end", "2024-01-02"), "--end goes with --near"),
        (("A", "--format", "csv"), "--format goes with --near"),
    ],
)
def test_misuse(data, arguments, message):
    done = run("why", UP, data, *arguments)

    assert done.exit_code == 2
    assert message in done.stderr


def test_faults_of_formulas_and_data(data):
    faulty, missing = run("why", "close > smaa(close)", data, "A"), run("why", UP, data, "A", "2030-01-01")

    assert faulty.exit_code == 2
    assert "unknown function 'smaa'" in faulty.stderr
    assert missing.exit_code == 3
    assert "A has no bar at 2030-01-01; the nearest is 2024-01-04" in missing.stderr


def test_a_report_is_written_beside_the_table(data, tmp_path):
    done = run("scan", UP, data, "--report", tmp_path / "out.html")

    assert done.exit_code == 0
    assert "2024-01-04" in done.stdout
    assert f"report: {tmp_path / 'out.html'}, 0.2 MB" in done.stderr
    assert (tmp_path / "out.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_report_is_not_written_over_the_candles(data, tmp_path):
    over, nowhere = (
        run("scan", UP, data, "--report", data),
        run("scan", UP, data, "--report", tmp_path / "no" / "a.html"),
    )

    assert over.exit_code == 2
    assert "is the file with the candles" in over.stderr
    assert run("scan", UP, data, "--report", tmp_path / "a.pdf").exit_code == 2
    assert nowhere.exit_code == 3
    assert f"cannot be written: there is no folder {tmp_path / 'no'}" in nowhere.stderr
    assert nowhere.stdout == ""


def test_cells_that_a_spreadsheet_would_run_are_guarded(data):
    plain, guarded = run("scan", UP, data, "--format", "csv"), run("scan", UP, data, "--format", "csv", "--guard")

    assert "\n=C,2024-01-02" in plain.stdout
    assert "\n'=C,2024-01-02" in guarded.stdout
    assert "--guard is for CSV" in run("scan", UP, data, "--guard").stderr
