"""Time: timeouts and deadlines. What hangs is given up, named, and holds nobody."""

import threading
import time

import numpy as np
import polars as pl
import pytest
from fakes import Service, Watched, names, rising
from faults.hanging import LONG, METHODS, SOON, UP, Hanging

from barsweep import (
    FormulaService,
    ProcessingEngine,
    ProcessingEngineError,
    ProcessingJob,
    RepositoryError,
    function,
)
from barsweep.engine.controlling import Gate, Ticket


@pytest.mark.parametrize("method", METHODS)
def test_a_repository_that_never_says_what_there_is_is_given_up_and_named(method):
    repository = Hanging(rising(6), method)
    engine = ProcessingEngine(repository, timeout=LONG, deadline=0.3)

    began = time.monotonic()
    with pytest.raises(RepositoryError, match=r"not be prepared: .* \(0.3 s.*Hanging.__init__.*hanging.py, line"):
        engine.run(METHODS[method])

    assert time.monotonic() - began < SOON
    repository.over.set()


@pytest.mark.parametrize("executor", ["tiles", "polars"])
def test_a_symbol_whose_load_hangs_is_found_and_named(executor):
    over = threading.Event()

    def stuck(symbols):
        if "S005" in symbols:
            over.wait(LONG)

    engine = ProcessingEngine(Watched(rising(8), stuck), max_workers=1, timeout=0.5)

    result = engine.run(ProcessingJob(None, UP, executor=executor))

    assert {symbol: error.kind for symbol, error in result.errors.items()} == {"S005": "timeout"}
    assert "(0.5 s for a batch); it was in Watched.load (fakes.py, line " in result.errors["S005"].message
    assert sum(len(each.matches) for each in result) == 7 * 4
    over.set()


OVER = threading.Event()


@function()
def sleepy(close: np.ndarray) -> np.ndarray:
    """Does not come back for a symbol whose first close is 666."""
    if close.size and close[0] == 666:
        OVER.wait(LONG)
    return close


@pytest.mark.parametrize("executor", ["tiles", "polars"])
@pytest.mark.parametrize("formula", ["sleepy(close) > 1", "rank(sleepy(close)) > 1"])
def test_a_function_that_hangs_is_given_up_and_named(formula, executor):
    """A symbol of its own times out alone; there is no ranking over a part, so a ranking ends as a whole."""
    OVER.clear()
    marked = pl.when(pl.col("symbol") == "S005").then(666.0).otherwise(pl.col("close"))
    frame, service = rising(8).with_columns(close=marked), FormulaService(functions=[sleepy])

    result = ProcessingEngine(frame, service, timeout=0.5).run(ProcessingJob(None, formula, executor=executor))

    timed_out = ["S005"] if "rank" not in formula else names(8)
    assert {symbol: error.kind for symbol, error in result.errors.items()} == dict.fromkeys(timed_out, "timeout")
    assert "it was in sleepy (test_clocks.py, line" in result.errors["S005"].message
    OVER.set()


def test_a_culprit_that_hangs_is_found_by_halving():
    service = Service(slow=["S005"], seconds=20)
    engine = ProcessingEngine(rising(8), service, max_workers=1, timeout=0.5)

    result = engine.run(ProcessingJob(None, "x"))

    assert {symbol: error.kind for symbol, error in result.errors.items()} == {"S005": "timeout"}
    assert sum(len(each.matches) for each in result) == 7 * 4


def test_the_deadline_caps_the_halving():
    service = Service(slow=names(8), seconds=20)
    engine = ProcessingEngine(rising(8), service, max_workers=2, timeout=0.2, deadline=0.5)

    began = time.monotonic()
    result = engine.run(ProcessingJob(None, "x"))

    assert time.monotonic() - began < 10
    assert {error.kind for error in result.errors.values()} == {"timeout"}


def test_the_clock_that_ran_out_is_named():
    def message(**clocks):
        service = Service(slow=["S000"], seconds=20)
        return ProcessingEngine(rising(1), service, **clocks).run(ProcessingJob(None, "x")).errors["S000"].message

    where = "; it was in Service.evaluate (fakes.py, line "
    assert message(timeout=0.2).startswith(f"not finished in time (0.2 s for a batch){where}")
    deadline = "not finished before the deadline (0.3 s for a batch and its halves)"
    assert message(timeout=9, deadline=0.3).startswith(f"{deadline}{where}")


def test_waiting_for_a_place_does_not_count_against_the_clock():
    """Six batches of a service that takes longer than the timeout together, but not each."""
    engine = ProcessingEngine(rising(96), Service(slow=names(96)[::16], seconds=0.2), max_workers=1, timeout=1.0)

    assert not engine.run(ProcessingJob(None, "x")).errors


def test_waiting_for_a_place_does_not_count_against_the_deadline():
    """A batch whose halves are due is not given up because others had the places before."""
    gate = Gate(lambda: 1)
    other, ticket = Ticket({"compute": gate}, 9), Ticket({"compute": gate}, 9)
    gate.enter(other)
    threading.Timer(0.2, gate.leave, [other]).start()

    with ticket.place("compute"):
        assert ticket.waited >= 0.15
        assert ticket.remaining() > 8.9

    calls = []

    def fails_once(symbols):
        calls.append(symbols)
        if len(calls) == 1:
            time.sleep(0.6)
            raise RepositoryError("not this time")

    blocked = ProcessingEngine(Watched(rising(4), fails_once), max_workers=1, timeout=1.0, deadline=1.2, retries=0)
    for gate in blocked._limits.gates.values():
        busy = Ticket(blocked._limits.gates, LONG)
        gate.enter(busy)
        threading.Timer(1.5, gate.leave, [busy]).start()

    assert not blocked.run(ProcessingJob(None, UP)).errors


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("max_workers", [0, 1.5, True]),
        ("retries", [-1, 0.5, None]),
        ("timeout", [None, 0, -1, float("nan"), "5"]),
        ("deadline", [0, -1]),
        ("memory_limit", [0, "1 GB"]),
    ],
)
def test_impossible_limits_are_refused(name, values):
    for value in values:
        with pytest.raises(ProcessingEngineError, match=f"^{name} is"):
            ProcessingEngine(rising(1), **{name: value})


def test_limits_may_be_off():
    engine = ProcessingEngine(rising(2), timeout=float("inf"), retries=0)

    assert not engine.run(ProcessingJob(None, UP)).errors
