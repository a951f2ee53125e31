"""Queries over candles: `sql` for one, `connect` for several over the same candles and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Self
from weakref import WeakSet

import pyarrow as pa

from ...data.sessions import Session
from ...data.timeframes import Timeframe
from ...errors import ProcessingEngineError
from ..controlling import ProgressAsked
from ..given import assert_kind
from ..jobs import Setting
from ..jobs import Values as Several
from ..other_tables import close
from ..service import FormulaService
from ..sources import as_repository, assert_reachable, timeframe_of, zone_of
from ..values_engine import Reading, ValuesEngine
from .answers import SqlResult
from .calls import Call, find_calls
from .checking import Checking
from .faults import worded
from .filling import Filler, Wanted, table_of
from .given import formula_tables, own_tables
from .needs import Need, Needs
from .opening import open_closed, open_for_planning
from .planning import Planner
from .statements import Statement, Values, assert_allowed, read_statement
from .tables import CANDLES, Filled
from .texts import Spliced
from .waiting import heeding_signals


class SqlConnection:
    """Runs queries over the same candles and tables, see `connect`. Safe to use from several threads."""

    def __init__(
        self,
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
    ) -> None:
        if service is not None and not isinstance(service, FormulaService):
            raise ProcessingEngineError("queries need a FormulaService: their formulas are checked before they run")
        assert_kind(external_access, bool, "external_access is True or False")
        self._tables, self._service = own_tables(tables), service or FormulaService()
        self._repository = as_repository(data, columns)
        self._opened = None if self._repository is data else self._repository
        self._kinds = formula_tables(tables)
        readable = {name: source for name, source in (tables or {}).items() if name in self._kinds}
        self._engine = ValuesEngine(self._repository, self._service, memory_limit=memory_limit, tables=readable)
        self._stored = timeframe_of(self._repository)
        self._timeframe = Timeframe.parse(self._stored if timeframe is None else timeframe).text
        self._dialect, self._session, self._executor = dialect, session, executor
        zone, self._external_access = zone_of(self._repository), external_access
        self._duckdb = open_closed(self._engine.memory_limit, zone, external_access=external_access)
        names = [table.name for table in self._tables.values()]
        self._planner = Planner(open_for_planning(zone, external_access=external_access), names)
        self._results: WeakSet[SqlResult] = WeakSet()
        self._shut, self._interrupts = False, 0

    def sql(
        self,
        query: str,
        values: Values | None = None,
        *,
        parameters: Mapping[str, Setting | Several] | None = None,
        progress: ProgressAsked = None,
    ) -> SqlResult:
        """Run one SELECT, see `barsweep.sql`."""
        if self._shut:
            raise ProcessingEngineError("the connection is closed; make a new one")
        if parameters is not None and not isinstance(parameters, Mapping):
            raise ProcessingEngineError(f'parameters is {parameters!r}; give {{"n": 20}} for the params of formulas')
        began = self._interrupts
        assert_reachable(self._repository)
        statement = read_statement(query, values, self._planner.connection)
        assert_allowed(statement, external_access=self._external_access)
        calls = find_calls(statement)
        checking = Checking(
            self._repository, self._service, self._kinds, self._timeframe, self._dialect, parameters or {}
        )
        filled, made = _put_in(statement, calls, checking.tables_of(statement, calls))
        names = statement.tables()
        if CANDLES in names:
            filled[CANDLES] = checking.candles(self._timeframe)
        own = [table for name, table in self._tables.items() if name in names or statement.shows]
        needs = self._planner.needs(statement, made, {name: table.schema for name, table in filled.items()}, own)
        filler = Filler(
            self._engine,
            self._repository,
            self._stored,
            {"executor": self._executor, "session": self._session},
            progress,
            lambda: self._interrupts != began,
        )
        tables = {**_filled(filled, needs, filler), **{table.name: table.arrow for table in own}}
        left = statement.left_values([call.span for call in calls])
        warnings = [warning.render(statement.text) for warning in checking.warnings]
        result = self._answer(made.text, left, tables, filler.reading, warnings)
        filler.assert_wanted()
        return result

    def interrupt(self) -> None:
        """End the queries that run at this moment, from any thread: they raise ProcessingEngineError."""
        self._interrupts += 1
        self._engine.cancel()
        for result in list(self._results):
            result.interrupt()

    def close(self) -> None:
        """Take no more queries. Results that are there can still be looked at."""
        self._shut = True
        self._engine.shutdown()
        self._planner.connection.close()
        if self._opened is not None:
            close(self._opened)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _answer(
        self,
        text: str,
        values: Mapping[str, object] | list[object] | None,
        tables: Mapping[str, pa.Table],
        reading: Reading,
        warnings: Sequence[str],
    ) -> SqlResult:
        cursor = self._duckdb.cursor()
        for name, table in tables.items():
            cursor.register(name, table)
        with worded():
            relation = heeding_signals(partial(cursor.sql, text, params=values), cursor.interrupt)
        counts = {"symbols": reading.symbols, "loaded": reading.loaded, "errors": len(reading.errors)}
        result = SqlResult(relation, (cursor, self._duckdb), reading.errors, counts, warnings)
        self._results.add(result)
        return result


def _put_in(statement: Statement, calls: Sequence[Call], tables: Sequence[Filled]) -> tuple[dict[str, Filled], Spliced]:
    """Names for the tables, the same for calls that say the same, and the query with the names in their places."""
    named: dict[str, Filled] = {}
    pieces = []
    for call, table in zip(calls, tables, strict=True):
        known = [name for name, other in named.items() if other == table]
        name = known[0] if known else f"~{len(named) + 1}"
        named[name] = table
        pieces.append((call.span, f'"{name}"' if call.aliased else f'"{name}" as {call.function}'))
    return named, Spliced.of(statement.text, pieces)


def _filled(filled: Mapping[str, Filled], needs: Needs | None, filler: Filler) -> dict[str, pa.Table]:
    """The tables with what is needed in them; those that the query does not look at are empty."""
    all_of = {name: Need(frozenset(table.schema)) for name, table in filled.items()}
    looked_at = all_of if needs is None else {name: need for name, need in needs.items() if name in filled}
    found = filler.fill([Wanted(name, filled[name], need) for name, need in looked_at.items()])
    rest = {name: table_of(None, table.schema, {}, all_of[name]) for name, table in filled.items() if name not in found}
    return {**found, **rest}
