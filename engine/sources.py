"""What a repository of the user's own may leave out: only `load` has to be there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Final, TypeGuard

import polars as pl

from ..data.instants import TS, Instant
from ..data.layout import CANDLE_FIELDS, Kind
from ..data.opening import open_repository, unchanged
from ..data.policies import CandlePolicy
from ..data.repository import (
    CandleRepository,
    CheckingRepository,
    GroupingRepository,
    HoldingRepository,
    InterruptibleRepository,
)
from ..data.timeframes import Timeframe
from ..errors import RepositoryError
from .controlling import LOG

CANDLE: Final = CANDLE_FIELDS
SHARE: Final = 4  # a repository with memory of its own, such as DuckDB, may take this part of the limit
LEAST_SHARE: Final = 2**26  # bytes, with less of which DuckDB would hardly read


def as_repository(candles: object, columns: Mapping[str, str] | None = None) -> CandleRepository:
    """A repository as it is, and one made of anything else that holds candles, in columns of these names.

    Raises RepositoryError where they cannot be read so, and for names that are given to a repository.
    """
    told: dict[str, Any] = {} if columns is None else {"columns": columns}
    if callable(getattr(candles, "load", None)) and not isinstance(candles, type):
        return unchanged(candles, told)  # type: ignore[arg-type] # what it leaves out is made up for below
    return open_repository(candles, **told)


def assert_reachable(repository: CandleRepository) -> None:
    """Ask for the repository's health, if it can tell."""
    if hasattr(repository, "health"):
        repository.health()


def columns_of(repository: CandleRepository, timeframe: str) -> Mapping[str, Kind]:
    """The columns that a formula can name; the candle's five where the repository cannot tell."""
    if not hasattr(repository, "columns"):
        return dict.fromkeys(CANDLE, "number")
    return repository.columns(timeframe)


def timeframe_of(repository: object) -> str:
    """The timeframe that is stored; "1d" where the repository cannot tell."""
    return str(getattr(repository, "stored", None) or "1d")


def assert_numbers(repository: CandleRepository, columns: Sequence[str]) -> None:
    """Have fields of the candle refused that are no numbers, if the repository can tell before it loads them."""
    if hasattr(repository, "assert_numbers"):
        repository.assert_numbers(columns)


def limit_memory(repository: CandleRepository, limit: int) -> int:
    """Let the repository take a part of so many bytes, which is answered; 0 if it takes none that can be limited."""
    if not hasattr(repository, "limit_memory"):
        return 0
    share = max(LEAST_SHARE, limit // SHARE)
    repository.limit_memory(share)
    return share


def are_at_hand(repository: CandleRepository, timeframe: str, columns: Sequence[str], policy: CandlePolicy) -> bool:
    """Whether a load only cuts these candles out of what the repository holds, once that was looked at."""
    if not checks_itself(repository) or not isinstance(repository, HoldingRepository):
        return False
    return repository.are_at_hand(timeframe, columns, policy)


def checks_itself(repository: CandleRepository) -> TypeGuard[CheckingRepository]:
    """Whether the repository hands out checked candles, by a method of its own class.

    One that it passes on to another repository (`__getattr__`) would go around the `load` that is its own.
    """
    return isinstance(repository, CheckingRepository) and hasattr(type(repository), "load_checked")


def read_apart(repository: CandleRepository) -> bool:
    """Whether candles of some symbols are read without going over those of all others, as far as anybody says."""
    return bool(getattr(repository, "reads_apart", True))


def interrupt_of(repository: CandleRepository) -> Callable[[int], None] | None:
    """What ends a call of the repository from another thread, if it can be ended."""
    return repository.interrupt if isinstance(repository, InterruptibleRepository) else None


def symbols_of(repository: CandleRepository, timeframe: str, requested: Sequence[str] | None) -> Sequence[str]:
    """All symbols; where the repository cannot list them, those requested are taken at their word."""
    if not hasattr(repository, "symbols"):
        if requested is None:
            name = type(repository).__name__
            raise RepositoryError(f"{name} has no symbols(timeframe) that lists what there is: say symbols=[...]")
        return sorted(set(requested))
    try:
        return repository.symbols(timeframe)
    except RepositoryError as error:  # whether their candles can be had is told by their load
        if requested is None or may_pass(error):
            raise
        fields = {"event": "unlisted", "error": str(error)}
        LOG.info("the repository cannot list its symbols, so none is known to be unknown: %s", error, extra=fields)
        return sorted(set(requested))


def rows_of(repository: CandleRepository, timeframe: str) -> Mapping[str, int] | None:
    """Bars of each symbol, if that is cheaply known."""
    return repository.rows(timeframe) if hasattr(repository, "rows") else None


def borders_of(repository: CandleRepository, timeframe: str) -> Collection[str]:
    """Symbols at which batches had better begin, if the repository knows of any."""
    return repository.borders(timeframe) if isinstance(repository, GroupingRepository) else frozenset()


def span_of(repository: CandleRepository, timeframe: str) -> tuple[Instant, Instant] | None:
    """The first and the last ts of all symbols, or None where nobody can tell."""
    if not hasattr(repository, "span"):
        return None
    try:
        return repository.span(timeframe)
    except RepositoryError as error:  # the range is open then; what is wrong with the candles is told by their load
        if may_pass(error):
            raise
        LOG.info("the repository cannot tell its span: %s", error, extra={"event": "no span", "error": str(error)})
        return None


def ts_of(repository: CandleRepository) -> pl.DataType:
    """The kind of ts where there are no candles to tell it: times if the repository says that bars have them."""
    return pl.Date() if getattr(repository, "dates", True) else TS


def notes_of(repository: CandleRepository) -> tuple[str, ...]:
    """What a reader of results should know about the candles, if the repository says so."""
    return tuple(getattr(repository, "notes", ()))


def notes_of_timeframe(repository: CandleRepository, timeframe: str, newest: object = None) -> tuple[str, ...]:
    """What to know about bars that are made of shorter ones: one that is open is not there. `newest` is the last."""
    asked, stored = Timeframe.parse(timeframe), Timeframe.parse(timeframe_of(repository))
    if asked == stored or not hasattr(repository, "stored"):
        return ()
    last = "" if newest is None else f"; the newest whole one is of {newest}"
    return (f"{asked} bars are made of those of {stored}{last}",)


def may_pass(error: BaseException) -> bool:
    """Whether the repository says that the same question may be answered later."""
    return isinstance(error, RepositoryError) and error.retryable


def zone_of(repository: CandleRepository) -> str:
    """The exchange's time zone, as far as the repository knows it."""
    return str(getattr(repository, "zone_name", None) or getattr(repository, "tz", None) or "UTC")


def policy_of(repository: CandleRepository) -> CandlePolicy:
    """What to do with faulty rows."""
    policy = getattr(repository, "policy", None)
    return policy if isinstance(policy, CandlePolicy) else CandlePolicy()
