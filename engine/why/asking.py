"""Asking for the parts of a formula: its text taken apart, and the values of all parts from one evaluation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

import polars as pl

from ...data.instants import MICROSECOND, TS, Bounds
from ...data.repository import CandleRepository
from ...data.timeframes import Timeframe
from ...errors import FormulaError, ProcessingEngineError
from ...formulas.check.parts import Parts
from ...formulas.freezing import frozen
from ..fetching import fetched_candles
from ..given import assert_kind
from ..jobs import Bound, DateRange, Formula, ProcessingJob
from ..other_tables import close, opened_tables
from ..processing import ProcessingEngine
from ..service import FormulaService
from ..sources import CANDLE, as_repository, columns_of, timeframe_of, zone_of
from ..sweeps import expanded

ANY_AGE: Final = timedelta(days=365_250)
"""Of each symbol its own last bar, however old: what is ranked there is ranked among the bars of that day."""


@frozen
class Asked:
    """A job of one formula over candles, whose parts are looked at in an engine that `make_engine` makes."""

    job: ProcessingJob
    repository: CandleRepository
    service: FormulaService
    tables: Mapping[str, object] | None
    make_engine: Callable[[], ProcessingEngine]

    @property
    def formula(self) -> Formula:
        """The formula; the job has no other."""
        (formula,) = self.job.formulas.values()
        return formula

    def parts(self, *, distances: bool = False) -> Parts:
        """The formula taken apart; raises FormulaError with every problem."""
        with opened_tables(self.tables) as tables:
            kinds = {name: table.columns for name, table in tables.items()}
            columns = columns_of(self.repository, self.job.timeframe)
        settings, formula = self.job.settings(self.formula), self.formula
        asked = formula.source, columns, settings, kinds, formula.dialect
        try:
            return self.service.language.take_apart(*asked, distances=distances)
        except FormulaError as error:
            error.name = None
            raise

    def values(self, **changes: Any) -> pl.DataFrame:
        """The values of all parts on the job's bars: symbol, ts, a column for each of `Parts.columns`."""
        with self.make_engine() as engine:
            return engine.evaluate(replace(self.job, **{"outputs": "parts", **changes}))

    def bars_at(self, ts: Bound) -> DateRange:
        """The bars that begin on a date or at a time, to their ends: those longer than the stored ones would be cut."""
        own, zone_name = Timeframe.parse(self.job.timeframe), zone_of(self.repository)
        if own == Timeframe.parse(timeframe_of(self.repository)):
            return DateRange(ts, ts)
        last = Bounds.read(ts, ts, dates=False, tz=zone_name).last
        end = pl.select(own.end(pl.lit(last, TS), zone_name) - MICROSECOND).item()
        return DateRange(ts, end)

    def candles(self, **changes: Any) -> pl.DataFrame:
        """Candles on the job's bars, in columns of their names."""
        there = columns_of(self.repository, self.job.timeframe)
        with self.make_engine() as engine:
            return fetched_candles(engine, replace(self.job, **changes), [name for name in CANDLE if name in there])


@contextmanager
def asked_of(
    formula: str | Formula,
    data: object,
    service: FormulaService | None,
    tables: Mapping[str, object] | None,
    columns: Mapping[str, str] | None,
    **options: Any,
) -> Iterator[Asked]:
    """A job over whatever holds candles; what is opened to read them is closed again."""
    assert_kind(service, FormulaService | None, "the parts of a formula are known to a FormulaService alone")
    job = ProcessingJob(formula=formula, **options)
    if len(job.formulas) != 1:
        raise ProcessingEngineError("one formula is taken apart at a time: give its text, or a Formula")
    if expanded(job).job is not job:
        raise ProcessingEngineError("a param with several values makes several formulas: give each one value here")
    repository = as_repository(data, columns)
    try:
        known = service or FormulaService()
        yield Asked(job, repository, known, tables, partial(ProcessingEngine, repository, known, tables=tables))
    finally:
        if repository is not data:
            close(repository)
