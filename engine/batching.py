"""Cutting the universe into batches: runs of whole symbols that are loaded, evaluated and reported together.

Nothing that a job reports depends on where the cuts fall; they only bound memory and set the grain of progress,
cancel and errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

MOST_ROWS: Final = 250_000  # larger batches are hardly faster (3 % at twice the size), and answer cancel later
MOST_TILED_ROWS: Final = 1_000_000  # kernels take these in less time, and answer cancel after every block of bars
LEAST_ROWS: Final = 100_000  # smaller ones pay more for the call than for the bars
MOST_SYMBOLS: Final = 1_000
ROUNDS: Final = 3  # batches for each that is in flight: enough for all workers to end at about the same time
CELL: Final = 8  # bytes of a float64
WORKING_COLUMNS: Final = 24  # what a plan keeps alive beside its inputs, measured on plans of a dozen indicators


@dataclass(frozen=True, slots=True)
class Batch:
    """A run of symbols. `give_up` is the moment after which neither it nor its halves are run again.

    `retried` says that a transient fault of the repository has been waited out in vain, `is_half` that it was halved.
    """

    symbols: tuple[str, ...]
    give_up: float | None = None
    retried: bool = False
    is_half: bool = False

    def halves(self) -> tuple[Batch, Batch]:
        """Cut in two; only for batches of at least two symbols."""
        middle = len(self.symbols) // 2
        first, second = self.symbols[:middle], self.symbols[middle:]
        return replace(self, symbols=first, is_half=True), replace(self, symbols=second, is_half=True)


def rows_per_batch(memory_limit: int, columns: int, in_flight: int, total: int, *, most: int = MOST_ROWS) -> int:
    """How many bars a batch may hold, so that all that are in flight stay within the memory (bytes)."""
    bearable = memory_limit // (CELL * (columns + WORKING_COLUMNS) * in_flight)
    wanted = min(most, max(LEAST_ROWS, total // (ROUNDS * in_flight)))
    return max(1, min(bearable, wanted))


def cut(sizes: Mapping[str, int], most_rows: int, most_symbols: int = MOST_SYMBOLS) -> list[Batch]:
    """Cut symbols, in the order of `sizes` (symbol -> bars), into batches; a symbol is never cut.

    >>> [batch.symbols for batch in cut({"A": 5, "B": 5, "C": 9}, most_rows=10)]
    [('A', 'B'), ('C',)]
    """
    return [Batch(tuple(run)) for run in _runs(sizes, most_rows, most_symbols)]


def _runs(sizes: Mapping[str, int], most_rows: int, most_symbols: int) -> Iterator[Sequence[str]]:
    run: list[str] = []
    rows = 0
    for symbol, size in sizes.items():
        if run and (rows + size > most_rows or len(run) >= most_symbols):
            yield run
            run, rows = [], 0
        run.append(symbol)
        rows += size
    if run:
        yield run
