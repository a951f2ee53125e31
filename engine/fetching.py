"""Checked candles by way of an engine: each column is a formula of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import polars as pl

from ..errors import ProcessingEngineError
from ..formulas.columns import column_text
from .jobs import Formula, ProcessingJob

if TYPE_CHECKING:
    from .processing import ProcessingEngine

ROWS: Final = {"~rows": Formula("1")}
"""Bars are wanted even where no column is: any formula gives them."""


def fetched_candles(engine: ProcessingEngine, job: ProcessingJob, columns: Sequence[str]) -> pl.DataFrame:
    """The candles on a job's bars: symbol, ts, then these columns; sorted by symbol and ts.

    Raises ProcessingEngineError for a name that no formula can hold, and what `ProcessingEngine.evaluate` raises.
    """
    texts = {name: column_text(name) for name in columns}
    formulas = {name: Formula(text) for name, text in texts.items() if text is not None}
    if len(formulas) < len(texts):
        odd = next(name for name, text in texts.items() if text is None)
        raise ProcessingEngineError(f"no formula can hold the name of the column {odd!r}: rename it")
    asked = replace(job, formula=formulas or ROWS, parameters=None, dialect=None)
    return engine.evaluate(asked).select("symbol", "ts", *columns)
