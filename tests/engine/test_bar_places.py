"""Bars looked up by halving are those that a join finds."""

import datetime as dt

import polars as pl
import pytest
from sweeping import random_candles

from barsweep.engine.bar_places import BarPlaces

BARS = random_candles(3, lengths=(1, 2, 150, 37, 220)).select("symbol", "ts", "close", "volume")


@pytest.mark.parametrize("seed", range(5))
def test_looking_up_is_joining(seed):
    """Keys in any order, some twice, some of symbols and times that there are not."""
    strange = BARS.head(40).with_columns(symbol=pl.lit("Z"))
    early = BARS.with_columns(pl.col("ts") - dt.timedelta(minutes=30))
    keys = pl.concat([BARS, BARS.head(90), strange, early]).select("symbol", "ts").sample(300, seed=seed)

    found = BarPlaces(BARS).looked_up(keys)

    assert found.equals(keys.join(BARS, on=["symbol", "ts"], how="left", maintain_order="left"))
    assert 0 < found["close"].null_count() < 300


def test_of_no_bars_there_is_nothing_to_look_up():
    found = BarPlaces(BARS.clear()).looked_up(BARS.head(3).select("symbol", "ts"))

    assert found["close"].to_list() == [None] * 3
    assert BarPlaces(BARS).looked_up(BARS.clear().select("symbol", "ts")).is_empty()


def test_bars_are_numbered_within_their_symbols():
    places = BarPlaces(BARS)

    number = pl.int_range(pl.len()).over("symbol")
    assert places.within.tolist() == BARS.select(number).to_series().to_list()
    assert places.left.tolist() == BARS.select((pl.len() - 1).over("symbol") - number).to_series().to_list()
    assert [places.candles.symbols[number] for number in places.numbers] == BARS["symbol"].to_list()
