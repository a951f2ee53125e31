"""Repositories that lie or fail in turn: about the sorting, the symbols, the range."""

import itertools

import polars as pl
import pytest
from fakes import Watched, universe

from barsweep import (
    DateRange,
    ProcessingEngine,
    ProcessingJob,
    RepositoryError,
)


class Lying(Watched):
    """Hands out something else than what is there."""

    def __init__(self, frame, change):
        super().__init__(frame)
        self.change = change

    def load(self, symbols, timeframe, start, end, columns, before=0):
        return self.change(pl.DataFrame(super().load(symbols, timeframe, start, end, columns, before)))


def flagged(frame):
    return frame.with_columns(pl.col("symbol").set_sorted(), pl.col("ts").set_sorted())


SORTING = {
    "in any order": lambda frame: flagged(frame.sample(fraction=1.0, shuffle=True, seed=1)),
    "backwards": lambda frame: flagged(frame.reverse()),
    "symbols backwards": lambda frame: flagged(frame.sort("symbol", "ts", descending=[True, False])),
    "ts backwards": lambda frame: flagged(frame.sort("symbol", "ts", descending=[False, True])),
    "symbols alternate": lambda frame: flagged(frame.sort("ts", "symbol")),
    "in any order, as Arrow": lambda frame: frame.sample(fraction=1.0, shuffle=True, seed=1).to_arrow(),
}


WAVES = "close > sma(close, 3) and ema(close, 4) > 2"


@pytest.mark.parametrize("executor", ["tiles", "polars"])
@pytest.mark.parametrize("order", SORTING)
def test_a_lie_about_the_sorting_is_not_believed(order, executor):
    """Neither of a repository nor of a frame: flags of Polars say "sorted" where nothing is."""
    frame, job = universe(6), ProcessingJob(None, WAVES, executor=executor)
    expected = ProcessingEngine(frame).run(job).matches

    assert expected.height > 20
    assert ProcessingEngine(Lying(frame, SORTING[order])).run(job).matches.equals(expected)
    assert ProcessingEngine(SORTING[order](frame)).run(job).matches.equals(expected)


LIES = {
    "a symbol that nobody asked for": (
        lambda frame: pl.concat([frame, frame.with_columns(symbol=pl.lit("OTHER"))]),
        "symbols that were not asked for: 'OTHER'",
    ),
    "all symbols, whatever is asked": (
        lambda _: universe(6),
        "that were not asked for: 'S0000', 'S0001', 'S0003', ...",
    ),
    "no table": (lambda _: None, "handed out NoneType, which is no table"),
    "times as text": (lambda frame: frame.with_columns(pl.col("ts").cast(pl.String)), "handed out ts as String"),
    "no close": (lambda frame: frame.drop("close"), "handed out no column 'close'"),
}


@pytest.mark.parametrize("lie", LIES)
def test_what_was_not_asked_for_is_a_repository_error(lie):
    change, words = LIES[lie]
    found = ProcessingEngine(Lying(universe(6), change), retries=0).run(ProcessingJob(["S0002", "nobody"], WAVES))

    assert [(each.symbol, each.error.kind) for each in found] == [("S0002", "repository"), ("nobody", "unknown symbol")]
    assert words in found["S0002"].error.message


@pytest.mark.parametrize(
    "kind", [pl.Date, pl.Datetime("us"), pl.Datetime("us", "UTC"), pl.Datetime("ns", "America/New_York")]
)
def test_bars_outside_the_range_are_not_reported(kind):
    """A repository may hand out more bars than asked for: those after the end are left out, those before it help."""

    class Generous(Watched):
        def load(self, symbols, timeframe, start, end, columns, before=0):
            table = super().load(symbols, timeframe, None, None, columns, None)
            return pl.DataFrame(table).with_columns(noon(pl.col("ts")))

    def noon(ts):
        return ts if kind == pl.Date else (ts.cast(pl.Datetime("us")) + pl.duration(hours=17)).cast(kind)

    frame, job = universe(4), ProcessingJob(None, WAVES, DateRange("2024-01-04", "2024-01-06"))
    found, expected = (ProcessingEngine(each).run(job) for each in (Generous(frame), frame))

    assert found.counts["bars"] == expected.counts["bars"] == 12
    assert found.matches.select("symbol", pl.col("ts").cast(pl.Date)).equals(expected.matches.select("symbol", "ts"))


@pytest.mark.parametrize("retryable", [True, False])
def test_a_repository_that_fails_on_every_third_call(retryable, monkeypatch):
    """Where another try may help, nothing is missing; else those symbols that stood alone are, and no others."""
    monkeypatch.setattr("barsweep.engine.retrying.FIRST_PAUSE", 0.001)
    calls = itertools.count(1)

    def on_load(symbols):
        if next(calls) % 3 == 0:
            raise RepositoryError("every third call fails", retryable=retryable)

    frame, options = universe(60), {"memory_limit": 60_000, "max_workers": 2}
    found = ProcessingEngine(Watched(frame, on_load), **options).run(ProcessingJob(None, WAVES))
    expected = ProcessingEngine(frame).run(ProcessingJob(None, WAVES)).matches

    assert len(found) == 60
    assert next(calls) > 6
    assert {error.kind for error in found.errors.values()} <= (set() if retryable else {"repository"})
    assert len(found.errors) < 60
    assert found.matches.equals(expected.filter(~pl.col("symbol").is_in(list(found.errors))))
