"""What a job with rankings holds for all symbols at once, told beforehand."""

import pytest
from fakes import candles, names

from barsweep import FrameRepository, ProcessingEngine, ProcessingJob
from barsweep.data import sample_candles

DAILY = candles({name: [float(bar + number) for bar in range(30)] for number, name in enumerate(names(4))})
COLUMN, COPY, GROUP = 8, 8, 16


def whole(formulas, frame=DAILY, **options):
    """The bytes of each bar that are held for all symbols at once."""
    engine = ProcessingEngine(FrameRepository(frame, **options))
    timeframe = options.get("timeframe", "1d")
    return engine._preparer.prepare(ProcessingJob(None, formulas, timeframe=timeframe), everything=True).demand.whole


@pytest.mark.parametrize(
    ("formula", "held"),
    [
        ("close", 0),
        ("rank(close)", COLUMN + COPY),
        ("rank(close) + rank(close, percent=true)", 2 * COLUMN + COPY),
        ("rank(sma(close, 5))", 2 * COLUMN + 1),
        ("rank(sma(close, 5)) + sma(close, 5)", 2 * COLUMN + 1),
        ("rank(close, by=open)", COLUMN + COPY + GROUP),
        ("rank(rank(close) + rank(open))", 2 * COLUMN + 2 * COPY),
        ("rank(sma(close, 5)) + rank(sma(close, 6)) + rank(sma(close, 7))", 6 * COLUMN + 1),
    ],
)
def test_a_ranking_holds_what_it_reads_and_what_it_makes(formula, held):
    assert whole({"x": formula}) == held


def test_what_does_not_rank_is_not_held():
    """Eighty scans, of which one ranks, were refused with the memory that eighty rankings take."""
    others = {f"scan {n}": f"line = sma(close, {n})\nclose > line and rsi(close, {n}) < 30" for n in range(5, 85)}
    ranked = {"best": "top(roc(close, 20), 2)"}

    assert whole(others | ranked) == whole(ranked)


def test_bars_at_any_time_have_their_ts_numbered():
    hourly = sample_candles(3, 20, timeframe="1h", defects=False)

    assert whole({"x": "rank(close)"}, hourly, timeframe="1h") == whole({"x": "rank(close)"}) + 4
