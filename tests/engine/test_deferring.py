"""Tables that are made when somebody looks: what is in them, and when they are made."""

import polars as pl
import pytest
from sweeping import random_candles

import barsweep as bs
from barsweep.engine.deferring import Table

CANDLES = random_candles(41, lengths=(80, 3, 140, 60, *range(1, 40)))
DENSE = {"always": "close > 0", "up": "close > close[1]", "calm": "rsi(close, 3) < 80 and sma(volume, 2) > 0"}
SPARSE = {"never": "close < 0", "seldom": "close > 3 * close[1]"}


def is_made(found, name):
    return found._table.tables[name].is_made


@pytest.mark.parametrize("symbols", [None, ["S7", "S0", "S2", "S20"]])
def test_tables_of_many_matches_are_made_at_the_first_look(symbols):
    found = bs.scan(DENSE, CANDLES, symbols=symbols, timeframe="1h", executor="tiles")

    assert not any(is_made(found, name) for name in DENSE)
    assert found.counts["matches"] == found.outcomes["matches"].sum()
    for name, source in DENSE.items():
        alone = bs.scan(source, CANDLES, symbols=symbols, timeframe="1h", executor="tiles")
        assert found.of(name).equals(alone.matches)
        assert is_made(found, name)


def test_tables_that_take_less_than_what_they_are_made_of_are_made_at_once():
    found = bs.scan(SPARSE, CANDLES, timeframe="1h", executor="tiles")

    assert all(is_made(found, name) for name in SPARSE)


def test_a_table_is_made_once():
    looks = []

    def make():
        looks.append(1)
        return pl.DataFrame({"a": [1, 2]})

    table = Table(2, 100, make)
    twice = Table.joined([table, table.then(lambda frame: frame.reverse())])

    assert (twice.height, table.size, looks) == (4, 100, [])
    assert twice.frame["a"].to_list() == [1, 2, 2, 1]
    assert twice.frame["a"].to_list() == [1, 2, 2, 1]
    assert looks == [1]
    assert table.size == table.frame.estimated_size()
    assert Table.joined([table]).is_made


def test_a_faulty_table_is_not_taken_for_made():
    table = Table(2, 0, lambda: pl.DataFrame({"a": [1]}))

    with pytest.raises(AssertionError):
        table.at_once()
