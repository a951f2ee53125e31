"""What the commands print: user text as it is, options instead of arguments, one of something in the singular."""

from datetime import UTC, date, datetime, timedelta

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner
from fakes import candles

from barsweep.engine.command_line.aligning import aligned
from barsweep.engine.command_line.application import make_application
from barsweep.engine.command_line.wording import in_options
from barsweep.engine.results import counted
from barsweep.formulas import Language

application = make_application()

WEEKLY = 'timeframe("1w", close)[1] > 3'


def run(*arguments):
    return CliRunner().invoke(application, list(arguments))


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "candles.parquet"
    frame = candles({"A [red]": [1, 2], ":smile:": [2, 1]})
    frame.with_columns(mood=pl.lit("[bold]"), **{"p/e": pl.lit(3.0)}).write_parquet(path)
    return str(path)


def test_brackets_and_colons_are_no_markup(data, tmp_path):
    found = run("scan", "close > 0", data, "--sort", "if(mood == mood, close, close[1])")
    run("scan", "close > 0", data, "--output", str(tmp_path / "found.txt"))
    refused = run("scan", "close > 0", data, "--symbols", "[bold]X[/bold]")

    assert "A [red]" in found.stdout
    assert ":smile:" in found.stdout
    assert "close[1])" in found.stdout
    assert "A [red]" in (tmp_path / "found.txt").read_text()
    assert "[bold]X[/bold]: unknown symbol" in refused.stderr


def test_the_list_of_functions_keeps_brackets():
    listed = run("functions").stdout

    assert "100 * (x / x[n] - 1)" in listed


def test_a_function_in_full():
    roc, macd, count = run("functions", "roc").stdout, run("functions", "macd").stdout, run("functions", "count").stdout

    assert "100 * (x / x[n] - 1)" in roc
    assert "warm-up 10 bars; reach 10 bars" in roc
    assert "def roc(x = close, n = 10)" in roc
    for output in (".line", ".signal", ".hist"):
        assert f"\n  {output:<7}  warm-up " in macd
    assert "warm-up 33 bars; reach all earlier bars" in macd
    assert "warm-up 4 bars" in count, "n has no default: 5 is tried"
    assert "count(close > open, 5)  ->  " in count
    assert "talib.roc" not in count


@pytest.mark.parametrize(
    ("name", "history"),
    [
        ("rsi", "warm-up 14 bars"),
        ("hlc3", "warm-up 0 bars; reach 0 bars"),
        ("abs", "warm-up 0 bars"),
        ("bars_since", "reach all earlier bars"),
        ("supertrend", "  .direction  warm-up"),
        ("crosses_above", "warm-up 1 bar; reach 1 bar"),
    ],
)
def test_the_history_of_a_function(name, history):
    assert history in run("functions", name).stdout


def test_every_function_can_be_told():
    for name in Language().functions.plain:
        assert run("functions", name).exit_code == 0, name


@pytest.mark.parametrize("command", ["scan", "check", "explain"])
def test_warnings_of_a_formula_go_to_standard_error(data, command):
    done = run(command, WEEKLY, data)

    assert done.exit_code in {0, 1}
    assert done.stderr.startswith("warning: [1] counts bars of the data's own timeframe here\n  timeframe(")
    assert "warning" not in done.stdout


def test_checking_and_explaining_with_columns_of_ones_own(data):
    formula = 'last > 1 and mood == "x"'

    for command in ("check", "explain"):
        assert run(command, formula).exit_code == 2
        assert run(command, formula, data, "--column", "last=p/e").exit_code == 0
    assert "reads     last, mood" in run("explain", formula, data, "--column", "last=p/e").stdout
    assert run("explain", "param n = 3\nclose > close[n]", "-p", "n=4").stdout.count("#0[4]") == 1


def test_weekly_candles_are_looked_at_in_their_own_timeframe(tmp_path):
    weeks = [date(2024, 1, 1) + timedelta(weeks=week) for week in range(20)]
    pl.DataFrame({"date": weeks, "close": 1.0, "own": 2.0}).write_csv(tmp_path / "weeks.csv")

    for command in ("check", "explain"):
        assert run(command, "own > 1", str(tmp_path / "weeks.csv")).exit_code == 0


def test_options_are_named_instead_of_arguments(tmp_path):
    pl.DataFrame({"date": ["2024-01-02"], "time": ["1"], "last": [1.0]}).write_parquet(tmp_path / "odd.parquet")
    (tmp_path / "two.csv").write_text("date,Close,CLOSE\n2024-01-02,1,1\n")
    (tmp_path / "in.csv").write_text("date,close\n2024-01-02,1\n")
    source, target = str(tmp_path / "in.csv"), str(tmp_path / "c.duckdb")
    assert run("import", source, target).stdout.startswith("1 bar of 1 symbol from 2024-01-02")

    again = run("import", source, target).stderr
    both, several = (
        run("check", "close > 1", str(tmp_path / "odd.parquet")),
        run("check", "1 > 0", str(tmp_path / "two.csv")),
    )
    absent = run("scan", "close > 1", source, "--column", "close=Last").stderr
    stale = run("scan", "close > 1", source, "--stale", "3").stderr

    assert "say --replace to write it anew, or choose another --table" in again
    assert "say with --column ts=date which one" in both.stderr
    assert "choose with --column name=its-name" in several.stderr
    assert "which --column gives for 'close'" in absent
    assert "give --latest too" in stale


def test_a_file_with_several_tables(tmp_path):
    path = tmp_path / "several.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name in ("one", "two"):
            connection.execute(f"create table {name} as select 'A' as symbol, date '2024-01-02' as ts, 3 as close")

    assert "choose one with --table: one, two" in run("scan", "close > 1", str(path)).stderr
    assert "1 match in 1 symbol, 1 bar; " in run("scan", "close > 1", str(path), "--table", "two").stderr
    assert run("check", "close > 1", str(path), "--table", "two").exit_code == 0
    assert "--table is for DuckDB files" in run("check", "close > 1", "candles.csv", "--table", "two").stderr


def test_messages_of_the_library_that_are_translated_still_say_so(tmp_path):
    """When the library words a message anew, its translation has to follow."""
    pl.DataFrame({"date": [date(2024, 1, 2), date(2024, 1, 3)], "close": 1.0}).write_csv(tmp_path / "days.csv")

    finer = run("scan", "close > 1", str(tmp_path / "days.csv"), "--timeframe", "1h").stderr

    assert "holds 1d bars" in finer
    assert "timeframe=" not in finer
    assert in_options("the policy null='drop' lets the symbol live") == "--policy null=drop lets the symbol live"


def test_long_lists_of_rows_are_cut(tmp_path):
    days = [date(2024, 1, 1) + timedelta(days=day // 2) for day in range(50)]
    pl.DataFrame({"symbol": "A", "date": days, "close": 1.0}).write_parquet(tmp_path / "double.parquet")
    pl.DataFrame({"symbol": "A", "date": days[:5], "close": 1.0}).write_parquet(tmp_path / "few.parquet")

    many = run("scan", "close > 1", str(tmp_path / "double.parquet")).stderr
    few = run("scan", "close > 1", str(tmp_path / "few.parquet")).stderr

    assert "ts: 25 at 2024-01-01, 2024-01-02, 2024-01-03 and 22 more; --policy duplicate_ts=drop lets" in many
    assert "ts: 2 at 2024-01-01, 2024-01-02; " in few
    assert "1 symbol with errors" in few


def test_json_ends_with_a_line_break(data, tmp_path):
    assert run("scan", "close > 0", data, "--format", "json").stdout.endswith("]\n")
    run("scan", "close > 0", data, "-o", str(tmp_path / "found.json"))
    assert pl.read_json(tmp_path / "found.json").height == 4


@pytest.mark.parametrize(
    ("count", "noun", "text"), [(1, "match", "1 match"), (2_000, "match", "2,000 matches"), (0, "bar", "0 bars")]
)
def test_counting_nouns(count, noun, text):
    assert counted(count, noun) == text


def test_the_demo_in_the_singular(tmp_path):
    done = run("demo", "--folder", str(tmp_path), "--symbols", "1", "--bars", "1")

    assert "1 symbol x 1 day ..." in done.stdout
    assert "0 matches in 1 symbol" in done.stdout


def test_the_candles_are_not_overwritten_by_the_matches(tmp_path):
    file = tmp_path / "in.csv"
    file.write_text("date,close\n2024-01-02,1\n")

    refused = run("scan", "close > 0", str(file), "--output", str(file))

    assert "is the file with the candles: choose another one" in refused.stderr
    assert file.read_text() == "date,close\n2024-01-02,1\n"


def test_a_pipe_gets_every_row(tmp_path):
    """Only a terminal is spared a long table."""
    days = [date(2024, 1, 1) + timedelta(days=day) for day in range(120)]
    pl.DataFrame({"date": days, "close": 1.0}).write_csv(tmp_path / "days.csv")

    shown = run("scan", "close > 0", str(tmp_path / "days.csv"))

    assert shown.stdout.count("2024-") == 120
    assert "more: --top" not in shown.stderr


def test_dates_and_numbers_as_they_are_written_elsewhere(tmp_path):
    path, target = tmp_path / "europe.csv", str(tmp_path / "c.duckdb")
    path.write_text("date;close\n03.04.2024;1,500\n05.04.2024;2,500\n")
    (tmp_path / "slashes.csv").write_text("date,close\n03/04/2024,1\n05/04/2024,2\n")
    europe = ("--date-format", "%d.%m.%Y", "--decimal", ",")

    asked = run("scan", "close > 2", str(tmp_path / "slashes.csv")).stderr
    found = run("scan", "close > 2", str(path), *europe, "--format", "csv")

    assert 'say --date-format "%m/%d/%Y" or "%d/%m/%Y"' in asked
    assert found.stdout.splitlines() == ["symbol,ts", "data,2024-04-05"]
    assert run("import", str(path), target, *europe).exit_code == 0
    for command in ("check", "explain"):
        assert run(command, "close > 2", str(path), *europe).exit_code == 0
    wrong = run("scan", "close > 2", target, *europe).stderr
    assert "--date-format and --decimal is for CSV files" in wrong
    assert "--end moves the last bar" in run("scan", "close > 2", target, "--latest", "--start", "2024-01-01").stderr


def test_many_rows_go_into_a_pipe_part_by_part():
    """A table is not laid out as a whole, as it is for a terminal."""
    rows = pl.int_range(1_000_000, eager=True)
    many = pl.DataFrame({"symbol": ["A"] * len(rows), "close": rows.cast(pl.Float64)})

    heading, *parts = aligned(many)

    assert len(parts) == 10
    assert heading == "symbol    close\n"
    assert parts[-1].endswith("\nA       999,999\n")


def test_a_table_as_text():
    table = pl.DataFrame({"ts": [datetime(2024, 1, 2, 9, tzinfo=UTC), None], "ok": [True, False], "x": [None, 2e6]})

    assert "".join(aligned(table)).splitlines() == [
        "ts                 ok           x",
        "2024-01-02 09:00Z  yes",
        "                   no   2,000,000",
    ]


def test_columns_by_names_of_their_own_are_missed_with_a_way_out(tmp_path):
    odd = pl.DataFrame({"Trade Day": ["2024-01-02"], "Last Price": [1.5], "Shares": [10]})
    (tmp_path / "odd").mkdir()
    odd.write_csv(tmp_path / "odd" / "A.csv")
    source, target, day = str(tmp_path / "odd"), str(tmp_path / "odd.duckdb"), ("--column", "ts=Trade Day")

    assert "found: Trade Day, Last Price, Shares; say which one it is: --column ts=" in run("import", source).stderr
    made = run("import", source, target, *day, "--column", "close=Last Price")
    assert made.exit_code == 0
    assert "no column for open, high, low, volume among close, Shares: say --column open=..." in made.stderr
    missed = run("scan", "volume > 5", target).stderr
    assert "they have close, Shares; where one of them is the volume, say" in missed
    assert "--column volume=... in the shell" in missed
    swapped = run("scan", "close > 1", source, *day, "--column", "Last Price=close").stderr
    assert "no column 'close', which --column gives for 'Last Price'" in swapped
    assert "the name in formulas goes first: --column close=Last Price" in swapped


def test_files_that_are_left_out_are_told(tmp_path):
    """One faulty file stops no folder, but whoever misses its symbol has to learn why."""
    candles({"A": [1, 2]}).drop("symbol").write_csv(tmp_path / "A.csv")
    (tmp_path / "NOTES.csv").write_text("remember,the milk\n1,2\n")

    for asked in (("scan", "close > 1", str(tmp_path)), ("import", str(tmp_path), str(tmp_path / "made.duckdb"))):
        answer = run(*asked)
        assert answer.exit_code == 0
        assert "NOTES.csv has no column for the time of a bar" in answer.stderr.split("left out: ")[1]
        assert answer.stderr.count("left out: ") == 1


def test_candles_ahead_of_the_formula(tmp_path):
    source = tmp_path / "candles.parquet"
    pl.DataFrame({"symbol": ["A"], "ts": [date(2024, 1, 2)], "close": [1.0]}).write_parquet(source)

    for command in ("scan", "watch", "explain"):
        swapped = run(command, str(source), "close > 1")
        assert swapped.exit_code == 2
        assert "candles.parquet is a file, and no formula: the formula comes first, then the candles" in swapped.stderr


@pytest.mark.parametrize("name", ["收" * 90 + ".5", "a" * 5000 + ".5", "a\0.csv"])
def test_a_formula_that_no_file_can_be_called(name):
    assert "is a file" not in run("explain", name).stderr
    assert run("explain", name).exit_code == 2
