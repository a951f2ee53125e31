"""The jobs that run on an engine: listed, cancelled together or one by one, waited for."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from ..errors import ProcessingEngineError
from .braking import EngineMemory
from .controlling import Control
from .results import BatchResult

T = TypeVar("T")


class Jobs:
    """The jobs that run on one engine at this moment. `close` is called once, when it is shut and none runs."""

    def __init__(self, memory: EngineMemory, close: Callable[[], None]) -> None:
        self._memory, self._close = memory, close
        self._running: list[Control] = []
        self._changed = threading.Condition()
        self._shut = False
        self._process = os.getpid()

    def begin(self) -> Control:
        """List a job. Raises ProcessingEngineError where the engine takes no more."""
        if os.getpid() != self._process:
            raise ProcessingEngineError("the engine was made in another process, before a fork: make a new one here")
        control = Control()
        with self._changed:
            if self._shut:
                raise ProcessingEngineError("the engine has been shut down; make a new one")
            if not self._running:
                self._memory.measure()
            self._running.append(control)
        return control

    def end(self, control: Control) -> None:
        """A job has ended."""
        self._memory.clear()
        with self._changed:
            self._running.remove(control)
            self._close_unused()
            self._changed.notify_all()

    def cancel(self) -> None:
        """Cancel those that run; takes no lock, since it may be called from a signal handler."""
        for control in list(self._running):
            control.cancel()

    def shut(self, *, wait: bool) -> None:
        """Take no more; `wait` for those that run, save the one that calls this from its own thread."""
        here = threading.current_thread()
        with self._changed:
            self._shut = True
            self._close_unused()
            if wait:
                self._changed.wait_for(lambda: all(control.thread is here for control in self._running))

    def _close_unused(self) -> None:
        if self._shut and not self._running:
            self._close()


class RunningJob:
    """A job that `ProcessingEngine.submit` has begun. `cancel()` ends this one, `engine.cancel()` all that run."""

    def __init__(self, work: Callable[[], BatchResult], control: Control, end: Callable[[], None]) -> None:
        self._control = control

        def target() -> BatchResult:
            control.thread = threading.current_thread()
            try:
                return work()
            finally:
                end()

        try:
            self.future = in_thread(target)
        except RuntimeError:  # no thread is to be had
            end()
            raise

    def cancel(self) -> None:
        """End the job, from any thread: `result()` then has what is finished, and the rest as cancelled."""
        self._control.cancel()

    def done(self) -> bool:
        """Whether the job has ended, well or not."""
        return self.future.done()

    def result(self, timeout: float | None = None) -> BatchResult:
        """Wait for the job's end; what `run` would raise is raised here.

        Raises TimeoutError if it has not ended after `timeout` seconds: it goes on, unless it is cancelled.
        """
        return self.future.result(timeout)

    def __repr__(self) -> str:
        return f"<RunningJob: {'ended' if self.done() else 'cancelled' if self._control.cancelled else 'running'}>"


def in_thread(work: Callable[[], T], name: str = "barsweep-job") -> Future[T]:
    """Run `work` in a thread of its own, which does not keep the process from ending."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # from here on, cancelling who awaits does not touch the outcome

    def target() -> None:
        try:
            answer = work()
        except BaseException as error:  # noqa: BLE001 - handed to whoever waits
            future.set_exception(error)
        else:
            future.set_result(answer)

    threading.Thread(target=target, name=name, daemon=True).start()
    return future
