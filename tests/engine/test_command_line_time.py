"""Sessions, other tables and warnings on the command line."""

import datetime as dt

import polars as pl
import pytest
from click.testing import CliRunner

from barsweep.engine.command_line.application import make_application

application = make_application()


def run(*arguments):
    return CliRunner().invoke(application, list(arguments))


@pytest.fixture
def data(tmp_path):
    dates = [dt.date(2024, 3, 4) + dt.timedelta(days=n) for n in (0, 1, 2, 3, 4, 7)]
    pl.DataFrame({"symbol": "A", "date": dates, "close": [1.0, 2, 3, 4, 5, 6]}).write_csv(tmp_path / "candles.csv")
    pl.DataFrame({"symbol": "A", "published": ["2024-03-06"], "eps": [2.0]}).write_csv(tmp_path / "quarterly.csv")
    return tmp_path


def test_a_session_ends_the_week_on_friday(data):
    formula, path = 'defined(timeframe("1w", close))', str(data / "candles.csv")

    without, with_session = run("scan", formula, path), run("scan", formula, path, "--session", "09:30-16:00")

    assert "2024-03-08" not in without.stdout
    assert "2024-03-08" in with_session.stdout
    assert "write them as 09:30-16:00" in run("scan", formula, path, "--session", "9").stderr


def test_another_table(data):
    formula, beside = 'table("q", eps) > 1', f"q={data / 'quarterly.csv'}"

    done = run("scan", formula, str(data / "candles.csv"), "--beside", beside)

    assert "2024-03-07" in done.stdout
    assert "2024-03-06" not in done.stdout
    assert run("check", formula, "--beside", beside).exit_code == 0
    assert 'table("q"' in run("explain", formula, "--beside", beside).stdout
    assert run("check", formula).exit_code == 2


@pytest.mark.parametrize("command", ["check", "explain", "scan"])
def test_warnings_are_told_beside_the_answer(data, command):
    formula = 'timeframe("1w", close, forming=true)[1] > 1'

    done = run(command, formula, *([str(data / "candles.csv")] if command == "scan" else []))

    assert "warning: [1] counts bars of the data's own timeframe here" in done.stderr
    assert 'write timeframe("1w", x[1], forming=true)' in done.stderr
    assert "warning" not in done.stdout
