"""Classes that hand out candle objects, one symbol at a time."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from barsweep.data import CandleRepository, RowRepository, open_repository
from barsweep.errors import RepositoryError


@dataclass
class Candle:
    ts: datetime
    open: float
    high: float
    low: float
    close: Decimal
    volume: int


FIRST = datetime(2024, 1, 1, tzinfo=UTC)


class Source:
    """Thirty days of two symbols, which it calls 1 and 2; 2 is listed late, and unsorted."""

    def __init__(self):
        self.asked = []

    def get_range(self, symbol_id, timeframe, start, end):
        self.asked.append((symbol_id, timeframe, start, end))
        days = [FIRST + timedelta(days=day) for day in range(30 if symbol_id == 1 else 5)]
        found = [Candle(day, 1.0, 2.0, 0.5, Decimal(day.day), 7) for day in days if start <= day <= end]
        return found if symbol_id == 1 else found[::-1]


IDS = {"ONE": 1, "TWO": 2}


def load(repository, *args, **options):
    return pl.DataFrame(repository.load(*args, **options))


def test_an_object_with_get_range_is_adapted():
    repository = open_repository(Source(), symbol_ids=IDS)

    assert isinstance(repository, RowRepository)
    assert isinstance(repository, CandleRepository)
    assert repository.symbols("1d") == ["ONE", "TWO"]
    assert set(repository.columns("1d")) == {"open", "high", "low", "close", "volume"}
    assert repository.rows("1d") is None
    assert repository.health() is None


def test_candles_become_columns():
    frame = load(RowRepository(Source(), IDS), None, "1d", "2024-01-04", "2024-01-05", ["close", "volume"])

    assert frame["symbol"].to_list() == ["ONE", "ONE", "TWO", "TWO"]
    assert frame["close"].to_list() == [4.0, 5.0, 4.0, 5.0]
    assert frame.schema["ts"] == pl.Datetime("us", "UTC")


def test_bars_before_the_start():
    source = Source()

    frame = load(RowRepository(source, IDS), ["ONE", "TWO"], "1d", "2024-01-20", None, ["close"], before=3)

    assert frame.filter(symbol="ONE")["close"].to_list() == [float(day) for day in range(17, 31)]
    assert frame.filter(symbol="TWO")["close"].to_list() == [3.0, 4.0, 5.0]
    assert (
        load(RowRepository(source, IDS), ["ONE"], "1d", "2024-01-20", "2024-01-20", ["close"], before=None).height == 20
    )


def test_the_range_reaches_the_source_as_instants():
    source = Source()

    load(RowRepository(source, IDS), ["ONE"], "1d", "2024-01-20", "2024-01-21", ["close"])

    _, timeframe, start, end = source.asked[0]
    assert (timeframe, start) == ("1d", datetime(2024, 1, 20, tzinfo=UTC))
    assert end == datetime(2024, 1, 22, tzinfo=UTC) - timedelta(microseconds=1)


def test_symbols_by_a_function_or_as_they_are():
    assert load(RowRepository(Source(), IDS.get), ["ONE"], "1d", None, None, ["close"]).height == 30
    assert load(RowRepository(Source()), ["TWO"], "1d", None, None, ["close"]).height == 5
    assert load(RowRepository(Source(), IDS), ["NONE"], "1d", None, None, ["close"]).is_empty()


def test_mappings_with_dates():
    class Prices:
        def symbols(self):
            return ["B", "A"]

        def get_range(self, symbol_id, timeframe, start, end):
            return [{"date": date(2024, 1, 2), "close": 1.5}]

    repository = RowRepository(Prices())

    assert repository.symbols("1d") == ["A", "B"]
    assert load(repository, None, "1d", None, None, ["open", "close"]).row(0) == ("A", date(2024, 1, 2), None, 1.5)
    assert repository.span("1d") == (date(2024, 1, 2), date(2024, 1, 2))


def test_nobody_says_what_symbols_there_are():
    with pytest.raises(RepositoryError, match="Source cannot list its symbols"):
        RowRepository(Source()).symbols("1d")
    assert RowRepository(Source(), symbols=["B", "A"]).symbols("1d") == ["A", "B"]


def test_what_the_source_raises_names_the_symbol():
    class Broken:
        def get_range(self, symbol_id, timeframe, start, end):
            raise ConnectionError("gone")

        def health(self):
            raise ValueError("no key")

    with pytest.raises(RepositoryError, match="no candles of ONE: ConnectionError: gone") as caught:
        RowRepository(Broken()).load(["ONE"], "1d", None, None, ["close"])
    assert caught.value.retryable
    with pytest.raises(RepositoryError, match="its health check failed: ValueError: no key") as caught:
        RowRepository(Broken()).health()
    assert not caught.value.retryable


def test_candles_without_a_time():
    class Timeless:
        def get_range(self, symbol_id, timeframe, start, end):
            return [{"close": 1.0}]

    with pytest.raises(RepositoryError, match="neither ts nor date"):
        RowRepository(Timeless()).load(["ONE"], "1d", None, None, ["close"])
