"""Computing the tables that a query wants: formulas that ask for the same bars are one job, with one plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, TypeVar

import polars as pl
import pyarrow as pa

from ...errors import ProcessingEngineError
from ...formulas.freezing import frozen, mutable
from ..controlling import ProgressAsked
from ..fetching import ROWS
from ..jobs import DateRange, Formula, ProcessingJob
from ..sources import symbols_of
from ..values_engine import Reading, ValuesEngine
from .conditions import Range, admits
from .faults import INTERRUPTED
from .needs import Need
from .tables import Bars, Filled, Matches, Schema

T = TypeVar("T", Matches, Bars)


@frozen
class Wanted:
    """A table by its name in the query, and what the query needs of it."""

    name: str
    table: Filled
    need: Need


@mutable(slots=False)
class Filler:
    """Fills the tables of one query."""

    engine: ValuesEngine
    repository: Any
    stored: str
    options: Mapping[str, Any]
    progress: ProgressAsked
    stopped: Callable[[], bool]
    reading: Reading = field(default_factory=Reading)

    def fill(self, wanted: Sequence[Wanted]) -> dict[str, pa.Table]:
        """The tables by name. Columns and rows that are not needed may be missing values, or missing."""
        filled: dict[str, pa.Table] = {}
        matches = [each for each in wanted if isinstance(each.table, Matches)]
        bars = [each for each in wanted if isinstance(each.table, Bars)]
        for group in _grouped(matches, lambda each: _key_of_matches(each.table)):
            filled |= self._matches(group)
        for group in _grouped(bars, lambda each: (each.table.timeframe, _needs_all(each))):
            filled |= self._bars(group)
        return filled

    def _matches(self, group: Sequence[Wanted]) -> dict[str, pa.Table]:
        first = group[0].table
        assert isinstance(first, Matches)
        formulas = {each.name: each.table.formula for each in group if isinstance(each.table, Matches)}
        options = {"latest": first.latest, "stale": first.stale}
        job = self._job(group, formulas, first.timeframe, whole=first.keeps_symbols, **options)
        if job is None:
            return {each.name: table_of(None, each.table.schema, {}, each.need) for each in group}
        result = self.engine.run(job, self.progress)
        self._take(Reading(result.errors, result.counts["symbols"], result.counts["loaded"]))
        return {
            each.name: table_of(result.of(each.name), each.table.schema, each.table.columns, each.need)
            for each in group
            if isinstance(each.table, Matches)
        }

    def _bars(self, group: Sequence[Wanted]) -> dict[str, pa.Table]:
        formulas: dict[str, Formula] = {}
        columns: dict[str, dict[str, str]] = {}
        for each in group:
            assert isinstance(each.table, Bars)
            own = {name: f for name, f in each.table.formulas.items() if name in each.need.columns}
            columns[each.name] = {"symbol": "symbol", "ts": "ts", **{name: f"{each.name} {name}" for name in own}}
            formulas |= {columns[each.name][name]: formula for name, formula in own.items()}
        job = self._job(group, formulas or ROWS, group[0].table.timeframe, whole=_needs_all(group[0]))
        if job is None:
            return {each.name: table_of(None, each.table.schema, {}, each.need) for each in group}
        try:
            frame, reading = self.engine.values(job, self.progress)
        except ProcessingEngineError:
            self.assert_wanted()
            raise
        self._take(reading)
        return {each.name: table_of(frame, each.table.schema, columns[each.name], each.need) for each in group}

    def assert_wanted(self) -> None:
        """Raise ProcessingEngineError if somebody has interrupted the query."""
        if self.stopped():
            raise ProcessingEngineError(INTERRUPTED)

    def _take(self, reading: Reading) -> None:
        """Take what a job has read. Raises ProcessingEngineError if it was cancelled: some rows are no answer."""
        self.assert_wanted()
        if any(error.kind == "cancelled" for error in reading.errors.values()):
            raise ProcessingEngineError(INTERRUPTED)
        self.reading.errors |= reading.errors
        self.reading.symbols = max(self.reading.symbols, reading.symbols)
        self.reading.loaded += reading.loaded

    def _job(
        self, group: Sequence[Wanted], formulas: Mapping[str, Formula], timeframe: str, *, whole: bool, **options: Any
    ) -> ProcessingJob | None:
        """One job for tables of the same kind: the bars that any of them needs; None where that is none."""
        span = Range() if options.get("latest") else group[0].need.times
        for each in group[1:]:
            span = span.around(each.need.times)
        if all(each.need.times.empty for each in group) and not options.get("latest"):
            return None
        symbols = None if whole else self._symbols(group, timeframe)
        # a longer bar is there only if `end` lies behind its last stored bar, and only its own ts is known here
        end = span.last if timeframe == self.stored else None
        bounds = DateRange() if options.get("latest") else DateRange(span.first, end)
        return ProcessingJob(symbols, formulas, bounds, timeframe, **self.options, **options)

    def _symbols(self, group: Sequence[Wanted], timeframe: str) -> list[str] | None:
        """The symbols of which rows are needed; None: all."""
        known = symbols_of(self.repository, timeframe, None)
        conditions = [each.need.condition for each in group]
        found = [name for name in known if any(admits(condition, name) for condition in conditions)]
        return None if len(found) == len(known) else found


def _key_of_matches(table: Filled) -> tuple[object, ...]:
    assert isinstance(table, Matches)
    return table.timeframe, table.keeps_symbols, table.latest, table.stale


def _needs_all(wanted: Wanted) -> bool:
    """Whether a column that depends on which symbols are there is looked at."""
    return isinstance(wanted.table, Bars) and bool(wanted.table.across & wanted.need.columns)


def _grouped(wanted: Sequence[Wanted], key: Callable[[Wanted], object]) -> list[list[Wanted]]:
    groups: dict[object, list[Wanted]] = {}
    for each in wanted:
        groups.setdefault(key(each), []).append(each)
    return list(groups.values())


def table_of(frame: pl.DataFrame | None, schema: Schema, columns: Mapping[str, str], need: Need) -> pa.Table:
    """The columns that are needed as they are, the others empty: DuckDB wants to see that they are there.

    `columns` has the frame's name of each.
    """
    if frame is None or frame.is_empty():
        return pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.newest())
    looked_at = [name for name in schema if name in need.columns and name in columns]
    chosen = frame.select(pl.col(columns[name]).cast(schema[name]).alias(name) for name in looked_at)
    arrow = chosen.to_arrow(compat_level=pl.CompatLevel.newest())
    empty = {dtype: pl.DataFrame(schema={"": dtype}).to_arrow().schema.field(0).type for dtype in schema.values()}
    nothing = (
        {dtype: pa.nulls(frame.height, kind) for dtype, kind in empty.items()}
        if arrow.num_columns < len(schema)
        else {}
    )
    return pa.table({name: arrow[name] if name in looked_at else nothing[dtype] for name, dtype in schema.items()})
