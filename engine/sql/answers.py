"""What a query gives back: a DuckDB relation, and its rows as Arrow or Polars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

import duckdb
import polars as pl
import pyarrow as pa

from ...errors import ProcessingEngineError
from ..results import SymbolError
from .faults import worded
from .tables import distinct
from .waiting import heeding_signals


class SqlResult:
    """The answer to a query. Formulas are computed; DuckDB computes the rest at the first look, which is remembered.

    `relation` the DuckDB relation, to be queried further; it computes anew at every look
    `columns`  the names of its columns
    `errors`   symbol -> SymbolError: why candles of a symbol could not be used; its rows are missing
    `counts`   symbols whose candles were read, loaded (bars that were read), errors
    `warnings` what sound formulas may still get wrong, drawn under the query

    >>> import barsweep as bs
    >>> days = pl.date_range(pl.date(2024, 1, 1), pl.date(2024, 1, 3), eager=True)
    >>> frame = pl.DataFrame({"symbol": "A", "date": days, "close": [1.0, 3.0, 2.0]})
    >>> found = bs.sql("SELECT ts, close FROM scan('close > 2') JOIN candles USING (symbol, ts)", frame)
    >>> found.pl().rows(), found.arrow().num_rows
    ([(datetime.date(2024, 1, 2), 3.0)], 1)
    """

    def __init__(
        self,
        relation: duckdb.DuckDBPyRelation,
        opened: tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection],
        errors: Mapping[str, SymbolError],
        counts: Mapping[str, int],
        warnings: Sequence[str] = (),
    ) -> None:
        self.relation = relation
        self.columns: list[str] = list(relation.columns)
        self.errors = dict(errors)
        self.counts = dict(counts)
        self.warnings = tuple(dict.fromkeys(warnings))
        # the cursor whose tables the relation reads, and the connection, with which it would be closed
        self._cursor, self._connection = opened

    def __repr__(self) -> str:
        return f"<SqlResult: {', '.join(self.columns)}>"

    def arrow(self) -> pa.Table:
        """The rows as an Arrow table. Raises ProcessingEngineError where DuckDB cannot compute them."""
        return self._table

    def pl(self) -> pl.DataFrame:
        """The rows as a Polars frame over the same memory; of columns of one name all but the first get a `_`.

        Raises ProcessingEngineError for what Polars has no type for, such as INTERVAL.
        """
        table = self._table.rename_columns(distinct(self._table.column_names, str))
        try:
            return pl.DataFrame(table)
        except pl.exceptions.PolarsError as error:
            kinds = {str(kind) for kind in self.relation.types}
            named = " or ".join(sorted(kinds & {"INTERVAL"} or kinds))
            hint = "cast it in the query, epoch(x) or x::VARCHAR; arrow() has it as it is"
            raise ProcessingEngineError(f"Polars cannot hold a column of {named}: {hint}") from error

    def interrupt(self) -> None:
        """End the look that another thread takes at this moment."""
        self._cursor.interrupt()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._table.__arrow_c_stream__(requested_schema)

    @cached_property
    def _table(self) -> pa.Table:
        with worded():
            return heeding_signals(self.relation.to_arrow_table, self.interrupt)
