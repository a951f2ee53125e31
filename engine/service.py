"""The FormulaService: a language, with what a user added to it, and formulas evaluated on frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from ..data.frames import FrameRepository, to_polars
from ..errors import ProcessingEngineError
from ..formulas import Checked, Function, Language, Plan, make_plan
from ..formulas.extending import PythonFunction, function, library
from ..formulas.plan.explaining import Explanation, explain_plan
from .executors import make_executor
from .jobs import Setting

ROW = "~row"


class FormulaService:
    """Checks, explains and evaluates formulas. Functions and libraries given here are known to this service alone.

    `functions` are made with `barsweep.function`, `libraries` are paths of formula files. Raises ValueError or
    FormulaError if one is faulty or its name is taken.

    >>> service = FormulaService()
    >>> service.evaluate("close > close[1]", pl.DataFrame({"ts": [1, 2, 3], "close": [1.0, 2.0, 2.0]})).to_list()
    [None, True, False]
    """

    def __init__(self, *, functions: Iterable[PythonFunction] = (), libraries: Iterable[str | Path] = ()) -> None:
        self.language = Language()
        for each in functions:
            self.language.add_primitive(each.primitive())
        for path in libraries:
            self.language.add_library(library(path))

    def functions(self) -> Mapping[str, Function]:
        """Every function by its name, with signature and documentation."""
        return self.language.functions

    def check(
        self,
        source: str,
        columns: Mapping[str, str] | None = None,
        parameters: Mapping[str, Setting] | None = None,
    ) -> Checked:
        """Check a formula; raises FormulaError with every problem.

        `columns` maps the candles' columns to "number", "boolean" or "text"; None: open, high, low, close, volume.
        """
        return self.language.check(source, columns, parameters)

    def explain(
        self,
        source: str | Mapping[str, str],
        columns: Mapping[str, str] | None = None,
        parameters: Mapping[str, Setting] | None = None,
    ) -> Explanation:
        """Lay open the plan of a formula, or of several by name: nodes, stages, warm-up, reach, columns read."""
        sources = {"value": source} if isinstance(source, str) else source
        return explain_plan(make_plan(self.language.check_all(sources, columns, parameters)))

    def evaluate(self, formula: str, frame: Any, parameters: Mapping[str, Setting] | None = None) -> Any:
        """The formula's value for each row of `frame`, in the order and the kind of the frame.

        `frame` is a Polars, pandas or Arrow table with or without a symbol column; a Polars or pandas Series or an
        Arrow array comes back, of booleans or float64, undefined values null (NaN in a pandas Series of numbers).
        Raises FormulaError, and RepositoryError where the frame's columns are not recognised.
        """
        given = to_polars(frame)
        repository = FrameRepository(given.with_row_index(ROW))
        stored = repository.stored.text
        kinds = {name: kind for name, kind in repository.columns(stored).items() if name != ROW}
        plan = make_plan({"value": self.language.check(formula, kinds, parameters)})
        table = repository.load(None, stored, None, None, [*sorted(plan.columns), ROW], None)
        values = self._values(plan, pl.DataFrame(table), repository)
        if values.len() != given.height:
            raise ProcessingEngineError(
                f"{given.height} rows gave {values.len()} values: rows without a time cannot be placed"
            )
        return in_kind_of(frame, values)

    def _values(self, plan: Plan, candles: pl.DataFrame, repository: FrameRepository) -> pl.Series:
        clean = candles.with_columns(
            pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name)
            for name in plan.columns
            if candles.schema[name].is_float()
        )
        executor = make_executor("auto", plan, repository.zone_name)
        references = {name: clean.filter(pl.col("symbol") == name) for name in plan.symbols}
        frame = executor.start(clean, repository.stored, references)
        for stage in plan.stages:
            frame = executor.advance(stage, frame)
        # executors keep the rows in their order, so the candles' row numbers are still theirs
        made = pl.DataFrame({ROW: candles[ROW], "value": frame[plan.results["value"]]})
        return made.sort(ROW)["value"]


def in_kind_of(frame: Any, values: pl.Series) -> Any:
    """A series in the kind of the frame that it was computed from."""
    module = type(frame).__module__.partition(".")[0]
    if module == "pandas":
        import pandas as pd  # noqa: PLC0415 - only where the caller has it

        dtype = "boolean" if values.dtype == pl.Boolean else "float64"
        return pd.Series(
            values.to_list() if values.dtype == pl.Boolean else values.to_numpy(), index=frame.index, dtype=dtype
        )
    return values.to_arrow() if module == "pyarrow" else values


__all__ = ["FormulaService", "function", "in_kind_of", "library"]
