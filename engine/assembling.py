"""Putting the batches' pieces together: one table, one entry for each requested symbol in the order of the request."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from operator import itemgetter
from typing import Any, Final, TypeVar

import polars as pl

from .aside import CANCELLED
from .batching import Batch
from .controlling import LOG, Control
from .deferring import Table
from .evaluating import ServiceEvaluator
from .preparing import Prepared
from .results import BatchResult, Matches, Outcomes, SymbolError
from .splitting import Piece, Selection, reported
from .stored import StoredTable, TableFile
from .streaming import Stream, parts_of
from .uniting import UnitedTables, united

N = TypeVar("N", int, float)
EARLY: Final = 8  # tables that wait for their turn to be written may take this part of the memory


@dataclass(slots=True)
class Collected:
    """What the batches have reported so far; of a job that writes to `file`, the tables that are not written yet."""

    prepared: Prepared
    file: TableFile | None = None
    control: Control = field(default_factory=Control)
    stream: Stream | None = None
    parts: list[tuple[str, Piece]] = field(default_factory=list)
    total: Piece = field(default_factory=Piece)
    held: int = 0  # bytes of the parts

    def __post_init__(self) -> None:
        for symbol, error in self.prepared.unknown.items():
            self.fail([symbol], error)

    def write_as_they_end(self, memory_limit: int) -> None:
        """Let batches' tables go to the file, if there is one; which bars are the latest is only known in the end."""
        if self.file is not None and not self.prepared.job.latest:
            symbols = itertools.chain.from_iterable(batch.symbols for batch in self.prepared.batches)
            self.stream = Stream(self.write, symbols, memory_limit // EARLY)

    def add(self, piece: Piece, batch: Batch | None = None) -> None:
        """Take the piece of a batch, or of the whole job."""
        total = self.total
        total.found |= piece.found
        total.loaded += piece.loaded
        for symbol, error in piece.errors.items():
            self.fail([symbol], error)
        total.bars |= piece.bars
        total.last |= piece.last
        total.defects |= piece.defects
        total.elapsed |= piece.elapsed
        if self.stream is not None and batch is not None:
            self.stream.take(batch, united(piece.tables) if piece.tables else piece.table)
        elif piece.table is not None or piece.tables:
            self.parts.append((min(piece.bars, default=""), piece))
            self.held += piece.size

    def fail(self, symbols: Sequence[str], error: SymbolError) -> None:
        """Record an error; every one is logged, what was cancelled in one line: thousands would take their time."""
        if error.kind == "cancelled" and symbols:
            LOG.warning("%d symbols were cancelled, %s to %s", len(symbols), symbols[0], symbols[-1])
        for symbol in symbols:
            if error.kind != "cancelled":
                LOG.warning("%s: %s: %s", symbol, error.kind, error.message)
            self.total.errors[symbol] = error

    def fail_batch(self, batch: Batch, error: SymbolError) -> None:
        """Record the error of all symbols of a batch."""
        self.fail(batch.symbols, error)
        if self.stream is not None:
            self.stream.take(batch, None)

    def write(self, table: pl.DataFrame, among: Sequence[str] = ()) -> None:
        """Write to the file, after a cancel for a moment only; symbols that are not written then are cancelled too.

        Where it is known which symbols the rows are `among`, nobody looks for them in a table that comes too late.
        """
        assert self.file is not None
        if among and self.control.is_overdue and not table.is_empty():
            self._withdraw(among)
            return
        if table.is_empty():
            self.file.write(table)
        unwritten: list[str] = []
        for symbols, part in parts_of(table):
            if unwritten or self.control.is_overdue:
                unwritten += symbols
            else:
                self.file.write(part)
        self._withdraw(unwritten)

    def _withdraw(self, symbols: Sequence[str]) -> None:
        total = self.total
        counted: tuple[dict[str, Any], ...] = total.found, total.bars, total.last, total.defects, total.elapsed
        for figures, symbol in itertools.product(counted, symbols):
            figures.pop(symbol, None)
        self.fail([symbol for symbol in symbols if symbol not in total.errors], CANCELLED)

    @property
    def pieces(self) -> list[Piece]:
        """The batches' pieces in ascending order of their symbols: each batch has a run of them."""
        return [piece for _, piece in sorted(self.parts, key=itemgetter(0))]

    def table(self) -> pl.DataFrame | None:
        """What the batches have reported in one table; None: nothing."""
        tables = [piece.table for piece in self.pieces if piece.table is not None]
        if not tables:
            return None
        same = all(table.schema == tables[0].schema for table in tables)  # a relaxed one is a query, which may wait
        return pl.concat(tables, how="vertical" if same else "vertical_relaxed", rechunk=False)

    def table_of(self, formula: str) -> Table | None:
        """What the batches have of one of several formulas."""
        tables = [piece.tables[formula] for piece in self.pieces if formula in piece.tables]
        return Table.joined(tables) if tables else None


def values_table(collected: Collected) -> pl.DataFrame | StoredTable:
    """The values at every bar: symbol, ts, a column a formula; sorted by symbol, ts; in the file, if there is one."""
    names = collected.prepared.selection.results
    empty = pl.DataFrame(schema={"symbol": pl.String, "ts": pl.Date} | dict.fromkeys(names, pl.Float64))
    table = collected.table()
    table = empty if table is None else table
    return table if collected.file is None else stored(table, collected)


def stored(table: pl.DataFrame, collected: Collected) -> StoredTable:
    """What was written to the file, and behind it the table."""
    assert collected.file is not None
    collected.write(table)
    return collected.file.finish(table)


def assemble(collected: Collected, elapsed: float) -> BatchResult:
    """Make the result of a job that took `elapsed` seconds until all batches had ended.

    Matches are in the order of the request; in a file, which is written before that is known, symbols ascend.
    """
    prepared, total = collected.prepared, collected.total
    asked = prepared.requested if collected.file is None else sorted(prepared.requested)
    order = {symbol: place for place, symbol in enumerate(dict.fromkeys(asked))}
    every = _matches(collected)
    kept = {name: _kept(table, collected, order) for name, table in every.items()}
    same = all(kept[name].height == every[name].height for name in every)
    matches = _table(kept, collected, order)
    lengths = total.found if same else _lengths(collected, kept.values())
    counts = {
        "symbols": len(prepared.requested),
        "bars": sum(total.bars.values()),
        "loaded": total.loaded,
        "matches": matches.height,
        "errors": len(total.errors),
    }
    return BatchResult(
        _outcomes(prepared.requested, order, lengths, total),
        matches,
        prepared.selection.labels,
        total.errors,
        total.defects,
        counts=counts,
        totals=_totals(total.defects.values()),
        elapsed=elapsed,
        timed=isinstance(prepared.evaluator, ServiceEvaluator),
        parameters=prepared.selection.parameters,
        cut_short=collected.control.cancelled and not prepared.requested,
    )


def _matches(collected: Collected) -> dict[str, Table]:
    """The matches of each formula as it was asked for; those of one alone under ""."""
    selection = collected.prepared.selection
    asked = [selection.origins.get(name, name) for name in selection.results]
    if not selection.several:
        table = collected.table()
        return {"": Table.of(_empty("", selection) if table is None else table)}
    found = {name: collected.table_of(name) for name in dict.fromkeys(asked)}
    return {name: table or Table.of(_empty(name, selection)) for name, table in found.items()}


def _empty(formula: str, selection: Selection) -> pl.DataFrame:
    """The table of a formula without a match."""
    named = [name for name in selection.indicators if selection.origins.get(name, name) == formula or not formula]
    labels = {reported(label): pl.Float64 for name in named for label in selection.indicators[name]}
    tags = [selection.tags.get(name, {}) for name in named]
    swept = {
        name: pl.Series([each[name] for each in tags if name in each], strict=False).dtype
        for name in selection.parameters
        if any(name in each for each in tags)
    }
    return pl.DataFrame(schema={"symbol": pl.String, "ts": pl.Date, **swept, **labels})


def _table(tables: Mapping[str, Table], collected: Collected, order: Mapping[str, int]) -> Matches:
    """One table of matches: in memory, in the file, or one that is made when it is looked at."""
    several, only = collected.prepared.selection.several, tables.get("")
    if collected.file is not None:
        return stored(united(tables) if only is None or several else only.frame, collected)
    if only is None or several:
        return UnitedTables(tables, order)
    return only.frame if only.is_made else only


def _kept(table: Table, collected: Collected, order: Mapping[str, int]) -> Table:
    """The matches that are reported, in the order of the request; which are the latest only a look can tell."""
    if collected.prepared.job.latest:
        table = Table.of(_latest(table.frame, collected))
    ascending = list(order) == sorted(order)
    return table if ascending else table.later(partial(_ordered, order=order))


def _latest(matches: pl.DataFrame, collected: Collected) -> pl.DataFrame:
    """Of the symbols' last bars keep those on the universe's last ts, and the stale ones that are admitted."""
    job, last = collected.prepared.job, collected.total.last
    if not job.latest or not last:
        return matches
    newest: date | datetime = max(last.values())
    oldest = newest if job.patience is None else _earlier(newest, job.patience)
    kept = matches.filter(pl.col("ts") >= pl.lit(oldest, dtype=matches.schema["ts"]))
    if job.patience is None:
        return kept
    keys = {"symbol", "ts", *collected.prepared.selection.parameters}
    place = next((at for at, name in enumerate(kept.columns) if name not in keys), kept.width)
    return kept.insert_column(place, (kept["ts"] < newest).alias("stale"))


def _earlier(moment: date | datetime, by: timedelta) -> date | datetime:
    if isinstance(moment, datetime):
        return moment - by
    return (datetime.combine(moment, time()) - by + timedelta(days=1, microseconds=-1)).date()


def _ordered(matches: pl.DataFrame, order: Mapping[str, int]) -> pl.DataFrame:
    """Symbols in the order of the request; the rows of each stay in theirs."""
    if matches.is_empty():
        return matches
    place = pl.col("symbol").replace_strict(order, return_dtype=pl.UInt32)
    return matches.sort(place, maintain_order=True)


def _lengths(collected: Collected, tables: Iterable[Table]) -> dict[str, int]:
    symbols = pl.concat(table.frame["symbol"] for table in tables)
    errors = collected.total.errors
    return {symbol: rows for symbol, rows in symbols.value_counts(sort=False).iter_rows() if symbol not in errors}


def _outcomes(requested: Sequence[str], order: Mapping[str, int], lengths: Mapping[str, int], total: Piece) -> Outcomes:
    found = _each(lengths, order, 0)
    offsets = list(itertools.accumulate(found, initial=0))
    places = [order[symbol] for symbol in requested]
    return Outcomes(
        requested,
        _each(total.bars, requested, 0),
        _each(total.elapsed, requested, 0.0),
        list(map(offsets.__getitem__, places)),
        list(map(found.__getitem__, places)),
    )


def _each(values: Mapping[str, N], symbols: Iterable[str], missing: N) -> list[N]:
    """The value of each symbol; there are thousands of them."""
    return list(map(values.get, symbols, itertools.repeat(missing)))


def _totals(defects: Iterable[Mapping[str, int]]) -> dict[str, int]:
    counted: Counter[str] = Counter()
    for kinds in defects:
        counted.update(kinds)
    return dict(counted)
