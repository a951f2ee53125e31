"""How soon a cancel is answered: `python -m bench.cancelling`. Tries at moments spread over the whole of a job.

Measured is the time from the call of `cancel()` to the return of the job, with what was finished in its hands, and for
how much of it the caller's own thread computed (own): the rest it waited for a core. Beside it stands how late a thread
that sleeps wakes up meanwhile (nap): on a machine that others use, no program answers sooner. Linux and macOS.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np
import polars as pl
from rich.console import Console

from barsweep import (
    DuckDBRepository,
    FormulaService,
    FrameRepository,
    ParquetRepository,
    ProcessingEngine,
    ProcessingEngineError,
    ProcessingJob,
    function,
)
from barsweep.data import sample_candles
from barsweep.data.into_database import write_table
from bench.machines import machine
from bench.workloads import INDICATORS, RANK

RESULTS: Final = Path(__file__).parent / "results"
NAP: Final = 0.002  # seconds
Run: TypeAlias = Callable[[ProcessingEngine], Any]


@dataclass
class Tries:
    """What was measured: seconds from cancel to return, those of them for which the caller's thread computed, the
    symbols delivered, and how late sleepers woke up."""

    full: float
    latencies: list[float] = field(default_factory=list)
    delivered: list[int] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    naps: list[float] = field(default_factory=list)

    def told(self) -> dict[str, float]:
        """Milliseconds."""
        late = {f"p{share}": 1000 * float(np.percentile(self.latencies, share)) for share in (50, 90, 99, 100)}
        naps = {f"nap p{share}": 1000 * float(np.percentile(self.naps, share)) for share in (50, 99)}
        busy = {f"own p{share}": 1000 * float(np.percentile(self.busy, share)) for share in (50, 99)}
        return {"tries": len(self.latencies), "seconds uncancelled": self.full, **late, **busy, **naps, **self.parts()}

    def parts(self) -> dict[str, float]:
        """How many symbols were delivered: the fewest, in the middle, the most."""
        return dict(zip(("least", "median", "most"), np.percentile(self.delivered, (0, 50, 100)).tolist(), strict=True))


@function()
def slow(close: np.ndarray) -> np.ndarray:
    """A user's function that takes a while for each symbol."""
    time.sleep(0.002)
    return close


def cases(frame: pl.DataFrame, folder: Path) -> Iterator[tuple[str, ProcessingEngine, Run]]:
    """Names, engines, and what is run on them; each answers with a table that has a column symbol."""
    path, table = folder / "candles.parquet", folder / "candles.duckdb"
    frame.write_parquet(path)
    write_table([frame], table, "candles")
    shuffled = frame["symbol"].unique(maintain_order=True).to_list()
    random.Random(1).shuffle(shuffled)
    values = ProcessingJob(shuffled, "close > 0", values=INDICATORS)
    memory = {"memory_limit": 4 * 2**30}
    held = FrameRepository(frame)
    engine = ProcessingEngine(held, FormulaService(functions=[slow]), **memory)

    def evaluating(formulas: Any, **options: Any) -> Callable[[ProcessingEngine], pl.DataFrame]:
        job = ProcessingJob(None, formulas, **options)
        return lambda each: each.evaluate(job)

    def written(each: ProcessingEngine) -> pl.LazyFrame:
        return each.evaluate(ProcessingJob(None, INDICATORS), output=folder / "values.parquet")

    yield "W2, in memory", engine, evaluating(INDICATORS)
    yield "W2, Polars executor", engine, evaluating(INDICATORS, executor="polars")
    yield "W2, written to Parquet", engine, written
    yield "W2 beside matches, in another order", engine, lambda each: each.run(values)
    yield "W5, a ranking", engine, evaluating(RANK)
    yield "a user's function", engine, evaluating({"x": "sma(slow(close), 20)"})
    yield "W2, from Parquet", ProcessingEngine(ParquetRepository(path), **memory), evaluating(INDICATORS)
    yield "W2, from DuckDB", ProcessingEngine(DuckDBRepository(table), **memory), evaluating(INDICATORS)


@contextmanager
def napping(naps: list[float]) -> Iterator[None]:
    """Note how late a sleeper wakes up."""
    over = threading.Event()

    def nap() -> None:
        while not over.is_set():
            began = time.perf_counter()
            time.sleep(NAP)
            naps.append(time.perf_counter() - began - NAP)

    thread = threading.Thread(target=nap, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def measured(engine: ProcessingEngine, run: Run, tries: int) -> Tries:
    """Cancel at moments spread over the time that the job takes when nobody does."""
    run(engine)
    began = time.perf_counter()
    run(engine)
    found = Tries(time.perf_counter() - began)
    with napping(found.naps):
        while len(found.latencies) < tries:
            share = (len(found.latencies) + 0.5) / tries
            one_try(engine, run, share, found)
    return found


def one_try(engine: ProcessingEngine, run: Run, share: float, found: Tries) -> None:
    """Cancel after this share of the time; a job that was through before tells how long it takes now."""
    called: list[float] = []
    clock = time.pthread_getcpuclockid(threading.get_ident())

    def cancel() -> None:
        called.extend([time.perf_counter(), time.clock_gettime(clock)])
        engine.cancel()

    timer = threading.Timer(share * found.full, cancel)
    began = time.perf_counter()
    timer.start()
    try:
        answer = run(engine)
    except ProcessingEngineError:  # cancelled before any symbol was through
        answer = None
    ended, busy = time.perf_counter(), time.thread_time()
    timer.cancel()
    timer.join()
    if called and called[0] < ended:
        found.latencies.append(ended - called[0])
        found.busy.append(busy - called[1])
        found.delivered.append(delivered(answer))
    else:
        found.full = ended - began


def delivered(answer: Any) -> int:
    """How many symbols are there; of a result of matches, how many have no error."""
    if isinstance(answer, pl.LazyFrame):
        answer = answer.select("symbol").collect()
    if isinstance(answer, pl.DataFrame):
        return answer["symbol"].n_unique()
    return sum(each.ok for each in answer or ())


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure all cases, print, and write bench/results/cancelling.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--symbols", type=int, default=2500)
    parser.add_argument("--bars", type=int, default=2520)
    parser.add_argument("--tries", type=int, default=100)
    parser.add_argument("--only", help="cases whose name has this")
    options = parser.parse_args(arguments)
    found: dict[str, Any] = {"machine": machine(), "rows": options.symbols * options.bars, "cases": {}}
    say = Console(highlight=False, soft_wrap=True).print
    frame = sample_candles(options.symbols, options.bars, defects=False)
    with tempfile.TemporaryDirectory() as folder:
        for name, engine, run in cases(frame, Path(folder)):
            if options.only is None or options.only in name:
                told = found["cases"][name] = measured(engine, run, options.tries).told()
                say(f"{name:36s} " + "  ".join(f"{what} {figure:,.1f}" for what, figure in told.items()))
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "cancelling.json").write_text(json.dumps(found, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
