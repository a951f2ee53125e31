import json
import os
import subprocess
import sys

import polars as pl
import pytest
from click.testing import CliRunner
from fakes import candles

from barsweep.engine.command_line import main
from barsweep.engine.command_line.application import make_application

UP = "close > close[1]"
BARSWEEP = [sys.executable, "-c", "from barsweep.engine.command_line import main; main()"]


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "candles.parquet"
    candles({"A": [1, 2, 3, 6], "B": [4, 3, 2, 1], "C": [1, 3, 2, 3]}).write_parquet(path)
    return str(path)


application = make_application()


def run(*arguments, given=None):
    return CliRunner().invoke(application, list(arguments), input=given)


def test_found(data):
    done = run("scan", UP, data)

    assert done.exit_code == 0
    assert "2024-01-02" in done.stdout
    assert "5 matches in 3 symbols" in done.stderr


def test_nothing_found(data):
    done = run("scan", "close > 100", data)

    assert (done.exit_code, done.stdout) == (1, "")


def test_nothing_to_look_at(data, tmp_path):
    """No match is not the same as no bar."""
    empty = tmp_path / "empty.csv"
    empty.write_text("symbol,date,close\n")

    for arguments, why in (
        (
            (data, "--start", "2030-01-01"),
            "no bar lies in the range: the data has those from 2024-01-01 to 2024-01-04\n",
        ),
        ((str(empty),), "the data has no bars at all\n"),
        ((str(empty), "--latest"), "the data has no bars at all\n"),
    ):
        done = run("scan", UP, *arguments)
        assert done.exit_code == 1
        assert why in done.stderr
    assert "no bar" not in run("scan", "close > 100", data).stderr


def test_a_faulty_formula(data):
    done = run("scan", "close > smaa(close, 3)", data)

    assert done.exit_code == 2
    assert done.stderr.startswith("FormulaError: unknown function 'smaa'\n  close > smaa(close, 3)\n          ^^^^\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scan", UP, "nowhere.parquet"), "no such file"),
        (("scan", "@nowhere.formula", "nowhere.parquet"), "cannot be read"),
        (("import", "nowhere.csv", "candles.duckdb"), "no such file"),
    ],
)
def test_data_trouble(arguments, message):
    done = run(*arguments)

    assert done.exit_code == 3
    assert message in done.stderr


@pytest.mark.parametrize(("command", "code"), [("scan", 3), ("why --near", 3), ("check", 2), ("explain", 2)])
def test_a_formula_file_that_is_no_text_is_told_by_name(data, tmp_path, command, code):
    """An editor saved it as UTF-16, say."""
    file = tmp_path / "up.formula"
    file.write_bytes(UP.encode("utf-16"))

    done = run(*command.split(), f"@{file}", data)

    assert (done.exit_code, done.stdout) == (code, "")
    assert f"the file {file} cannot be read as text in UTF-8" in done.stderr


def test_no_usable_symbol_is_data_trouble(data):
    done = run("scan", UP, data, "--symbols", "X,Y")

    assert done.exit_code == 3
    assert "X: unknown symbol" in done.stderr


def test_formulas_from_a_file_and_from_standard_input(data, tmp_path):
    (tmp_path / "up.formula").write_text("param n = 1\nclose > close[n]\n")

    from_file = run("scan", f"@{tmp_path / 'up.formula'}", data, "--format", "csv", "-p", "n=2")
    from_input = run("scan", "-", data, "--format", "csv", given="close > close[2]")

    assert from_file.exit_code == from_input.exit_code == 0
    assert from_file.stdout == from_input.stdout


def test_symbols_dates_and_latest(data, tmp_path):
    (tmp_path / "symbols.txt").write_text("C\nA\n")

    some = run(
        "scan", UP, data, "--symbols", f"@{tmp_path / 'symbols.txt'}", "--start", "2024-01-04", "--format", "csv"
    )
    latest = run("scan", UP, data, "--latest", "--stale", "1", "--format", "csv")

    assert some.stdout.splitlines() == ["symbol,ts", "C,2024-01-04", "A,2024-01-04"]
    assert latest.stdout.splitlines() == ["symbol,ts,stale", "A,2024-01-04,false", "C,2024-01-04,false"]


def test_sorting_by_a_formula_that_uses_the_formulas_names(data):
    formula = "prior = close[1]\nclose > prior"

    largest = run("scan", formula, data, "--sort", "close / prior", "--top", "2", "--format", "json")
    smallest = run("scan", formula, data, "--sort", "-prior", "--top", "1", "--format", "json")

    rows = json.loads(largest.stdout)
    assert [(row["symbol"], row["close / prior"]) for row in rows] == [("C", 3.0), ("A", 2.0)]
    assert json.loads(smallest.stdout)[0]["-prior"] == -1.0


def test_a_faulty_sort(data):
    done = run("scan", UP, data, "--sort", "smaa(close)")

    assert done.exit_code == 2
    assert "unknown function" in done.stderr


def test_top_without_sorting_is_the_newest(data):
    done = run("scan", UP, data, "--top", "2", "--format", "csv")

    assert done.stdout.splitlines()[1:] == ["A,2024-01-04", "C,2024-01-04"]


@pytest.mark.parametrize("ending", ["csv", "json", "parquet", "txt"])
def test_output_tells_the_format(data, tmp_path, ending):
    path = tmp_path / f"found.{ending}"

    done = run("scan", UP, data, "--output", str(path))

    assert (done.exit_code, done.stdout) == (0, "")
    reader = {"csv": pl.read_csv, "json": pl.read_json, "parquet": pl.read_parquet}.get(ending)
    assert reader(path).height == 5 if reader else "2024-01-02" in path.read_text()


def test_an_output_that_cannot_be_written(data, tmp_path):
    done = run("scan", UP, data, "--output", str(tmp_path / "no" / "found.csv"))

    assert done.exit_code == 3
    assert "cannot be written" in done.stderr


def test_a_long_table_is_cut_on_a_terminal_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr("barsweep.engine.command_line.finding.to_terminal", lambda: True)
    path = tmp_path / "long.csv"
    candles({"A": [float(bar + 1) for bar in range(100)]}).write_csv(path)

    done = run("scan", UP, str(path))

    assert len(done.stdout.splitlines()) == 41
    assert "... and 59 more" in done.stderr


def test_columns_that_are_not_recognised_can_be_named(tmp_path):
    path = tmp_path / "odd.csv"
    path.write_text("day,last\n2024-01-01,1\n2024-01-02,2\n")

    done = run("scan", UP, str(path), "--column", "ts=day", "--column", "close=last", "--format", "csv")

    assert done.stdout.splitlines() == ["symbol,ts", "data,2024-01-02"]


def test_check(data):
    sound, faulty, with_data = run("check", "close > ema(close, 20)"), run("check", "close >"), run("check", UP, data)

    history = "warm-up 19 bars; reach all earlier bars, settled after 208 bars"
    assert sound.stdout == f"ok: a boolean formula; {history}; reads close\n"
    assert faulty.exit_code == 2
    assert with_data.exit_code == 0


def test_explain_and_functions():
    assert "sma(#0, 20)" in run("explain", "close > sma(close, 20)").stdout
    assert "rsi(x=close, n=14)" in run("functions").stdout
    assert run("functions", "RSI").stdout.startswith("rsi(x=close, n=14)\n\nRelative Strength Index")
    unknown = run("functions", "rsii")
    assert unknown.exit_code == 2
    assert "did you mean rsi" in unknown.stderr


def test_import_and_scan_of_what_was_imported(tmp_path):
    (tmp_path / "in").mkdir()
    for symbol in ("A", "B"):
        candles({symbol: [1, 2, 3]}).drop("symbol").write_csv(tmp_path / "in" / f"{symbol}.csv")
    target = str(tmp_path / "candles.duckdb")

    first, again = run("import", str(tmp_path / "in"), target), run("import", str(tmp_path / "in"), target)

    assert first.stdout.startswith("6 bars of 2 symbols from 2024-01-01 to 2024-01-03: table candles")
    assert again.exit_code == 3
    assert run("import", str(tmp_path / "in"), target, "--replace").exit_code == 0
    assert "4 matches in 2 symbols" in run("scan", UP, target).stderr


def test_the_demo_makes_candles_once(tmp_path):
    size = ("demo", "--folder", str(tmp_path), "--symbols", "30", "--bars", "120")

    first, second = run(*size), run(*size)

    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "making candles" in first.stdout
    assert "making candles" not in second.stdout
    for shown in ("time ", "bars ", "peak memory", "Try next:", "--latest"):
        assert shown in second.stdout


def test_version(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["barsweep", "--version"])
    main()

    assert capsys.readouterr().out == run("--version").stdout


def test_version_answers_at_once():
    code = (
        "import sys; from barsweep.engine.command_line import main\n"
        "sys.argv[1:] = ['--version']; main(); print('click' in sys.modules)"
    )

    assert subprocess.check_output([sys.executable, "-c", code], text=True).split("\n")[1] == "False"


@pytest.mark.skipif(os.name == "nt", reason="pipes")
def test_a_reader_that_has_seen_enough(tmp_path):
    path = tmp_path / "long.parquet"
    candles({"A": [float(bar + 1) for bar in range(30_000)]}).write_parquet(path)
    command = [*BARSWEEP, "scan", UP, str(path), "--format", "csv"]

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as job:
        assert job.stdout.readline() == "symbol,ts\n"
        job.stdout.close()
        complaints = job.stderr.read()
        job.wait(timeout=30)

    assert job.returncode == 0
    assert "roken" not in complaints


def test_importing_into_a_store(data, tmp_path):
    """By the ending, or by --to; what is scanned there is what the source has."""
    made = run("import", data, "--to", "store")
    again = run("import", data, str(tmp_path / "other.duckdb"))
    unfit = run("import", data, str(tmp_path / "other.duckdb"), "--to", "store")

    store = tmp_path / "candles.store"
    assert made.exit_code == again.exit_code == 0
    assert str(store) in made.stdout
    assert "table candles in" in again.stdout
    assert unfit.exit_code == 2
    assert "other.store" in unfit.stderr
    expected = run("scan", UP, data, "--format", "csv").stdout
    assert run("scan", UP, str(store), "--format", "csv").stdout == expected
