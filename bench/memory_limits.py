"""Whether `memory_limit` is kept: `python -m bench.memory_limits`. Each job runs in a process of its own.

The process makes its engine, says so, and waits. From then on its resident memory is looked at from outside, mapped
files apart, until the job has ended: the growth is what the limit bounds. A frame that the candles come from is there
before; whatever is imported, compiled, read, remembered, computed and handed out afterwards counts.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psutil
from rich.console import Console
from rich.table import Table

from bench.machines import machine
from bench.memory import PeakMemory
from bench.workloads import INDICATORS, RANK, SCAN

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = Path(__file__).parent / "results"
MEGABYTE: Final = 1_000_000
LIMITS: Final = (300, 600, 2_000)  # MB
SOURCES: Final = ("duckdb", "parquet", "frame")
EXECUTORS: Final = ("tiles", "polars")
WAYS: Final = ("returned", "output")  # the table is handed out, or written to a file that was named
EVERYWHERE: Final = "close > 0"  # as many matches as there are bars
EIGHT: Final = {f"f{n}": f"v = sma(close, {n})\nw = rsi(close, {n})\n{EVERYWHERE}" for n in range(2, 10)}
SCANS: Final = {"W1": SCAN, "everywhere": EVERYWHERE, "eight everywhere": EIGHT}
JOBS: Final = {**SCANS, "W2": INDICATORS, "W5": RANK}
READY: Final = "ready"


def main() -> None:
    """Measure, print, and write bench/results/memory_limits.json; exit code 1 where a limit was passed."""
    options = read_options()
    if options.only:
        run_one(options)
        return
    with tempfile.TemporaryDirectory(prefix="barsweep-") as made:
        options.folder = options.folder or Path(made)
        options.folder.mkdir(parents=True, exist_ok=True)
        make(options)
        found = [watched(options, *case) for case in cases(options)]
    show(found)
    RESULTS.mkdir(exist_ok=True)
    report = {"machine": machine(), "symbols": options.symbols, "bars": options.bars, "jobs": found}
    (RESULTS / "memory_limits.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    if any(each.get("grown", 0) > each["limit"] for each in found):
        raise SystemExit("a limit was passed")


def read_options() -> argparse.Namespace:
    """What is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=2_500)
    parser.add_argument("--bars", type=int, default=2_520)
    parser.add_argument("--limits", type=int, nargs="+", default=list(LIMITS), help="in MB")
    parser.add_argument("--sources", choices=SOURCES, nargs="+", default=list(SOURCES))
    parser.add_argument("--executors", choices=EXECUTORS, nargs="+", default=list(EXECUTORS))
    parser.add_argument("--ways", choices=WAYS, nargs="+", default=list(WAYS))
    parser.add_argument("--jobs", choices=JOBS, nargs="+", default=["W2", "W5", "eight everywhere"])
    parser.add_argument("--workers", type=int, help="as many as there are cores if not given")
    parser.add_argument("--folder", type=Path, help="keep the candles here, and take them from here another time")
    parser.add_argument("--only", nargs=5, help=argparse.SUPPRESS)
    return parser.parse_args()


def cases(options: argparse.Namespace) -> Iterator[tuple[Any, ...]]:
    """Job, source, executor, way, limit."""
    return itertools.product(options.jobs, options.sources, options.executors, options.ways, options.limits)


def path_of(options: argparse.Namespace, ending: str) -> Path:
    """A file of candles."""
    return Path(options.folder) / f"{options.symbols}x{options.bars}.{ending}"


def make(options: argparse.Namespace) -> None:
    """Write the candles, if they are not there."""
    from barsweep.data import sample_candles
    from barsweep.data.into_database import write_table

    if path_of(options, "duckdb").exists():
        return
    candles = sample_candles(options.symbols, options.bars, defects=False)
    candles.write_parquet(path_of(options, "parquet"))
    write_table([candles], path_of(options, "duckdb"), "candles")


def watched(options: argparse.Namespace, job: str, source: str, executor: str, way: str, limit: int) -> dict[str, Any]:
    """Run one job in a fresh process, and look at its memory."""
    command = [sys.executable, "-m", "bench.memory_limits", f"--symbols={options.symbols}", f"--bars={options.bars}"]
    command += [f"--folder={options.folder}", *([f"--workers={options.workers}"] if options.workers else [])]
    command += ["--only", job, source, executor, way, str(limit * MEGABYTE)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        if process.stdout.readline().strip() != READY:
            raise SystemExit(f"{command} failed")
        memory = PeakMemory(psutil.Process(process.pid), mapped=False)
        before = memory.resident()
        with memory:
            process.stdin.write("go\n")
            process.stdin.flush()
            answer = process.stdout.readline()
        process.stdin.close()
    if process.returncode or not answer:
        raise SystemExit(f"{command} failed")
    case = {"job": job, "source": source, "executor": executor, "way": way, "limit": limit * MEGABYTE}
    found = {**case, "before": before, "grown": memory.peak - before, **json.loads(answer)}
    print(line(found), file=sys.stderr)
    return found


def run_one(options: argparse.Namespace) -> None:
    """In the process that is watched: make the engine, wait, run, tell, and end when told."""
    import polars as pl

    from barsweep import FrameRepository, ProcessingEngine, ProcessingJob

    name, source, executor, way, limit = options.only
    data: Any = path_of(options, source)
    if source == "frame":
        data = FrameRepository(settled(pl.read_parquet(path_of(options, "parquet"))), timeframe="1d")
    target = Path(options.folder) / "found.parquet" if way == "output" else None
    formulas: Any = JOBS[name]
    with ProcessingEngine(data, memory_limit=int(limit), max_workers=options.workers) as engine:
        print(READY, flush=True)
        sys.stdin.readline()
        began = time.perf_counter()
        found = run(engine, ProcessingJob(None, formulas, executor=executor), target, scans=name in SCANS)
        print(json.dumps({"seconds": time.perf_counter() - began, **found}), flush=True)
        sys.stdin.readline()


def settled(frame: Any) -> Any:
    """The frame, once Polars has given back what reading it took beside: else it would hide what the engine takes."""
    for _ in range(20):
        time.sleep(0.1)
        frame.head(1_000).with_columns(frame.head(1_000)["close"] * 2)
    return frame


def run(engine: Any, job: Any, target: Path | None, *, scans: bool) -> dict[str, Any]:
    """Matches, or values of formulas by name; or why there are none."""
    import polars as pl

    from barsweep import BarsweepError

    try:
        if scans:
            result = engine.run(job, output=target)
            return {"rows": result.counts["matches"], "errors": len(result.errors)}
        table = engine.evaluate(job) if target is None else engine.evaluate(job, output=target)
    except BarsweepError as error:
        return {"refused": str(error)}
    return {"rows": table.height if isinstance(table, pl.DataFrame) else table.select(pl.len()).collect().item()}


def line(found: dict[str, Any]) -> str:
    """One job in words."""
    case = " ".join(str(found[key]) for key in ("job", "source", "executor", "way"))
    end = found.get("refused") or f"{found['rows']:,} rows"
    grown, limit = (found[key] / MEGABYTE for key in ("grown", "limit"))
    return f"{case}: {grown:,.0f} MB of {limit:,.0f}, {found['seconds']:.1f} s, {end}"


def show(found: list[dict[str, Any]]) -> None:
    """A row a job and source, a column a limit."""
    limits = sorted({each["limit"] for each in found})
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("job", "source", "executor", "way", *(f"{limit / MEGABYTE:,.0f} MB" for limit in limits)):
        table.add_column(heading, justify="right" if heading.endswith("MB") else "left")
    keys = ("job", "source", "executor", "way")
    for case, several in itertools.groupby(found, key=lambda each: [each[key] for key in keys]):
        by = {each["limit"]: each for each in several}
        table.add_row(*case, *(cell(by[limit]) if limit in by else "" for limit in limits))
    Console(width=120).print(table)


def cell(found: dict[str, Any]) -> str:
    """The growth and the seconds."""
    if "refused" in found:
        return "refused"
    return f"{found['grown'] / MEGABYTE:,.0f} MB, {found['seconds']:.1f} s"


if __name__ == "__main__":
    main()
