"""Made-up candles: the same for the same seed, clean without defects, spoiled like real ones with them."""

from datetime import UTC, datetime

import polars as pl
import pytest

from barsweep.data import check_candles, infer_timeframe, sample_candles, sample_symbols
from barsweep.errors import RepositoryError


def test_symbols_are_sorted_and_different():
    symbols = sample_symbols(10_000)

    assert symbols == sorted(set(symbols))
    assert set(sample_symbols(10)) <= set(symbols)
    assert sample_symbols(0) == []
    with pytest.raises(RepositoryError, match="at most 456976"):
        sample_symbols(500_000)


def test_the_seed_decides():
    assert sample_candles(20, 100, seed=1).equals(sample_candles(20, 100, seed=1))
    assert not sample_candles(20, 100, seed=1).equals(sample_candles(20, 100, seed=2))


def test_without_defects_all_is_clean():
    frame = sample_candles(50, 300, defects=False)

    checked = check_candles(frame)
    assert checked.frame.equals(frame)
    assert checked.counts == {}
    assert frame.group_by("symbol").len()["len"].unique().to_list() == [300]
    assert frame["close"].min() > 0
    assert frame["ts"].dt.weekday().max() == 5


def test_with_defects_it_is_as_in_life():
    frame = sample_candles(400, 500)

    checked = check_candles(frame)
    lengths = frame.group_by("symbol").len()["len"]
    gaps = frame.filter(
        pl.col("symbol") == pl.col("symbol").shift(1), (pl.col("ts") - pl.col("ts").shift(1)).dt.total_days() > 7
    )
    assert set(checked.counts) == {"duplicate_ts", "null", "non_positive", "high_below_low"}
    assert len(checked.errors) == 1
    assert (lengths < 500).sum() > 40
    assert (lengths >= 500).sum() > 200
    assert gaps.height > 5
    assert 0 < frame.filter(volume=0).height < frame.height / 20
    jumps = frame.filter(
        pl.col("symbol") == pl.col("symbol").shift(1), pl.col("close") < 0.55 * pl.col("close").shift(1)
    )
    assert jumps["symbol"].n_unique() > 5


@pytest.mark.parametrize("timeframe", ["5m", "1h", "1w", "1mo"])
def test_other_timeframes(timeframe):
    frame = sample_candles(3, 200, timeframe=timeframe, defects=False)

    assert infer_timeframe(frame).text == timeframe
    assert frame.height == 600
    if timeframe.endswith(("m", "h")):
        assert frame["ts"][0] == datetime(2015, 1, 2, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(("symbols", "bars"), [(0, 10), (3, 0), (1, 1), (2, 3)])
def test_small_ones(symbols, bars):
    assert sample_candles(symbols, bars).columns == ["symbol", "ts", "open", "high", "low", "close", "volume"]
    assert sample_candles(symbols, bars, defects=False).height == symbols * bars
