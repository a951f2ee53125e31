"""The workloads under pytest-benchmark, which keeps every round: `make bench` saves bench/results/benchmark.json.

Not part of the test suite: it needs the plugin, and its figures mean something on a quiet machine only. Compare two
runs with `pytest-benchmark compare`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from barsweep import FrameRepository, ProcessingEngine, ProcessingJob, scan
from barsweep.data import sample_candles
from bench.workloads import INDICATORS, RANK, SCAN

Benchmark = Callable[..., Any]
SYMBOLS = (10, 100, 500, 2500)
EXECUTORS = ("tiles", "polars")


@cache
def engine(symbols: int) -> ProcessingEngine:
    return ProcessingEngine(FrameRepository(sample_candles(symbols, 2520, defects=False)))


def rounds(symbols: int) -> dict[str, int]:
    return {"rounds": 20 if symbols <= 100 else 5, "warmup_rounds": 1}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("symbols", SYMBOLS)
def test_scan(benchmark: Benchmark, symbols: int, executor: str) -> None:
    """W1, from the long table to the match frame."""
    job = ProcessingJob(None, SCAN, executor=executor)
    benchmark.pedantic(engine(symbols).run, args=(job,), **rounds(symbols))


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("symbols", SYMBOLS)
def test_indicators(benchmark: Benchmark, symbols: int, executor: str) -> None:
    """W2, all columns delivered."""
    job = ProcessingJob(None, INDICATORS, executor=executor)
    benchmark.pedantic(engine(symbols).evaluate, args=(job,), **rounds(symbols))


@pytest.mark.parametrize("symbols", SYMBOLS)
def test_rank(benchmark: Benchmark, symbols: int) -> None:
    """W5, across symbols."""
    benchmark.pedantic(engine(symbols).evaluate, args=(ProcessingJob(None, RANK),), **rounds(symbols))


def test_single_symbol(benchmark: Benchmark) -> None:
    """One symbol, with nothing remembered between the scans."""
    candles = sample_candles(1, 2520, defects=False)
    benchmark.pedantic(scan, args=(SCAN, candles), rounds=200, warmup_rounds=5)
