"""`--policy`: what is done with faulty rows, said on the line."""

import polars as pl
import pytest
from click.testing import CliRunner
from fakes import candles

from barsweep.engine.command_line.application import make_application

application = make_application()
DROP = ("--policy", "duplicate_ts=drop")


def run(*arguments, given=None):
    return CliRunner().invoke(application, list(arguments), input=given)


@pytest.fixture
def data(tmp_path):
    """The last bar of the only symbol is there twice, and the close of the later row is 9."""
    once = candles({"A": [1, 2, 3]})
    pl.concat([once, once.tail(1).with_columns(close=9.0, high=9.0)]).write_parquet(tmp_path / "twice.parquet")
    return str(tmp_path / "twice.parquet")


@pytest.mark.parametrize(
    "asked",
    [
        ("scan", "close > 5", "{data}"),
        ("why", "close > 5", "{data}", "A"),
        ("sql", "FROM candles WHERE close > 5", "{data}"),
    ],
    ids=lambda asked: asked[0],
)
def test_a_symbol_lives_as_the_message_says(asked, data):
    asked = [argument.format(data=data) for argument in asked]

    left_out, kept = run(*asked), run(*asked, *DROP)

    assert left_out.exit_code == 3
    assert "--policy duplicate_ts=drop lets the symbol live" in left_out.stderr
    assert kept.exit_code == 0
    assert "2024-01-03" in kept.stdout


def test_several_kinds_of_faulty_rows(data):
    done = run("scan", "close > 5", data, *DROP, "--policy", "high_below_low=error", "--format", "csv")

    assert done.stdout == "symbol,ts\nA,2024-01-03\n"


def test_bars_that_arrive(data):
    """On standard input, with a history and without."""
    bar = '{"symbol": "A", "ts": "2024-01-04", "open": 1, "high": 1, "low": 1, "close": -1, "volume": 1}\n'
    keep = ("--policy", "non_positive=keep")

    for past in ((), ("--history", data, *DROP)):
        assert run("watch", "close < 0", "-", *past, given=bar).exit_code == 1
        assert run("watch", "close < 0", "-", *past, *keep, given=bar).exit_code == 0
