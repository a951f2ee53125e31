"""How the cost grows with symbols, bars, formulas and window length: `python -m bench.growing`.

Each point is the median of a few warm runs over candles in memory, through the engine, in one process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import polars as pl
from rich.console import Console

from barsweep import BatchResult, FrameRepository, ProcessingEngine, ProcessingJob
from barsweep.data import sample_candles
from bench.machines import machine
from bench.workloads import SCAN, many

RESULTS: Final = Path(__file__).parent / "results"
EXECUTORS: Final = ("tiles", "polars")
SYMBOLS: Final = (10, 30, 100, 300, 1000, 2500)
BARS: Final = (252, 756, 2520, 7560, 15120)
FORMULAS: Final = (1, 2, 5, 10, 20, 50, 100)
LENGTHS: Final = (5, 10, 20, 50, 100, 200, 500)
WINDOWS: Final = ("sma", "ema", "highest", "stdev", "median")
MIDDLE: Final = 500  # symbols where something else than their number is varied
ROUNDS: Final = 3
Points = dict[str, list[tuple[float, float]]]


def main() -> None:
    """Measure all four, print, and write bench/results/growing.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=2500, help="symbols at most")
    options = parser.parse_args()
    found = {"machine": machine(), "rounds": ROUNDS, **measure(options.most)}
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "growing.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


def measure(most: int) -> dict[str, Any]:
    """Seconds by what grows, and a hundred formulas over everything against one scan."""
    middle = min(MIDDLE, most)
    everything = sample_candles(most, 2520, defects=False)
    some = first_symbols(everything, middle)
    console, found = Console(), {}
    kinds: Mapping[str, Callable[[], Points]] = {
        "symbols": lambda: growth((n for n in SYMBOLS if n <= most), lambda n: (first_symbols(everything, n), SCAN)),
        "bars": lambda: growth(BARS, lambda n: (sample_candles(middle // 5, n, defects=False), SCAN)),
        "formulas": lambda: growth(FORMULAS, lambda n: (some, many(n))),
        "length": lambda: windows(some),
    }
    for kind, of in kinds.items():
        found[kind] = of()
        console.print(kind, found[kind])
    return {"most": most, "middle": middle, **found, "hundred": hundred(everything)}


def growth(sizes: Iterator[int] | tuple[int, ...], case: Callable[[int], tuple[pl.DataFrame, Any]]) -> Points:
    """A series for each executor: what `case` makes of each size, scanned."""
    points: Points = {name: [] for name in EXECUTORS}
    for size in sizes:
        frame, formula = case(size)
        engine = ProcessingEngine(FrameRepository(frame))
        for name in EXECUTORS:
            points[name].append((size, warm(lambda: engine.run(ProcessingJob(None, formula, executor=name)))))  # noqa: B023
    return points


def windows(frame: pl.DataFrame) -> Points:
    """A series for each kind of window, evaluated with tiles."""
    engine = ProcessingEngine(FrameRepository(frame))

    def cost(name: str, length: int) -> float:
        formulas = {"value": f"{name}(close, {length})"}
        return warm(lambda: engine.evaluate(ProcessingJob(None, formulas, executor="tiles")))

    return {name: [(length, cost(name, length)) for length in LENGTHS] for name in WINDOWS}


def hundred(frame: pl.DataFrame) -> dict[str, float]:
    """A hundred formulas in one job, in units of one scan: until every match is found, and until all are tables."""
    engine = ProcessingEngine(FrameRepository(frame))

    def run(formulas: Any) -> BatchResult:
        return engine.run(ProcessingJob(None, formulas, executor="tiles"))

    def with_tables() -> None:
        result = run(formulas)
        for name in formulas:
            result.of(name)

    formulas = many(100)
    one, found, tables = warm(lambda: run(SCAN)), warm(lambda: run(formulas)), warm(with_tables)
    matches = run(formulas).counts["matches"]
    return {"one": one, "hundred": found, "ratio": found / one, "tables": tables, "matches": matches}


def first_symbols(frame: pl.DataFrame, n: int) -> pl.DataFrame:
    return frame.head(n * 2520)


def warm(call: Callable[[], object]) -> float:
    """The median of some runs after one that compiles and checks."""
    call()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


if __name__ == "__main__":
    main()
