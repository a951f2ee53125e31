"""What the batches of a job have reported so far: held in memory, put aside, or written as they end."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import field
from operator import itemgetter
from typing import Final

import polars as pl

from ..formulas.freezing import mutable
from .accounting import account
from .aside import CANCELLED
from .batching import CELL, Batch
from .braking import EngineMemory
from .controlling import LOG, Control
from .deferring import Table
from .demanding import KEY_BYTES
from .preparing import Prepared
from .results import SymbolError
from .spilling import Spill
from .splitting import Piece
from .statistics import JobStatistics
from .stored import StoredTable, TableFile
from .streaming import Stream, parts_of
from .uniting import UNITED, united_in_parts

UNITED_OF: Final = 32  # the table of several formulas is made in parts of one byte of so many of the memory
MADE_OF: Final = 8  # tables of a batch that take more than one byte of so many are put aside before they are united
EARLY: Final = 8  # tables that wait for their turn to be written may take this part of the memory


@mutable
class Collected:
    """What the batches have reported so far; of a job that writes to `file`, the tables that are not written yet.

    Tables that take more than `room` bytes together are put aside (`spill`), and so are all where `memory` is short.
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
            self.stream = Stream(symbols, memory_limit // EARLY)

    def add(self, piece: Piece, batch: Batch | None = None) -> None:
        """Take the piece of a batch, or of the whole job."""
        total = self.total
        total.found.add(piece.found)
        if self.matches is not None:
            self.matches += piece.found.total
        total.loaded += piece.loaded
        for symbol, error in piece.errors.items():
            self.fail([symbol], error)
        total.bars.add(piece.bars)
        total.last |= piece.last
        total.defects |= piece.defects
        total.elapsed.add(piece.elapsed)
        # last: what is not written any more, after a cancel, is withdrawn from the figures
        if self.stream is not None and batch is not None:
            self._write_in_turn(batch, piece)
        elif piece.table is not None or piece.tables:
            self.parts.append((piece.bars.first, piece))
            self._inside.append(piece)
            self.held += piece.size
            if self.held > self.room or (self.held and self.memory is not None and self.memory.is_short()):
                self.put_aside()

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
        """Record an error; every one is logged, what was cancelled in one line: thousands would take their time."""
        if error.kind == "cancelled" and symbols:
            fields = {"event": "symbols cancelled", "symbols": len(symbols), "first": symbols[0], "last": symbols[-1]}
            LOG.warning("%d symbols were cancelled, %s to %s", len(symbols), symbols[0], symbols[-1], extra=fields)
        for symbol in symbols:
            if error.kind != "cancelled":
                fields = {"event": "symbol failed", "symbol": symbol, "kind": error.kind, "error": error.message}
                LOG.warning("%s: %s: %s", symbol, error.kind, error.message, extra=fields)
            self.total.errors[symbol] = error

    def fail_batch(self, batch: Batch, error: SymbolError) -> None:
        """Record the error of all symbols of a batch."""
        self.fail(batch.symbols, error)
        self._write_in_turn(batch, None)

    def statistics(self, rows: int, elapsed: float) -> JobStatistics:
        """How the job went, of which so many rows are reported."""
        return account(self.prepared, self.total, self.control.tally, self.memory, self.spill.size, rows, elapsed)

    def write_pieces(self) -> None:
        """Write what has not been written as batches ended, and drop it."""
        for piece in self.pieces:
            self._write_piece(piece, sorted(piece.bars))
            piece.table, piece.tables = None, {}

    def _write_in_turn(self, batch: Batch, piece: Piece | None) -> None:
        """Of a job whose pieces go to the file as batches end, write those whose turn it is."""
        if self.stream is not None:
            with self.control.tally.stage("write"):
                for ready, symbols in self.stream.take(batch, piece):
                    self._write_piece(ready, symbols)

    def _write_piece(self, piece: Piece, symbols: Sequence[str]) -> None:
        """After a cancel for a moment only: of what comes too late, no table is made or looked at."""
        if self.control.is_overdue and piece.rows:
            self._withdraw(symbols)
        elif piece.tables:
            if self.memory is not None and MADE_OF * self._to_be_made(piece) > self.memory.limit:
                piece.put_aside(self.spill)  # each is made for itself then
            self.write_tables(piece.tables, {symbol: piece.found.get(symbol, 0) for symbol in symbols})
        elif piece.table is not None:
            self.write(piece.table)

    def _to_be_made(self, piece: Piece) -> int:
        """Bytes of the tables that are not made yet."""
        selection = self.prepared.selection
        rows = {
            name: KEY_BYTES + CELL * (len(selection.parameters) + len(selection.labels[name])) for name in piece.tables
        }
        return sum(table.height * rows[name] for name, table in piece.tables.items() if not table.is_made)

    def write_tables(self, tables: Mapping[str, Table], found: Mapping[str, int]) -> None:
        """Write the tables of several formulas as one; `found` counts their rows by symbol, ascending.

        After a cancel as `write` does.
        """
        assert self.file is not None
        size = UNITED if self.memory is None else min(UNITED, self.memory.limit // UNITED_OF)
        for symbols, parts in united_in_parts(tables, found, size):
            if self.control.is_overdue and any(map(found.__getitem__, symbols)):
                self._withdraw(symbols)
                continue
            for part in parts:
                self.file.write(part)

    def finish(self, empty: pl.DataFrame) -> StoredTable:
        """Give the file its name, see `TableFile.finish`."""
        assert self.file is not None
        cancelled = any(error.kind == "cancelled" for error in self.total.errors.values())
        return self.file.finish(empty, whole=not (cancelled or self.cut_short))

    @property
    def cut_short(self) -> bool:
        """Whether the job was cancelled before its symbols were known."""
        return self.control.cancelled and not self.prepared.requested

    def write(self, table: pl.DataFrame) -> None:
        """Write to the file, after a cancel for a moment only; symbols that are not written then are cancelled too."""
        assert self.file is not None
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
        for figures in (total.found, total.bars, total.last, total.defects, total.elapsed):
            for symbol in symbols:
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
