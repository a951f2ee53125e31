"""What the engine asks of a place that holds candles."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol, runtime_checkable

import pyarrow as pa

from .checking import CheckedCandles
from .instants import Bound, Instant
from .layout import Kind
from .policies import CandlePolicy


@runtime_checkable
class CandleRepository(Protocol):
    """Where candles come from. Every method raises RepositoryError when the candles cannot be had."""

    def load(
        self,
        symbols: Sequence[str] | None,
        timeframe: str,
        start: Bound,
        end: Bound,
        columns: Sequence[str],
        before: int | None = 0,
    ) -> pa.Table:
        """The candles of `symbols` (None: of all) from `start` to `end`, both inclusive, sorted by (symbol, ts).

        Columns: symbol (text), ts (date32, or timestamp[us, UTC]), then `columns` in the order asked: numbers as
        float64 with NaN and infinities as stored, booleans as bool, text as string. `before` asks for that many more
        bars of each symbol ahead of `start`, None for all of them. Symbols without candles are absent.

        Where bars of the timeframe are made of shorter ones, there are only whole ones: none in which the symbol's
        data begin, none that is still open at the end of its last stored bar, none with stored bars after `end`.
        """
        ...

    def symbols(self, timeframe: str) -> list[str]:
        """All symbols, sorted."""
        ...

    def span(self, timeframe: str) -> tuple[Instant, Instant] | None:
        """The first and the last ts of all symbols; None when there are no candles."""
        ...

    def columns(self, timeframe: str) -> dict[str, Kind]:
        """The columns besides symbol and ts: name -> "number", "boolean" or "text"."""
        ...

    def rows(self, timeframe: str) -> Mapping[str, int] | None:
        """How many bars each symbol has at most, if that is cheaply known."""
        ...

    def health(self) -> None:
        """Raise RepositoryError when the candles cannot be reached."""
        ...


@runtime_checkable
class InterruptibleRepository(Protocol):
    """A repository whose calls another thread can end. Those over DuckDB are."""

    def interrupt(self, thread: int) -> None:
        """End what the thread with this number (`threading.get_ident()`) waits for, if it does; returns at once."""
        ...


@runtime_checkable
class HoldingRepository(Protocol):
    """A repository that has all candles in memory, or mapped into it. Frames and stores do."""

    def are_at_hand(self, timeframe: str, columns: Sequence[str], policy: CandlePolicy) -> bool:
        """Whether a load only cuts out of what is there, once that was looked at."""
        ...


@runtime_checkable
class GroupingRepository(Protocol):
    """A repository that reads rows in groups. Those over Parquet do."""

    def borders(self, timeframe: str) -> Collection[str]:
        """Symbols that begin with a group: of loads that begin there, fewer read a group that another one reads too."""
        ...


@runtime_checkable
class CheckingRepository(Protocol):
    """A repository that checks candles itself, and so can remember what it has found. Those built in do."""

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
        """What `check_candles` makes of the candles that `load` hands out with these columns and their companions."""
        ...
