"""Queries planned over empty tables: which columns, symbols and times they want, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import duckdb
import polars as pl

from ...data.connecting import first_line, quoted
from ...errors import RepositoryError
from ...formulas.freezing import frozen
from ..controlling import LOG
from .faults import CLOSED, UNIMPLEMENTED, fault, refused
from .given import OwnTable
from .needs import Needs, read_needs
from .statements import Statement
from .tables import CANDLES, Schema
from .texts import Spliced

FORBIDDEN: Final = "permission"
ASKED: Final = (
    "select json_serialize_plan($1, optimize := true, skip_default := true, skip_null := true, skip_empty := true)"
)


@frozen(slots=False)
class Planner:
    """Plans queries; `tables` are the names of the caller's own."""

    connection: duckdb.DuckDBPyConnection
    tables: Sequence[str] = ()

    def needs(
        self, statement: Statement, made: Spliced, schemas: Mapping[str, Schema], own: Sequence[OwnTable]
    ) -> Needs | None:
        """What a query needs of the tables `schemas`; None where DuckDB cannot tell, so that everything is needed.

        `made` is the statement with tables in the places of calls, `own` are the caller's own tables, of which only
        the columns are looked at. Raises QueryError where the query cannot be bound.
        """
        cursor = self.connection.cursor()
        try:
            for name, schema in schemas.items():
                _create(cursor, name, pl.DataFrame(schema=schema))
            for table in own:
                _create(cursor, table.name, table.frame.clear())
            told = _told(cursor, statement, made)
        finally:
            cursor.close()
        if not told["error"]:
            return _read(told)
        if told["error_type"] == UNIMPLEMENTED or "serializ" in told["error_message"]:
            LOG.info(
                "the query is run over all bars, its plan cannot be read: %s",
                told["error_message"],
                extra={"event": "query not narrowed", "error": str(told["error_message"])},
            )
            return None
        if told["error_type"] == FORBIDDEN:
            message = str(told["error_message"])
            raise fault(statement.text, statement.table(message), "no file is a table: external access is off", CLOSED)
        raise refused(told, statement.query, made, [CANDLES, *self.tables])


def _told(cursor: duckdb.DuckDBPyConnection, statement: Statement, made: Spliced) -> Any:
    """The plan with the values of parameters in it; without them where they do not fit, so that DuckDB says so.

    DuckDB plans no parameters here, but variables: they keep values out of the text.
    """
    taken, pieces = [span for span, _ in made.pieces], list(made.pieces)
    for number, parameter in enumerate(statement.parameters()):
        if not any(span.start <= parameter.span.start < span.end for span in taken):
            cursor.execute(f"set variable p{number} = $1", [statement.values[parameter.name]])
            pieces.append((parameter.span, f"getvariable('p{number}')"))
    told = _plan(cursor, Spliced.of(statement.text, pieces).text)
    return _plan(cursor, made.text) if told["error"] and len(pieces) > len(taken) else told


def _read(told: Any) -> Needs | None:
    try:
        return read_needs(told)
    except RecursionError:  # conditions within conditions, hundreds deep: the query filters by itself
        why = "its conditions are nested too deeply"
        LOG.info("the query is run over all bars, %s", why, extra={"event": "query not narrowed", "error": why})
        return None


def _create(cursor: duckdb.DuckDBPyConnection, name: str, empty: pl.DataFrame) -> None:
    try:
        cursor.register("~empty", empty)
        cursor.execute(f'create temp table {quoted(name)} as from "~empty"')
        cursor.unregister("~empty")
    except duckdb.Error as error:
        types = ", ".join(f"{column} {dtype}" for column, dtype in empty.schema.items())
        raise RepositoryError(f"DuckDB cannot read the table {name!r} ({types}): {first_line(error)}") from error


def _plan(cursor: duckdb.DuckDBPyConnection, text: str) -> Any:
    try:
        return json.loads(cursor.execute(ASKED, [text]).fetchall()[0][0])
    except RecursionError:  # a plan deeper than Python reads: the query may still run
        return {"error": True, "error_type": UNIMPLEMENTED, "error_message": "it is nested too deeply"}
