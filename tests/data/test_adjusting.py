"""Prices made comparable over splits and dividends."""

from datetime import date

import polars as pl
import pytest

from barsweep.data import FrameRepository, add_factor_column
from barsweep.errors import RepositoryError

DAYS = [date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)]
CANDLES = pl.DataFrame(
    {
        "date": DAYS,
        "open": [10.0, 5.0, 5.0],
        "close": [20.0, 10.0, 0.0],
        "volume": [1, 2, 3],
        "Adj Close": [10.0, 10.0, 7.0],
    }
)


def load(frame, columns, **options):
    repository = FrameRepository(frame, **options)
    return pl.DataFrame(repository.load(None, "1d", None, None, columns)).select(columns)


@pytest.mark.parametrize("adjust", ["auto", "adj_close", "Adj Close"])
def test_by_the_adjusted_close(adjust):
    adjusted = load(CANDLES, ["open", "close", "volume"], adjust=adjust)

    assert adjusted["open"].to_list() == [5.0, 5.0, None]
    assert adjusted["close"].to_list() == [10.0, 10.0, None]
    assert adjusted["volume"].to_list() == [1.0, 2.0, 3.0]


def test_columns_that_were_not_asked_for_are_read_but_not_handed_out():
    assert load(CANDLES, ["open"], adjust="auto").columns == ["open"]
    assert load(CANDLES, ["volume"], adjust="auto")["volume"].to_list() == [1.0, 2.0, 3.0]


def test_raw_unless_told():
    assert load(CANDLES, ["close"])["close"].to_list() == [20.0, 10.0, 0.0]
    assert load(CANDLES.drop("Adj Close"), ["close"], adjust="auto")["close"].to_list() == [20.0, 10.0, 0.0]


def test_by_a_factor_column():
    frame = CANDLES.with_columns(split=pl.Series([0.5, 1.0, None]))

    assert load(frame, ["close", "split"], adjust="split").rows() == [(10.0, 0.5), (10.0, 1.0), (None, None)]


def test_adjusting_before_longer_bars_are_made():
    days = [date(2024, 1, 1), date(2024, 1, 2), date(2024, 1, 7)]  # the whole week, Monday to Sunday
    repository = FrameRepository(CANDLES.with_columns(date=pl.Series(days)), adjust="auto")

    assert repository.load(None, "1w", None, None, ["open"])["open"].to_pylist() == [5.0]


def test_hindsight_is_said():
    assert "know the future" in FrameRepository(CANDLES, adjust="auto").notes[0]
    assert FrameRepository(CANDLES).notes == ()


def test_an_unknown_factor_is_refused():
    with pytest.raises(RepositoryError, match="no column 'ratio' to adjust prices with; found: date, open"):
        FrameRepository(CANDLES, adjust="ratio").health()


def test_factors_need_a_factor():
    with pytest.raises(RepositoryError, match="the factors need a column factor"):
        add_factor_column(CANDLES.with_columns(symbol=pl.lit("A")), pl.DataFrame({"symbol": ["A"], "date": DAYS[:1]}))


def test_each_symbol_has_its_own_factors():
    candles = pl.DataFrame(
        {"symbol": ["B", "A", "A", "C"], "date": [DAYS[0], DAYS[2], DAYS[0], DAYS[0]], "close": [1.0] * 4}
    )
    factors = pl.DataFrame(
        {
            "symbol": ["A", "B", "B"],
            "date": [DAYS[0], DAYS[0], DAYS[1]],
            "price_factor": [0.5, 0.25, 0.5],
            "split_factor": [0.5, 1, 1],
        }
    )

    joined = add_factor_column(candles, factors)

    assert joined["factor"].to_list() == [0.25, 1.0, 0.25, 1.0]
    assert joined.drop("factor").equals(candles)
