"""What a command takes from the shell to its end: `python -m bench.starting`. Beside it, what could not be less.

A scan of all bars in a DuckDB file stands beside a process that imports the same modules and reads the same columns
with DuckDB alone; scans of the last bar beside `barsweep --version`. Processes are started in turn, round after round,
the second time that kernels and definitions are on the machine.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.machines import machine
from bench.measuring import FINITE, FORMULA
from bench.scan_scaling import COMMAND

RESULTS: Final = Path(__file__).parent / "results"
BARS: Final = 2520
ROUNDS: Final = 9
READ: Final = """
import duckdb
connection = duckdb.connect({path!r}, read_only=True)
connection.execute("select symbol, ts, close, volume from candles").to_arrow_table()
import os; os._exit(0)
"""
IMPORTED: Final = """
import os, sys
sys.argv[1:] = {arguments!r}
os._exit = lambda code: (print(*sys.modules, file=open({path!r}, "w")), sys.exit(code))
from barsweep.engine.command_line import main
main()
"""


def main() -> None:
    """Measure, print, and write bench/results/starting.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=2500)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    found: dict[str, Any] = {"machine": machine(), "symbols": options.symbols, "bars": BARS}
    with tempfile.TemporaryDirectory() as folder:
        commands = commands_over(make_candles(Path(folder), options.symbols), Path(folder))
        found["seconds"] = in_turn(commands, options.rounds)
    for name, (median, best) in found["seconds"].items():
        print(f"{name:28s} median {median:.3f} s, best {best:.3f} s")
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "starting.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


def make_candles(folder: Path, symbols: int) -> Path:
    """A DuckDB file of candles, as `barsweep import` writes it."""
    from barsweep.data import import_candles, sample_candles

    sample_candles(symbols, BARS, defects=False).write_parquet(folder / "candles.parquet")
    import_candles(folder / "candles.parquet", folder / "candles.duckdb")
    return folder / "candles.duckdb"


def commands_over(path: Path, folder: Path) -> Mapping[str, Sequence[str]]:
    """What is run, by name."""

    def barsweep(*arguments: str) -> list[str]:
        return [sys.executable, "-c", COMMAND, *arguments]

    scan = ["scan", FORMULA, str(path), "--output", str(folder / "matches.csv")]
    imports = f"import {', '.join(imported_by(scan, folder / 'modules.txt'))}\n"
    return {
        "nothing": [sys.executable, "-c", "pass"],
        "imports": [sys.executable, "-c", f"{imports}import os; os._exit(0)"],
        "imports and columns": [sys.executable, "-c", imports + READ.format(path=str(path))],
        "W1, every bar": barsweep(*scan),
        "--version": barsweep("--version"),
        "finite reach, the last bar": barsweep("scan", FINITE, str(path), "--latest"),
        "W1, the last bar": barsweep("scan", FORMULA, str(path), "--latest"),
    }


def imported_by(arguments: Sequence[str], path: Path) -> list[str]:
    """The modules that a command imports, those of the interpreter's own start among them."""
    code = IMPORTED.format(arguments=list(arguments), path=str(path))
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    modules = path.read_text(encoding="utf-8").split()
    return [name for name in modules if name != "__main__" and "-" not in name]


def in_turn(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, tuple[float, float]]:
    """Median and best seconds of each, after a round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            if number:
                times[name].append(time.perf_counter() - began)
    return {name: (statistics.median(each), min(each)) for name, each in times.items()}


if __name__ == "__main__":
    main()
