"""A job larger than memory: `python -m bench.beyond_memory`. Each figure comes from a process of its own.

1. Makes candles in pieces, with a fixed seed: Parquet sorted by symbol, in row groups of about a million rows, in the
   encoding that pyarrow and DuckDB write unless told otherwise (Snappy, lists of different values while they are few);
   with `--source duckdb` a table of the same order, with `--source days` a folder with a file for each day.
2. Streams a scan of all of them from that file into another, and looks at the process's memory all the while.
3. Compares its rate, and what both cores compute for each row, with reading the columns alone, and with scans of as
   many of them as fit into memory: for the first time, into a file, which looks at every candle as the stream does;
   again, when what was looked at is remembered; and again without a file.
4. With `--imports`, brings all of them into a store and into a DuckDB file, which take as much room again five times.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import psutil
from rich.console import Console

from bench.machines import machine
from bench.memory import PeakMemory
from bench.minute_candles import GROUP, MAKERS, path_of
from bench.workloads import SCAN

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = Path(__file__).parent / "results"
COLUMNS: Final = ("symbol", "ts", "close", "volume")  # what the scan reads
OTHERS: Final = ("read", "memory", "written", "first")  # what it is compared with
IMPORTS: Final = ("into_store", "into_duckdb")
WARM: Final = 2  # symbols of a scan that is made ahead, so that nothing is imported in one that is measured


def main() -> None:
    """Make what is missing, measure, print, and write bench/results/beyond_memory.json."""
    options = read_options()
    if options.only:
        print(json.dumps(MEASURES[options.only](options)))
        return
    with tempfile.TemporaryDirectory(prefix="barsweep-") as made:
        options.folder = options.folder or Path(made)
        options.folder.mkdir(parents=True, exist_ok=True)
        for source in dict.fromkeys(("parquet", options.source)):
            if not path_of(options, source).exists():
                print(f"making {path_of(options, source)} ...", file=sys.stderr)
                in_process(f"make_{source}", options)
        found = {"machine": machine(), "symbols": options.symbols, "bars": options.bars, "source": options.source}
        for name in (*OTHERS, "streamed", *(IMPORTS if options.imports else ())):
            found[name] = in_process(name, options)
            show(name, found[name])
    compare(found)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "beyond_memory.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--symbols", type=int, default=2_500)
    parser.add_argument("--bars", type=int, default=100_000, help="minutes of each symbol")
    parser.add_argument("--source", choices=MAKERS, default="parquet", help="what the job is streamed from")
    parser.add_argument("--limit", type=int, default=2_000_000_000, help="the engine's memory_limit in bytes")
    parser.add_argument("--in-memory", type=int, default=250, help="symbols of the scan in memory")
    parser.add_argument("--workers", type=int, help="as many as there are cores if not given")
    parser.add_argument("--folder", type=Path, help="keep the candles here, and take them from here another time")
    parser.add_argument("--imports", action="store_true", help="measure imports of all candles as well")
    parser.add_argument("--only", choices=MEASURES, help="do this in this process, and print JSON")
    return parser.parse_args()


def in_process(name: str, options: argparse.Namespace) -> dict[str, Any]:
    """Measure in a fresh process; `peak` is the most memory that it had, in bytes."""
    given = {key.replace("_", "-"): value for key, value in vars(options).items() if key not in {"only", "imports"}}
    arguments = [f"--{key}={value}" for key, value in given.items() if value is not None]
    command = [sys.executable, "-m", "bench.beyond_memory", f"--only={name}", *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with process, PeakMemory(psutil.Process(process.pid)) as memory:
        answer, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"{name} failed")
    return {**json.loads(answer.splitlines()[-1]), "peak": memory.peak}


def processor_seconds() -> float:
    """What all threads of this process have computed so far."""
    used = psutil.Process().cpu_times()
    return used.user + used.system


def read(options: argparse.Namespace) -> dict[str, object]:
    """Read the columns of the scan, batch after batch, and do nothing with them."""
    began, used = time.perf_counter(), processor_seconds()
    rows = sum(batches_of(options))
    return rate(rows, time.perf_counter() - began, processor_seconds() - used)


def batches_of(options: argparse.Namespace) -> Iterator[int]:
    """Rows of each batch that was read."""
    if options.source != "duckdb":
        import polars as pl

        for batch in (
            pl.scan_parquet(path_of(options, options.source)).select(COLUMNS).collect_batches(chunk_size=GROUP)
        ):
            yield batch.height
        return
    import duckdb

    settings = {"memory_limit": f"{options.limit // 4}B"}
    with duckdb.connect(path_of(options, "duckdb"), read_only=True, config=settings) as connection:
        reader = connection.sql(f"select {', '.join(COLUMNS)} from candles").to_arrow_reader(GROUP)
        for batch in reader:
            yield batch.num_rows


def memory(options: argparse.Namespace, **how: Any) -> dict[str, object]:
    """Scan a part of the candles that is in memory and was looked at before; the best of three runs."""
    return min(scanned(options, options.in_memory, 4, **how)[1:], key=lambda each: float(each["seconds"]))


def scanned(options: argparse.Namespace, symbols: int, times: int, **how: Any) -> list[dict[str, Any]]:
    """So many scans of some symbols' candles, which are in memory, each column in one piece."""
    import polars as pl

    from barsweep import FrameRepository, ProcessingEngine

    part = pl.scan_parquet(path_of(options, "parquet")).filter(pl.col("symbol") < f"S{symbols:05d}")
    repository = FrameRepository(part.select(COLUMNS).collect().rechunk(), timeframe="1m")
    with ProcessingEngine(repository, max_workers=options.workers, memory_limit=options.limit) as engine:
        return [run(engine, **how) for _ in range(times)]


def written(options: argparse.Namespace) -> dict[str, object]:
    """As `memory`, into a file."""
    return memory(options, output=Path(options.folder) / "found.parquet")


def first(options: argparse.Namespace) -> dict[str, object]:
    """As `written`, but for the first time: the symbols' rows are found, and every candle is looked at."""
    output = Path(options.folder) / "found.parquet"
    scanned(options, WARM, 1, output=output)
    return scanned(options, options.in_memory, 1, output=output)[0]


def streamed(options: argparse.Namespace) -> dict[str, object]:
    """Scan all candles from the file into a file."""
    from barsweep import ProcessingEngine

    target = Path(options.folder) / "found.parquet"
    source = path_of(options, options.source)
    with ProcessingEngine(source, max_workers=options.workers, memory_limit=options.limit) as engine:
        found = run(engine, output=target)
    return {**found, "bytes": target.stat().st_size}


def imported(options: argparse.Namespace, ending: str) -> dict[str, object]:
    """Bring all candles into a store or a DuckDB file."""
    from barsweep.data import import_candles

    target = Path(options.folder) / f"imported.{ending}"
    began, used = time.perf_counter(), processor_seconds()
    found = import_candles(path_of(options, options.source), target, replace=True)
    measured = rate(found.rows, time.perf_counter() - began, processor_seconds() - used)
    remove = shutil.rmtree if target.is_dir() else Path.unlink
    remove(target)
    return measured


def run(engine: Any, **options: Any) -> dict[str, Any]:
    from barsweep import ProcessingJob

    began, used = time.perf_counter(), processor_seconds()
    result = engine.run(ProcessingJob(None, SCAN, timeframe="1m"), **options)
    seconds, used = time.perf_counter() - began, processor_seconds() - used
    stages = {stage: round(spent, 2) for stage, spent in result.statistics.seconds.items()}
    return {**rate(result.counts["loaded"], seconds, used), "matches": result.counts["matches"], "stages": stages}


def rate(rows: int, seconds: float, used: float) -> dict[str, Any]:
    return {"rows": rows, "seconds": seconds, "rows_per_second": rows / seconds, "processor_seconds": used}


MEASURES: Final[dict[str, Callable[[argparse.Namespace], dict[str, object]]]] = {
    **{f"make_{source}": make for source, make in MAKERS.items()},
    "read": read,
    "memory": memory,
    "written": written,
    "first": first,
    "streamed": streamed,
    "into_store": partial(imported, ending="store"),
    "into_duckdb": partial(imported, ending="duckdb"),
}


def show(name: str, found: dict[str, Any]) -> None:
    """One line, in seconds of the clock and of all cores together."""
    words = (
        f"{name:11s}{found['rows'] / 1e6:6.1f} M rows in {found['seconds']:6.2f} s",
        f"{found['processor_seconds']:6.2f} s of cores",
        f"{found['rows_per_second'] / 1e6:6.1f} M rows/s",
        f"peak {found['peak'] / 1e6:6,.0f} MB",
    )
    console = Console(width=120)
    console.print(*words, sep="  ", highlight=False)
    if "stages" in found:
        console.print(" " * 9 + ", ".join(f"{stage} {spent:.1f} s" for stage, spent in found["stages"].items()))


def compare(found: dict[str, Any]) -> None:
    own = found["streamed"]
    computed = own["processor_seconds"] / own["rows"]
    for name in OTHERS:
        other = found[name]
        rates = own["rows_per_second"] / other["rows_per_second"]
        times = computed / (other["processor_seconds"] / other["rows"])
        Console().print(f"streamed: {rates:.2f} of the rate of {name}, {times:.1f} x its time of cores")


if __name__ == "__main__":
    main()
