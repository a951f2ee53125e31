"""A batch's candles: from repositories that check them themselves, and from those that only load."""

from datetime import date

import polars as pl
import pytest
from fakes import Watched, candles

import barsweep as bs
from barsweep.data import CandlePolicy, FrameRepository
from barsweep.engine.controlling import Ticket
from barsweep.engine.jobs import DateRange
from barsweep.engine.loading import Loader, Request
from barsweep.engine.sources import are_at_hand

DROPPING = CandlePolicy(non_positive="drop")
FRAME = candles({"A": [1.0, 2.0, 0.0, 0.0, 5.0, 6.0], "B": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]})


class Checking(FrameRepository):
    """Counts the loads that check."""

    def load_checked(self, *asked):
        self.asked = [*getattr(self, "asked", ()), asked[0]]
        return super().load_checked(*asked)


def load(repository, before=0, policy=None):
    """Load A and B from the fifth day on, with so many bars before."""
    request = Request("1d", DateRange(date(2024, 1, 5), None), ("close",), before)
    return Loader(repository, request, policy or CandlePolicy(), 0).load(["A", "B"], Ticket({}, 60.0))


def test_a_repository_that_checks_is_asked_to():
    repository = Checking(FRAME)

    loaded = load(repository)

    assert repository.asked == [["A", "B"]]
    assert (loaded.candles.symbols, loaded.candles.starts.tolist()) == (("A", "B"), [0, 2, 4])
    assert loaded.frame["close"].to_list() == [5.0, 6.0, 5.0, 6.0]


@pytest.mark.parametrize("source", [Checking, Watched])
def test_bars_that_the_formula_reaches_are_all_there_though_rows_are_dropped(source):
    loaded = load(source(FRAME), before=2, policy=DROPPING)

    assert loaded.candles.symbols == ("A", "B")
    assert loaded.frame.filter(pl.col("symbol") == "A")["close"].to_list() == [1.0, 2.0, 5.0, 6.0]
    assert loaded.frame.filter(pl.col("symbol") == "B")["close"].to_list() == [3.0, 4.0, 5.0, 6.0]
    assert loaded.defects == {"A": {"non_positive": 2}}


class Adjusted:
    """Prices halved; all else is passed on to another repository, also what goes around `load`."""

    def __init__(self, inner):
        self.inner = inner

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def load(self, *asked, **named):
        table = pl.DataFrame(self.inner.load(*asked, **named))
        return table.with_columns(pl.col("close") / 2).to_arrow()


@pytest.mark.parametrize("executor", ["tiles", "polars"])
def test_a_repository_that_passes_on_what_it_does_not_do_loads_by_itself(executor):
    """Its own `load` was never asked: the repository behind it was found to check candles, and results were its."""
    repository = Adjusted(FrameRepository(FRAME, timeframe="1d"))
    found = bs.evaluate("close", repository, timeframe="1d", executor=executor)

    assert repository.are_at_hand("1d", ["close"], CandlePolicy())
    assert not are_at_hand(repository, "1d", ["close"], CandlePolicy())
    assert found.filter(pl.col("symbol") == "B")["value"].to_list() == [0.5, 1.0, 1.5, 2.0, 2.5, 3.0]
