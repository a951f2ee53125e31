"""A batch's candles: from repositories that check them themselves, and from those that only load."""

from datetime import date

import polars as pl
import pytest
from fakes import Watched, candles

from barsweep.data import CandlePolicy, FrameRepository
from barsweep.engine.controlling import Ticket
from barsweep.engine.jobs import DateRange
from barsweep.engine.loading import Loader, Request

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
