"""What is wrong with the command line itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...errors import BarsweepError, ProcessingEngineError, RepositoryError


class UsageError(BarsweepError):
    """The command line asks for something that there is not."""


@contextmanager
def as_asked() -> Iterator[None]:
    """What is refused without a look at any candle is a fault of the command line."""
    try:
        yield
    except (ProcessingEngineError, RepositoryError) as error:
        raise UsageError(str(error)) from error
