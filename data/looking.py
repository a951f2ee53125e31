"""Looking at a database while the caller does something else."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from ..errors import RepositoryError

if TYPE_CHECKING:
    from .database import DuckDBRepository


def look_ahead(repository: DuckDBRepository) -> threading.Thread:
    """Find out on another thread what every job asks for."""
    thread = threading.Thread(target=_look, args=(repository,), name="barsweep-looking", daemon=True)
    thread.start()
    return thread


def _look(repository: DuckDBRepository) -> None:
    """What is wrong with the file is told to whoever asks for it."""
    import duckdb  # noqa: PLC0415 - who reads other files need not wait for it

    with suppress(RepositoryError, duckdb.Error):  # nothing is remembered then, so the next to ask is told
        repository.health()
        _ = repository.countable and repository.stored  # of the symbols with most bars, so that they are counted
