"""Candles that lie scattered over their source, gathered ahead of the batches: none of these goes over all of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from ..data.gathered import CELLS, GatheredRepository, can_be_gathered, has_room
from ..data.loading import Loading
from ..data.policies import companions
from ..data.timeframes import Timeframe
from .aside import JobEndedError, run_aside
from .batching import CELL
from .controlling import Control, Ticket
from .limits import Limits
from .loading import Loader
from .retrying import Retries
from .sources import columns_of, interrupt_of, read_apart
from .spilling import Spill
from .tallying import Tally

if TYPE_CHECKING:
    from .preparing import Prepared

LOG: Final = logging.getLogger("barsweep")
NO_ROOM: Final = "the temporary folder has no room for a file of them: TMPDIR names another"
ELSEWHERE: Final = "they are computed elsewhere, each for itself"
SHARE: Final = 16  # of the memory limit, what is read at a time takes one: it is copied by its groups


def is_gathered(loader: Loader, rows: int) -> bool:
    """Whether to go over a source of so many rows once, ahead of the batches, since each of them would."""
    return can_be_gathered(loader.repository) and has_room(rows, len(loader.request.columns))


def notes_of_source(loader: Loader, batches: int, in_flight: int, *, gathers: bool, why: str = "") -> tuple[str, ...]:
    """What to know about a source that so many batches would go over, of which so many are in flight.

    `why` says why candles that could be gathered are not.
    """
    if batches <= in_flight or read_apart(loader.repository):
        return ()
    name = getattr(loader.repository, "where", type(loader.repository).__name__)
    how = "candles are put into a temporary file first"
    if not gathers:
        reason = f" ({why})" if why and can_be_gathered(loader.repository) else ""
        how = f"each of {batches} batches goes over all of it{reason}"
    text = (
        f"{name} does not hold its candles symbol after symbol: {how};"
        " of a store of them (barsweep import, import_candles) only what is needed is read"
    )
    return (text,)


def with_gathered(prepared: Prepared, limits: Limits, control: Control, spill: Spill, limit: int) -> Prepared:
    """A prepared job whose batches load what was gathered within the memory `limit`; `spill` counts it.

    Where that fails, or takes longer for a piece than a batch may, it is the job as it was, and its notes say so.
    """
    if not prepared.gathers:
        return prepared
    loader, groups = prepared.loader, [batch.symbols for batch in prepared.batches]
    gather = partial(_gathered, loader, groups, min(CELLS, limit // (CELL * SHARE)), control.tally)
    try:
        repository = run_aside(gather, limits, control, seconds=limits.timeout)
    except JobEndedError as ended:  # batches have clocks of their own, and none begins of a job that is cancelled
        if control.cancelled:
            return prepared
        return _not_gathered(prepared, limits, ended.error.message)
    except Exception as error:  # noqa: BLE001 - what it is batches meet again, and tell it of their symbols
        return _not_gathered(prepared, limits, str(error))
    spill.count(repository.gathering.size)
    return replace(prepared, loader=replace(loader, repository=repository))


def _not_gathered(prepared: Prepared, limits: Limits, why: str) -> Prepared:
    LOG.warning("candles are not gathered: %s", why, extra={"event": "not gathered", "error": why})
    told = partial(notes_of_source, prepared.loader, len(prepared.batches), limits.in_flight)
    others = [note for note in prepared.notes if note not in told(gathers=True)]
    return replace(prepared, notes=(*others, *told(gathers=False, why=why)))


def _gathered(
    loader: Loader, groups: Sequence[Sequence[str]], cells: int, tally: Tally, ticket: Ticket
) -> GatheredRepository:
    source, request = loader.repository, loader.request
    assert can_be_gathered(source), "it was asked before"
    columns = companions(request.columns, loader.policy, columns_of(source, request.timeframe))
    loading = Loading(source, Timeframe.parse(request.timeframe), columns)
    around = loading.around(request.bounds.start, request.bounds.end, request.before)

    def look() -> None:
        ticket.look()
        ticket.begin_anew()

    def gather() -> GatheredRepository:
        with tally.stage("gather"), ticket.interruptible(interrupt_of(source)):
            return GatheredRepository(source, groups, columns, around, look, cells)

    return Retries(loader.retries, tally, ticket.pause).ask(gather, "gathering candles")
