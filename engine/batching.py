"""Cutting the universe into batches: runs of whole symbols that are loaded, evaluated and reported together.

Nothing that a job reports depends on where the cuts fall; they only bound memory and set the grain of progress,
cancel and errors.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Final

from ..data.cutting import cut_symbols
from ..formulas.freezing import frozen
from ..formulas.kernels.lanes import LANES

MOST_ROWS: Final = 250_000  # larger batches are hardly faster (3 % at twice the size), and answer cancel later
MOST_TILED_ROWS: Final = 1_250_000  # kernels take these in less time, and answer cancel after every block of bars
LEAST_ROWS: Final = 100_000  # smaller ones pay more for the call than for the bars
FEW_ROWS: Final = 250_000  # so few are read and computed in one piece sooner than a source is asked several times
MOST_SYMBOLS: Final = 1_000
MOST_CUT_SYMBOLS: Final = 10_000  # of candles that are at hand, which are not asked for by name
ROUNDS: Final = 3  # batches for each worker, at the least: what is finished when somebody cancels is worth having
QUICK: Final = 400_000_000
"""Values that a worker computes before anybody cancels: in hundredths of a second, at worst within one."""
FEW_TILES: Final = 4  # in a batch of fewer, a tile that is not full would show
CELL: Final = 8  # bytes of a float64
WORKING_COLUMNS: Final = 24  # what a plan keeps alive beside its inputs, measured on plans of a dozen indicators
READ_TWICE: Final = 2  # columns as they are read, and in one piece
KEYS: Final = 3  # symbol, ts, the number of the row
FOUND_OF: Final = 4  # one bar of so many is found, at most, by formulas of ordinary kind


@frozen
class Batch:
    """A run of symbols. `give_up` is the moment after which neither it nor its halves are run again.

    `retried` says that a transient fault of the repository has been waited out in vain.
    """

    symbols: tuple[str, ...]
    give_up: float | None = None
    retried: bool = False

    def halves(self) -> tuple[Batch, Batch]:
        """Cut in two; only for batches of at least two symbols."""
        middle = len(self.symbols) // 2
        first, second = self.symbols[:middle], self.symbols[middle:]
        return replace(self, symbols=first), replace(self, symbols=second)


def bytes_of_bar(columns: int, results: int, *, in_tiles: bool, everything: bool) -> int:
    """What a batch holds in memory for each of its bars, in bytes.

    `results` are columns that are reported: of `everything`, or of the bars that are found. Kernels keep what they work
    on in the cache.
    """
    reported = results if everything else -(-results // FOUND_OF)
    return CELL * (READ_TWICE * (KEYS + columns) + reported + (0 if in_tiles else WORKING_COLUMNS))


def rows_per_batch(
    room: int,
    bar: int,
    in_flight: int,
    total: int,
    *,
    most: int = MOST_ROWS,
    few: int = 0,
    lanes: float = 1,
    quick: int = 0,
) -> int:
    """How many bars a batch may hold, so that all that are in flight stay within the room.

    `room` is in bytes, and so is `bar`, of one bar; `total` are the bars of all batches, `lanes` those of as
    many symbols as are computed side by side: few long symbols make full tiles where the memory allows it. Every worker
    gets as many batches as the others, of about the same size, so that all end at about the same time; they are few
    where one of up to `quick` bars is done at once, and one where all bars are but a `few`.
    """
    bearable = max(1, room // (bar * in_flight))
    workers = max(1, in_flight - 1)
    most = min(max(most, quick), bearable)
    rounds = max(1, math.ceil(total / (most * workers)))
    if total > quick * rounds * workers:
        rounds = max(ROUNDS, rounds)
    symbol = int(lanes / LANES)  # whole symbols are cut: room for one more, lest a few be left for a batch of their own
    wanted = min(most, max(LEAST_ROWS, few, math.ceil(total / (rounds * workers)) + symbol))
    if wanted < FEW_TILES * lanes:
        full = math.ceil(max(1, round(wanted / lanes)) * lanes)
        wanted = full if full <= bearable else wanted
    return min(bearable, wanted)


def cut(
    sizes: Mapping[str, int],
    most_rows: int,
    most_symbols: int = MOST_SYMBOLS,
    borders: Collection[str] = frozenset(),
) -> list[Batch]:
    """Cut symbols, in the order of `sizes` (symbol -> bars), into batches; a symbol is never cut.

    A batch ends ahead of one of `borders` where that leaves it no less than half as large, see `cut_symbols`.

    >>> [batch.symbols for batch in cut({"A": 5, "B": 5, "C": 9}, most_rows=10)]
    [('A', 'B'), ('C',)]
    """
    return [Batch(tuple(run)) for run in cut_symbols(sizes, most_rows, most_symbols, borders)]
