"""Putting a job's figures together, and telling them in the log."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .braking import EngineMemory
from .controlling import LOG
from .preparing import Prepared
from .splitting import Piece
from .statistics import JobStatistics
from .tallying import Tally

if TYPE_CHECKING:
    from .collected import Collected


def account(
    prepared: Prepared,
    total: Piece,
    tally: Tally,
    memory: EngineMemory | None,
    put_aside: int,
    rows: int,
    elapsed: float,
) -> JobStatistics:
    """How a job went that reports so many rows after so many seconds."""
    return JobStatistics(
        symbols=len(prepared.requested),
        errors=len(total.errors),
        bars=total.bars.total,
        loaded=total.loaded,
        rows=rows,
        elapsed=elapsed,
        seconds=dict(tally.seconds),
        batches=len(prepared.batches),
        halved=tally.counts["halved"],
        retries=tally.counts["retries"],
        warnings=prepared.warnings,
        memory=0 if memory is None else memory.most,
        memory_limit=0 if memory is None else memory.limit,
        put_aside=put_aside,
    )


def log_end(words: Callable[[], str], statistics: JobStatistics) -> None:
    """Log that a job has ended, in words that are made if somebody reads them."""
    if LOG.isEnabledFor(logging.INFO):
        LOG.info("%s", words(), extra={"event": "job ended", **statistics.fields})


def log_end_of_values(collected: Collected, rows: int, began: float) -> None:
    """Log that a job for values at every bar has ended, which began at that moment."""
    log_end(lambda: f"{rows:,} rows", collected.statistics(rows, time.perf_counter() - began))
