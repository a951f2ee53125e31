"""What a job took goes with its result, and candles with their repository: nothing waits for a collection of cycles."""

import gc
import weakref

import polars as pl
import pytest

import barsweep as bs
from barsweep.data import sample_candles

SCAN = "close > sma(close, 20) and volume > 1.5 * sma(volume, 20)"
JOBS = {
    "one formula": bs.ProcessingJob(None, SCAN),
    "one formula by Polars": bs.ProcessingJob(None, SCAN, executor="polars"),
    "the last bars": bs.ProcessingJob(None, SCAN, latest=True),
    "several formulas": bs.ProcessingJob(None, {"a": SCAN, "b": "close > open", "c": "rsi(close, 14) < 30"}),
    "a ranking": bs.ProcessingJob(None, "rank(close, percent=true) > 0.9"),
}


@pytest.fixture(autouse=True)
def without_collections():
    gc.disable()
    yield
    gc.enable()


def left_by(work):
    """What nobody can reach any more and yet is there."""
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        work()
        gc.collect()
        return list(gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


@pytest.mark.parametrize("kind", JOBS)
def test_what_a_job_took_goes_with_its_result(kind):
    with bs.ProcessingEngine(bs.FrameRepository(sample_candles(40, 300)), max_workers=2) as engine:
        assert engine.run(JOBS[kind]).matches.height
        left = left_by(lambda: engine.run(JOBS[kind]))
    assert [each for each in left if type(each).__module__.startswith(("barsweep", "polars"))] == []


def test_candles_go_with_their_repository():
    candles = sample_candles(20, 300).with_columns(pl.col("close").cast(pl.Float32))
    repository = bs.FrameRepository(candles)
    assert bs.scan(SCAN, repository).matches.height
    gone = weakref.ref(repository)
    del repository
    assert gone() is None


OTHERS = {
    "a scan to a file": lambda engine, file: engine.run(bs.ProcessingJob(None, SCAN), output=file),
    "several to a file": lambda engine, file: engine.run(JOBS["several formulas"], output=file),
    "a ranking to a file": lambda engine, file: engine.run(JOBS["a ranking"], output=file),
    "with a callback": lambda engine, _: engine.run(bs.ProcessingJob(None, SCAN), lambda *_: None),
    "values": lambda engine, _: engine.evaluate(bs.ProcessingJob(None, {"mean": "sma(close, 20)"})),
    "values to a file": lambda engine, file: engine.evaluate(bs.ProcessingJob(None, SCAN), output=file),
    "signals": lambda engine, _: engine.signals(bs.ProcessingJob(None, SCAN)),
    "submitted": lambda engine, _: engine.submit(bs.ProcessingJob(None, SCAN)).result(),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_candles_go_with_the_last_job_that_held_them(kind, tmp_path):
    repository = bs.FrameRepository(sample_candles(40, 300))
    with bs.ProcessingEngine(repository, max_workers=2) as engine:
        result = OTHERS[kind](engine, tmp_path / "found.parquet")
    gone = weakref.ref(repository)
    assert result is not None
    del repository, engine, result
    assert gone() is None
