"""What is wrong with the command line itself ends with exit code 2 and says what to do; sweeps where nothing is run."""

import pytest
from click.testing import CliRunner
from fakes import candles

from barsweep.engine.command_line.application import make_application
from barsweep.engine.command_line.showing import ROWS_SHOWN

application = make_application()

UP = "close > close[1]"
POLICIES = [
    ("scan", UP, "{data}"),
    ("why", UP, "{data}", "--near"),
    ("sql", "FROM candles", "{data}"),
    ("watch", UP, "{data}"),
    ("watch", UP, "-"),
]
SWEPT = "param n = 3 in 2..400; close > sma(close, n)"


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "candles.parquet"
    candles({"A": [1, 2, 3, 6], "B": [4, 3, 2, 1], "C": [1, 3, 2, 3]}).write_parquet(path)
    return str(path)


def run(*arguments):
    return CliRunner().invoke(application, list(arguments))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scan",), "Missing argument"),
        (("scan", UP), "Missing argument"),
        (("scan", UP, "{data}", "--lates"), "No such option"),
        (("sweep", UP), "No such command"),
        (("scan", UP, "{data}", "--top", "0"), "--top"),
        (("scan", UP, "{data}", "--format", "xml"), "--format"),
        (("scan", UP, "{data}", "-p", "length"), "write name=value"),
        (("scan", UP, "{data}", "-p", "n=1", "-p", "n=2"), "n is given twice, as 1 and as 2"),
        (("check", UP, "-p", "n=1", "-p", "n=2"), "n is given twice"),
        (("scan", UP, "{data}", "--column", "close=a", "--column", "close=b"), "close is given twice"),
        *(((*asked, "--policy", "double=drop"), "known are duplicate_ts, unsorted, null, nan,") for asked in POLICIES),
        *(((*asked, "--policy", "null=keen"), "choose one of error, drop, undefined, keep") for asked in POLICIES),
        (("scan", UP, "{data}", "--policy", "null"), "write name=value"),
        (("scan", UP, "{data}", "--policy", "null=drop", "--policy", "null=keep"), "null is given twice"),
        (("scan", UP, "{data}", "--stale", "3"), "give --latest too"),
        (("scan", UP, "{data}", "--latest", "--start", "2024-01-01"), "--start has no use there"),
        (("scan", UP, "{data}", "--start", "soon"), "'soon' is no date"),
        (("why", UP, "{data}", "A", "soon"), "'soon' is no date"),
        (("why", UP, "{data}", "--near", "--end", "soon"), "'soon' is no date"),
        (("import", "{data}", "candles.duckdb", "--start", "soon"), "'soon' is no date"),
        (("import", "{data}", "x.store", "--start", "2024-02-01", "--end", "2024-01-01"), "ends before that"),
        (("scan", UP, "{data}", "--timeframe", "daily"), "unknown timeframe 'daily'"),
        (("scan", UP, "{data}", "--executor", "gpu"), "choose one of auto, polars, tiles"),
        (("scan", UP, "{data}", "--table", "candles"), "--table is for DuckDB files"),
        (("scan", UP, "{data}", "--output", "{data}"), "is the file with the candles"),
        (("scan", UP, "{data}", "--output", "x.xlsx"), "known endings are .csv, .json, .parquet and .txt"),
        (("import", "{data}", "candles.duckdb", "--to", "store"), "do not fit"),
        (("check", SWEPT, "-p", "n=9..3"), "a range from..to rises"),
    ],
)
def test_misuse_is_told_and_ends_with_2(data, arguments, message):
    done = run(*(argument.format(data=data) if "{data}" in argument else argument for argument in arguments))

    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("output", ["found.xlsx", "found"])
def test_a_format_that_is_told_goes_for_any_name(data, tmp_path, output):
    path = tmp_path / output

    assert run("scan", UP, data, "--output", str(path), "--format", "csv").exit_code == 0
    assert path.read_text().startswith("symbol,ts")


def test_top_says_of_how_many(data):
    assert "the newest: 2 of 5 matches" in run("scan", UP, data, "--top", "2").stderr
    assert "the first by -close: 2 of 5 matches" in run("scan", UP, data, "--top", "2", "--sort", "-close").stderr
    assert " of 5 matches" not in run("scan", UP, data, "--top", "5").stderr


def test_check_looks_at_each_setting_of_a_sweep():
    few, many = run("check", SWEPT, "-p", "n=5,20"), run("check", SWEPT, "-p", "n=2..400")
    faulty = run("check", SWEPT, "-p", "n=399..402")

    assert few.stdout.splitlines() == [
        "ok with each of 2 settings",
        "  n=5: a boolean formula; warm-up 4 bars; reach 4 bars; reads close",
        "  n=20: a boolean formula; warm-up 19 bars; reach 19 bars; reads close",
    ]
    assert len(many.stdout.splitlines()) == 1 + ROWS_SHOWN + 1
    assert many.stdout.endswith(f"... and {399 - ROWS_SHOWN} more\n")
    assert faulty.exit_code == 2
    assert "in formula 'n=401': n must be a number from 2 to 400, this is 401" in faulty.stderr


def test_explain_shows_one_plan_of_a_sweep():
    shown = run("explain", SWEPT, "-p", "n=5,20").stdout

    assert "warm-up   19 bars" in shown
    for line in ("result    n=5: node 2", "result    n=20: node 4", "reports   sma(close, n) of n=20: node 3"):
        assert line in shown.splitlines()


def test_warnings_of_a_sweep_are_told_once():
    formula = 'param n = 1; timeframe("1w", close)[1] > n'

    assert run("check", formula, "-p", "n=1..3").stderr.count("warning") == 1
    for settings in "n=1", "n=1..3":
        strict = run("check", formula, "--strict", "-p", settings)
        assert strict.exit_code == 2
        assert ("in formula 'n=1': " in strict.stderr) == (settings == "n=1..3")
