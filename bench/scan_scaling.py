"""How a scan grows with the number of symbols: `make bench`, or `python -m bench.scan_scaling --symbols 10 100`.

Every figure comes from a fresh process (bench/measuring.py). It stands beside the floor that it must not pass.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import psutil
from rich.console import Console
from rich.table import Table

from bench.machines import machine
from bench.measuring import FORMULA
from bench.memory import PeakMemory

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = Path(__file__).parent / "results"
MEBIBYTE: Final = 2**20
BARS: Final = 2520
FLOORS: Final[Mapping[int, tuple[float, int]]] = {10: (0.5, 100), 100: (5, 500), 500: (15, 1000), 2500: (30, 2000)}
"""Symbols -> seconds, and MB above the imports' own."""
FLOOR_OF_ONE: Final = 0.05  # seconds for a single symbol
FLOOR_OF_CHECK: Final = 0.05  # seconds for a formula file of so many lines
LINES: Final = 200
CHECKS: Final = 7
COMMAND: Final = "from barsweep.engine.command_line import main; main()"


def main() -> None:
    """Measure, print, and write bench/results/scan_scaling.json; exit code 1 if a floor is passed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, nargs="+", default=list(FLOORS), help="universe sizes")
    parser.add_argument("--bars", type=int, default=BARS, help="bars of each symbol")
    options = parser.parse_args()
    found = measure(options.symbols, options.bars)
    show(found, Console(width=None if sys.stdout.isatty() else 120))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "scan_scaling.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
    if beyond := beyond_floors(found):
        raise SystemExit(f"beyond the floor: {', '.join(beyond)}")


def measure(sizes: Sequence[int], bars: int) -> dict[str, Any]:
    """Every measurement, one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        for symbols in sizes:
            run("make", folder, symbols, bars)
        return {
            "machine": machine(),
            "bars": bars,
            "formula": FORMULA,
            "sizes": [
                {
                    **run("scaling", folder, symbols),
                    "indicators": run("indicators", folder, symbols),
                    "cold": run("cold", folder, symbols),
                    "process": whole_process(folder, symbols),
                }
                for symbols in sizes
            ],
            "single": run("single", bars),
            "latest": {"symbols": max(sizes), **run("latest", folder, max(sizes))},
            "check": min((run("check", LINES) for _ in range(CHECKS)), key=lambda each: each["seconds"]),
        }


def run(name: str, *arguments: object) -> dict[str, Any]:
    """One measurement of bench/measuring.py in a fresh process."""
    command = [sys.executable, "-m", "bench.measuring", name, *map(str, arguments)]
    answer = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(answer.stdout)
    return found


def whole_process(folder: str, symbols: int) -> dict[str, float]:
    """`barsweep scan` over a DuckDB file from its start to its end: seconds, and peak memory in bytes, all included."""
    command = [sys.executable, "-c", COMMAND, "scan", FORMULA, str(Path(folder) / f"{symbols}.duckdb")]
    began = time.perf_counter()
    with (
        psutil.Popen([*command, "--output", str(Path(folder) / "matches.csv")], stderr=subprocess.DEVNULL) as process,
        PeakMemory(process) as memory,
    ):
        code = process.wait()
    if code != 0:
        raise SystemExit(f"barsweep scan ended with exit code {code}")
    return {"seconds": time.perf_counter() - began, "peak": memory.peak}


def show(found: Mapping[str, Any], console: Console) -> None:
    """Print what was found."""
    console.print(f"{found['formula']}\n{found['bars']:,} bars a symbol, {found['machine']['cores']} cores\n")
    console.print(scaling_table(found["sizes"]))
    console.print("memory is above the imports' own, candles included:", imports(found["sizes"]))
    one = found["single"]
    room = FLOOR_OF_ONE / one["p95"]
    shares = ", ".join(f"{name} {seconds * 1000:.1f} ms" for name, seconds in one.items())
    console.print(f"one symbol: {shares}; the floor of {FLOOR_OF_ONE * 1000:.0f} ms is {room:.1f} times p95")
    check = found["check"]
    console.print(
        f"the first check in a process, of {check['lines']} lines: {check['seconds'] * 1000:.0f} ms, "
        f"the best of {CHECKS} processes; the floor is {FLOOR_OF_CHECK * 1000:.0f} ms"
    )
    for source in ("memory", "duckdb"):
        each = found["latest"][source]
        console.print(
            f"latest=True from {source}, {found['latest']['symbols']:,} symbols: {each['latest'] * 1000:,.0f} ms, "
            f"{each['ratio']:.1%} of the full scan's {each['full'] * 1000:,.0f} ms, the same {each['matches']} matches"
        )


def beyond_floors(found: Mapping[str, Any]) -> list[str]:
    """What took more than it may."""
    beyond = ["one symbol"] if found["single"]["p95"] > FLOOR_OF_ONE else []
    for size in found["sizes"]:
        seconds, megabytes = FLOORS.get(size["symbols"], (float("inf"), float("inf")))
        if size["seconds"] > seconds or size["peak"] > megabytes * MEBIBYTE:
            beyond.append(f"{size['symbols']:,} symbols")
    return beyond


def scaling_table(sizes: Sequence[Mapping[str, Any]]) -> Table:
    """A row for each universe size."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in (
        "symbols",
        "s",
        "floor s",
        "symbols/s",
        "rows/s",
        "peak MB",
        "floor MB",
        "W2 s",
        "MB",
        "cold s",
        "from DuckDB s",
        "MB",
    ):
        table.add_column(heading, justify="right")
    for size in sizes:
        floor_seconds, floor_memory = FLOORS.get(size["symbols"], ("", ""))
        table.add_row(
            f"{size['symbols']:,}",
            f"{size['seconds']:.3f}",
            str(floor_seconds),
            f"{size['symbols_per_second']:,.0f}",
            f"{size['rows_per_second']:,.0f}",
            f"{size['peak'] / MEBIBYTE:,.0f}",
            str(floor_memory),
            f"{size['indicators']['seconds']:.3f}",
            f"{size['indicators']['peak'] / MEBIBYTE:,.0f}",
            f"{size['cold']['seconds']:.2f}",
            f"{size['process']['seconds']:.2f}",
            f"{size['process']['peak'] / MEBIBYTE:,.0f}",
        )
    return table


def imports(sizes: Sequence[Mapping[str, Any]]) -> str:
    """What the libraries alone take."""
    return (
        f"{max(size['imports'] for size in sizes) / MEBIBYTE:,.0f} MB with what this scan imports (from DuckDB: all in)"
    )


if __name__ == "__main__":
    main()
