"""The FormulaService: a language, with what a user added to it, and formulas evaluated on frames."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from ..data.candles import Candles
from ..data.checking import check_candles
from ..data.frames import FrameRepository, to_polars
from ..data.options import shown
from ..data.policies import CandlePolicy, companions
from ..errors import ProcessingEngineError
from ..formulas import Checked, Function, Language, Plan, make_plan
from ..formulas.extending import PythonFunction, function, library
from ..formulas.kernels.machine import Stop
from .executors import Surroundings, chosen, make_executor
from .given import assert_formula_of_table, assert_kind
from .jobs import Setting

if TYPE_CHECKING:
    from ..formulas.plan.explaining import Explanation
    from .evaluating import EvaluatingService

LIBRARIES: Final = "libraries are paths of formula files"


class FormulaService:
    """Checks, explains and evaluates formulas. Functions and libraries given here are known to this service alone.

    `functions` are made with `barsweep.function`, `libraries` are paths of formula files; a single path is one. Raises
    ValueError or FormulaError if one is faulty or its name is taken.

    >>> service = FormulaService()
    >>> service.evaluate("close > close[1]", pl.DataFrame({"ts": [1, 2, 3], "close": [1.0, 2.0, 2.0]})).to_list()
    [None, True, False]
    """

    def __init__(
        self, *, functions: Iterable[PythonFunction] = (), libraries: Iterable[str | Path] | str | Path = ()
    ) -> None:
        assert_kind(functions, Iterable, "functions are given in a list")
        listed = [libraries] if isinstance(libraries, str | PathLike) else libraries
        assert_kind(listed, Iterable, LIBRARIES)
        self._functions = tuple(functions)
        for path in (paths := tuple(listed)):
            assert_kind(path, str | PathLike, LIBRARIES)
        self._libraries = tuple(library(path).absolute() for path in paths)
        self._learn()

    def _learn(self) -> None:
        """Make the language of what was given."""
        self.language = Language()
        self.python_functions: list[str] = []
        for each in self._functions:
            if not isinstance(each, PythonFunction):
                raise TypeError(f"{each!r} is no function of formulas: declare it with @barsweep.function(...)")
            self.language.add_primitive(each.primitive())
            self.python_functions.append(each.name)
        self.library_texts = list(map(self.language.add_library, self._libraries))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name != "language"}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        vars(self).update(state)
        self._learn()  # copies, and other processes, make the language anew

    def functions(self) -> Mapping[str, Function]:
        """Every function by its name, with signature and documentation."""
        return self.language.functions

    def check(
        self,
        source: str,
        columns: Mapping[str, str] | None = None,
        parameters: Mapping[str, Setting] | None = None,
        tables: Mapping[str, Mapping[str, str]] | None = None,
        dialect: str | None = None,
        *,
        strict: bool = False,
    ) -> Checked:
        """Check a formula; raises FormulaError with every problem, with `strict` for warnings too.

        `columns` maps the candles' columns to "number", "boolean" or "text"; None: open, high, low, close, volume.
        `tables` does so for other tables by name. `dialect` is the foreign language that the formula is written in
        ("qlib", "alpha101", "gtja191", ...).
        """
        assert_formula_of_table(source, columns, parameters, tables, dialect)
        return self.language.check(source, columns, parameters, tables=tables, dialect=dialect, strict=strict)

    def explain(
        self,
        source: str | Mapping[str, str],
        columns: Mapping[str, str] | None = None,
        parameters: Mapping[str, Setting] | None = None,
        tables: Mapping[str, Mapping[str, str]] | None = None,
        dialect: str | None = None,
    ) -> Explanation:
        """Lay open the plan of a formula, or of several by name: nodes, stages, warm-up, reach, columns read."""
        assert_formula_of_table(source, columns, parameters, tables, dialect, several=True)
        sources = {"value": source} if isinstance(source, str) else source
        checked = self.language.check_all(sources, columns, parameters, tables, dict.fromkeys(sources, dialect))
        from ..formulas.plan.explaining import explain_plan  # noqa: PLC0415 - for who wants to know alone

        return explain_plan(make_plan(checked), chosen("auto"))

    def evaluate(
        self, formula: str, frame: Any, parameters: Mapping[str, Setting] | None = None, dialect: str | None = None
    ) -> Any:
        """The formula's value for each row of `frame`, in the order and the kind of the frame.

        `frame` is a Polars, pandas or Arrow table with or without a symbol column; a Polars or pandas Series or an
        Arrow array comes back, of booleans or float64, undefined values null (NaN in a pandas Series of numbers).
        The candles are checked as in every job: zero prices and the like are undefined. Raises FormulaError,
        RepositoryError where the frame's columns are not recognised, and CandleError where a symbol's rows cannot be
        used (a duplicated ts).
        """
        assert_formula_of_table(formula, None, parameters, None, dialect)
        given = to_polars(frame)
        row = _free_name(given.columns)
        repository = FrameRepository(given.with_row_index(row))
        stored = repository.stored.text
        kinds = {name: kind for name, kind in repository.columns(stored).items() if name != row}
        plan = make_plan({"value": self.language.check(formula, kinds, parameters, dialect=dialect)})
        columns = [*sorted(plan.columns), row]
        seen = companions(columns, repository.policy or CandlePolicy(), kinds)
        table = repository.load(None, stored, None, None, seen, None)
        checked = check_candles(table, repository.policy, columns)
        for error in checked.errors.values():
            raise error
        if checked.frame.height != given.height:
            missing = given.height - checked.frame.height
            raise ProcessingEngineError(f"{missing} rows have no time or no symbol: give them one, or take them out")
        values = self._values(plan, checked.candles, repository)
        # executors keep the rows in their order, so the candles' row numbers are still theirs
        return in_kind_of(frame, pl.DataFrame({"row": checked.frame[row], "value": values}).sort("row")["value"])

    def _values(self, plan: Plan, candles: Candles, repository: FrameRepository) -> pl.Series:
        executor = make_executor("auto", plan)
        references = {name: candles.frame.filter(pl.col("symbol") == name) for name in plan.symbols}
        around = Surroundings(repository.stored, references, repository.zone_name)
        frame = executor.start(candles, around)
        for stage in plan.stages:
            made = executor.advance(stage, frame, around, Stop())
            assert made is not None, "nobody stops these kernels"
            frame = made
        return frame[plan.results["value"]]


def as_service(given: FormulaService | EvaluatingService | None) -> FormulaService | EvaluatingService:
    """The service that was given, by default one without functions of the user's.

    Raises ProcessingEngineError for what is none.
    """
    if given is None:
        return FormulaService()
    if isinstance(given, type) or not callable(getattr(given, "evaluate", None)):
        hint = "a formula service is a FormulaService(), or has evaluate(formula, frame, parameters)"
        raise ProcessingEngineError(f"{hint}; {shown(given)} has not")
    return given


def _free_name(taken: Sequence[str]) -> str:
    """A name for the rows' numbers that no column bears."""
    name = "row"
    while name in taken:
        name += "_"
    return name


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
