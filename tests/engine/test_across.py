import threading
import time

import numpy as np
import polars as pl
import pytest
from fakes import Watched, candles, names

from barsweep import CandleError, DateRange, FormulaService, ProcessingEngine, ProcessingJob, function
from barsweep.engine import dividing
from barsweep.engine.executors import polars_executor, sections
from barsweep.engine.progressing import Progress

BEST = "top(close, 1)"


@pytest.fixture
def steps():
    """S000 is always the lowest, S007 the highest."""
    return candles({name: [10.0 * (place + 1) + bar for bar in range(4)] for place, name in enumerate(names(8))})


@pytest.fixture
def _small_batches(monkeypatch):
    monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, **__: 8)


@pytest.mark.usefixtures("_small_batches")
def test_a_ranking_sees_every_symbol_whatever_the_batches(steps):
    calls = []

    result = ProcessingEngine(steps).run(ProcessingJob(None, BEST), lambda *call: calls.append(call))

    assert set(result.matches["symbol"]) == {"S007"}
    assert result.counts["matches"] == 4
    assert calls == sorted(calls)
    assert calls[-1] == (8, 8)
    assert result["S000"].elapsed > 0


@pytest.mark.usefixtures("_small_batches")
def test_a_symbol_that_fails_before_the_ranking_is_left_out_and_listed(steps):
    def on_load(symbols):
        if "S007" in symbols:
            raise CandleError("torn page")

    result = ProcessingEngine(Watched(steps, on_load)).run(ProcessingJob(None, BEST))

    assert set(result.matches["symbol"]) == {"S006"}
    assert list(result.errors) == ["S007"]


@pytest.mark.usefixtures("_small_batches")
def test_unusable_candles_are_left_out_of_the_population(steps):
    twice = pl.concat([steps, steps.filter(pl.col("symbol") == "S007").head(1)])

    result = ProcessingEngine(twice).run(ProcessingJob(None, BEST))

    assert set(result.matches["symbol"]) == {"S006"}
    assert result["S007"].error.kind == "candles"


@pytest.mark.usefixtures("_small_batches")
def test_stages_before_and_after_a_ranking(steps):
    """The mean rank over two bars of a mean over two bars: undefined in the first two bars."""
    result = ProcessingEngine(steps).run(ProcessingJob(None, "sma(rank(sma(close, 2)), 2) >= 7"))

    assert result.matches.group_by("symbol", maintain_order=True).len().rows() == [("S006", 2), ("S007", 2)]


@pytest.mark.usefixtures("_small_batches")
@pytest.mark.parametrize("executor", ["polars", "tiles"])
def test_a_symbol_for_which_a_function_fails_is_not_ranked_whoever_calls_it(steps, executor):
    """Nor is any symbol's function called twice, though it is no ranking that needs it."""
    called = []

    @function()
    def failing(close: np.ndarray) -> np.ndarray:
        called.append(close[0])
        if close[0] == 80.0:
            raise ArithmeticError("S007 again")
        return close

    engine = ProcessingEngine(steps, FormulaService(functions=[failing]), max_workers=1)
    called.clear()
    result = engine.run(ProcessingJob(None, {"best": BEST, "own": "failing(close) > 0"}, executor=executor))

    assert set(result.of("best")["symbol"]) == {"S006"}
    assert list(result.errors) == ["S007"]
    assert [called.count(10.0 * number) for number in range(1, 7)] == [1] * 6  # S006 is in the batch of S007


def test_the_population_is_what_was_requested(steps):
    result = ProcessingEngine(steps).run(ProcessingJob(["S003", "S001"], BEST))

    assert set(result.matches["symbol"]) == {"S003"}


def test_a_cancelled_ranking_has_no_results(steps):
    engine = ProcessingEngine(Watched(steps, lambda _: engine.cancel()))

    result = engine.run(ProcessingJob(None, BEST))

    assert {error.kind for error in result.errors.values()} == {"cancelled"}
    assert len(result.errors) == 8
    assert result.matches.is_empty()


def test_cancel_ends_a_ranking_that_runs(steps, monkeypatch):
    """Its kernels look at a flag between blocks of dates."""

    def endless(self, first, last, stop):
        engine.cancel()
        while not stop.raised:
            time.sleep(0.001)
        ended.set()
        return False

    ended = threading.Event()
    monkeypatch.setattr(sections.Across, "run", endless)
    engine = ProcessingEngine(steps, max_workers=1)

    result = engine.run(ProcessingJob(None, BEST, executor="tiles"))

    assert {error.kind for error in result.errors.values()} == {"cancelled"}
    assert ended.wait(10)


def test_a_timeout_ends_the_ranking(steps):
    engine = ProcessingEngine(Watched(steps, lambda _: time.sleep(5)), timeout=0.1)

    result = engine.run(ProcessingJob(None, BEST))

    assert {error.kind for error in result.errors.values()} == {"timeout"}


@pytest.mark.parametrize(
    ("executor", "place", "name"), [("polars", polars_executor, "run_program"), ("auto", sections.Across, "run")]
)
def test_a_failure_of_the_ranking_itself_is_everybodys_error(steps, monkeypatch, executor, place, name):
    def broken(*_):
        raise MemoryError

    monkeypatch.setattr(place, name, broken)
    result = ProcessingEngine(steps).run(ProcessingJob(None, BEST, executor=executor))

    assert {error.kind for error in result.errors.values()} == {"evaluation"}
    assert len(result.errors) == 8


def test_rankings_over_earlier_bars_see_symbols_with_holes():
    """B has every second day: its bars before the range are older than those of A, which B's ranks are made among."""
    frame = candles({"A": [5.0] * 8, "B": [1.0, 9, 1, 9, 1, 9, 1, 9], "C": [7.0] * 8})
    sparse = frame.filter((pl.col("symbol") != "B") | (pl.col("ts").dt.day() % 2 == 0))
    formula = "mean = sma(rank(close), 3)\nmean > 0"

    whole = ProcessingEngine(sparse).run(ProcessingJob(None, formula)).matches
    part = ProcessingEngine(sparse).run(ProcessingJob(None, formula, DateRange("2024-01-07"))).matches

    assert part.height > 0
    assert part.equals(whole.filter(pl.col("ts") >= pl.date(2024, 1, 7)))


@pytest.mark.usefixtures("_small_batches")
@pytest.mark.parametrize("executor", ["polars", "tiles"])
@pytest.mark.parametrize(
    "formula", [BEST, "sma(rank(sma(rank(close) + rank(open), 2)), 2) > 3", "rank(rank(close)) > 3"]
)
def test_progress_of_deep_rankings_reaches_the_total_with_the_last_round(steps, monkeypatch, executor, formula):
    """The shares of all rounds make up the whole."""
    really, shares = Progress.advance, []

    def advance(self, symbols, share=1.0):
        shares.append(symbols * share)
        really(self, symbols, share)

    monkeypatch.setattr(Progress, "advance", advance)
    calls = []

    ProcessingEngine(steps).run(ProcessingJob(None, formula, executor=executor), lambda *call: calls.append(call))

    assert sum(shares) == pytest.approx(8)
    assert calls[-1] == (8, 8)


def test_no_bars_at_all_is_no_ranking(steps):
    result = ProcessingEngine(steps).run(ProcessingJob(None, BEST, DateRange("2030-01-01")))

    assert result.matches.is_empty()
    assert not result.errors
