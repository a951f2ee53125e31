"""What a repository of the user's own may leave out: only `load` has to be there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ..data.instants import Instant
from ..data.layout import CANDLE_FIELDS, Kind
from ..data.opening import open_repository
from ..data.policies import CandlePolicy
from ..data.repository import CandleRepository, InterruptibleRepository
from ..errors import RepositoryError
from .controlling import LOG

CANDLE: Final = CANDLE_FIELDS


def as_repository(candles: object) -> CandleRepository:
    """A repository as it is, and one made of anything else that holds candles."""
    if callable(getattr(candles, "load", None)):
        return candles  # type: ignore[return-value] # what it leaves out is made up for below
    return open_repository(candles)


def assert_reachable(repository: CandleRepository) -> None:
    """Ask for the repository's health, if it can tell."""
    if hasattr(repository, "health"):
        repository.health()


def columns_of(repository: CandleRepository, timeframe: str) -> Mapping[str, Kind]:
    """The columns that a formula can name; the candle's five where the repository cannot tell."""
    if not hasattr(repository, "columns"):
        return dict.fromkeys(CANDLE, "number")
    return repository.columns(timeframe)


def interrupt_of(repository: CandleRepository) -> Callable[[int], None] | None:
    """What ends a call of the repository from another thread, if it can be ended."""
    return repository.interrupt if isinstance(repository, InterruptibleRepository) else None


def limit_memory(repository: CandleRepository, size: int) -> None:
    """Let the repository take so many bytes beside what it hands out, if it can be told."""
    if hasattr(repository, "limit_memory"):
        repository.limit_memory(size)


def symbols_of(repository: CandleRepository, timeframe: str, requested: Sequence[str] | None) -> Sequence[str]:
    """All symbols; where the repository cannot list them, those requested are taken at their word."""
    try:
        return repository.symbols(timeframe)
    except (RepositoryError, AttributeError) as error:
        if requested is None:
            raise
        LOG.info("the repository cannot list its symbols, so none is known to be unknown: %s", error)
        return sorted(set(requested))


def rows_of(repository: CandleRepository, timeframe: str) -> Mapping[str, int] | None:
    """Bars of each symbol, if that is cheaply known."""
    return repository.rows(timeframe) if hasattr(repository, "rows") else None


def span_of(repository: CandleRepository, timeframe: str) -> tuple[Instant, Instant] | None:
    """The first and the last ts of all symbols, or None where nobody can tell."""
    try:
        return repository.span(timeframe)
    except (RepositoryError, AttributeError) as error:
        LOG.info("the repository cannot tell its span: %s", error)
        return None


def zone_of(repository: CandleRepository) -> str:
    """The exchange's time zone, as far as the repository knows it."""
    return str(getattr(repository, "zone_name", None) or getattr(repository, "tz", None) or "UTC")


def policy_of(repository: CandleRepository) -> CandlePolicy:
    """What to do with faulty rows."""
    policy = getattr(repository, "policy", None)
    return policy if isinstance(policy, CandlePolicy) else CandlePolicy()
