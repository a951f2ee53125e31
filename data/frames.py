"""Candles in memory: Polars, pandas or Arrow."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Unpack, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ..errors import RepositoryError
from .candles import Candles
from .checking import CheckedCandles, checked
from .inspecting import Inspection
from .instants import Bound, Bounds, from_text
from .layout import RECOGNISED, is_text
from .loading import Loading
from .options import TableOptions
from .placing import Counts, Placed
from .policies import CandlePolicy, companions
from .spans import Spans
from .tables import TableRepository, summary
from .timeframes import Timeframe, infer_timeframe


class FrameRepository(TableRepository):
    """Candles of a Polars, pandas or Arrow frame, or anything with the Arrow PyCapsule interface.

    Options as in `open_repository`. The frame is sorted once, if it is not sorted; numbers are converted when they
    are asked for.

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
        self.date_format = date_format
        self.name = name
        self.given = to_polars(frame)

    @property
    def where(self) -> str:
        """The frame's name in messages."""
        return self.name

    def types(self) -> Mapping[str, pl.DataType]:
        """The frame's columns."""
        return self.given.schema

    @cached_property
    def placed(self) -> Placed:
        """The whole frame in its order, under symbol and ts; made once."""
        layout = self.layout
        symbol = pl.lit(self.single_symbol) if layout.symbol is None else pl.col(layout.symbol)
        others = [name for name in layout.columns.values() if name not in {layout.symbol, layout.ts, "symbol", "ts"}]
        raw = self.given.select(symbol.alias("symbol"), pl.col(layout.ts).alias("ts"), *others)
        if self.date_format is not None and is_text(raw.schema["ts"]):
            read = from_text(raw["ts"].cast(pl.String), self.zone_name, self.where, self.date_format)
            raw = raw.with_columns(read.alias("ts"))
        return self.place_keys(raw)

    @cached_property
    def begun(self) -> Placed:
        """The frame with every bar labelled by its start."""
        return self.relabelled(self.placed)

    @cached_property
    def inspection(self) -> Inspection:
        """The frame as candles, and what was found wrong in its columns so far."""
        placed = self.begun
        return Inspection(placed.candles.select(), self.value, placed.repeated)

    def value(self, name: str) -> pl.Series:
        """A whole column as it is handed out; the frame's own where that is float64 and needs no adjusting."""
        return Loading(self, self.stored, [name]).adjusted(self.begun.candles.table)[name]

    @cached_property
    def numbering(self) -> dict[str, int]:
        """The number of each symbol, counted from 0 in their order."""
        return {symbol: number for number, symbol in enumerate(self.placed.candles.symbols)}

    def load_checked(
        self,
        symbols: Sequence[str] | None,
        timeframe: str,
        start: Bound,
        end: Bound,
        columns: Sequence[str],
        before: int | None,
        policy: CandlePolicy,
    ) -> CheckedCandles:
        """As for every table; a column of bars as they are stored is looked at once, and then only cut."""
        asked, seen = self.fitting(timeframe), companions(columns, policy, self.layout.kinds())
        if asked != self.stored or not self.loads_as_tables_do or not Loading(self, asked, seen).is_plain:
            return super().load_checked(symbols, timeframe, start, end, columns, before, policy)
        bounds = Bounds.read(start, end, dates=self.dates, tz=self.zone_name)
        numbers = None if symbols is None else self.numbers_of(symbols)
        candles = self.inspection.candles
        spans = Spans.of(candles.starts, numbers).within(candles.ts, bounds, before)
        return checked(self.inspection, spans, seen, columns, policy, self.counts_of(numbers))

    def numbers_of(self, symbols: Iterable[str]) -> NDArray[np.int64]:
        """The numbers of those symbols that there are, ascending."""
        known = self.numbering
        return np.array(sorted({known[symbol] for symbol in symbols if symbol in known}), dtype=np.int64)

    def counts_of(self, numbers: NDArray[np.int64] | None) -> Counts:
        """What was counted when the frame was ordered, of the symbols with these numbers or of all."""
        symbols, counts = self.placed.candles.symbols, self.placed.counts
        if not counts:
            return {}
        chosen = set(symbols if numbers is None else (symbols[number] for number in numbers))
        parts: Counts = {
            kind: {symbol: rows for symbol, rows in found.items() if symbol in chosen} for kind, found in counts.items()
        }
        return {kind: found for kind, found in parts.items() if found}

    def read(self, names: Sequence[str], symbols: Sequence[str] | None, around: Bounds) -> pl.DataFrame:
        """Slices of the frame; symbols that stand side by side are one slice."""
        candles = self.begun.candles
        chosen = candles.frame.select("symbol", "ts", *dict.fromkeys(names))
        if symbols is None:
            return chosen
        spans = Spans.of(candles.starts, self.numbers_of(symbols))
        return pl.DataFrame(spans.take(chosen.get_columns()))

    def place_rows(self, raw: pl.DataFrame) -> Placed:
        """Slices of the ordered frame are in order; what was counted when it was ordered goes with its symbols."""
        candles = Candles.of(raw)
        return Placed(candles, self.counts_of(self.numbers_of(candles.symbols)))

    @cached_property
    def labels(self) -> pl.DataFrame:
        """One row per symbol: symbol, the labels of its first and last bar, rows."""
        return summary(self.placed.candles)

    @cached_property
    def stored(self) -> Timeframe:
        """The timeframe of the frame: as told, or inferred."""
        return self.told_timeframe or infer_timeframe(self.placed.frame)


def to_polars(frame: object) -> pl.DataFrame:
    """Any frame as a Polars one. Of pandas, an index that says something (dates, symbols) becomes columns."""
    if isinstance(frame, pl.DataFrame):
        return frame
    if isinstance(frame, pl.LazyFrame):
        return frame.collect(engine="in-memory")
    if type(frame).__module__.partition(".")[0] == "pandas":
        frame = flattened(frame)
    if not hasattr(frame, "__arrow_c_stream__"):
        raise RepositoryError(
            f"a {type(frame).__name__} is no frame: give a Polars, pandas or Arrow table, a path or a repository"
        )
    return pl.DataFrame(cast("Any", frame))


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
