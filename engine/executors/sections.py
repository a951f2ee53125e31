"""All symbols side by side at each ts: what kernels across symbols run over (formulas/kernels/sections.py).

Batches stay where they are: a symbol's columns are known by their addresses, and values are written where they belong.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from ...formulas.freezing import frozen, mutable
from ...formulas.kernels.compiler import machine_code
from ...formulas.kernels.machine import Stop
from .benches import Bench
from .calendars import Calendar, Codes, numbered_moments
from .columns import Floats, Whole

SPARSE: Final = 4  # slots for each row from which on ts are looked up in a list of them instead
FEW_SLOTS: Final = 2**20
NUMBER: Final = 8  # bytes


@mutable(slots=False)
class Universe:
    """The rows of all symbols, in pieces: `ts` of each, all int32 or all int64, and `starts` as in `Candles`.

    Within a symbol ts ascend.
    """

    ts: list[NDArray[np.signedinteger]]
    starts: list[Whole]
    calendar: Calendar = field(init=False)
    _idle: list[Bench] = field(default_factory=list)

    @classmethod
    def of(cls, ts: Sequence[pl.Series], starts: Sequence[Whole]) -> Universe:
        """From columns of dates or instants."""
        return cls([np.ascontiguousarray(each.to_physical().to_numpy()) for each in ts], list(starts))

    def __post_init__(self) -> None:
        self.calendar = self._grid() or self._listed()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return sum(each.size for each in self.ts)

    @cached_property
    def symbols(self) -> int:
        """The number of symbols that have rows."""
        return sum(starts.size - 1 for starts in self.starts)

    @cached_property
    def lengths(self) -> Whole:
        """The number of rows of each symbol."""
        return np.concatenate([np.diff(starts) for starts in self.starts])

    @contextmanager
    def bench(self) -> Iterator[Bench]:
        """A bench for one run; lists are safe to share between threads."""
        try:
            bench = self._idle.pop()
        except IndexError:  # none is idle
            bench = Bench.of(self.calendar.dates, self.calendar.most)
        yield bench
        self._idle.append(bench)

    def function(self, name: str, result: object, *kinds: object) -> ctypes._CFuncPtr:  # type: ignore[name-defined]
        """A compiled function for ts of this kind; its last argument is an address."""
        address = machine_code().address(f"{name}_{8 * self.ts[0].itemsize}")
        return ctypes.CFUNCTYPE(result, *kinds, ctypes.c_int64)(address)  # type: ignore[arg-type]

    def addresses(self, columns: Sequence[NDArray[np.generic]]) -> Whole:
        """Where each symbol's first cell stands in a column that lies in pieces, as the rows do."""
        pairs = zip(columns, self.starts, strict=True)
        return np.concatenate([each.ctypes.data + starts[:-1] * each.itemsize for each, starts in pairs])

    @cached_property
    def _edges(self) -> NDArray[np.signedinteger]:
        """The first and the last ts of each symbol."""
        pairs = zip(self.ts, self.starts, strict=True)
        return np.concatenate([each[rows] for each, starts in pairs for rows in (starts[:-1], starts[1:] - 1)])

    def _step(self, *, edges: bool = False) -> int:
        """The largest distance of which all ts are multiples apart; of `edges` all first and last, and one symbol's."""
        if self.ts[0].itemsize != NUMBER:
            return 1
        looked_at = [self._edges, self.ts[0][: self.starts[0][1]]] if edges else self.ts
        first, step = int(self._edges.min()), 0
        for each in looked_at:
            if step == 1:
                break
            step = math.gcd(step, int(np.gcd.reduce(each - first)))
        return step or 1

    def _grid(self) -> Calendar | None:
        """The calendar of ts that are multiples of one distance apart, if that does not take too many slots."""
        # a guess from few of the ts is nearly always right, and whether it is shows on the way
        for edges in (True, False):
            step = self._step(edges=edges)
            if self._slots(step) > max(SPARSE * self.rows, FEW_SLOTS):  # a finer grid has even more
                return None
            calendar = self._on_grid(step)
            if calendar is not None:
                return calendar
        return None

    def _slots(self, step: int) -> int:
        return int(self._edges.max() - self._edges.min()) // step + 1

    def _on_grid(self, step: int) -> Calendar | None:
        """The calendar, if all ts are multiples of `step` apart."""
        first, slots = int(self._edges.min()), self._slots(step)
        counts = np.zeros(slots, np.int32)
        count = self.function("count", ctypes.c_int64, *[ctypes.c_int64] * 5)
        pairs = zip(self.ts, map(np.ascontiguousarray, self.starts), strict=True)
        rest = first, step, counts.ctypes.data
        if any(count(*_addresses(ts, starts), starts.size - 1, *rest) for ts, starts in pairs):
            return None
        codes = np.cumsum(counts > 0, dtype=np.int32) - np.int32(1)
        return Calendar(first, 1 / step, codes, np.flatnonzero(counts) * step + first, int(counts.max()))

    def _listed(self) -> Calendar:
        """The calendar of ts that no grid fits: from now on, a row has the number of its ts for one."""
        moments, numbers = numbered_moments([each.astype(np.int64, copy=False) for each in self.ts])
        order = np.argsort(moments)
        places = np.empty(order.size, np.int32)
        places[order] = np.arange(order.size, dtype=np.int32)
        self.ts = [places[each] for each in numbers]
        counts = np.sum([np.bincount(each, minlength=order.size) for each in self.ts], axis=0)
        return Calendar(0, 1.0, np.sort(places), np.arange(order.size), int(counts.max()))


@frozen
class Undefined:
    """How many undefined values the runs of a kernel have left; to add to a list is safe in several threads."""

    counts: list[int] = field(default_factory=list)

    def __bool__(self) -> bool:
        return any(self.counts)


@mutable(slots=False)
class Across:
    """One kernel over a universe: its inputs, of one series or two, and outputs in pieces, as the rows are.

    Inputs have NaN for undefined, `groups` numbers from 0 to below `group_count`, -1 for undefined. `outputs`, which
    lie in `room` if that is given, are NaN where undefined once all dates have run; each may run in a thread of its
    own, in any order.
    """

    universe: Universe
    kernel: str
    series: Sequence[list[Floats]]
    settings: Sequence[float] = ()
    groups: list[Codes] | None = None
    group_count: int = 0
    room: Floats | None = None
    outputs: list[Floats] = field(init=False)
    undefined: Undefined = field(default_factory=Undefined)

    def __post_init__(self) -> None:
        universe = self.universe
        room = np.empty(universe.rows) if self.room is None else self.room
        self.outputs = np.split(room, np.cumsum([each.size for each in self.series[0]])[:-1])
        groups = universe.ts if self.groups is None else self.groups  # where there are none, they are not read
        columns = map(universe.addresses, (universe.ts, self.outputs, groups, self.series[0], self.series[-1]))
        self._bases = np.ascontiguousarray(np.column_stack(list(columns)))

    def run(self, first: int, last: int, stop: Stop) -> bool:
        """Compute the dates numbered from `first` to before `last`; False if the flag was raised before the end."""
        universe, calendar = self.universe, self.universe.calendar
        symbols = universe.symbols
        nothing = np.zeros(symbols, np.int64)
        cursors = np.column_stack([nothing, universe.lengths, nothing])
        seek = universe.function("seek", None, *[ctypes.c_int64] * 4)
        end = int(calendar.moments[last - 1]) + 1
        seek(self._bases.ctypes.data, cursors.ctypes.data, symbols, int(calendar.moments[first]), end)
        settings, counts = np.array([*self.settings], np.float64), np.zeros(self.group_count, np.int64)
        with universe.bench() as bench:
            parts = np.array(_addresses(*bench.apart, counts), np.int64)
            order: list[int] = [symbols, first, last, bench.block]
            order += _addresses(self._bases, cursors, calendar.codes)
            order += [calendar.origin, int(np.float64(calendar.inverse).view(np.int64)), calendar.most + 1]
            order += _addresses(bench.fills, *bench.numbers, bench.values, bench.cells, bench.groups)
            order += [machine_code().address(f"across_{self.kernel}"), *_addresses(settings, bench.scratch, parts)]
            work = np.array([*order, 0], np.int64)
            among = "symbols" if self.groups is None else "groups"
            over = universe.function(f"over_{among}_{len(self.series)}", ctypes.c_int64, ctypes.c_int64)
            ended = bool(over(work.ctypes.data, stop.address) == last)
        self.undefined.counts.append(int(work[-1]))
        return ended


def _addresses(*arrays: NDArray[np.generic]) -> list[int]:
    return [each.ctypes.data for each in arrays]
