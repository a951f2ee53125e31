"""One piece of a job's work in a thread of its own, so that who waits for it hears a cancel and looks at the clock."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from queue import Empty
from typing import Final, NoReturn, TypeVar

from .controlling import AbandonedError, Control, Ticket
from .limits import Limits
from .results import SymbolError
from .whereabouts import whereabouts

T = TypeVar("T")


class JobEndedError(Exception):
    """An indivisible job came to its end early; `error` is what befalls all its symbols."""

    def __init__(self, error: SymbolError) -> None:
        super().__init__(error.message)
        self.error = error


CANCELLED: Final = SymbolError("cancelled", "cancelled")


def run_aside(work: Callable[[Ticket], T], limits: Limits, control: Control, *, seconds: float | None = None) -> T:
    """What `work` returns or raises; it has the deadline for its time, if not so many `seconds`.

    Raises JobEndedError when the job is cancelled or the time is over: the thread is then left to itself.
    """
    ticket = Ticket(limits.gates, limits.deadline if seconds is None else seconds, last=True)
    ended: list[Callable[[], T]] = []

    def target() -> None:
        try:
            ended.append(partial(_handed, work(ticket)))
        except AbandonedError:  # nobody waits
            return
        except BaseException as error:  # noqa: BLE001 - the thread's end: it is raised where the answer is waited for
            ended.append(partial(_raised, error))
        control.events.put(None)

    ticket.start(target, "barsweep-aside")
    try:
        while not ended:
            _listen(ticket, limits, control)
    finally:
        ticket.abandon()
    return ended[0]()


def _listen(ticket: Ticket, limits: Limits, control: Control) -> None:
    if control.cancelled:
        raise JobEndedError(CANCELLED)
    left = ticket.remaining()
    if left is not None and left <= 0:
        raise JobEndedError(SymbolError("timeout", too_late(limits, whereabouts(ticket.thread), last=True)))
    try:
        event = control.events.get(timeout=max(0.0, min(1.0 if left is None else left, 1.0)))
    except Empty:  # nobody had anything to say
        return
    if event is not None:
        event()


def too_late(limits: Limits, where: str, *, last: bool) -> str:
    """The words for a clock that ran out: the batch's, or the deadline's."""
    timeout = f"not finished in time ({limits.timeout:g} s for a batch)"
    deadline = f"not finished before the deadline ({limits.deadline:g} s for a batch and its halves)"
    return (deadline if last else timeout) + (f"; it was in {where}" if where else "")


def _handed(answer: T) -> T:
    return answer


def _raised(error: BaseException) -> NoReturn:
    raise error
