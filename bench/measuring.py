"""One measurement in a process of its own: `python -m bench.measuring NAME ARGUMENTS` prints what it found as JSON.

A fresh process makes peaks honest: memory that an earlier, larger scan has left behind would hide them.
"""

from __future__ import annotations

import itertools
import json
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

import polars as pl
import psutil

from barsweep import DuckDBRepository, FrameRepository, ProcessingEngine, ProcessingJob, evaluate, scan
from barsweep import check as first_check
from barsweep.data import CandleRepository, sample_candles
from barsweep.data.into_database import write_table
from bench.memory import PeakMemory
from bench.workloads import INDICATORS
from bench.workloads import SCAN as FORMULA

FINITE: Final = "close > sma(close, 50) and volume > 1.5 * sma(volume, 20)"  # only 49 earlier bars influence it
ROUNDS: Final = 3
T = TypeVar("T")
SINGLES: Final = 200


def make(folder: str, symbols: str, bars: str) -> dict[str, object]:
    """Write sample candles as a Parquet and a DuckDB file; answers with their rows."""
    candles = sample_candles(int(symbols), int(bars))
    candles.write_parquet(Path(folder) / f"{symbols}.parquet")
    write_table([candles], Path(folder) / f"{symbols}.duckdb", "candles")
    return {"rows": candles.height}


def scaling(folder: str, symbols: str) -> dict[str, object]:
    """Seconds of a scan over candles in memory (the median of three), and its peak memory above the imports' own."""
    warm_up()
    imports = psutil.Process().memory_info().rss
    with PeakMemory() as memory:
        candles = pl.read_parquet(Path(folder) / f"{symbols}.parquet")
        held = psutil.Process().memory_info().rss - imports
        seconds, result = timed(lambda: scan(FORMULA, candles), ROUNDS)
    return {
        "symbols": int(symbols),
        "seconds": seconds,
        "symbols_per_second": int(symbols) / seconds,
        "rows_per_second": result.counts["loaded"] / seconds,
        "matches": result.counts["matches"],
        "imports": imports,
        "candles": held,
        "peak": memory.peak - imports,
    }


def indicators(folder: str, symbols: str) -> dict[str, object]:
    """Seconds and peak memory of a table of indicator columns over candles in memory."""
    evaluate(INDICATORS, sample_candles(2, 300, defects=False))
    imports = psutil.Process().memory_info().rss
    with PeakMemory() as memory:
        candles = pl.read_parquet(Path(folder) / f"{symbols}.parquet")
        engine = ProcessingEngine(FrameRepository(candles))
        seconds, _ = timed(lambda: engine.evaluate(ProcessingJob(None, INDICATORS)), ROUNDS)
    return {"seconds": seconds, "peak": memory.peak - imports}


def cold(folder: str, symbols: str) -> dict[str, object]:
    """Seconds of a process's first scan: what is imported late, and kernels read from disk, are in it."""
    candles = pl.read_parquet(Path(folder) / f"{symbols}.parquet")
    seconds, _ = timed(lambda: scan(FORMULA, candles), 1)
    return {"seconds": seconds}


def single(bars: str) -> dict[str, object]:
    """Percentiles, in seconds, of scans of one symbol with that many bars."""
    candles = sample_candles(1, int(bars), defects=False)
    warm_up()
    times = sorted(timed(lambda: scan(FORMULA, candles), 1)[0] for _ in range(SINGLES))
    shares = statistics.quantiles(times, n=100)
    return {"p50": shares[49], "p95": shares[94], "p99": shares[98]}


def latest(folder: str, symbols: str) -> dict[str, object]:
    """Seconds of a full scan and of one with latest=True, from memory and from DuckDB; both must find the same."""
    warm_up()
    candles = pl.read_parquet(Path(folder) / f"{symbols}.parquet")
    repositories: Mapping[str, CandleRepository] = {
        "memory": FrameRepository(candles),
        "duckdb": DuckDBRepository(Path(folder) / f"{symbols}.duckdb", table="candles"),
    }
    return {name: compare(repository) for name, repository in repositories.items()}


def compare(repository: CandleRepository) -> dict[str, float]:
    """Time both ways over one repository."""
    scan(FINITE, repository, latest=True)
    full, everything = timed(lambda: scan(FINITE, repository), ROUNDS)
    last, newest = timed(lambda: scan(FINITE, repository, latest=True), ROUNDS)
    span = repository.span("1d")
    assert span is not None
    if not newest.matches.equals(everything.matches.filter(pl.col("ts") == span[1])):
        raise SystemExit("latest=True finds other matches than the full scan")
    return {"full": full, "latest": last, "ratio": last / full, "matches": newest.matches.height}


def check(lines: str) -> dict[str, object]:
    """Seconds of the first check in this process: a file of so many lines, made of the cookbook's scans."""
    source = cookbook_file(int(lines))
    began = time.perf_counter()
    checked = first_check(source)
    return {"lines": int(lines), "seconds": time.perf_counter() - began, "named": len(checked.lines)}


def cookbook_file(lines: int) -> str:
    """The cookbook's scans of one line, each under its title, again with what they were a bar ago, up to `lines`."""
    page = (Path(__file__).parents[1] / "docs" / "cookbook.md").read_text(encoding="utf-8")
    scans = re.findall(r"^\*\*\d+\. (.+?)\*\*\n\n```formula\n([^\n=]*(?:[<>=!]=[^\n=]*)*)\n```", page, re.MULTILINE)
    written: list[str] = []
    for number, (title, scan_) in enumerate(itertools.cycle(scans)):
        again = f"({scan_})[{number // len(scans)}]" if number >= len(scans) else scan_
        written += [f"# {title}", f"scan_{number} = {again}"]
        if len(written) >= lines - 1:
            return "\n".join([*written[: lines - 1], f"at_least(2, scan_0, scan_{number - 1})"])
    raise AssertionError("a cycle has no end")


def warm_up() -> None:
    """Import and compile what a scan needs."""
    scan(FORMULA, sample_candles(2, 60, defects=False))


def timed(call: Callable[[], T], rounds: int) -> tuple[float, T]:
    """The median wall time of some calls in seconds, and the last one's result."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - began)
    return statistics.median(times), result


MEASUREMENTS: Final[Mapping[str, Callable[..., dict[str, object]]]] = {
    "make": make,
    "scaling": scaling,
    "indicators": indicators,
    "cold": cold,
    "single": single,
    "latest": latest,
    "check": check,
}

if __name__ == "__main__":
    print(json.dumps(MEASUREMENTS[sys.argv[1]](*sys.argv[2:])))
