"""Kernels across symbols: the reference's values and Polars', the same bits however the work is cut."""

import datetime as dt
import itertools

import numpy as np
import polars as pl
import pytest
from references import across as truth
from sweeping import CALLS, is_across, primitive, random_candles

from barsweep import DateRange, ProcessingEngine, ProcessingJob
from barsweep.data import CandlePolicy, FrameRepository
from barsweep.engine import dividing, staging
from barsweep.engine.executors import benches, sections
from barsweep.engine.executors.sections import Across, Universe
from barsweep.formulas.kernels.machine import Stop
from barsweep.formulas.kinds import Shape


def across_shaped(call):
    """Whether the call takes groups and a condition."""
    return primitive(call) is not None and primitive(call).shape is Shape.ACROSS


FORMULAS = {
    "rank": "rank(close)",
    "share": "rank(close, percent=true)",
    "zscore": "zscore(volume)",
    "demean": "demean(close)",
    "by_sector": "demean(close, by=sector)",
    "top": "top(close, 2)",
}
DEEP = {
    "twice": "rank(rank(close) + rank(volume))",
    "between": "sma(rank(sma(close, 3)), 4) - demean(zscore(close) * 2)",
    "after": "rank(roc(close, 5), percent=true) > 0.6 and close > sma(close, 4)",
    "constant": "rank(close > 60 ? 1 : 2) + rank(7)",
    "weekly": 'rank(timeframe("1d", close)) + weekday',
    "chosen": "top(zscore(close), 2) or not top(volume, 3)",
    "plain": "sma(close, 3)",
    "itself": "close",
    "sector": "demean(rank(close), by=sector) > 0 or sector == 'Tech'",
    "buckets": "demean(rank(close, by=sector), by=quantile_bucket(volume, 3))",
    "each alone": "rank(close, by=close)",
    "conditions": "rank(sma(zscore(sma(close, 2), where=rank(volume) > 3), 2), by=top(close[1], 3))",
    "by the calendar": "rank(close) + rank(open, by=weekday)",
    **{call: call for call in CALLS if is_across(call)},
    **{call: f"{call[:-1]}, by=sector, where=high > open)" for call in CALLS if across_shaped(call)},
}


def far_apart(left, right):
    """Where two columns differ by more than rounding, or one alone is undefined."""
    return [
        (x, y)
        for x, y in zip(left.to_list(), right.to_list(), strict=True)
        if x != y and (None in (x, y) or abs(x - y) > 1e-9 * max(abs(x), abs(y), 100.0))
    ]


def many(seed, **options):
    """Symbols with holes in time, each beginning and ending at another hour, and some of one bar alone."""
    chance = np.random.default_rng(seed)
    candles = random_candles(seed, lengths=(1, 2, 150, 37, 220, 90, 1, 64, 130), **options)
    known = pl.Series(chance.random(candles.height) < 0.9)
    candles = candles.with_columns(pl.when(known).then("sector").alias("sector"))
    return candles.filter(pl.Series(chance.random(candles.height) < 0.8))


def evaluate(formulas, candles, executor, workers=2, symbols=None, **options):
    engine = ProcessingEngine(candles, max_workers=workers)
    return engine.evaluate(ProcessingJob(symbols, formulas, timeframe="1h", executor=executor, **options))


def same(left, right):
    return left.equals(right, null_equal=True)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_both_executors_agree(seed):
    candles = many(seed)

    polars, tiles = (evaluate(FORMULAS | DEEP, candles, executor) for executor in ("polars", "tiles"))

    assert tiles.schema == polars.schema
    assert tiles.select("symbol", "ts").equals(polars.select("symbol", "ts"))
    wrong = {name: far_apart(polars[name], tiles[name]) for name in FORMULAS | DEEP}
    assert {name: found for name, found in wrong.items() if found} == {}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rank", lambda at: truth.rank(at["close"])),
        ("share", lambda at: truth.rank(at["close"], percent=True)),
        ("zscore", lambda at: truth.zscore(at["volume"])),
        ("demean", lambda at: truth.demean(at["close"])),
        ("by_sector", lambda at: truth.demean(at["close"], by=at["sector"])),
        ("top", lambda at: truth.top(at["close"], n=2)),
    ],
)
def test_values_are_the_references(name, expected):
    candles = many(4)

    values = candles.select("symbol", "ts", "close", "volume", "sector").join(
        evaluate(FORMULAS[name], candles, "tiles").rename({"match": "found"}), on=["symbol", "ts"]
    )

    for _, at in values.sort("symbol").group_by("ts"):
        columns = {column: at[column].to_list() for column in ("close", "volume", "sector")}
        assert far_apart(pl.Series(expected(columns), strict=False), at["found"]) == []


def test_the_bits_do_not_depend_on_threads_batches_or_blocks(monkeypatch):
    candles, every = many(5), FORMULAS | DEEP
    whole = evaluate(every, candles, "tiles", workers=1)

    for workers, rows, cells, parts in itertools.product((1, 3), (40, 10_000), (1, 100_000), (1, 50)):
        monkeypatch.setattr(dividing, "rows_per_batch", lambda *_, rows=rows, **__: rows)
        monkeypatch.setattr(benches, "BLOCK_CELLS", cells)
        monkeypatch.setattr(benches, "LEAST_DATES", 1)
        monkeypatch.setattr(staging, "PARTS_PER_WORKER", parts)
        assert same(evaluate(every, candles, "tiles", workers), whole), (workers, rows, cells, parts)


def test_the_order_in_which_symbols_are_asked_for_does_not_matter():
    candles, every = many(6), FORMULAS | DEEP
    symbols = candles["symbol"].unique().to_list()

    whole, reversed_ = (evaluate(every, candles, "tiles", symbols=asked) for asked in (None, sorted(symbols)[::-1]))

    assert same(whole, reversed_)


@pytest.mark.parametrize("options", [{}, {"latest": True}, {"latest": True, "stale": 1}, {"start": True}])
def test_scans_find_the_same_bars(options):
    candles = many(7)
    middle = candles["ts"].sort()[candles.height // 2]
    asked = {"date_range": DateRange(middle)} if options.pop("start", False) else options
    for formula in (
        FORMULAS["top"],
        DEEP["after"],
        DEEP["sector"],
        "best = rank(close)\nbest > 2 and sma(best, 2) > 3",
    ):
        found = [
            ProcessingEngine(candles).run(ProcessingJob(None, formula, timeframe="1h", executor=executor, **asked))
            for executor in ("polars", "tiles")
        ]

        assert found[0].matches.equals(found[1].matches)
        assert found[0].counts == found[1].counts


def universe(*ts, dtype=pl.Date):
    """Symbols with these ts, as whole numbers, in a piece of their own each."""
    return Universe.of([pl.Series(each).cast(dtype) for each in ts], [np.array([0, len(each)]) for each in ts])


@pytest.mark.parametrize(
    ("ts", "dtype"),
    [
        ([[0, 1, 2, 9], [1, 2], [9]], pl.Date),
        ([[-3, 4], [-40_000, -3, 0]], pl.Date),
        ([[0, 3600, 7200], [3600, 90_000], [7200]], pl.Datetime("us")),
        ([[0, 7, 10**15 + 1], [7, 10**15 + 3], [10**15 + 1]], pl.Datetime("us", "UTC")),
        ([[-(10**15), 5, 6], [5, 10**9 + 7]], pl.Datetime("us", "UTC")),
    ],
)
def test_every_ts_is_a_section_of_its_own(ts, dtype):
    """Dates, instants on a grid, and instants that fit no grid."""
    at = universe(*ts, dtype=dtype)
    values = [np.array([100.0 * number + row for row in range(len(each))]) for number, each in enumerate(ts)]
    across = Across(at, "rank", [values], [0.0])

    for dates in at.calendar.ranges(2):
        assert across.run(*dates, Stop())

    moments = sorted({moment for each in ts for moment in each})
    present = [[number for number, each in enumerate(ts) if moment in each] for moment in moments]
    assert at.calendar.dates == len(present)
    for number, each in enumerate(ts):
        places = [present[moments.index(moment)].index(number) + 1 for moment in each]
        assert across.outputs[number].tolist() == places


@pytest.mark.parametrize("grid", [True, False])
def test_duplicates_that_the_policy_keeps_are_all_ranked(grid, monkeypatch):
    """A section then has more rows than there are symbols."""
    if not grid:
        monkeypatch.setattr(sections, "FEW_SLOTS", 0)
        monkeypatch.setattr(sections, "SPARSE", 0)
    once = random_candles(8)
    twice = pl.concat([once, once, once, once.head(40)]).sort("symbol", "ts")
    repository = FrameRepository(twice, policy=CandlePolicy(duplicate_ts="keep"))

    polars, tiles = (evaluate(FORMULAS, repository, executor) for executor in ("polars", "tiles"))

    assert {name: wrong for name in FORMULAS if (wrong := far_apart(polars[name], tiles[name]))} == {}
    assert tiles["rank"].max() > once["symbol"].n_unique()


@pytest.mark.parametrize(("dtype", "step"), [(pl.Date, 1), (pl.Datetime("us"), 7)])
def test_rows_are_counted_whoever_has_the_same_ts(dtype, step):
    """As the symbol before, in the same piece or another, as an earlier one, as many others, and some of them twice."""
    symbols = [[0, 1], [0, 1], [0, 1, 2], [0, 1], [1, 3], [1, 3], [1, 3], [2, 2], [2, 2]]
    pieces = symbols[:1], symbols[1:6], symbols[6:]
    ts = [pl.Series(np.concatenate(piece) * step).cast(dtype) for piece in pieces]
    at = Universe.of(ts, [np.cumsum([0, *map(len, piece)]) for piece in pieces])

    counts = np.bincount(np.concatenate(symbols))
    assert at.calendar.moments.tolist() == [step * moment for moment in range(4)]
    assert at.calendar.most == counts.max() == 7


@pytest.mark.parametrize("kernel", ["rank", "zscore"])
@pytest.mark.parametrize("grouped", [True, False])
def test_it_is_known_whether_values_are_undefined(kernel, grouped):
    """A number that is, or the group of one, or the result: a single number has no z-score."""
    at = universe([0, 1, 2, 3], [1, 2], [1, 2])
    groups = [np.zeros(size, np.int32) for size in (4, 2, 2)] if grouped else None

    def undefined(values, dates, groups=groups):
        across = Across(at, kernel, [values], [0.0], groups, 1)
        assert across.run(*dates, Stop())
        return bool(across.undefined), np.isnan(np.concatenate(across.outputs)[[1, 2, 4, 5, 6, 7]]).any()

    values = [np.arange(4.0), np.arange(5.0, 7.0), np.arange(9.0, 11.0)]
    assert undefined(values, (1, 3)) == (False, False)
    assert undefined(values, (0, 4)) == (kernel == "zscore", False)
    values[1][1] = np.nan
    assert undefined(values, (1, 3)) == (True, True)
    values[1][1] = 7.0
    if grouped:
        assert undefined(values, (1, 3), [*groups[:2], np.array([0, -1], np.int32)]) == (True, True)


def test_candles_in_pieces_give_the_same_rows():
    """Symbols stay in pieces: to put them together takes as long as the ranking."""
    candles = many(9)
    pieces = pl.concat([candles.head(77), candles.slice(77, 300), candles.slice(377)], rechunk=False)

    whole, found = (evaluate(FORMULAS | DEEP, each, "tiles") for each in (candles, pieces))

    assert found["symbol"].n_chunks() > 1
    assert same(found, whole)
    assert pl.DataFrame(found.to_arrow()).equals(whole)


def test_a_flag_ends_a_ranking():
    at, stop = universe([0, 1, 2], [1, 2]), Stop()
    stop.raise_flag()

    assert not Across(at, "rank", [[np.ones(3), np.ones(2)]], [0.0]).run(0, 3, stop)


def test_days_of_the_exchange_on_both_sides_of_summer_time():
    """Daily bars that begin at 14:30 and 13:30 UTC."""
    moments = [dt.datetime(2024, 3, 7 + day, 14 if day < 3 else 13, 30, tzinfo=dt.UTC) for day in range(6)]
    candles = pl.DataFrame(
        {"symbol": ["A"] * 6 + ["B"] * 6, "ts": moments * 2, "close": [1.0, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 1]}
    )

    found = ProcessingEngine(candles).evaluate(ProcessingJob(None, "rank(close)", executor="tiles"))

    assert found["match"].to_list() == [1, 1, 1, 2, 2, 2, 2, 2, 2, 1, 1, 1]
