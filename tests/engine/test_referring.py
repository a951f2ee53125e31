"""Other symbols that a formula names, which are loaded before the first batch."""

import threading
import time

import pytest
from fakes import Watched, candles

from barsweep import ProcessingEngine, ProcessingEngineError, ProcessingJob, RepositoryError

FORMULA = 'close > symbol("B", close)'
LONG, SOON = 40, 20  # seconds: that another symbol takes to load, and in which a job is over that does not wait for it


@pytest.fixture
def frame():
    return candles({"A": [1, 4], "B": [2, 3]})


@pytest.fixture
def hanging(frame):
    """A repository that hands nothing out for a long time."""
    over = threading.Event()
    yield Watched(frame, lambda _: over.wait(LONG))
    over.set()


def test_cancel_does_not_wait_for_other_symbols(hanging):
    engine = ProcessingEngine(hanging)
    threading.Timer(0.3, engine.cancel).start()

    began = time.monotonic()
    result = engine.run(ProcessingJob(None, FORMULA))

    assert time.monotonic() - began < SOON
    assert {symbol: error.kind for symbol, error in result.errors.items()} == {"A": "cancelled", "B": "cancelled"}


def test_other_symbols_have_a_timeout(hanging):
    engine = ProcessingEngine(hanging, timeout=0.5)

    began = time.monotonic()
    with pytest.raises(ProcessingEngineError, match=r"symbol\('B'\) in the formula cannot be had: not finished"):
        engine.run(ProcessingJob(None, FORMULA))

    assert time.monotonic() - began < SOON


def test_progress_begins_before_other_symbols_are_loaded(frame):
    calls = []
    repository = Watched(frame, lambda _: calls.append("load"))

    ProcessingEngine(repository).run(ProcessingJob(None, FORMULA), lambda *call: calls.append(call))

    assert calls == [(0, 2), "load", "load", (2, 2)]


def test_a_repository_that_fails_is_told_as_such(frame):
    def on_load(symbols):
        raise RepositoryError("torn page")

    with pytest.raises(RepositoryError, match=r"symbol\('B'\) in the formula cannot be had: torn page"):
        ProcessingEngine(Watched(frame, on_load)).run(ProcessingJob(None, FORMULA))
