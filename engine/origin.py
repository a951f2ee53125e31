"""Where a result came from: its job and its candles, so that more of the same can be asked for later.

Nothing is read before somebody asks. What is asked for runs in an engine of its own, made like the one of the result:
that one may have been shut down, as it is behind every `barsweep.scan`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import field, replace
from typing import TYPE_CHECKING, Protocol

import polars as pl

from ..data.repository import CandleRepository
from ..formulas.freezing import frozen
from ..formulas.language import declared_parameters
from .evaluating import EvaluatingService
from .fetching import fetched_candles
from .jobs import DateRange, Formula, ProcessingJob, Setting, as_settings, swept
from .other_tables import close, opened_tables
from .plans import plan_job
from .service import FormulaService
from .sources import CANDLE, columns_of

if TYPE_CHECKING:
    from .processing import ProcessingEngine


class MakeEngine(Protocol):
    """Makes an engine over the same candles, with the same limits."""

    def __call__(self, *, formula_service: FormulaService) -> ProcessingEngine:
        """An engine that this service checks formulas for."""
        ...


@frozen(eq=False)
class Origin:
    """The job of a result and where its candles are.

    `opened` says that the engine has opened the repository itself: it is closed again after each look. A result keeps
    its origin, and this the repository with the frame that it was made of. Candles are read when they are asked for:
    from a file that was changed since, new ones come.

    >>> from .front import scan
    >>> days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 3), eager=True)
    >>> found = scan("close > close[1]", pl.DataFrame({"symbol": "A", "date": days, "close": [1.0, 2.0, 3.0]}))
    >>> found.origin.candles(["A"])["close"].to_list()
    [1.0, 2.0, 3.0]
    >>> found.origin.values({"change": "close - close[1]"}, ["A"])["change"].to_list()
    [None, 1.0, 1.0]
    """

    repository: CandleRepository = field(repr=False)
    tables: Mapping[str, object] = field(repr=False)
    service: FormulaService | EvaluatingService = field(repr=False)
    make_engine: MakeEngine = field(repr=False)
    job: ProcessingJob
    opened: bool = field(repr=False)

    def columns(self) -> tuple[str, ...]:
        """The candle's columns that there are, in the order open, high, low, close, volume."""
        there = columns_of(self.repository, self.job.timeframe)
        return tuple(name for name in CANDLE if name in there)

    def repository_columns(self) -> tuple[str, ...]:
        """All columns of the candles that hold numbers or booleans."""
        kinds = columns_of(self.repository, self.job.timeframe)
        return tuple(name for name, kind in kinds.items() if kind != "text")

    def candles(
        self,
        symbols: Sequence[str] | None = None,
        bounds: DateRange | None = None,
        columns: Sequence[str] | None = None,
    ) -> pl.DataFrame:
        """Checked candles: symbol, ts, then `columns` (None: those of the candle that there are); sorted by both.

        `symbols` None means those of the job, `bounds` None the job's range and DateRange() all there is. Columns hold
        numbers, null where the candle's policy takes them for missing. Symbols whose candles are unusable are left
        out; raises ProcessingEngineError when there are no others, and RepositoryError when the candles cannot be had.
        """
        wanted = self.columns() if columns is None else columns
        with self._engine(FormulaService()) as engine:
            return fetched_candles(engine, self._job(symbols, bounds), wanted)

    def values(
        self,
        formulas: Mapping[str, str | Formula],
        symbols: Sequence[str] | None = None,
        bounds: DateRange | None = None,
        parameters: Mapping[str, Setting] | None = None,
    ) -> pl.DataFrame:
        """The values of further formulas at every bar: symbol, ts, a column for each name; sorted by symbol, ts.

        The dialect, timeframe, session, tables and functions are those of the job, and so are params that the job sets
        and a formula declares; `parameters` go before them. What is ranked across symbols is ranked among the job's
        symbols, whichever are asked for. Raises FormulaError, and what `candles` raises.
        """
        named = {name: self._formula(given, parameters or {}) for name, given in formulas.items()}
        job = replace(self._job(symbols, bounds), formula=named, parameters=None)
        service = self.service if isinstance(self.service, FormulaService) else FormulaService()
        alone = symbols is None or not self._ranks(job, service)
        with self._engine(service) as engine:
            if alone:
                return engine.evaluate(job)
            return engine.evaluate(replace(job, symbols=self.job.symbols)).filter(
                pl.col("symbol").is_in(list(job.requested or ()))
            )

    def _job(self, symbols: Sequence[str] | None, bounds: DateRange | None) -> ProcessingJob:
        asked = self.job.symbols if symbols is None else symbols
        bounds = self.job.bounds if bounds is None else bounds
        plain = replace(self.job, latest=False, stale=None, values={}, outputs="result")
        return replace(plain, symbols=asked, date_range=bounds)

    def _formula(self, given: str | Formula, parameters: Mapping[str, Setting]) -> Formula:
        """A formula with the values of its params: the job's, over them those asked for, over them its own."""
        formula = Formula(given) if isinstance(given, str) else given
        dialect = formula.dialect or self.job.dialect
        shared = self.job.parameters or {}
        single = as_settings({name: value for name, value in shared.items() if name not in swept(shared)})
        own = {**single, **parameters}
        declared = declared_parameters(formula.source, dialect) if own else frozenset()
        known = {name: value for name, value in own.items() if name in declared}
        return replace(formula, dialect=dialect, parameters={**known, **formula.parameters})

    def _ranks(self, job: ProcessingJob, service: FormulaService) -> bool:
        """Whether values depend on which symbols are asked for."""
        kinds = columns_of(self.repository, job.timeframe)
        with opened_tables(self.tables) as tables:
            columns = {name: table.columns for name, table in tables.items()}
            return plan_job(service, job, kinds, columns, conditions=False).across

    @contextmanager
    def _engine(self, service: FormulaService) -> Iterator[ProcessingEngine]:
        try:
            with self.make_engine(formula_service=service) as engine:
                yield engine
        finally:
            if self.opened:
                close(self.repository)
