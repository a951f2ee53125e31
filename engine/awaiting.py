"""Jobs beside an event loop, and progress on it: apart, since who has none need not wait for asyncio to be imported."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import TypeVar

from .controlling import ProgressAsked
from .progressing import Progress, close_unawaited

T = TypeVar("T")


class LoopProgress(Progress):
    """Calls on an event loop. What has to be awaited is, one call after the other."""

    def __init__(self, asked: ProgressAsked, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(asked)
        self._loop = loop
        self._latest: asyncio.Task[None] | None = None

    async def told(self) -> None:
        """Wait until the callback has been awaited for the last time."""
        if self._latest is not None:
            await asyncio.wait([self._latest])

    def _assert_suitable(self) -> None:
        """Every callback is."""

    def _deliver(self, told: Callable[..., object], *numbers: int) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._call, told, *numbers)

    def _take(self, answer: Awaitable[object]) -> None:
        self._latest = asyncio.ensure_future(self._after(self._latest, answer))

    async def _after(self, earlier: asyncio.Task[None] | None, answer: Awaitable[object]) -> None:
        try:
            if earlier is not None:
                await asyncio.wait([earlier])
            await answer
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no fault of the job
            self._complain(error)
        finally:
            close_unawaited(answer)


def in_thread(work: Callable[[], T]) -> Future[T]:
    """Run `work` in a thread of its own, which does not keep the process from ending."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # from here on, cancelling who awaits does not touch the outcome

    def target() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed to whoever awaits
            future.set_exception(error)

    threading.Thread(target=target, name="barsweep-job", daemon=True).start()
    return future
