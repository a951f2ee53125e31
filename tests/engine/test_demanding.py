"""What a job with rankings holds for all symbols at once, told beforehand."""

import pytest
from fakes import candles, names

from barsweep import DateRange, FrameRepository, ProcessingEngine, ProcessingJob
from barsweep.data import sample_candles
from barsweep.engine import collecting

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


EVERYWHERE = {
    "eight with values": {f"f{n}": f"v = sma(close, {n})\nw = rsi(close, {n})\nclose > 0" for n in range(2, 10)},
    "forty": {f"f{n}": "close > 0" for n in range(40)},
    "swept": {f"f{n}": f"param n = 3\nv = sma(close, n + {n})\nclose > 0" for n in range(3)},
}


@pytest.mark.parametrize("executor", ["tiles", "polars"])
@pytest.mark.parametrize("bounds", [{}, {"latest": True}, {"date_range": DateRange("2015-03-02", None)}])
@pytest.mark.parametrize("formulas", EVERYWHERE)
def test_what_several_formulas_hold_where_they_find_every_bar_was_told(formulas, bounds, executor, monkeypatch):
    """With the candles, of which every column may be there twice, and what kernels or Polars work on."""
    pieces, process = [], collecting.process
    monkeypatch.setattr(collecting, "process", lambda *given: pieces.append(process(*given)) or pieces[-1])
    frame = sample_candles(20, 500, defects=False)
    engine = ProcessingEngine(frame, max_workers=1)
    swept = {"parameters": {"n": [3, 4, 5]}} if formulas == "swept" else {}
    job = ProcessingJob(None, EVERYWHERE[formulas], executor=executor, **bounds, **swept)
    demand = engine._preparer.prepare(job).demand
    engine.run(job)

    (piece,) = pieces
    assert 0 < piece.size / frame.height <= demand.most
