"""What a cluster costs beside threads: `python -m bench.clusters`, in an environment that has ray.

The same candles in a Parquet file, 2,500 symbols x 2,520 bars, by threads of this process and by Ray on this machine,
in batches of several sizes; results are compared before times are. Every run on Ray has a folder of its own, so that
nothing is there already.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from bench.charts import Panel, lines
from bench.machines import machine

ROOT: Final = Path(__file__).parents[1]
RESULTS: Final = Path(__file__).parent / "results"
CHART: Final = ROOT / "docs" / "clusters_batches.svg"
BARS: Final = 2520
SIZES: Final = (50_000, 100_000, 250_000, 500_000, 1_000_000)
"""Bars of a batch."""
Run = Callable[[Any, Any], Any]  # engine, job -> table


def main() -> None:
    """Measure, print, write bench/results/clusters.json and the chart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=2500)
    parser.add_argument("--rounds", type=int, default=3, help="of each, in turn; the least is kept")
    options = parser.parse_args()
    state = machine()
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        for done, found in enumerate(measured(Path(name), options.symbols, options.rounds), start=1):
            told = {"machine": state, "symbols": options.symbols, "bars": BARS, "rounds": done, **found}
            (RESULTS / "clusters.json").write_text(json.dumps(told, indent=1), encoding="utf-8")
            CHART.write_text(chart(found["times"], options.symbols), encoding="utf-8")
            print(f"after {done} of {options.rounds} rounds:")
            show(found, options.symbols * BARS)


def measured(folder: Path, symbols: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Seconds by workload, way and size of a batch, after each round."""
    import barsweep as bs
    from barsweep.data import sample_candles
    from bench.workloads import INDICATORS, SCAN

    source = folder / "candles.parquet"
    sample_candles(symbols, BARS, defects=False).sort("symbol", "ts").write_parquet(source)
    jobs: dict[str, tuple[Any, Run]] = {
        "W1": (bs.ProcessingJob(None, SCAN), lambda engine, job: engine.run(job).matches),
        "W2": (bs.ProcessingJob(None, INDICATORS), lambda engine, job: engine.evaluate(job)),
    }
    times: dict[str, dict[str, dict[str, float]]] = {}
    inside: dict[str, dict[str, float]] = {}
    with bs.RayCluster(folder / "first") as cluster:
        for job, run in jobs.values():
            timed(source, job, run, in_batches(SIZES[-1], symbols), cluster)  # workers start, kernels are compiled
        for _ in range(rounds):
            for name, (job, run) in jobs.items():
                for size in SIZES:
                    most = in_batches(size, symbols)
                    here, expected = timed(source, job, run, most, None)
                    cluster.folder = Path(tempfile.mkdtemp(dir=folder))
                    there, made = timed(source, job, run, most, cluster)
                    assert made.equals(expected, null_equal=True), f"{name} differs on the cluster"
                    keep(times, name, "threads", size, here)
                    keep(times, name, "Ray", size, there)
                    in_workers(inside.setdefault(name, {}), size, cluster.folder)
                    shutil.rmtree(cluster.folder)
                    cluster.folder = folder / "first"
            yield {"times": times, "inside": inside}


def in_batches(size: int, symbols: int) -> int:
    """How many symbols a batch of so many bars has."""
    return min(symbols, max(1, math.ceil(size / BARS)))


def timed(source: Path, job: Any, run: Run, most: int, cluster: Any) -> tuple[float, Any]:
    """Seconds of one run in batches of so many symbols, and what came of it."""
    import barsweep as bs
    from barsweep.engine import preparing
    from barsweep.engine.batching import cut

    def even(sizes: Mapping[str, int], *_: int) -> list[Any]:
        return cut(sizes, most * BARS, most)

    before, preparing.cut = preparing.cut, even  # type: ignore[assignment] # sizes are this benchmark's affair
    try:
        with bs.ProcessingEngine(source, cluster=cluster, memory_limit=2**32) as engine:
            began = time.perf_counter()
            made = run(engine, job)
            return time.perf_counter() - began, made
    finally:
        preparing.cut = before


def keep(times: dict[str, dict[str, dict[str, float]]], name: str, way: str, size: int, seconds: float) -> None:
    """The least of all rounds: on a shared machine only that is about the program."""
    found = times.setdefault(name, {}).setdefault(way, {})
    found[str(size)] = min(seconds, found.get(str(size), math.inf))


def in_workers(found: dict[str, float], size: int, folder: Path) -> None:
    """The least seconds that a whole batch took in a worker, as the journal tells."""
    from barsweep.engine.clusters.journal import ClusterJournal

    done = [line for line in ClusterJournal(folder).lines() if line["event"] == "done"]
    most = max(line["symbols"] for line in done)
    least = min(line["seconds"] for line in done if line["symbols"] == most)
    found[str(size)] = min(least, found.get(str(size), math.inf))


def chart(times: Mapping[str, Mapping[str, Mapping[str, float]]], symbols: int) -> str:
    """A panel for each workload."""
    panels = [
        Panel(
            f"{name}: seconds for all bars",
            "bars of a batch",
            {way: [(float(size), seconds) for size, seconds in found.items()] for way, found in ways.items()},
        )
        for name, ways in times.items()
    ]
    return lines(f"{symbols:,} symbols x {BARS:,} bars, by threads and by Ray on one machine", panels)


def show(found: Mapping[str, Any], rows: int) -> None:
    """A line for each size."""
    for name, ways in found["times"].items():
        for size in map(str, SIZES):
            here, there = ways["threads"][size], ways["Ray"][size]
            inside = 1000 * found["inside"][name][size]
            print(
                f"{name} {int(size):9,d} bars: threads {here:6.2f} s ({rows / here / 1e6:5.1f} M/s)"
                f"   Ray {there:6.2f} s ({rows / there / 1e6:5.1f} M/s)   {there / here:5.2f} x"
                f"   in a worker {inside:7.1f} ms"
            )


if __name__ == "__main__":
    main()
