"""A job on an event loop: apart, since who has none need not wait for asyncio to be imported."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from .controlling import ProgressAsked
from .progressing import Progress, close_unawaited
from .results import BatchResult
from .running_jobs import RunningJob


class LoopProgress(Progress):
    """Calls on an event loop. What has to be awaited is, one call after the other."""

    def __init__(self, asked: ProgressAsked, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(asked)
        self._loop = loop
        self._latest: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._silent = False

    async def told(self) -> None:
        """Wait until the callback has been awaited for the last time."""
        if self._latest is not None:
            await asyncio.wait([self._latest])

    async def silence(self) -> None:
        """Call the callback no more, and end those of its calls that are still awaited."""
        self._silent = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _assert_suitable(self) -> None:
        """Every callback is."""

    def _deliver(self, told: Callable[..., object], *numbers: int) -> None:
        with suppress(RuntimeError):  # the loop was closed: nobody is there to be told
            self._loop.call_soon_threadsafe(self._call, told, *numbers)

    def _call(self, told: Callable[..., object], *numbers: int) -> None:
        if not self._silent or self._bar is not None:  # a bar of ours has to be closed
            super()._call(told, *numbers)

    def _take(self, answer: Awaitable[object]) -> None:
        self._latest = asyncio.ensure_future(self._after(self._latest, answer))
        self._tasks.add(self._latest)
        self._latest.add_done_callback(self._tasks.discard)

    async def _after(self, earlier: asyncio.Task[None] | None, answer: Awaitable[object]) -> None:
        try:
            if earlier is not None:
                await asyncio.wait([earlier])
            await answer
        except Exception as error:  # noqa: BLE001 - whatever it is, it is no fault of the job
            self._complain(error)
        finally:
            close_unawaited(answer)


async def ended(running: RunningJob, progress: LoopProgress) -> BatchResult:
    """The job's result, when all is told. Whoever cancels this cancels the job, and waits for its end."""
    future = asyncio.wrap_future(running.future)
    try:
        await asyncio.wait([future])
        await progress.told()
    except asyncio.CancelledError:
        running.cancel()
        await progress.silence()
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # looked at: the loop complains of what nobody has seen
        raise
    return future.result()
