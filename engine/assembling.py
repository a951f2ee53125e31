"""Putting the batches' pieces together: one table, one entry for each requested symbol in the order of the request."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import partial
from operator import itemgetter
from time import perf_counter
from typing import Final, TypeVar

import polars as pl

from ..data.instants import shifted
from ..errors import ProcessingEngineError
from .accounting import account
from .batching import Batch
from .braking import EngineMemory
from .controlling import LOG, Control
from .deferring import Table
from .evaluating import ServiceEvaluator
from .ordering import in_order
from .origin import Origin
from .preparing import Prepared
from .results import BatchResult, Outcomes, SymbolError
from .sources import ts_of
from .spilling import Spill
from .splitting import Piece, Selection, reported
from .statistics import JobStatistics
from .stored import StoredTable, TableFile
from .streaming import Stream
from .uniting import UnitedTables, united

N = TypeVar("N", int, float)
EARLY: Final = 8  # tables that wait for their turn to be written may take this part of the memory


@dataclass(slots=True)
class Collected:
    """What the batches have reported so far; of a job that writes to `file`, the tables that are not written yet.

    Tables that take more than `room` bytes together are put aside (`spill`), and so are all where memory `is_short`.
    """

    prepared: Prepared
    file: TableFile | None = None
    control: Control = field(default_factory=Control)
    memory: EngineMemory | None = None
    stream: Stream | None = None
    parts: list[tuple[str, Piece]] = field(default_factory=list)
    total: Piece = field(default_factory=Piece)
    held: int = 0  # bytes of the parts that are in memory
    spill: Spill = field(default_factory=Spill)
    room: float = float("inf")
    is_short: Callable[[], bool] = lambda: False
    _inside: list[Piece] = field(default_factory=list)
    matches: int | None = field(init=False)  # so far; None while that is not known

    def __post_init__(self) -> None:
        # which bars are the latest is only known in the end
        self.matches = None if self.prepared.selection.everything or self.prepared.job.latest else 0
        for symbol, error in self.prepared.unknown.items():
            self.fail([symbol], error)

    def write_as_they_end(self, memory_limit: int) -> None:
        """Let batches' tables go to the file, if there is one; which bars are the latest is only known in the end."""
        if self.file is not None and not self.prepared.job.latest:
            symbols = itertools.chain.from_iterable(batch.symbols for batch in self.prepared.batches)
            self.stream = Stream(self.file, symbols, memory_limit // EARLY)

    def add(self, piece: Piece, batch: Batch | None = None) -> None:
        """Take the piece of a batch, or of the whole job."""
        total = self.total
        if self.stream is not None and batch is not None:
            with self.control.tally.stage("write"):
                self.stream.take(batch, united(piece.tables) if piece.tables else piece.table)
        elif piece.table is not None or piece.tables:
            self.parts.append((min(piece.bars, default=""), piece))
            self._inside.append(piece)
            self.held += piece.size
            if self.held > self.room or self.is_short():
                self.put_aside()
        total.found |= piece.found
        if self.matches is not None:
            self.matches += sum(piece.found.values())
        total.loaded += piece.loaded
        for symbol, error in piece.errors.items():
            self.fail([symbol], error)
        total.bars |= piece.bars
        total.last |= piece.last
        total.defects |= piece.defects
        total.elapsed |= piece.elapsed

    def put_aside(self) -> None:
        """Let the tables leave the memory; those to come will follow."""
        if self.room:
            fields = {"event": "put aside", "bytes": self.held, "folder": self.spill.folder}
            LOG.info("results take too much memory; they are put aside in %s", self.spill.folder, extra=fields)
        with self.control.tally.stage("aside"):
            for piece in self._inside:
                piece.put_aside(self.spill)
        self._inside.clear()
        self.held, self.room = 0, 0

    def fail(self, symbols: Sequence[str], error: SymbolError) -> None:
        """Record an error; every one is logged."""
        for symbol in symbols:
            fields = {"event": "symbol failed", "symbol": symbol, "kind": error.kind, "error": error.message}
            LOG.warning("%s: %s: %s", symbol, error.kind, error.message, extra=fields)
            self.total.errors[symbol] = error

    def fail_batch(self, batch: Batch, error: SymbolError) -> None:
        """Record the error of all symbols of a batch."""
        self.fail(batch.symbols, error)
        if self.stream is not None:
            self.stream.take(batch, None)

    def statistics(self, rows: int, elapsed: float) -> JobStatistics:
        """How the job went, of which so many rows are reported."""
        return account(self.prepared, self.total, self.control.tally, self.memory, self.spill.size, rows, elapsed)

    @property
    def pieces(self) -> list[Piece]:
        """The batches' pieces in ascending order of their symbols: each batch has a run of them."""
        return [piece for _, piece in sorted(self.parts, key=itemgetter(0))]

    def table(self) -> pl.DataFrame | None:
        """What the batches have reported in one table; None: nothing."""
        tables = [piece.table for piece in self.pieces if piece.table is not None]
        return pl.concat(tables, how="vertical_relaxed") if tables else None

    def table_of(self, formula: str) -> Table | None:
        """What the batches have of one of several formulas."""
        tables = [piece.tables[formula] for piece in self.pieces if formula in piece.tables]
        return Table.joined(tables) if tables else None


def values_table(collected: Collected) -> pl.DataFrame | StoredTable:
    """The values at every bar, in the file, if there is one; ProcessingEngineError where every symbol has failed."""
    errors = collected.total.errors
    if errors and len(errors) == len(set(collected.prepared.requested)):
        symbol, error = next(iter(errors.items()))
        raise ProcessingEngineError(f"no symbol could be evaluated; {symbol}: {error}")
    table = values_frame(collected)
    return table if collected.file is None else stored(table, collected.file)


def values_frame(collected: Collected) -> pl.DataFrame:
    """The values at every bar: symbol, ts, a column a formula; sorted by symbol, ts."""
    names = collected.prepared.selection.results
    keys = {"symbol": pl.String(), "ts": ts_of(collected.prepared.loader.repository)}
    empty = pl.DataFrame(schema=keys | dict.fromkeys(names, pl.Float64()))
    table = collected.table()
    return empty if table is None else table


def stored(table: pl.DataFrame, file: TableFile) -> StoredTable:
    """What was written to the file, and behind it the table."""
    file.write(table)
    return file.finish(table)


def assemble(collected: Collected, origin: Origin, began: float) -> BatchResult:
    """Make the result of a job that began at a moment of the performance counter, all of whose batches have ended.

    Matches are in the order of the request; in a file, which is written before that is known, symbols ascend.
    """
    elapsed = perf_counter() - began
    prepared, total = collected.prepared, collected.total
    asked = prepared.requested if collected.file is None else sorted(prepared.requested)
    order = {symbol: place for place, symbol in enumerate(dict.fromkeys(asked))}
    with collected.control.tally.stage("assemble"):
        every = _matches(collected)
        kept = {name: _kept(table, collected, order) for name, table in every.items()}
        same = all(kept[name].height == every[name].height for name in every)
        lengths = total.found if same else _lengths(table.frame for table in kept.values())
        matches = _table(kept, collected, order)
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
        origin,
        total.errors,
        total.defects,
        counts=counts,
        totals=_totals(total.defects.values()),
        elapsed=elapsed,
        timed=isinstance(prepared.evaluator, ServiceEvaluator),
        parameters=prepared.selection.parameters,
        notes=prepared.notes,
        statistics=collected.statistics(matches.height, elapsed),
    )


def _matches(collected: Collected) -> dict[str, Table]:
    """The matches of each formula as it was asked for; those of one alone under ""."""
    selection, ts = collected.prepared.selection, ts_of(collected.prepared.loader.repository)
    asked = [selection.origins.get(name, name) for name in selection.results]
    if not selection.several:
        table = collected.table()
        return {"": Table.of(_empty("", selection, ts) if table is None else table)}
    found = {name: collected.table_of(name) for name in dict.fromkeys(asked)}
    return {name: table or Table.of(_empty(name, selection, ts)) for name, table in found.items()}


def _empty(formula: str, selection: Selection, ts: pl.DataType) -> pl.DataFrame:
    """The table of a formula without a match."""
    named = [name for name in selection.indicators if selection.origins.get(name, name) == formula or not formula]
    labels = {reported(label): pl.Float64 for name in named for label in selection.indicators[name]}
    tags = [selection.tags.get(name, {}) for name in named]
    swept = {
        name: pl.Series([each[name] for each in tags if name in each], strict=False).dtype
        for name in selection.parameters
        if any(name in each for each in tags)
    }
    return pl.DataFrame(schema={"symbol": pl.String, "ts": ts, **swept, **labels})


def _table(
    tables: Mapping[str, Table], collected: Collected, order: Mapping[str, int]
) -> pl.DataFrame | StoredTable | UnitedTables:
    """One table of matches: in memory, in the file, or of several formulas one that is made when it is looked at."""
    if not collected.prepared.selection.several:
        matches = tables[""].frame
    elif collected.file is None:
        return UnitedTables(tables, order)
    else:
        matches = united(tables)
    return matches if collected.file is None else stored(matches, collected.file)


def _kept(table: Table, collected: Collected, order: Mapping[str, int]) -> Table:
    """The matches that are reported, in the order of the request; which are the latest only a look can tell."""
    if collected.prepared.job.latest:
        table = Table.of(_latest(table.frame, collected))
    ascending = list(order) == sorted(order)
    return table if ascending else table.then(partial(in_order, order=order))


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
        return shifted(moment, -by) or datetime.min.replace(tzinfo=moment.tzinfo)
    morning = shifted(datetime.combine(moment, time()), -by)
    assert morning is None or isinstance(morning, datetime)
    return date.min if morning is None else (morning + timedelta(days=1, microseconds=-1)).date()


def _lengths(tables: Iterable[pl.DataFrame]) -> dict[str, int]:
    symbols = pl.concat(table["symbol"] for table in tables)
    return dict(symbols.value_counts(sort=False).iter_rows())


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
