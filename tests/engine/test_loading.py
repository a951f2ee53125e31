"""A batch's candles: from repositories that check them themselves, and from those that only load."""

from datetime import date

import polars as pl
import pytest
from fakes import Watched, candles

from barsweep.data import CandlePolicy, FrameRepository
from barsweep.engine import retrying
from barsweep.engine.controlling import Ticket
from barsweep.engine.jobs import DateRange
from barsweep.engine.loading import Loader, Request
from barsweep.errors import RepositoryError

DROPPING = CandlePolicy(non_positive="drop")
FRAME = candles({"A": [1.0, 2.0, 0.0, 0.0, 5.0, 6.0], "B": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]})


class Checking(FrameRepository):
    """Counts the loads that check, of which the first ones fail."""

    failures = ()

    def load_checked(self, *asked):
        self.asked = [*getattr(self, "asked", ()), asked[0]]
        if len(self.asked) <= len(self.failures):
            raise self.failures[len(self.asked) - 1]
        return super().load_checked(*asked)


@pytest.fixture
def load(monkeypatch):
    """Load A and B from the fifth day on, with so many bars before."""
    monkeypatch.setattr(retrying, "FIRST_PAUSE", 0.001)

    def load(repository, before=0, policy=None, retries=3):
        request = Request("1d", DateRange(date(2024, 1, 5), None), ("close",), before)
        return Loader(repository, request, policy or CandlePolicy(), retries).load(["A", "B"], Ticket({}, 60.0))

    return load


def test_a_repository_that_checks_is_asked_to(load):
    repository = Checking(FRAME)

    loaded = load(repository)

    assert repository.asked == [["A", "B"]]
    assert (loaded.candles.symbols, loaded.candles.starts.tolist()) == (("A", "B"), [0, 2, 4])
    assert loaded.frame["close"].to_list() == [5.0, 6.0, 5.0, 6.0]


@pytest.mark.parametrize("source", [Checking, Watched])
def test_bars_that_the_formula_reaches_are_all_there_though_rows_are_dropped(load, source):
    loaded = load(source(FRAME), before=2, policy=DROPPING)

    assert loaded.candles.symbols == ("A", "B")
    assert loaded.frame.filter(pl.col("symbol") == "A")["close"].to_list() == [1.0, 2.0, 5.0, 6.0]
    assert loaded.frame.filter(pl.col("symbol") == "B")["close"].to_list() == [3.0, 4.0, 5.0, 6.0]
    assert loaded.defects == {"A": {"non_positive": 2}}


def test_what_may_pass_is_tried_again(load):
    repository = Checking(FRAME)
    repository.failures = (ConnectionError("lost"), RepositoryError("locked", retryable=True))

    assert load(repository).candles.height == 4
    assert len(repository.asked) == 3


def test_what_does_not_pass_is_raised(load):
    repository = Checking(FRAME)
    repository.failures = (RepositoryError("no such column"),)

    with pytest.raises(RepositoryError, match="no such column"):
        load(repository)
    repository.failures = (TimeoutError("slow"),) * 5
    with pytest.raises(RepositoryError, match="TimeoutError: slow"):
        load(repository, retries=1)
