"""An engine that hands out how an evaluation went beside its values: for those who tell people of it."""

from __future__ import annotations

from dataclasses import field
from functools import partial

import polars as pl

from ..formulas.freezing import mutable
from .controlling import ProgressAsked
from .jobs import ProcessingJob
from .processing import ProcessingEngine
from .progressing import Progress
from .results import SymbolError


@mutable
class Reading:
    """What jobs have read: symbols, bars, and why symbols are missing."""

    errors: dict[str, SymbolError] = field(default_factory=dict)
    symbols: int = 0
    loaded: int = 0


class ValuesEngine(ProcessingEngine):
    """An engine that also hands out the errors of symbols whose values were asked for."""

    @property
    def memory_limit(self) -> int:
        """Bytes that jobs may take together."""
        return self._memory.limit

    def values(self, job: ProcessingJob, progress: ProgressAsked = None) -> tuple[pl.DataFrame, Reading]:
        """The values at every bar, as `evaluate` has them, and how it went."""
        table, collected = self._run(partial(self._values, job, None), Progress(progress))
        assert isinstance(table, pl.DataFrame), "no file was asked for"
        symbols = len(collected.prepared.requested)
        return table, Reading(dict(collected.total.errors), symbols, collected.total.loaded)
