"""Repositories that do not come back, for as long as a test wants."""

import threading

from fakes import Watched

from barsweep import ProcessingJob

UP = "close > close[1]"
METHODS = {
    "health": ProcessingJob(None, UP),
    "columns": ProcessingJob(None, UP),
    "symbols": ProcessingJob(None, UP),
    "rows": ProcessingJob(None, UP),
    "span": ProcessingJob(None, UP, latest=True),
}
"""What a repository is asked before any candle is read, and a job for which it is."""
SOON = 5.0  # seconds: machines are shared; what was to be waited for lasts far longer
LONG = 60.0


class Hanging(Watched):
    """A repository whose method of that name does not come back before `over` is set."""

    def __init__(self, frame, method):
        super().__init__(frame)
        self.over, self.begun = threading.Event(), threading.Event()
        inner = getattr(self, method)

        def hang(*arguments, **named):
            self.begun.set()
            self.over.wait(LONG)
            return inner(*arguments, **named)

        setattr(self, method, hang)


def cancelled_when(engine, begun):
    """Cancel as soon as the event is set."""

    def cancel():
        begun.wait(SOON)
        engine.cancel()

    threading.Thread(target=cancel).start()


class Blocked(Watched):
    """A repository that hands nothing out before `over` is set; `begun` counts the loads that wait."""

    def __init__(self, frame):
        super().__init__(frame, self.wait)
        self.over, self.begun = threading.Event(), threading.Semaphore(0)

    def wait(self, _):
        self.begun.release()
        self.over.wait(60)

    def await_loads(self, count):
        for _ in range(count):
            assert self.begun.acquire(timeout=SOON)
