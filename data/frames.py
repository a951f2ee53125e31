"""Candles in memory: Polars, pandas or Arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack, cast

import numpy as np
import polars as pl
import pyarrow as pa

from ..errors import RepositoryError
from .held import HeldRepository
from .instants import from_text
from .layout import RECOGNISED, is_text
from .options import TableOptions, assert_option
from .placing import Placed
from .remembering import remembered
from .timeframes import ROWS_LOOKED_AT, Timeframe, infer_timeframe


class FrameRepository(HeldRepository):
    """Candles of a Polars, pandas or Arrow frame, or anything with the Arrow PyCapsule interface.

    Options as in `open_repository`. The frame is sorted once, if it is not sorted; numbers are converted when they
    are asked for. What was checked is remembered, and memory of Arrow and pandas is used as it is: do not write to it
    while the repository is in use; make a new one of the changed frame.

    >>> from datetime import date
    >>> frame = pl.DataFrame({"Date": [date(2024, 1, 2), date(2024, 1, 3)], "Close": [10, 11]})
    >>> repository = FrameRepository(frame, symbol="ACME")
    >>> repository.symbols("1d"), repository.columns("1d")
    (['ACME'], {'close': 'number'})
    >>> repository.load(None, "1d", "2024-01-03", None, ["close"], before=1)["close"].to_pylist()
    [10.0, 11.0]
    """

    def __init__(
        self, frame: object, *, name: str = "the frame", date_format: str | None = None, **options: Unpack[TableOptions]
    ) -> None:
        super().__init__(**options)
        assert_option("name", name, str, "a text is needed")
        assert_option("date_format", date_format, str | None, 'a text is needed, "%d/%m/%Y"')
        if date_format is not None and "%" not in date_format:
            raise RepositoryError(f"date_format={date_format!r} names no part of a date: write one such as %d/%m/%Y")
        self.date_format = date_format
        self.name = name
        self.given = self.taken(frame)

    def taken(self, frame: object) -> pl.DataFrame:
        """What was given as a Polars frame."""
        return to_polars(frame)

    @property
    def where(self) -> str:
        """The frame's name in messages."""
        return self.name

    def types(self) -> Mapping[str, pl.DataType]:
        """The frame's columns."""
        return self.given.schema

    @remembered
    def placed(self) -> Placed:
        """The whole frame in its order, under symbol and ts; made once."""
        layout = self.layout
        sources = dict.fromkeys(layout.columns.values())
        others = [name for name in sources if name not in {layout.symbol, layout.ts, "symbol", "ts"}]
        ts = self.given[layout.ts]
        symbol = self.given[layout.symbol] if layout.symbol else pl.repeat(self.single_symbol, len(ts), eager=True)
        if self.date_format is not None and is_text(ts.dtype):
            ts = from_text(ts.cast(pl.String), self.zone_name, self.where, self.date_format)
        self.nameless = symbol.null_count()
        raw = pl.DataFrame([symbol.alias("symbol"), ts.alias("ts"), *(self.given[name] for name in others)])
        return self.place_keys(raw)

    def table(self, sources: Sequence[str]) -> pl.DataFrame:
        """The ts of all bars, and columns of the frame."""
        table = self.begun.candles.table
        return pl.DataFrame([table[name] for name in ("ts", *sources)])  # select makes a query, which takes longer

    @remembered
    def stored(self) -> Timeframe:
        """The timeframe of the frame: as told, or inferred."""
        candles = self.placed.candles
        few = candles.slice(0, int(np.searchsorted(candles.starts, ROWS_LOOKED_AT)))
        return self.told_timeframe or infer_timeframe(few.frame)


def to_polars(frame: object) -> pl.DataFrame:
    """Any frame as a Polars one. Of pandas, an index that says something (dates, symbols) becomes columns."""
    if isinstance(frame, pl.DataFrame):
        return frame
    is_lazy, of_pandas = isinstance(frame, pl.LazyFrame), type(frame).__module__.partition(".")[0] == "pandas"
    if not hasattr(frame, "collect" if is_lazy else "columns" if of_pandas else "__arrow_c_stream__"):
        raise RepositoryError(
            f"a {type(frame).__name__} is no frame: give a Polars, pandas or Arrow table, a path or a repository"
        )
    frame = flattened(frame) if of_pandas else frame
    try:
        if isinstance(frame, pl.LazyFrame):
            return frame.collect(engine="in-memory")
        return pl.DataFrame(cast("Any", plain(frame) if isinstance(frame, pa.Table) else frame))
    except (pl.exceptions.PolarsError, pa.ArrowException, ValueError) as error:
        raise RepositoryError(f"the {type(frame).__name__} cannot be read: {error}") from error


def plain(table: pa.Table) -> pa.Table:
    """An Arrow table whose columns are of kinds that Polars knows: runs as rows, decimals of 256 bits as float64."""
    for place, field in enumerate(table.schema):
        if pa.types.is_run_end_encoded(field.type):
            from pyarrow.compute import run_end_decode  # noqa: PLC0415 - takes a tenth of a second, and is seldom needed

            column = pa.chunked_array(map(run_end_decode, table.column(place).chunks), field.type.value_type)
            table = table.set_column(place, field.name, column)
        elif pa.types.is_decimal256(field.type):
            # by way of text: Arrow's own cast of these decimals is off by the last bit
            table = table.set_column(place, field.name, table.column(place).cast(pa.string()).cast(pa.float64()))
    return table


def flattened(frame: Any) -> Any:
    """A pandas frame whose index has become columns; an index of dates without a name is called ts."""
    if frame.columns.nlevels > 1:
        raise RepositoryError(
            "the frame has several levels of columns: stack the tickers, "
            'frame.stack(level="Ticker").reset_index(), or download one with multi_level_index=False'
        )
    if type(frame.index).__name__ == "RangeIndex":
        return frame
    unnamed = frame.index.name is None and type(frame.index).__name__ == "DatetimeIndex"
    if unnamed and not {column for column in map(str, frame.columns) if column.lower() in RECOGNISED["ts"]}:
        frame = frame.rename_axis(index="ts")
    kept = [name for name in frame.index.names if name is not None and name not in frame.columns]
    return frame.reset_index(level=kept).reset_index(drop=True) if kept else frame.reset_index(drop=True)
