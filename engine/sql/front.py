"""The front door of queries: one call each."""

from __future__ import annotations

from collections.abc import Mapping

from ...data.sessions import Session
from ..controlling import ProgressAsked
from ..jobs import Setting
from ..jobs import Values as Several
from ..service import FormulaService
from .answers import SqlResult
from .connection import SqlConnection
from .statements import Values


def sql(
    query: str,
    data: object,
    values: Values | None = None,
    *,
    tables: Mapping[str, object] | None = None,
    parameters: Mapping[str, Setting | Several] | None = None,
    timeframe: str | None = None,
    session: Session | None = None,
    dialect: str | None = None,
    service: FormulaService | None = None,
    executor: str = "auto",
    memory_limit: int | None = None,
    external_access: bool = False,
    columns: Mapping[str, str] | None = None,
    progress: ProgressAsked = None,
) -> SqlResult:
    """Run one SELECT of DuckDB's SQL over candles.

    In FROM, `scan('<formula>')` is the table of a formula's matches: symbol, ts, and its indicators as columns of their
    labels. `bars('<formula>', 'name: <formula>')` or `bars(name := '<formula>')` is the table of all bars: symbol, ts,
    the candles' columns, and a column for each formula. `candles` is the table of the candles.
    Both take `timeframe := '1w'`, `dialect := 'qlib'` and values for params, `n := 20`; scan also `latest := true`
    and `stale := 5`, as `barsweep.scan`. Of the candles those columns, symbols and dates are read that the query wants.

    `data`, `columns`, `session`, `dialect`, `service` and `executor` are those of `barsweep.scan`; `timeframe` None is
    that of the data. `values` has a value for each `$name`, or a list for `?`; a formula can be such a value.
    `parameters` are for params of all formulas. `tables` are further tables by name, frames or paths (.csv, .parquet),
    for the query and where they have a symbol and a time for formulas too. `memory_limit` bounds, in bytes, the engine
    while it computes formulas, and then DuckDB. Without `external_access` the query reads nothing but this. `progress`
    is told of each job that fills tables of the query.

    Raises QueryError and FormulaError, with places in the query, before any candle is read; RepositoryError and
    ProcessingEngineError as `barsweep.scan`. What concerns one symbol is in the result's `errors`.

    >>> import polars as pl
    >>> days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 5), eager=True)
    >>> frame = pl.DataFrame({"symbol": "A", "date": days, "close": [1, 2, 2, 4, 4]})
    >>> sectors = pl.DataFrame({"symbol": ["A"], "sector": ["Energy"]})
    >>> query = "SELECT sector, count(*) AS n FROM scan('close > close[1]') JOIN meta USING (symbol) GROUP BY ALL"
    >>> sql(query, frame, tables={"meta": sectors}).pl().rows()
    [('Energy', 2)]
    """
    connection = SqlConnection(
        data,
        tables=tables,
        timeframe=timeframe,
        session=session,
        dialect=dialect,
        service=service,
        executor=executor,
        memory_limit=memory_limit,
        external_access=external_access,
        columns=columns,
    )
    with connection:
        return connection.sql(query, values, parameters=parameters, progress=progress)


def connect(
    data: object,
    *,
    tables: Mapping[str, object] | None = None,
    timeframe: str | None = None,
    session: Session | None = None,
    dialect: str | None = None,
    service: FormulaService | None = None,
    executor: str = "auto",
    memory_limit: int | None = None,
    external_access: bool = False,
    columns: Mapping[str, str] | None = None,
) -> SqlConnection:
    """Make a connection for several queries over the same candles, with the arguments of `barsweep.sql`.

    It remembers plans, and candles that were checked.

    >>> import polars as pl
    >>> days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 3), eager=True)
    >>> frame = pl.DataFrame({"symbol": "A", "date": days, "close": [1.0, 3.0, 2.0]})
    >>> with connect(frame) as connection:
    ...     above = connection.sql("SELECT count(*) FROM scan('param level = 1; close > level', level := 1.5)")
    ...     mean = connection.sql("SELECT ts, mean FROM bars(mean := 'sma(close, 2)') WHERE mean IS NOT NULL")
    >>> above.pl().item(), mean.pl()["mean"].to_list()
    (2, [2.0, 2.5])
    """
    return SqlConnection(
        data,
        tables=tables,
        timeframe=timeframe,
        session=session,
        dialect=dialect,
        service=service,
        executor=executor,
        memory_limit=memory_limit,
        external_access=external_access,
        columns=columns,
    )
