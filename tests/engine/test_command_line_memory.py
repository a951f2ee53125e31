"""How much memory and how many threads a scan may take, said on the line."""

import click
import pytest
from click.testing import CliRunner
from fakes import candles

from barsweep.engine.command_line import finding
from barsweep.engine.command_line.application import make_application
from barsweep.engine.command_line.sizes import Size

application = make_application("scan")


@pytest.fixture
def scan(tmp_path):
    path = tmp_path / "candles.parquet"
    candles({"A": [1, 2, 3], "B": [3, 2, 1]}).write_parquet(path)

    def run(*options):
        return CliRunner().invoke(application, ["scan", "close > 1", str(path), *options])

    return run


@pytest.mark.parametrize(
    ("written", "bytes_"),
    [("500MB", 500_000_000), ("2gb", 2_000_000_000), ("1.5 GiB", 1_610_612_736), ("64KiB", 65_536), ("123", 123)],
)
def test_sizes(written, bytes_):
    assert Size().convert(written, None, None) == bytes_
    assert Size().convert(bytes_, None, None) == bytes_


@pytest.mark.parametrize("written", ["", "much", "2 apples", "-1", "0", "0.1", "1e9", "GB", "2GB 3"])
def test_what_is_no_size(written):
    with pytest.raises(click.BadParameter, match="write it as 500MB, 2GB or 2GiB"):
        Size().convert(written, None, None)


def test_both_reach_the_engine(scan, monkeypatch):
    asked, own = [], finding.ProcessingEngine

    def engine(*args, **options):
        asked.append((args[2], options["memory_limit"]))
        return own(*args, **options)

    monkeypatch.setattr(finding, "ProcessingEngine", engine)
    found = [scan("--workers", "1", "--memory-limit", "300MB"), scan()]

    assert [each.exit_code for each in found] == [0, 0]
    assert asked == [(1, 300_000_000), (None, None)]


def test_a_job_that_does_not_fit_is_told_in_options(scan):
    refused = scan("--memory-limit", "10")

    assert refused.exit_code == 3
    assert "--memory-limit is 0.0 MB" in refused.stderr
    assert "Raise --memory-limit, or ask for a shorter range" in refused.stderr


@pytest.mark.parametrize("options", [("--memory-limit", "2 apples"), ("--workers", "0"), ("--workers", "many")])
def test_what_is_misspelt_is_a_fault_of_the_line(scan, options):
    refused = scan(*options)

    assert refused.exit_code == 2
    assert options[0] in refused.stderr
