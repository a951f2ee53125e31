"""Opening a database, and looking at it, while the caller does something else."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import RepositoryError

if TYPE_CHECKING:
    import duckdb

    from .database import DuckDBRepository

DATABASES: Final = frozenset({".duckdb", ".db", ".ddb"})


class Opening(threading.Thread):
    """Opens a database to read from. `connection` is None where that failed, which whoever opens it next is told.

    Python waits for it at its end: a thread that comes back from C++ afterwards would take the process down.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(name="barsweep-opening", daemon=False)
        self.path = path
        self.connection: duckdb.DuckDBPyConnection | None = None

    def run(self) -> None:
        """Open the file."""
        import duckdb  # noqa: PLC0415 - who reads other files need not wait for it

        with suppress(duckdb.Error):  # told when it is opened again
            self.connection = duckdb.connect(str(self.path), read_only=True)


_openings: Final[dict[Path, Opening]] = {}


def open_ahead(data: str) -> None:
    """Begin to open a database on another thread, while the caller imports what reads it and opens it then.

    DuckDB itself is imported here: two large libraries on two threads take longer than one after the other. Of other
    data nothing is done, nor of what is no path at all.
    """
    with suppress(OSError, RuntimeError, ValueError):  # told when it is opened
        path = Path(data).expanduser().absolute()
        if path.suffix.lower() in DATABASES and path.is_file():
            import duckdb  # noqa: F401, PLC0415 - as above

            _openings[path] = opening = Opening(path)
            opening.start()


def opened_ahead(path: Path) -> duckdb.DuckDBPyConnection | None:
    """The connection that `open_ahead` has made, if it has: what this process has open, DuckDB opens at once."""
    opening = _openings.pop(path.absolute(), None)
    if opening is None:
        return None
    opening.join()
    return opening.connection


def look_ahead(repository: DuckDBRepository) -> threading.Thread:
    """Find out on another thread what every job asks for."""
    thread = threading.Thread(target=_look, args=(repository,), name="barsweep-looking", daemon=True)
    thread.start()
    return thread


def _look(repository: DuckDBRepository) -> None:
    """What is wrong with the file is told to whoever asks for it."""
    import duckdb  # noqa: PLC0415 - who reads other files need not wait for it

    with suppress(RepositoryError, duckdb.Error, KeyboardInterrupt):  # which Polars raises on any thread that waits
        # nothing is remembered then, so the next to ask is told
        repository.health()
        _ = repository.countable and repository.stored  # of the symbols with most bars, so that they are counted
