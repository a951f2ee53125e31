"""The demo: made-up candles of a whole market in a DuckDB file, and a scan over them."""

from __future__ import annotations

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import psutil

from ..data import DuckDBRepository
from ..data.into_database import write_table
from ..data.samples import sample_candles
from ..formulas.freezing import frozen
from .controlling import ProgressAsked
from .jobs import ProcessingJob
from .processing import ProcessingEngine
from .results import BatchResult

FORMULA: Final = "close > sma(close, 20) and volume > 1.5 * sma(volume, 20) and rsi(close, 14) < 70"
MEBIBYTE: Final = 2**20


@frozen
class Demo:
    """What the demo found. `peak_memory` is in bytes, of the whole process; `made` says that the candles are new."""

    path: Path
    made: bool
    result: BatchResult
    peak_memory: int


def run_demo(folder: Path, symbols: int, bars: int, progress: ProgressAsked = None) -> Demo:
    """Scan made-up candles, which are made when the folder has none of that size."""
    path = candles_path(folder, symbols, bars)
    made = not path.exists()
    if made:
        make_candles(path, symbols, bars)
    with DuckDBRepository(path, table="candles") as repository:
        result = ProcessingEngine(repository).run(ProcessingJob(None, FORMULA), progress)
    return Demo(path, made, result, peak_memory())


def candles_path(folder: Path, symbols: int, bars: int) -> Path:
    """Where the demo keeps candles of that size."""
    return folder / f"candles_{symbols}x{bars}.duckdb"


def make_candles(path: Path, symbols: int, bars: int) -> None:
    """Make the file in a process of its own, so that the memory reported is that of the scan."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(write_sample, path, symbols, bars).result()


def write_sample(path: Path, symbols: int, bars: int) -> None:
    """Write sample candles as the table "candles" of a DuckDB file."""
    write_table([sample_candles(symbols, bars)], path, "candles")


def peak_memory() -> int:
    """The most memory that this process has had resident, in bytes."""
    if sys.platform == "win32":
        return int(psutil.Process().memory_info().peak_wset)
    import resource  # noqa: PLC0415 - only where there is one

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
