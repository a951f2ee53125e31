"""What a command does not need is not imported: it would be waited for at each start."""

import subprocess
import sys

import pytest
from fakes import candles

HEAVY = {"rich", "lark", "pydantic", "typer", "pandas", "asyncio"}


def test_help_waits_for_nothing_heavy():
    code = "import sys; from barsweep.engine import command_line; sys.argv[1:] = ['scan', '--help']\n"
    code += "command_line.leave = lambda code: print(*{name.partition('.')[0] for name in sys.modules})\n"
    done = subprocess.run(
        [sys.executable, "-c", code + "command_line.main()"], check=True, capture_output=True, text=True
    )

    assert "Usage: barsweep scan" in done.stdout
    assert set(done.stdout.splitlines()[-1].split()) & {*HEAVY, "polars", "numpy", "duckdb", "pyarrow"} == set()


@pytest.mark.parametrize("arguments", [["scan", "close > close[1]", "{data}", "--latest"], ["check", "close > 1"]])
def test_a_command_in_a_pipe_imports_little(tmp_path, arguments):
    path = tmp_path / "candles.parquet"
    candles({"A": [1, 2, 3]}).write_parquet(path)
    code = (
        "import atexit, os, sys; from barsweep.engine import command_line\n"
        "command_line.leave = lambda code: print(*{name.partition('.')[0] for name in sys.modules}) or sys.exit(code)\n"
        "sys.argv[1:] = sys.argv[1:]; command_line.main()"
    )
    given = [argument.format(data=path) for argument in arguments]
    done = subprocess.run([sys.executable, "-c", code, *given], check=True, capture_output=True, text=True)

    loaded = set(done.stdout.splitlines()[-1].split())
    assert "polars" in loaded
    assert loaded & HEAVY == set()


def test_the_package_is_the_command():
    """Where the command's folder is not on the path, `python -m barsweep` is there."""
    command = [sys.executable, "-m", "barsweep", "check", "close >"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)

    assert done.returncode == 2
    assert done.stderr.startswith("FormulaError")
