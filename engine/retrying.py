"""Asking a repository again when that may help: after growing, jittered pauses, a few times, each told in the log.

What may pass: errors that the repository says may (a locked file, one that was replaced meanwhile), lost connections,
time-outs, and what the system calls interrupted or busy. Everything else fails at once.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Final, TypeVar

from ..errors import RepositoryError
from ..formulas.freezing import frozen
from .controlling import LOG
from .tallying import Tally

if TYPE_CHECKING:
    from tenacity import RetryCallState

T = TypeVar("T")
FIRST_PAUSE: Final = 0.2  # seconds; doubled before every further try
LONGEST_PAUSE: Final = 10.0
PASSING: Final = frozenset({errno.EINTR, errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ETIMEDOUT, errno.ENOENT})
"""Errors of the system that may pass; ENOENT and ESTALE are files that were replaced, here or on another machine."""


@frozen
class Retries:
    """How often to ask again; `pause` sleeps so many seconds, and raises where nobody waits any more."""

    limit: int
    tally: Tally = field(default_factory=Tally)
    pause: Callable[[float], None] = time.sleep

    def ask(self, question: Callable[[], T], what: str) -> T:
        """What the repository answers; `what` is done, in the words of the log. Raises RepositoryError in the end."""
        try:
            return question()
        except (RepositoryError, OSError) as error:  # raised below, unless a further try helps
            failed = as_repository_error(error)
        if failed.retryable and self.limit:
            return self._again(question, failed, what)
        raise failed

    def _again(self, question: Callable[[], T], failed: RepositoryError, what: str) -> T:
        """Tenacity, which is only imported where something has failed, takes that for its first try."""
        from tenacity import (  # noqa: PLC0415 - costs a start that most jobs need not pay
            Retrying,
            retry_if_exception,
            stop_after_attempt,
            wait_exponential,
            wait_random,
        )

        known = [failed]

        def attempt() -> T:
            if known:
                raise known.pop()
            try:
                return question()
            except OSError as error:
                raise as_repository_error(error) from error

        def tell(state: RetryCallState) -> None:
            assert state.outcome is not None
            assert state.next_action is not None
            self._tell(what, state.attempt_number, state.next_action.sleep, state.outcome.exception())

        retrying = Retrying(
            sleep=self.pause,
            stop=stop_after_attempt(self.limit + 1),
            wait=wait_exponential(FIRST_PAUSE, LONGEST_PAUSE) + wait_random(0, FIRST_PAUSE),
            retry=retry_if_exception(lambda error: isinstance(error, RepositoryError) and error.retryable),
            before_sleep=tell,
            reraise=True,
        )
        return retrying(attempt)

    def _tell(self, what: str, attempt: int, pause: float, error: BaseException | None) -> None:
        self.tally.count("retries")
        fields = {"event": "retry", "doing": what, "attempt": attempt, "pause": round(pause, 3), "error": str(error)}
        LOG.warning("%s failed, next try in %.1f s: %s", what, pause, error, extra=fields)


def as_repository_error(error: RepositoryError | OSError) -> RepositoryError:
    """The error in the words of the house; of the system's own it is told whether they may pass."""
    if isinstance(error, RepositoryError):
        return error
    passing = isinstance(error, ConnectionError | TimeoutError) or error.errno in PASSING
    failed = RepositoryError(f"{type(error).__name__}: {error}", retryable=passing)
    failed.__cause__ = error
    return failed
