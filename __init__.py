"""Sweep formulas over every bar of every symbol.

>>> import barsweep as bs
>>> bs.check("close > sma(close, 20)").warmup
19
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from .errors import BarsweepError, CandleError, FormulaError, ProcessingEngineError, QueryError, RepositoryError

if TYPE_CHECKING:
    from .data import CandleRepository, DuckDBRepository, FrameRepository, ParquetRepository, Session
    from .engine.clusters.dask import DaskCluster
    from .engine.clusters.processes import ProcessCluster
    from .engine.clusters.ray import RayCluster
    from .engine.front import check, evaluate, explain, functions, scan, signals
    from .engine.jobs import DateRange, Formula, ProcessingJob
    from .engine.live.scanner import LiveScanner
    from .engine.processing import ProcessingEngine
    from .engine.results import BatchResult, ProcessingResult, SignalMatch
    from .engine.running_jobs import RunningJob
    from .engine.service import FormulaService, function, library
    from .engine.signals import Signals
    from .engine.sql.answers import SqlResult
    from .engine.sql.connection import SqlConnection
    from .engine.sql.front import connect, sql
    from .engine.statistics import JobStatistics
    from .engine.why.matching import explain_match
    from .engine.why.missing import near_misses

__all__ = [
    "BarsweepError",
    "BatchResult",
    "CandleError",
    "CandleRepository",
    "DaskCluster",
    "DateRange",
    "DuckDBRepository",
    "Formula",
    "FormulaError",
    "FormulaService",
    "FrameRepository",
    "JobStatistics",
    "LiveScanner",
    "ParquetRepository",
    "ProcessCluster",
    "ProcessingEngine",
    "ProcessingEngineError",
    "ProcessingJob",
    "ProcessingResult",
    "QueryError",
    "RayCluster",
    "RepositoryError",
    "RunningJob",
    "Session",
    "SignalMatch",
    "Signals",
    "SqlConnection",
    "SqlResult",
    "check",
    "connect",
    "evaluate",
    "explain",
    "explain_match",
    "function",
    "functions",
    "library",
    "near_misses",
    "scan",
    "signals",
    "sql",
]

# Where the names live. They are fetched when first used: `barsweep --version` shall not wait for Polars.
_HOMES = {
    ".data": ("CandleRepository", "DuckDBRepository", "FrameRepository", "ParquetRepository", "Session"),
    ".engine.clusters.dask": ("DaskCluster",),
    ".engine.clusters.processes": ("ProcessCluster",),
    ".engine.clusters.ray": ("RayCluster",),
    ".engine.front": ("check", "evaluate", "explain", "functions", "scan", "signals"),
    ".engine.jobs": ("DateRange", "Formula", "ProcessingJob"),
    ".engine.live.scanner": ("LiveScanner",),
    ".engine.processing": ("ProcessingEngine",),
    ".engine.results": ("BatchResult", "ProcessingResult", "SignalMatch"),
    ".engine.signals": ("Signals",),
    ".engine.running_jobs": ("RunningJob",),
    ".engine.service": ("FormulaService", "function", "library"),
    ".engine.why.matching": ("explain_match",),
    ".engine.why.missing": ("near_misses",),
    ".engine.sql.answers": ("SqlResult",),
    ".engine.sql.connection": ("SqlConnection",),
    ".engine.sql.front": ("connect", "sql"),
    ".engine.statistics": ("JobStatistics",),
}

logging.getLogger("barsweep").addHandler(logging.NullHandler())


if not TYPE_CHECKING:  # who checks types knows the names, and should be told of others

    def __getattr__(name: str) -> object:
        for home, names in _HOMES.items():
            if name in names:
                value = globals()[name] = getattr(import_module(home, __name__), name)
                return value
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
