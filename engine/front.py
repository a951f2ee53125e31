"""The front door's functions: one call each, over whatever holds the candles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, overload

import polars as pl

from ..data.sessions import Session
from ..formulas import Checked, Function
from ..formulas.plan.explaining import Explanation
from .controlling import ProgressAsked
from .evaluating import EvaluatingService
from .jobs import Bound, DateRange, Formula, Formulas, Outputs, ProcessingJob, Setting, Values, as_settings
from .processing import Output, ProcessingEngine
from .results import BatchResult
from .service import FormulaService

if TYPE_CHECKING:
    from .signals import Signals


def scan(
    formula: Formulas,
    data: object,
    *,
    symbols: Sequence[str] | None = None,
    start: Bound | None = None,
    end: Bound | None = None,
    timeframe: str = "1d",
    parameters: Mapping[str, Setting | Values] | None = None,
    latest: bool = False,
    executor: str = "auto",
    progress: ProgressAsked = None,
    stale: timedelta | float | None = None,
    service: FormulaService | EvaluatingService | None = None,
    output: Output | None = None,
    tables: Mapping[str, object] | None = None,
    session: Session | None = None,
    dialect: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> BatchResult:
    """Find the bars at which a formula is true; with a mapping name -> formula, a column `formula` tells them apart.

    `data` is a Polars, pandas or Arrow frame, a path (.parquet, .csv, .duckdb, a folder) or a repository; `symbols`
    None means all. `start` and `end` are inclusive. `latest` reports the universe's last ts alone, so it goes
    with `end` but not with `start`; `stale` then admits symbols whose last bar is older by at most that (a timedelta,
    or days), marked in a column.
    A param with several values (`parameters={"length": range(5, 50)}`) is swept: each is tried, in one plan, and a
    column of its name says which. `progress=True` draws a bar on a terminal or in a notebook, and nothing elsewhere;
    `progress(completed, total)` is called with the number of symbols. `service` brings functions of one's own.
    `output` is a Parquet file, its name ends in .parquet, that matches are written to meanwhile, symbols ascending, so
    that they need not fit into memory. (The shell's --output takes other formats; here `found.matches` can write them.)
    `tables` are other tables by name, frames or paths, for `table("quarterly", eps)`; `session` the exchange's hours,
    with which `timeframe("1w", x)` knows when a week is over. `dialect` is the foreign language that the formulas are
    written in ("qlib", "alpha101", "gtja191", ...). `columns` has the data's own names for columns that are not
    recognised, after those that formulas have for them: {"ts": "Trade Day", "close": "Adj Close"}.

    Raises FormulaError, RepositoryError or ProcessingEngineError before work starts; what concerns one symbol is that
    symbol's error in the result.

    >>> import polars as pl
    >>> days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 5), eager=True)
    >>> found = scan("close > 1.5 * close[1]", pl.DataFrame({"symbol": "A", "date": days, "close": [1, 2, 2, 4, 4]}))
    >>> [str(match.ts) for match in found["A"].matches]
    ['2024-01-02', '2024-01-04']
    """
    job = ProcessingJob(
        symbols,
        formula,
        DateRange(start, end),
        timeframe,
        parameters,
        latest=latest,
        stale=stale,
        executor=executor,
        session=session,
        dialect=dialect,
    )
    with ProcessingEngine(data, service, tables=tables, columns=columns) as engine:
        return engine.run(job, progress, output=output)


@overload
def evaluate(
    formulas: Formulas,
    data: object,
    *,
    symbols: Sequence[str] | None = ...,
    start: Bound | None = ...,
    end: Bound | None = ...,
    parameters: Mapping[str, Setting | Values] | None = ...,
    executor: str = ...,
    timeframe: str | None = ...,
    service: FormulaService | None = ...,
    output: None = ...,
    outputs: Outputs = ...,
    tables: Mapping[str, object] | None = ...,
    session: Session | None = ...,
    dialect: str | None = ...,
    columns: Mapping[str, str] | None = ...,
    progress: ProgressAsked = ...,
) -> pl.DataFrame: ...
@overload
def evaluate(
    formulas: Formulas,
    data: object,
    *,
    symbols: Sequence[str] | None = ...,
    start: Bound | None = ...,
    end: Bound | None = ...,
    parameters: Mapping[str, Setting | Values] | None = ...,
    executor: str = ...,
    timeframe: str | None = ...,
    service: FormulaService | None = ...,
    output: Output,
    outputs: Outputs = ...,
    tables: Mapping[str, object] | None = ...,
    session: Session | None = ...,
    dialect: str | None = ...,
    columns: Mapping[str, str] | None = ...,
    progress: ProgressAsked = ...,
) -> pl.LazyFrame: ...
def evaluate(
    formulas: Formulas,
    data: object,
    *,
    symbols: Sequence[str] | None = None,
    start: Bound | None = None,
    end: Bound | None = None,
    parameters: Mapping[str, Setting | Values] | None = None,
    executor: str = "auto",
    timeframe: str | None = None,
    service: FormulaService | None = None,
    output: Output | None = None,
    outputs: Outputs = "result",
    tables: Mapping[str, object] | None = None,
    session: Session | None = None,
    dialect: str | None = None,
    columns: Mapping[str, str] | None = None,
    progress: ProgressAsked = None,
) -> pl.DataFrame | pl.LazyFrame:
    """The values of formulas at every bar: symbol, ts, then a column for each name; sorted by symbol, ts.

    A single formula's column is called "value" unless it is a Formula with a name. `symbols` None means all;
    `timeframe` None is that of the data. `outputs="all"` gives a column for every named line as well, before the
    result's, `outputs="parts"` instead one for every expression in a formula's text, `outputs="distances"` also for
    every condition how far it is from being true. With `output`, a path that ends in .parquet, the values are written
    there and handed out as the file scanned lazily. Symbols that there are not, or with unusable candles, are left out
    and logged; when there are no others, raises ProcessingEngineError. `tables`, `session`,
    `dialect`, `columns` and `progress` as in `scan`.

    >>> import polars as pl
    >>> days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 3), eager=True)
    >>> evaluate("sma(close, 2)", pl.DataFrame({"date": days, "close": [1.0, 2.0, 4.0]}))["value"].to_list()
    [None, 1.5, 3.0]
    """
    single = Formula(formulas) if isinstance(formulas, str) else formulas
    named = {single.name or "value": single} if isinstance(single, Formula) else formulas
    options: dict[str, Any] = {"executor": executor, "outputs": outputs, "session": session, "dialect": dialect}
    with ProcessingEngine(data, service, tables=tables, columns=columns) as engine:
        own = engine.timeframe if timeframe is None else timeframe
        job = ProcessingJob(symbols, named, DateRange(start, end), own, parameters, **options)
        return engine.evaluate(job, progress) if output is None else engine.evaluate(job, progress, output=output)


def signals(
    formulas: Formulas,
    data: object,
    *,
    delay: int = 0,
    symbols: Sequence[str] | None = None,
    start: Bound | None = None,
    end: Bound | None = None,
    timeframe: str | None = None,
    parameters: Mapping[str, Setting | Values] | None = None,
    executor: str = "auto",
    progress: ProgressAsked = None,
    service: FormulaService | None = None,
    tables: Mapping[str, object] | None = None,
    session: Session | None = None,
    dialect: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> Signals:
    """Conditions by name at every bar, for backtesters: true or false, never null.

    What comes back has them as `frame` (symbol, ts, a column for each name, `ready`), as `wide("entry", "pandas")`
    (dates x symbols, also "numpy" and "polars"; `wide("close", ...)` aligns prices with them), and one symbol at a time
    as `of("AAPL")`. An undefined condition is false, and `ready` is true where all are defined. `delay=1` moves signals
    to each symbol's next bar: a signal that is known at a close is acted on there. `positions` follow from signals
    called `entry`, `exit`, `short_entry` and `short_exit`. A formula without a name is `entry`.

    A param with several values is swept: each row comes once for each combination, told by columns of the params'
    names. `timeframe` None is that of the data; everything else is as in `scan`. Raises what `scan` raises; symbols
    that cannot be used are in `errors`.

    >>> import polars as pl
    >>> days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 4), eager=True)
    >>> candles = pl.DataFrame({"symbol": "A", "date": days, "close": [1.0, 2.0, 3.0, 2.0]})
    >>> found = signals({"entry": "close > close[1]", "exit": "close < close[1]"}, candles)
    >>> found.frame["entry"].to_list(), found.frame["ready"].to_list(), found.positions["position"].to_list()
    ([False, True, True, False], [False, True, True, True], [0, 1, 1, 0])
    """
    options: dict[str, Any] = {"executor": executor, "session": session, "dialect": dialect}
    with ProcessingEngine(data, service, tables=tables, columns=columns) as engine:
        own = engine.timeframe if timeframe is None else timeframe
        job = ProcessingJob(symbols, formulas, DateRange(start, end), own, parameters, **options)
        return engine.signals(job, progress, delay=delay)


def check(
    source: str,
    columns: Mapping[str, str] | None = None,
    parameters: Mapping[str, Setting] | None = None,
    tables: Mapping[str, Mapping[str, str]] | None = None,
    dialect: str | None = None,
    *,
    strict: bool = False,
) -> Checked:
    """Check a formula; raises FormulaError with every problem, with `strict` for warnings too.

    `columns` maps the candles' columns to "number", "boolean" or "text"; None: open, high, low, close, volume. `tables`
    does so for other tables by name. `dialect` is the foreign language that the formula is written in. `warnings` of
    what comes back tell what is allowed, but seldom meant.

    >>> check("close > sma(close, 20)").warmup
    19
    """
    return FormulaService().check(source, columns, as_settings(parameters), tables, dialect, strict=strict)


def explain(
    source: str | Mapping[str, str],
    columns: Mapping[str, str] | None = None,
    parameters: Mapping[str, Setting] | None = None,
    tables: Mapping[str, Mapping[str, str]] | None = None,
    dialect: str | None = None,
) -> Explanation:
    """Lay open the plan of a formula, or of several by name: nodes, stages, warm-up, reach, columns that are read.

    >>> explain("sma(close, 20)").columns
    ('close',)
    """
    return FormulaService().explain(source, columns, as_settings(parameters), tables, dialect)


def functions() -> Mapping[str, Function]:
    """Every function of the language by its name, with signature and documentation.

    >>> functions()["sma"].name
    'sma'
    """
    return FormulaService().functions()
