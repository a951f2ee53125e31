"""Candles that lie scattered over their source, gathered ahead of the batches: none of these goes over all of them."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Final

from ..data.gathered import GatheredRepository, ScatteredRepository
from ..data.loading import Loading
from ..data.policies import companions
from ..data.tables import TableRepository
from ..data.temporary import temporary_folder
from ..data.timeframes import Timeframe
from ..errors import RepositoryError
from .aside import JobEndedError, run_aside
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
CELL: Final = 8  # bytes
KEYS: Final = 2  # cells of a row's ts and of the number of its symbol
FREE: Final = 0.8  # of the disk's room, at the most


def is_gathered(loader: Loader, batches: int, rows: int, in_flight: int) -> bool:
    """Whether to go over a source of so many rows once and put its candles aside, for so many batches."""
    if batches <= in_flight or read_apart(loader.repository) or not can_be_gathered(loader):
        return False
    room = shutil.disk_usage(temporary_folder()).free
    return CELL * (KEYS + len(loader.request.columns)) * rows <= FREE * room


def can_be_gathered(loader: Loader) -> bool:
    """Whether the candles can be put aside as the loader wants them."""
    repository = loader.repository
    return isinstance(repository, ScatteredRepository) and repository.can_be_gathered


def with_gathered(prepared: Prepared, limits: Limits, control: Control, spill: Spill) -> Prepared:
    """A prepared job whose batches load what was gathered; `spill` counts it.

    Where that fails, or the job is cancelled meanwhile, it is the job as it was.
    """
    loader = prepared.loader
    if not prepared.gathers:
        return prepared
    gather = partial(_gathered, loader, [batch.symbols for batch in prepared.batches], control.tally)
    try:
        repository = run_aside(gather, limits, control, timed=False)
    except JobEndedError:  # cancelled: no batch begins
        return prepared
    except RepositoryError as error:  # the batches, which go over the source itself, tell it if it stays so
        LOG.warning("%s", error, extra={"event": "not gathered"})
        return prepared
    spill.count(repository.gathering.size)
    return replace(prepared, loader=replace(loader, repository=repository))


def _gathered(loader: Loader, groups: Sequence[Sequence[str]], tally: Tally, ticket: Ticket) -> GatheredRepository:
    source, request = loader.repository, loader.request
    assert isinstance(source, TableRepository)
    columns = companions(request.columns, loader.policy, columns_of(source, request.timeframe))
    loading = Loading(source, Timeframe.parse(request.timeframe), columns)
    around = loading.around(request.bounds.start, request.bounds.end, request.before)

    def gather() -> GatheredRepository:
        with tally.stage("gather"), ticket.interruptible(interrupt_of(source)):
            return GatheredRepository(source, groups, columns, around, ticket.look)

    return Retries(loader.retries, tally, ticket.pause).ask(gather, "gathering candles")
