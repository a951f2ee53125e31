"""Sweep formulas over every bar of every symbol.

>>> import barsweep as bs
>>> bs.check("close > sma(close, 20)").warmup
19
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import TYPE_CHECKING

from .errors import BarsweepError, CandleError, FormulaError, ProcessingEngineError, RepositoryError

if TYPE_CHECKING:
    from .data import CandleRepository, DuckDBRepository, FrameRepository, ParquetRepository, Session
    from .engine.front import check, evaluate, explain, functions, scan
    from .engine.jobs import DateRange, Formula, ProcessingJob
    from .engine.processing import ProcessingEngine
    from .engine.results import BatchResult, ProcessingResult, SignalMatch
    from .engine.running_jobs import RunningJob
    from .engine.service import FormulaService, function, library

__all__ = [
    "BarsweepError",
    "BatchResult",
    "CandleError",
    "CandleRepository",
    "DateRange",
    "DuckDBRepository",
    "Formula",
    "FormulaError",
    "FormulaService",
    "FrameRepository",
    "ParquetRepository",
    "ProcessingEngine",
    "ProcessingEngineError",
    "ProcessingJob",
    "ProcessingResult",
    "RepositoryError",
    "RunningJob",
    "Session",
    "SignalMatch",
    "check",
    "evaluate",
    "explain",
    "function",
    "functions",
    "library",
    "scan",
]

# Where the names live. They are fetched when first used: `barsweep --version` shall not wait for Polars.
_HOMES = {
    ".data": ("CandleRepository", "DuckDBRepository", "FrameRepository", "ParquetRepository", "Session"),
    ".engine.front": ("check", "evaluate", "explain", "functions", "scan"),
    ".engine.jobs": ("DateRange", "Formula", "ProcessingJob"),
    ".engine.processing": ("ProcessingEngine",),
    ".engine.results": ("BatchResult", "ProcessingResult", "SignalMatch"),
    ".engine.running_jobs": ("RunningJob",),
    ".engine.service": ("FormulaService", "function", "library"),
}

logging.getLogger("barsweep").addHandler(logging.NullHandler())


def __getattr__(name: str) -> object:
    for home, names in _HOMES.items():
        if name in names:
            value = globals()[name] = getattr(import_module(home, __name__), name)
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
