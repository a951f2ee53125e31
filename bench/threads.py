"""What a second thread is worth: `python -m bench.threads`. Each figure comes from a process of its own.

Polars fixes its threads when it is imported, so each number of workers needs a fresh process.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from bench.machines import machine

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = Path(__file__).parent / "results"
WORKERS: Final = (1, 2, 4, 8)
ROUNDS: Final = 5


def main() -> None:
    """Measure by number of workers, as far as cores go; print, and write bench/results/threads.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=2500)
    parser.add_argument("--repeats", type=int, default=3, help="processes for each number of workers, taken in turn")
    parser.add_argument("--only", type=int, help="measure in this process, with so many workers, and print JSON")
    options = parser.parse_args()
    if options.only:
        print(json.dumps(measure(options.symbols, options.only)))
        return
    found = {"machine": machine(), "symbols": options.symbols, "workers": in_turn(options.symbols, options.repeats)}
    show(found["workers"])
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "threads.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


def in_turn(symbols: int, repeats: int) -> dict[str, dict[str, float]]:
    """The best of each, since on a shared machine only the best is about the program."""
    cores = os.cpu_count() or 1
    best: dict[str, dict[str, float]] = {}
    for _ in range(repeats):
        for workers in (each for each in WORKERS if each <= cores):
            answer = in_process(symbols, workers)
            kept = best.setdefault(str(workers), answer)
            kept.update({name: min(kept[name], value) for name, value in answer.items()})
    return best


def in_process(symbols: int, workers: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.threads", "--symbols", str(symbols), "--only", str(workers)]
    environment = {**os.environ, "POLARS_MAX_THREADS": str(workers), "NUMBA_NUM_THREADS": str(workers)}
    answer = subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return found


def measure(symbols: int, workers: int) -> dict[str, float]:
    """Best seconds of both workloads with each executor."""
    from barsweep import FrameRepository, ProcessingEngine, ProcessingJob
    from barsweep.data import sample_candles
    from bench.workloads import INDICATORS, SCAN

    engine = ProcessingEngine(FrameRepository(sample_candles(symbols, 2520, defects=False)), max_workers=workers)
    found = {}
    for executor in ("tiles", "polars"):
        scan, table = ProcessingJob(None, SCAN, executor=executor), ProcessingJob(None, INDICATORS, executor=executor)
        found[f"W1 {executor}"] = best(lambda: engine.run(scan))  # noqa: B023
        found[f"W2 {executor}"] = best(lambda: engine.evaluate(table))  # noqa: B023
    return found


def best(call: Any) -> float:
    call()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(sorted(times)[:2])


def show(found: dict[str, dict[str, float]]) -> None:
    console = Console()
    for name, alone in found["1"].items():
        parts = [f"{workers}: {each[name]:.3f} s ({alone / each[name]:.2f} x)" for workers, each in found.items()]
        console.print(f"{name:12s} workers {'   '.join(parts)}")


if __name__ == "__main__":
    main()
